"""Public routes: sign-up and sign-in; and sign-out. Passwords are counted where they are checked: `db/accounts/attempts.py`."""

from typing import Any
from zoneinfo import available_timezones

from litestar import Controller, Request, post
from litestar.params import JSONBody

from api import rate_limit
from api.auth.guard import Caller, forget_all, person
from api.auth.views import CallOrigin, signed_in
from api.contract.accounts import SignedIn, SignIn, SignUp, SwitchCompany
from api.contract.base import Done
from db.accounts import sign_in as sessions
from db.accounts.errors import AccountField
from db.allowances import network_of, take_strictly
from db.errors import RequestError

_ZONES = available_timezones()


def check_time_zone(name: str) -> None:
    """Raises Invalid unless it is a name of the tz database."""
    if name not in _ZONES:
        raise RequestError.INVALID(fields=[AccountField.TIME_ZONE("time_zone")])


class SignInController(Controller):
    path = "/v1/auth"
    tags = ("Sign-in",)

    @post(
        "/sign-up",
        opt={"public": True},
        summary="Create a company",
        description="Creates a company with its owner, signs in, and mails a link to verify the address. 409 `email_taken` when the e-mail has an account already.",
    )
    async def sign_up(self, data: JSONBody[SignUp], origin: CallOrigin, request: Request[Any, Any, Any]) -> SignedIn:
        check_time_zone(data.time_zone)
        await take_strictly((rate_limit.SIGN_UP_ADDRESS, network_of(origin.ip or "")))
        opened = await sessions.sign_up(
            origin,
            company_name=data.company_name,
            name=data.name,
            email=data.email,
            password=data.password,
            language=data.language,
            time_zone=data.time_zone,
            public_url=request.app.state.settings.public_url,
        )
        return await signed_in(opened)

    @post(
        "/sign-in",
        status_code=200,
        opt={"public": True},
        summary="Sign in",
        description="Answers a session token. A wrong e-mail and a wrong password give the same answer: 401 `bad_credentials`. After too "
        "many tries: 429 `too_many_attempts`; who sends the `device` of an earlier sign-in has tries of their own. Who has a second factor gives a `code` too: without one 401 `second_factor_needed`, and the same is sent again with it; "
        "`trust_device` asks for none in this browser for 30 days.",
    )
    async def sign_in(self, data: JSONBody[SignIn], origin: CallOrigin) -> SignedIn:
        opened = await sessions.sign_in(
            origin, email=data.email, password=data.password, device=data.device, code=data.code, trust=data.trust_device
        )
        return await signed_in(opened)

    @post("/sign-out", status_code=200, opt={"idempotent": False}, summary="Sign out", description="Ends this session.")
    async def sign_out(self, actor: Caller) -> Done:
        await sessions.sign_out(person(actor))
        forget_all()
        return Done()

    @post(
        "/switch-company",
        status_code=200,
        opt={"idempotent": False},  # ends the session that asks
        summary="Switch to another company",
        description="Answers a session of another company of the same person; the present session ends.",
    )
    async def switch_company(self, data: JSONBody[SwitchCompany], actor: Caller, origin: CallOrigin) -> SignedIn:
        opened = await sessions.switch_company(person(actor), origin, data.company_id)
        forget_all()
        return await signed_in(opened)
