"""From rows to what the account contract shows."""

from typing import Any, TypeAlias

import asyncpg
from litestar import Request
from litestar.di import NamedDependency

from api.auth.guard import given_out
from api.client_ip import client_ip
from api.contract.accounts import Company, CompanyRef, Me, SignedIn
from api.pagination import struct
from db.accounts import queries
from db.accounts.enums import Language
from db.accounts.sign_in import Opened
from db.tenancy import Actor, Origin

CallOrigin: TypeAlias = NamedDependency[Origin]
"""How a public handler asks where the request came from: `origin: CallOrigin`."""


async def me_of(actor: Actor, changed: asyncpg.Record | None = None) -> Me:
    """Who the actor is, freshly read, but for what an action of theirs has just `changed` (the row of `queries.own_person`)."""
    company = struct(await queries.company_of(actor), Company)
    held = await queries.holds_something(actor)
    permissions = sorted(actor.permissions)
    if actor.kind != "user" or actor.id is None:
        return Me(
            user_id=None,
            name=await queries.key_name(actor),
            email=None,
            email_verified=True,
            language=company.language,
            role=None,
            role_name=None,
            permissions=permissions,
            company=company,
            companies=[],
            held=held,
            second_factor_missing=False,
        )
    person, companies = await queries.person(actor.id)
    person = changed or person
    return Me(
        user_id=actor.id,
        name=person["name"],
        email=person["email"],
        email_verified=person["verified"],
        language=Language(person["language"]),
        role=actor.role,
        role_name=actor.role_name,
        permissions=permissions,
        company=company,
        companies=[struct(row, CompanyRef) for row in companies],
        held=held,
        second_factor_missing=company.second_factor_required and not person["second_factor"],
    )


async def signed_in(opened: Opened) -> SignedIn:
    """The answer to every way of signing in."""
    await given_out(opened.token)
    return SignedIn(token=opened.token, expires_at=opened.expires_at, me=await me_of(opened.actor), device=opened.device)


async def provide_origin(request: Request[Any, Any, Any]) -> Origin:
    """Dependency `origin`: address, browser and request id of the caller."""
    return Origin(
        ip=client_ip(request, request.app.state.settings.trusted_proxies),
        user_agent=request.headers.get("user-agent"),
        request_id=request.scope["state"].get("request_id"),
    )
