"""How each operation succeeds, and how it comes to the conflicts that no rule tells: what `test_conformance.py` sends.

A scene prepares what the operation needs and returns how its request differs from the document's own example with real ids.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from db.clock import now
from db.holds import actions as holds
from db.holds.enums import HoldCause
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import PASSWORD, Headers, bearer, links_mailed, make_member


@dataclass
class Request:
    """How a request differs from the example."""

    body: dict[str, Any] | None = None  # merged into the example
    whole: bool = False  # not merged
    path: dict[str, str] = field(default_factory=dict)  # instead of the company's own things
    headers: Headers = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    status: int = 0  # that it must provoke; 0: success
    another: bool = False  # the same with other bytes
    file: tuple[str, bytes] | None = None  # what is uploaded, instead of a list


@dataclass
class Stage:
    """What is provoked in: the company of `owner` with one of everything."""

    db: asyncpg.Connection
    client: httpx.AsyncClient
    owner: Actor
    auth: Headers
    things: dict[str, str]

    async def set(self, table: str, **columns: Any) -> None:
        """Changes the company's one row of a table."""
        given = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, 3))
        await self.db.execute(
            f"update {table} set {given} where company_id = $1 and id = $2",
            self.owner.company_id,
            UUID(self.things[f"{table.removeprefix('contact_').removeprefix('channel_').removeprefix('knowledge_')}_id"]),
            *columns.values(),
        )


Scene = Callable[[Stage], Awaitable[Request]]


def body(**given: Any) -> Scene:
    async def scene(stage: Stage) -> Request:
        return Request(body={name: value(stage) if callable(value) else value for name, value in given.items()})

    return scene


def given(table: str, **columns: Any) -> Scene:
    async def scene(stage: Stage) -> Request:
        await stage.set(table, **columns)
        return Request()

    return scene


def _email(_: Stage) -> str:
    return f"{uuid4().hex}@example.com"


async def _person(stage: Stage) -> tuple[Actor, str]:
    actor = await make_member(stage.db, stage.owner, Role.ADMIN, PASSWORD)
    return actor, str(await stage.db.fetchval("select email from account_user where id = $1", actor.id))


async def _signs_in(stage: Stage) -> Request:
    return Request(body={"email": (await _person(stage))[1], "password": PASSWORD})


async def _link(stage: Stage, email: str, path: str, body: Any, headers: Headers) -> str:
    answer = await stage.client.post(path, json=body, headers=headers)
    assert answer.is_success, answer.text
    return (await links_mailed(stage.db, email))[-1].partition("token=")[2]


async def _resets(stage: Stage) -> Request:
    _, email = await _person(stage)
    return Request(body={"token": await _link(stage, email, "/v1/auth/forgot-password", {"email": email}, {})})


async def _without_a_company(stage: Stage) -> tuple[str, str]:
    """Somebody who was removed from the team: their address, and a link to reset their password."""
    actor, email = await _person(stage)
    token = await _link(stage, email, "/v1/auth/forgot-password", {"email": email}, {})
    await stage.db.execute("delete from membership where user_id = $1", actor.id)
    return email, token


async def _signs_in_without_a_company(stage: Stage) -> Request:
    return Request(body={"email": (await _without_a_company(stage))[0], "password": PASSWORD}, status=403)


async def _resets_without_a_company(stage: Stage) -> Request:
    return Request(body={"token": (await _without_a_company(stage))[1]}, status=403)


async def _verifies(stage: Stage) -> Request:
    actor, email = await _person(stage)
    return Request(body={"token": await _link(stage, email, "/v1/me/verify-email", None, await bearer(stage.db, actor))})


async def _invitation(stage: Stage, email: str) -> str:
    made = await stage.client.post("/v1/team/invitations", json={"email": email, "role": "agent"}, headers=stage.auth)
    return str(made.json()["link"]).rpartition("/")[2]


async def _invited(stage: Stage) -> Request:
    return Request(path={"token": await _invitation(stage, _email(stage))})


async def _invited_with_an_account(stage: Stage, password: str) -> Request:
    person = await make_member(stage.db, await _other_company(stage), Role.AGENT, PASSWORD)
    email = await stage.db.fetchval("select email from account_user where id = $1", person.id)
    return Request(path={"token": await _invitation(stage, email)}, body={"password": password, "name": None})


async def _other_company(stage: Stage) -> Actor:
    company = await stage.db.fetchval("insert into company(name) values ('Outra Loja') returning id")
    await stage.db.execute("insert into membership(company_id, user_id, role) values ($1, $2, 'owner')", company, stage.owner.id)
    return Actor(company_id=company, kind="user", id=stage.owner.id, role=Role.OWNER, permissions=frozenset())


async def _invited_with_a_wrong_password(stage: Stage) -> Request:
    request = await _invited_with_an_account(stage, "not this password")
    request.status = 401
    return request


async def _invited_twice(stage: Stage) -> Request:
    """The person joined by another invitation meanwhile."""
    request = await _invited_with_an_account(stage, PASSWORD)
    user = await stage.db.fetchval(
        "select u.id from account_user u join invitation i on i.email = u.email where i.company_id = $1 order by i.id desc limit 1",
        stage.owner.company_id,
    )
    await stage.db.execute(
        "insert into membership(company_id, user_id, role) values ($1, $2, 'agent')", stage.owner.company_id, user
    )
    request.status = 409
    return request


async def _switches(stage: Stage) -> Request:
    return Request(body={"company_id": str((await _other_company(stage)).company_id)})


async def _changes_password(stage: Stage) -> Request:
    actor, _ = await _person(stage)
    return Request(body={"current_password": PASSWORD}, headers=await bearer(stage.db, actor))


async def _member(stage: Stage) -> Request:
    return Request(path={"user_id": str((await make_member(stage.db, stage.owner, Role.AGENT)).id)})


async def _holds(stage: Stage) -> Request:
    await stage.set("campaign", state="paused")
    await holds._hold(stage.owner.company_id, HoldCause.RESTORE, now(), 3)
    (hold,) = [each for each in (await stage.client.get("/v1/holds", headers=stage.auth)).json()["holds"] if each["items"]]
    return Request(path={"hold_id": hold["id"]}, body={"items": [hold["items"][0]["id"]]})


async def _answers(stage: Stage) -> Request:
    """The person wrote a minute ago, so the window is open."""
    await stage.db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
        " values ($1, $2, $3, gen_random_uuid()::text, '+5511900000000', 'text', '{\"kind\": \"text\"}', now() - interval '1 minute')",
        stage.owner.company_id,
        UUID(stage.things["channel_id"]),
        UUID(stage.things["contact_id"]),
    )
    return Request()


async def _failed(stage: Stage) -> Request:
    """An answer that did not go; the person wrote a minute ago."""
    await _answers(stage)
    message_id = await stage.db.fetchval(
        "insert into message(company_id, id, channel_id, queue_id, contact_id, address, dedupe_key, state, reason, done_at, content, units, params)"
        " values ($1, uuidv7(), $2, $2, $3, '+5511900000000', 'answer:' || uuidv7(), 6, 'temporary', now(),"
        ' \'{"kind": "literal", "body": "Oi"}\', 1, \'{}\') returning id',
        stage.owner.company_id,
        UUID(stage.things["channel_id"]),
        UUID(stage.things["contact_id"]),
    )
    return Request(path={"message_id": str(message_id)})


async def _picture_over_sms(stage: Stage) -> Request:
    sms = await factories.channel(stage.db, stage.owner, "sms")
    with_picture = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Oi!"}]
    number = UUID(stage.things["channel_id"])
    template = await factories.template(stage.db, stage.owner, number, components=with_picture)
    conversation = await stage.db.fetchval(
        "insert into conversation(company_id, channel_id, contact_id, address, last_at, opened_at)"
        " values ($1, $2, $3, '+5511900000000', now(), now()) returning id",
        stage.owner.company_id,
        sms,
        UUID(stage.things["contact_id"]),
    )
    body = {"template_id": str(template), "bindings": []}
    return Request(body=body, whole=True, path={"conversation_id": str(conversation)}, status=409)


async def _looked_at(stage: Stage) -> Request:
    sheet = (
        '{"columns":[{"index":0,"name":"Celular","samples":["(11) 98765-4321"],"target":"phone","field_key":null,"confidence":1}],'
        '"preview":[["(11) 98765-4321"]],"encoding":"utf-8","separator":";","has_header":true,"sheet":{}}'
    )
    await stage.set("contact_import", sheet=sheet, state="ready")
    return Request(body={"columns": [{"index": 0, "target": "phone"}]})


async def _imported(stage: Stage) -> Request:
    await stage.set("contact_import", state="completed", undo_until=now() + timedelta(days=1))
    return Request()


async def _kept(stage: Stage) -> Request:
    await stage.set("contact_import", state="completed", file_until=now() + timedelta(days=1))
    return Request()


async def _with_columns(stage: Stage) -> Request:
    mapping = '[{"index":0,"target":"phone"}]'
    sheet = (
        '{"columns":[{"index":0,"name":"Celular","samples":[],"target":"phone","field_key":null,"confidence":1}],"preview":[],'
        '"encoding":"utf-8","separator":";","has_header":true,"sheet":{}}'
    )
    await stage.set("contact_import", state="completed", sheet=sheet, mapping=mapping)
    return Request()


async def _without_campaigns(stage: Stage) -> Request:
    await stage.db.execute("delete from campaign where company_id = $1", stage.owner.company_id)
    return Request()


async def _from_the_sandbox(stage: Stage) -> Request:
    return Request(body={"kind": "whatsapp", "sandbox": True, "name": "Ensaio"}, whole=True)


async def _contact_with_a_taken_phone(stage: Stage) -> Request:
    await factories.contacts(stage.db, stage.owner, 1, first=7)
    return Request(body={"phone": "+5511900000007"}, status=409)


def _with_a_taken_name(table: str, **columns: str) -> Scene:
    async def scene(stage: Stage) -> Request:
        given = {"company_id": str(stage.owner.company_id), "name": "Outra", **columns}
        values = ", ".join(f"'{value}'" for value in given.values())
        await stage.db.execute(f"insert into {table}({', '.join(given)}) values ({values})")
        return Request(body={"name": "outra"}, status=409)

    return scene


async def _team_with_a_taken_name(stage: Stage) -> Request:
    await stage.db.execute("insert into team(company_id, name) values ($1, 'Outra')", stage.owner.company_id)
    return Request(body={"name": "outra", "member_ids": [], "channel_ids": []}, status=409)


async def _quick_reply_with_a_taken_shortcut(stage: Stage) -> Request:
    await stage.db.execute(
        "insert into quick_reply(company_id, shortcut, body) values ($1, 'outra', 'Oi')", stage.owner.company_id
    )
    return Request(body={"shortcut": "outra"}, status=409)


async def _email_taken(stage: Stage) -> Request:
    return Request(body={"email": (await _person(stage))[1]}, status=409)


async def _wrong_password(stage: Stage) -> Request:
    return Request(body={"email": (await _person(stage))[1], "password": "not this password"}, status=401)


def conflict(scene: Scene, status: int = 409) -> Scene:
    async def meets(stage: Stage) -> Request:
        request = await scene(stage)
        request.status = status
        return request

    return meets


def alone(**given: Any) -> Scene:
    """With nothing but the company's own things."""

    async def scene(stage: Stage) -> Request:
        return Request(body=given or None)

    return scene


async def _on_the_sandbox(stage: Stage) -> Request:
    await stage.db.execute(
        "insert into ai_connection(company_id, id, provider, chat_model, embedder, state) values ($1, $1, 'sandbox', 'm', 'none', 'ready')"
        " on conflict (company_id) do update set provider = 'sandbox'",
        stage.owner.company_id,
    )
    return Request()


SUCCESS: dict[str, Scene] = {
    "auth_sign_up": body(email=_email),
    "auth_sign_in": _signs_in,
    "auth_reset_password": _resets,
    "auth_verify_email": _verifies,
    "auth_invitations_get": _invited,
    "auth_invitations_accept": _invited,
    "auth_switch_company": _switches,
    "me_password": _changes_password,
    **dict.fromkeys(("team_delete", "team_update"), _member),
    "team_invitations_create": body(email=_email),
    "holds_decide": _holds,
    "sandbox_reply": body(group=lambda _: None),
    "sandbox_model_behaviour_set": _on_the_sandbox,
    "sandbox_model_requests_refresh": _on_the_sandbox,
    "channels_create": _from_the_sandbox,
    "channel_signups_create": body(kind="whatsapp"),
    "channel_signups_finish": given("channel_signup", state="open"),
    "channels_delete": _without_campaigns,
    "channels_resume": given("channel", state="paused"),
    "templates_delete": _without_campaigns,
    "templates_set": _without_campaigns,
    "templates_unpause": given("template", status="paused", external_id="t1"),
    "messages_create": _answers,
    "conversations_messages": _answers,
    "conversations_messages_reaction_clear": given("channel", state="connected"),
    "conversations_messages_reaction_set": given("channel", state="connected"),
    "conversations_messages_send_again": _failed,
    "conversations_notes": body(mentions=[]),
    "labels_create": body(name=lambda _: "Nova"),
    "teams_create": body(name=lambda _: "Nova", member_ids=[], channel_ids=[]),
    "teams_update": body(member_ids=[], channel_ids=[]),
    "quick_replies_create": body(shortcut=lambda _: "nova"),
    "imports_dry_run": _looked_at,
    "imports_start": _looked_at,
    "imports_mend": _with_columns,
    "imports_repeat": _kept,
    "imports_undo": _imported,
    "imports_undo_preview_get": _imported,
    "tags_create": body(name=lambda _: "nova"),
    "custom_fields_create": body(key=lambda _: "bairro", label=lambda _: "Bairro"),
    "custom_fields_update": body(label=lambda _: "Bairro"),
}
"""What the example lacks to succeed."""

ALSO: dict[str, list[Scene]] = {
    "auth_sign_in": [_wrong_password, _signs_in_without_a_company],
    "auth_reset_password": [_resets_without_a_company],
    "auth_sign_up": [_email_taken],
    "auth_invitations_accept": [_invited_with_a_wrong_password, _invited_twice],
    "team_delete": [conflict(alone())],
    "team_update": [conflict(alone(role="agent"))],
    "channel_signups_create": [conflict(alone(kind="sms"))],
    "channel_signups_finish": [conflict(given("channel_signup", state="connected"))],
    "channels_delete": [conflict(given("campaign", state="running"))],
    "templates_delete": [conflict(given("campaign", state="running"))],
    "templates_set": [conflict(given("campaign", state="running"))],
    "templates_unpause": [conflict(given("template", status="approved"))],
    "contacts_update": [_contact_with_a_taken_phone],
    "conversations_messages_reaction_clear": [conflict(given("channel", state="error"))],
    "conversations_messages_reaction_set": [conflict(given("channel", state="error"))],
    "conversations_template_preview": [_picture_over_sms],
    "labels_update": [_with_a_taken_name("label", color="#000000")],
    "teams_update": [_team_with_a_taken_name],
    "quick_replies_update": [_quick_reply_with_a_taken_shortcut],
    "segments_update": [_with_a_taken_name("segment", rule="{}")],
    "tags_update": [_with_a_taken_name("tag")],
    "custom_fields_update": [conflict(alone(label="Telefone"))],
    "imports_undo_preview_get": [conflict(alone())],
}
"""Answers that no rule tells; what of them is not in the document fails."""
