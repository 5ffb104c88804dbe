"""Accounts for who is signed in: profile, sessions, company, team, invitations and API keys."""

from typing import Any
from uuid import UUID

import asyncpg
from litestar import Controller, Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from api import dated
from api.auth.guard import Caller, forget_all, given_out, person
from api.auth.sign_in import check_time_zone
from api.auth.views import CallOrigin, me_of, signed_in
from api.contract.accounts import (
    ApiKey,
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyPatch,
    ApiKeyRotate,
    Company,
    CompanyPatch,
    Invitation,
    InvitationCreate,
    InvitationCreated,
    Me,
    Member,
    MemberPatch,
    MePatch,
    PasswordChange,
    SessionInfo,
    SignedIn,
)
from api.contract.base import Done, Page
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.accounts import api_keys, invitations, profile, queries, recover, team, verification
from db.accounts.enums import InvitationMail
from db.errors import RequestError, RequestField


class MeController(Controller):
    path = "/v1/me"
    tags = ("Me",)

    @get(summary="Who am I", description="The caller, the company, and what the caller may do there.")
    async def me(self, actor: Caller) -> Me:
        return await me_of(actor)

    @patch(summary="Change my profile", description="Fields that are left out stay as they are.")
    async def change_me(self, data: JSONBody[MePatch], actor: Caller) -> Me:
        name = None if data.name is UNSET else data.name
        language = None if data.language is UNSET else data.language.value
        changed = await profile.change_me(person(actor), name=name, language=language)
        return await me_of(actor, changed)

    @post(
        "/password",
        status_code=200,
        opt={"idempotent": False},  # ends the session that asks
        summary="Change my password",
        description="Ends every session of the person, in every company, and answers a new one. 422 `wrong_password`.",
    )
    async def change_password(self, data: JSONBody[PasswordChange], actor: Caller, origin: CallOrigin) -> SignedIn:
        opened = await recover.change_password(person(actor), origin, data.current_password, data.new_password)
        forget_all()
        return await signed_in(opened)

    @post(
        "/verify-email",
        status_code=200,
        summary="Mail me a link to verify my address",
        description="Nothing is sent when it is verified already. 429 `too_many_mails` after four in a day.",
    )
    async def verify_email(self, actor: Caller, request: Request[Any, Any, Any]) -> Done:
        await verification.ask(person(actor), request.app.state.settings.public_url)
        return Done()

    @get(
        "/sessions",
        summary="List my sessions",
        description="The open sessions of the person, last used first; those of their other companies too.",
    )
    async def sessions(self, actor: Caller) -> Page[SessionInfo]:
        rows = await queries.my_sessions(person(actor))
        return Page(items=[struct(row, SessionInfo) for row in rows], total=len(rows))

    @delete("/sessions/{session_id:uuid}", summary="End one of my sessions", description="It is refused within 3 seconds.")
    async def end_session(self, session_id: FromPath[UUID], actor: Caller, origin: CallOrigin) -> None:
        await profile.end_session(person(actor), origin, session_id)
        forget_all()

    @delete(
        "/sessions",
        summary="End my other sessions",
        description="Ends all sessions of the person, in every company, but the one used now. Browsers that were not asked for a code are.",
    )
    async def end_other_sessions(self, actor: Caller, origin: CallOrigin) -> None:
        await profile.end_other_sessions(person(actor), origin)
        forget_all()


class CompanyController(Controller):
    path = "/v1/company"
    tags = ("Company",)

    @get(summary="Read the company", description="Needs `company:read`.")
    async def company(self, actor: Caller) -> Company:
        return struct(await queries.company(actor), Company)

    @patch(summary="Change the company", description="Needs `company:write`. Fields that are left out stay as they are.")
    async def change_company(self, data: JSONBody[CompanyPatch], actor: Caller) -> Company:
        if data.time_zone is not UNSET:
            check_time_zone(data.time_zone)
        given = {name: value for name in CompanyPatch.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
        row = await profile.change_company(
            actor,
            name=given.get("name"),
            language=given.get("language"),
            time_zone=given.get("time_zone"),
            country=given.get("country"),
            answer_target=data.answer_target,
            same_text_hours=given.get("same_text_hours"),
        )
        return struct(row, Company)


class TeamController(Controller):
    path = "/v1/team"
    tags = ("Team",)

    @get(summary="List the team", description="Members by name. Needs `team:read`.")
    async def team(self, actor: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Member]:
        rows = await queries.team(actor, decode_cursor(cursor, tuple[str, UUID]), one_over(limit))
        return page(rows, limit, lambda row: (row["sort"], row["user_id"]), lambda row: struct(row, Member))

    @patch(
        "/{user_id:uuid}",
        summary="Change a member's role",
        description="Needs `team:write`, and all that the member may do before (403 `above_you`) and after (403 `scope_too_wide`). Only an owner changes "
        "owners (403 `owner_only`); the last owner stays (409 `last_owner`). "
        "Keys and open invitations of the member that exceed the new role end. A key cannot change its maker's role (403 `own_role`).",
    )
    async def change_member(self, user_id: FromPath[UUID], data: JSONBody[MemberPatch], actor: Caller) -> Member:
        row = await team.change_role(actor, user_id, data.role, data.role_id)
        forget_all()
        return struct(row, Member)

    @delete(
        "/{user_id:uuid}",
        summary="Remove a member",
        description="Needs `team:write`. Ends the person's sessions, API keys and open invitations in this company. The last owner stays (409 `last_owner`).",
    )
    async def remove_member(self, user_id: FromPath[UUID], actor: Caller) -> None:
        await team.remove(actor, user_id)
        forget_all()

    @get("/invitations", summary="List open invitations", description="Newest first. Needs `team:read`.")
    async def invitations(self, actor: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Invitation]:
        before = decode_cursor(cursor, tuple[UUID])
        rows = await queries.invitations(actor, before[0] if before else None, one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, Invitation))

    @post(
        "/invitations",
        summary="Invite somebody",
        description="Makes a link that works once, for 7 days, shown here once. It is mailed too, within limits per address and company; "
        "`mail` says whether. Needs `team:write`, and all that the role gives (403 `scope_too_wide`). 409 `already_member`.",
    )
    async def invite(self, data: JSONBody[InvitationCreate], actor: Caller, request: Request[Any, Any, Any]) -> InvitationCreated:
        url = request.app.state.settings.public_url
        row, link = await invitations.invite(person(actor), data.email, data.role, url, data.role_id)
        return InvitationCreated(invitation=struct(row, Invitation), link=link, mail=InvitationMail(row["mail"]))

    @delete(
        "/invitations/{invitation_id:uuid}",
        summary="Revoke an invitation",
        description="Its link stops working. Needs `team:write`.",
    )
    async def revoke_invitation(self, invitation_id: FromPath[UUID], actor: Caller) -> None:
        await invitations.revoke(actor, invitation_id)


def _key(row: asyncpg.Record) -> ApiKey:
    return struct(row, ApiKey, newest_version=dated.newest())


class ApiKeyController(Controller):
    path = "/v1/api-keys"
    tags = ("API keys",)

    @get(
        summary="List API keys",
        description="Without their secrets, newest first; for 30 days also those that ended because their maker left or lost rights. "
        "Needs `keys:write`.",
    )
    async def keys(self, actor: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[ApiKey]:
        before = decode_cursor(cursor, tuple[UUID])
        rows = await queries.api_keys(actor, before[0] if before else None, one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), _key)

    @post(
        summary="Create an API key",
        description="The secret is shown once. Needs `keys:write`; a key cannot hold more than its maker (403 `scope_too_wide`).",
    )
    async def create_key(self, data: JSONBody[ApiKeyCreate], actor: Caller) -> ApiKeyCreated:
        row, secret = await api_keys.create(
            actor, data.name, data.scopes, data.expires_at, addresses=data.addresses, test=data.test, version=dated.newest()
        )
        await given_out(secret)
        return ApiKeyCreated(api_key=_key(row), secret=secret)

    @patch(
        "/{key_id:uuid}",
        summary="Say from where an API key is used, and in which version",
        description="Addresses and networks; none: from everywhere; from elsewhere it is 403 `address_not_allowed`. `api_version`: in which it is "
        "answered from now on unless it names one. Felt within 3 seconds. Needs `keys:write`.",
    )
    async def change_key(self, key_id: FromPath[UUID], data: JSONBody[ApiKeyPatch], actor: Caller) -> ApiKey:
        if data.api_version is not UNSET and data.api_version not in dated.VERSIONS:
            raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("api_version")])
        addresses = None if data.addresses is UNSET else data.addresses
        row = await api_keys.change(actor, key_id, addresses, None if data.api_version is UNSET else data.api_version)
        forget_all()
        return _key(row)

    @post(
        "/{key_id:uuid}/rotate",
        status_code=200,
        summary="Give an API key a new secret",
        description="It is shown once. The secret before stays valid until `old_valid_until`, at most 30 days; null ends it within 3 "
        "seconds. Needs `keys:write` and all that the key may do (403 `scope_too_wide`).",
    )
    async def rotate_key(self, key_id: FromPath[UUID], data: JSONBody[ApiKeyRotate], actor: Caller) -> ApiKeyCreated:
        row, secret = await api_keys.rotate(actor, key_id, data.old_valid_until)
        forget_all()
        await given_out(secret)
        return ApiKeyCreated(api_key=_key(row), secret=secret)

    @delete("/{key_id:uuid}", summary="Revoke an API key", description="It is refused within 3 seconds. Needs `keys:write`.")
    async def revoke_key(self, key_id: FromPath[UUID], actor: Caller) -> None:
        await api_keys.revoke(actor, key_id)
        forget_all()
