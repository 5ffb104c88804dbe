"""Sign-in by an account elsewhere: to the provider, back, and in; and what is linked to whom is signed in. The browser only ever comes to
the web app, which hands on what it brings; talking with the provider is `api/auth/oidc.py`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.openapi.spec import Example
from litestar.params import FromPath, JSONBody, PathParameter

from api import rate_limit
from api.auth import oidc
from api.auth.guard import Caller, forget_all, person
from api.auth.providers import Provider, by_id, providers, redirect_uri
from api.auth.sign_in import check_time_zone
from api.auth.views import CallOrigin, signed_in
from api.contract.accounts import SignedIn
from api.contract.base import Page
from api.contract.providers import (
    IdentityStart,
    LinkedIdentity,
    ProviderComplete,
    ProviderLook,
    ProviderNext,
    ProviderReturn,
    ProviderStart,
    ProviderStarted,
    SignInProvider,
)
from api.pagination import struct
from db.accounts import identities
from db.accounts.enums import SignInStep
from db.accounts.errors import AccountError
from db.allowances import give_back, network_of, take_strictly
from db.errors import RequestError
from db.settings import Settings
from db.tenancy import Origin

AnyRequest = Request[Any, Any, Any]
ProviderId = Annotated[str, PathParameter(description="The `id` of a provider.", examples=[Example(value="google")])]


def _provider(settings: Settings, id: str) -> Provider:
    found = by_id(settings, id)
    if found is None:
        raise RequestError.NOT_FOUND(what="provider")
    return found


@asynccontextmanager
async def _counted(origin: Origin) -> AsyncIterator[None]:
    """By the network; what goes well takes nothing, so that a whole office can sign in at nine."""
    bucket = (rate_limit.LINK_NETWORK, network_of(origin.ip or ""))
    await take_strictly(bucket)
    yield
    await give_back(bucket)


async def _started(provider: Provider, flow: str, settings: Settings) -> ProviderStarted:
    return ProviderStarted(address=await oidc.address(provider, flow, redirect_uri(settings)), flow=flow)


def _next(found: identities.Next) -> ProviderNext:
    return ProviderNext(**msgspec.structs.asdict(found))


class ProvidersController(Controller):
    path = "/v1/auth/providers"
    tags = ("Sign-in",)

    @get(
        opt={"public": True}, summary="List identity providers", description="By whom people can sign in here beside a password."
    )
    async def providers(self, request: AnyRequest) -> Page[SignInProvider]:
        found = [SignInProvider(id=one.id, label=one.label) for one in providers(request.app.state.settings)]
        return Page(items=found, total=len(found))

    @post(
        "/{provider_id:str}/start",
        status_code=200,
        opt={"public": True},
        summary="Go to a provider",
        description="The address that the browser goes to, and the `flow` that must be there when it comes back (10 minutes). With the last "
        "part of an invitation's link it joins that company. 503 `provider_away`.",
    )
    async def start(
        self, provider_id: ProviderId, data: JSONBody[ProviderStart], origin: CallOrigin, request: AnyRequest
    ) -> ProviderStarted:
        await take_strictly((rate_limit.LINK_NETWORK, network_of(origin.ip or "")))  # each leaves a row
        settings = request.app.state.settings
        found = _provider(settings, provider_id)
        return await _started(found, await identities.begin(found.id, data.invitation), settings)

    @post(
        "/return",
        status_code=200,
        opt={"public": True},
        summary="Come back from a provider",
        description="Takes what the provider added to the address, once, and says what is still needed. 401 `sign_in_refused` when it proves "
        "nothing: another browser's, used, too old, or not signed by the provider for us.",
    )
    async def come_back(self, data: JSONBody[ProviderReturn], origin: CallOrigin, request: AnyRequest) -> ProviderNext:
        settings = request.app.state.settings
        async with _counted(origin):
            if not oidc.is_state_of(data.flow, data.state):
                raise AccountError.SIGN_IN_REFUSED()  # before the flow is taken: what others send here ends nobody's
            provider = by_id(settings, await identities.take(data.flow))
            if provider is not None and data.error is not None:
                await identities.drop(data.flow)
                if (problem := oidc.failed(provider, data.error)) is not None:
                    raise problem
                return _next(identities.Next(step=SignInStep.CANCELLED, provider=provider.id))
            if provider is None or data.code is None:
                raise AccountError.SIGN_IN_REFUSED()
            proven = await oidc.exchange(provider, data.flow, redirect_uri(settings), data.code, data.iss)
            return _next(await identities.prove(origin, data.flow, proven))

    @post(
        "/look",
        status_code=200,
        opt={"public": True},
        summary="What a sign-in needs",
        description="The same answer again, for a page that is opened anew.",
    )
    async def look(self, data: JSONBody[ProviderLook], origin: CallOrigin) -> ProviderNext:
        async with _counted(origin):
            return _next(await identities.look(data.flow))

    @post(
        "/complete",
        status_code=200,
        opt={"public": True},
        summary="Sign in after a provider",
        description="Step `ready`: nothing more. `password`: that of the account with this address, which is linked then. `sign_up`: name and "
        "company, and `email` where there is none. Who has a second factor gives a `code` too: 401 `second_factor_needed`, and the same again.",
    )
    async def complete(self, data: JSONBody[ProviderComplete], origin: CallOrigin, request: AnyRequest) -> SignedIn:
        check_time_zone(data.time_zone)
        async with _counted(origin):
            opened = await identities.complete(
                origin,
                data.flow,
                password=data.password,
                code=data.code,
                trust=data.trust_device,
                device=data.device,
                new=identities.NewCompany(
                    company_name=data.company_name,
                    name=data.name,
                    email=data.email,
                    language=data.language,
                    time_zone=data.time_zone,
                ),
                public_url=request.app.state.settings.public_url,
            )
        forget_all()
        return await signed_in(opened)


class IdentitiesController(Controller):
    path = "/v1/me/identities"
    tags = ("Me",)

    @get(summary="List my accounts elsewhere", description="By which the person can sign in, newest first.")
    async def mine(self, actor: Caller) -> Page[LinkedIdentity]:
        rows = await identities.mine(person(actor))
        return Page(items=[struct(row, LinkedIdentity) for row in rows], total=len(rows))

    @post(
        status_code=200,
        opt={"idempotent": False},  # a secret is made anew each time
        summary="Link an account elsewhere",
        description="Where the browser goes, as `POST /v1/auth/providers/{provider_id}/start`; once it is back (`/return`) the step is `linked`. "
        "With the person's password: 422 `wrong_password`; 403 `sign_in_again` for who has none and signed in long ago.",
    )
    async def link(
        self, data: JSONBody[IdentityStart], actor: Caller, origin: CallOrigin, request: AnyRequest
    ) -> ProviderStarted:
        settings = request.app.state.settings
        found = _provider(settings, data.provider_id)
        flow = await identities.begin_link(person(actor), origin, found.id, data.password)
        return await _started(found, flow, settings)

    @delete(
        "/{identity_id:uuid}",
        summary="Take an account elsewhere off",
        description="It opens nothing here any more. 409 `last_way_in` for the only one of a person without a password.",
    )
    async def unlink(self, identity_id: FromPath[UUID], actor: Caller, origin: CallOrigin) -> None:
        await identities.unlink(person(actor), origin, identity_id)
