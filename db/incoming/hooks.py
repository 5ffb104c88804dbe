"""Incoming hooks: made, changed and deleted by those who may; how the address of one leads to it.

The address is shown once and kept as a digest; the secret that signs is kept sealed and never shown again. A hook acts with rights of
its own, so who makes it must hold the rights of all its steps.
"""

import re
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import versions
from db.boards.rule import SlotBinding
from db.boards.rule_sends import fills
from db.crypto import digest, new_token, ring
from db.errors import Field, RequestError, RequestField
from db.incoming.enums import IncomingState, Sameness, SignatureEncoding
from db.incoming.errors import IncomingError, IncomingField
from db.incoming.events import IncomingHookChanged
from db.incoming.paths import holes, parse
from db.incoming.recipe import AddTags, EnrolInCadence, EnrolInCampaign, HookStep, PutLead, UpsertContact, WriteTemplate
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, read, system_read, work

MOST = 50
PREFIX = "in_"
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
decode_steps: msgspec.json.Decoder[list[HookStep]] = msgspec.json.Decoder(list[HookStep])

_SELECT = f"""
select h.id, h.name, h.enabled, h.token_hint, h.signature_header, h.signature_prefix, h.signature_encoding,
    h.signing_secret is not null as has_secret, h.sameness, h.same_path, h.same_minutes, h.keep_days, h.steps::text as steps, h.version,
    h.created_at, last.received_at as last_at, last.state as last_state,
    (select count(*) from incoming_delivery d where d.company_id = $1 and d.hook_id = h.id and d.state = '{IncomingState.FAILED}'
        and d.id > (select uuidv7(interval '-1 day'))) as failed
from incoming_hook h
left join lateral (select received_at, state from incoming_delivery d where d.company_id = $1 and d.hook_id = h.id
    order by d.id desc limit 1) last on true
where h.company_id = $1
"""

_RUNS = "select true from cadence where company_id = $1 and id = $2 and state <> 'ended'"
_TAKES = "select true from campaign where company_id = $1 and id = $2 and state not in ('cancelled', 'failed')"


class Made(NamedTuple):
    """A hook, and the word of its address, which is not kept."""

    row: dict[str, Any]
    token: str


async def hooks(actor: Actor) -> list[dict[str, Any]]:
    """Rows `id, name, enabled, token_hint, signature_…, has_secret, sameness, same_…, keep_days, steps, version, created_at, last_at,
    last_state, failed` by name; `failed`: of the last day."""
    async with read(actor, Permission.INCOMING_READ) as r:
        return [_told(row) for row in await r.fetch(f"{_SELECT} order by fold(h.name), h.id", actor.company_id)]


async def hook(actor: Actor, hook_id: UUID) -> dict[str, Any]:
    """Row as in `hooks`. Raises NotFound."""
    async with read(actor, Permission.INCOMING_READ) as r:
        return await one(r, actor.company_id, hook_id)


async def one(r: Read, company_id: UUID, hook_id: UUID) -> dict[str, Any]:
    """The same inside a unit of work."""
    row = await r.fetchrow(f"{_SELECT} and h.id = $2", company_id, hook_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="incoming_hook")
    return _told(row)


def _told(row: asyncpg.Record) -> dict[str, Any]:
    return {**row, "steps": decode_steps.decode(row["steps"])}


def _real(actor: Actor) -> None:
    """A hook acts by itself, on whom its address is given to: who must not reach anybody real neither makes one nor learns an address. Raises
    Forbidden `test_key`."""
    if actor.test:
        raise RequestError.TEST_KEY()


async def create_hook(actor: Actor, name: str) -> Made:
    """Without steps: it takes what comes, and shows it. Raises Conflict `too_many_incoming_hooks`, Forbidden `test_key`."""
    _real(actor)
    token = PREFIX + new_token()
    async with work(actor, Permission.INCOMING_WRITE) as w:
        await w.fetch("select from company where id = $1 for no key update", w.company_id)
        if await w.fetchval("select count(*) from incoming_hook where company_id = $1", w.company_id) >= MOST:
            raise IncomingError.TOO_MANY_HOOKS(most=MOST)
        hook_id: UUID = await w.fetchval(
            "insert into incoming_hook(company_id, name, token_hash, token_hint, made_by) values ($1, $2, $3, $4, $5) returning id",
            w.company_id,
            name,
            digest(token),
            token[-4:],
            actor.id if actor.kind == "user" else actor.maker_id,
        )
        w.audit("incoming_hook.created", hook_id, name=name)
        w.emit(IncomingHookChanged(hook_id=hook_id))
        return Made(await one(w, w.company_id, hook_id), token)


async def renew_address(actor: Actor, hook_id: UUID) -> Made:
    """A new address; the old one ends at once. Whoever learns it can have the steps done. Raises NotFound, Forbidden (also `test_key`)."""
    _real(actor)
    token = PREFIX + new_token()
    async with work(actor, Permission.INCOMING_WRITE) as w:
        await w.fetch("select from incoming_hook where company_id = $1 and id = $2 for update", w.company_id, hook_id)
        allow(actor, (await one(w, w.company_id, hook_id))["steps"])
        await w.execute(
            "update incoming_hook set token_hash = $3, token_hint = $4, version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            hook_id,
            digest(token),
            token[-4:],
        )
        w.audit("incoming_hook.address_renewed", hook_id)
        w.emit(IncomingHookChanged(hook_id=hook_id))
        return Made(await one(w, w.company_id, hook_id), token)


async def change_hook(
    actor: Actor, hook_id: UUID, *, expected: Expected = None, secret: str | None = None, **given: Any
) -> dict[str, Any]:
    """Row as in `hooks`. `given`: new values of the columns; `secret`: of the signature, "" takes it out. Raises NotFound,
    PreconditionFailed, Invalid, Forbidden (also `test_key`)."""
    _real(actor)
    async with work(actor, Permission.INCOMING_WRITE) as w:
        before = await w.fetchrow(
            "select version, signature_header, sameness, same_path, steps::text as steps, enabled from incoming_hook"
            " where company_id = $1 and id = $2 for update",
            w.company_id,
            hook_id,
        )
        if before is None:
            raise RequestError.NOT_FOUND(what="incoming_hook")
        versions.check(before["version"], expected)
        steps: list[HookStep] = given.get("steps", decode_steps.decode(before["steps"]))
        if "steps" in given or given.get("enabled") or secret is not None or "signature_header" in given:
            allow(actor, steps)  # also of who says who may call it
        problems = await wrong(w, steps) if "steps" in given else []
        problems += _settings({**before, **given})
        if problems:
            raise RequestError.INVALID(fields=problems)
        if "signature_header" in given and given["signature_header"] is not None:
            given["signature_header"] = given["signature_header"].lower()
        if "steps" in given:
            given["steps"] = msgspec.json.encode(steps).decode()
        if secret is not None:
            given["signing_secret"] = seal(w.company_id, hook_id, secret) if secret else None
        sets = "".join(f", {name} = ${place}{'::jsonb' * (name == 'steps')}" for place, name in enumerate(given, 3))
        await w.execute(
            f"update incoming_hook set version = version + 1{sets} where company_id = $1 and id = $2",
            w.company_id,
            hook_id,
            *given.values(),
        )
        w.audit("incoming_hook.changed", hook_id, fields=sorted(given))
        w.emit(IncomingHookChanged(hook_id=hook_id))
        return await one(w, w.company_id, hook_id)


async def delete_hook(actor: Actor, hook_id: UUID, *, expected: Expected = None) -> None:
    """With all that came for it; what waits is not carried out. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.INCOMING_WRITE) as w:
        version = await w.fetchval(
            "select version from incoming_hook where company_id = $1 and id = $2 for update", w.company_id, hook_id
        )
        if version is None:
            raise RequestError.NOT_FOUND(what="incoming_hook")
        versions.check(version, expected)
        await w.execute("delete from incoming_hook where company_id = $1 and id = $2", w.company_id, hook_id)
        w.audit("incoming_hook.deleted", hook_id)
        w.emit(IncomingHookChanged(hook_id=hook_id))


def allow(actor: Actor, steps: list[HookStep]) -> None:
    """Raises Forbidden for who may not do by hand what the steps do."""
    needed = {
        UpsertContact: Permission.CONTACTS_WRITE,
        AddTags: Permission.CONTACTS_WRITE,
        PutLead: Permission.LEADS_WRITE,
        WriteTemplate: Permission.MESSAGES_SEND,
        EnrolInCampaign: Permission.CAMPAIGNS_SEND,
        EnrolInCadence: Permission.CAMPAIGNS_SEND,
    }
    for step in steps:
        actor.require(needed[type(step)])


def _settings(hook: dict[str, Any]) -> list[Field]:
    found: list[Field] = []
    header = hook["signature_header"]
    if header is not None and not _HEADER.fullmatch(header):
        found.append(IncomingField.HEADER_NAME("signature_header"))
    path = hook["same_path"].strip().removeprefix("{{").removesuffix("}}")
    if hook["sameness"] == Sameness.KEY and parse(path) is None:
        found.append(IncomingField.PATH("same_path"))
    return found


async def wrong(w: Read, steps: list[HookStep]) -> list[Field]:
    """What cannot be kept of the steps: places that are none, targets of nobody here, steps in an order that cannot work."""
    found: list[Field] = []
    seen: set[type] = set()
    for number, step in enumerate(steps):
        at = f"steps[{number}]"
        if type(step) in seen:
            found.append(IncomingField.STEP_TWICE(at))
        if not isinstance(step, UpsertContact) and UpsertContact not in seen:
            found.append(IncomingField.NO_CONTACT_STEP(at))
        seen.add(type(step))
        found += [
            IncomingField.PATH(f"{at}.{path}") for path, text in _texts(step) for hole in holes(text) if hole.tokens is None
        ]
        match step:
            case UpsertContact():
                if not (step.phone.strip() or step.email.strip() or step.external_id.strip()):
                    found.append(IncomingField.NOBODY_NAMED(f"{at}.phone"))
                found += await _fields(w, at, step)
            case PutLead():
                found += await _target(w, at, step)
            case WriteTemplate():
                found += await _template(w, at, step)
            case EnrolInCampaign() | EnrolInCadence():
                found += await _taking(w, at, step)
            case AddTags():
                if not any(tag.strip() for tag in step.tags):
                    found.append(RequestField.REQUIRED(f"{at}.tags"))
    return found


async def _taking(w: Read, at: str, step: EnrolInCampaign | EnrolInCadence) -> list[Field]:
    if isinstance(step, EnrolInCampaign):
        there, name = await w.fetchval(_TAKES, _company(w), step.campaign_id), "campaign_id"
    else:
        there, name = await w.fetchval(_RUNS, _company(w), step.cadence_id), "cadence_id"
    return [] if there else [IncomingField.UNKNOWN_TARGET(f"{at}.{name}")]


def _texts(step: HookStep) -> list[tuple[str, str]]:
    texts = [(name, value) for name, value in msgspec.structs.asdict(step).items() if isinstance(value, str)]
    for name in ("fields", "values"):
        texts += [(f"{name}[{n}].text", one.text) for n, one in enumerate(getattr(step, name, []))]
    return texts + [(f"tags[{n}]", tag) for n, tag in enumerate(getattr(step, "tags", []))]


async def _fields(w: Read, at: str, step: UpsertContact) -> list[Field]:
    known = {
        row["key"]
        for row in await w.fetch("select key from custom_field where company_id = $1 and deleted_at is null", _company(w))
    }
    return [IncomingField.UNKNOWN_TARGET(f"{at}.fields[{n}].key") for n, one in enumerate(step.fields) if one.key not in known]


async def _target(w: Read, at: str, step: PutLead) -> list[Field]:
    if not step.title.strip():
        return [RequestField.REQUIRED(f"{at}.title")]
    board = "select true from board where company_id = $1 and id = $2 and archived_at is null"
    if not await w.fetchval(board, _company(w), step.board_id):
        return [IncomingField.UNKNOWN_TARGET(f"{at}.board_id")]
    found: list[Field] = []
    if step.stage_id is not None:
        kind = await w.fetchval(
            "select kind from stage where company_id = $1 and board_id = $2 and id = $3 and moving_to is null",
            _company(w),
            step.board_id,
            step.stage_id,
        )
        if kind is None:
            found.append(IncomingField.UNKNOWN_TARGET(f"{at}.stage_id"))
        elif kind == "lost":
            found.append(IncomingField.LOST_REASON(f"{at}.stage_id"))
    rows = await w.fetch(
        "select key from lead_field where company_id = $1 and board_id = $2 and deleted_at is null", _company(w), step.board_id
    )
    known = {row["key"] for row in rows}
    return found + [
        IncomingField.UNKNOWN_TARGET(f"{at}.fields[{n}].key") for n, one in enumerate(step.fields) if one.key not in known
    ]


async def _template(w: Read, at: str, step: WriteTemplate) -> list[Field]:
    row = await w.fetchrow(
        "select t.components::text as components, t.parameter_format, t.category from template t join channel c on c.company_id = $1"
        " and c.id = t.channel_id and c.archived_at is null where t.company_id = $1 and t.id = $2 and t.status = 'approved'",
        _company(w),
        step.template_id,
    )
    if row is None:
        return [IncomingField.UNKNOWN_TARGET(f"{at}.template_id")]
    bindings = [SlotBinding(placeholder=one.key, source="constant") for one in step.values]
    if not fills(bindings, msgspec.json.decode(row["components"]), row["parameter_format"], row["category"]):
        return [IncomingField.TEMPLATE_CHANGED(f"{at}.values")]
    return [RequestField.REQUIRED(f"{at}.values[{n}].text") for n, one in enumerate(step.values) if not one.text.strip()]


def _company(r: Read) -> UUID:
    assert r.actor is not None
    return r.actor.company_id


def seal(company_id: UUID, hook_id: UUID, secret: str) -> bytes:
    return ring().seal(secret, company_id=company_id, table="incoming_hook", column="signing_secret", row_id=hook_id)


class Route(NamedTuple):
    """Where an address leads. `secret`: "" where bodies are not signed."""

    company_id: UUID
    hook_id: UUID
    header: str | None
    prefix: str
    encoding: SignatureEncoding
    secret: str
    sameness: Sameness
    same_path: str


async def route(token: str) -> Route | None:
    """The hook of an address. Raises SealBroken."""
    async with system_read() as r:
        row = await r.fetchrow(
            "select company_id, id, signature_header, signature_prefix, signature_encoding, signing_secret, sameness, same_path"
            " from incoming_hook where token_hash = $1",
            digest(token),
        )
    if row is None:
        return None
    blob = row["signing_secret"]
    secret = (
        ring().open(blob, company_id=row["company_id"], table="incoming_hook", column="signing_secret", row_id=row["id"])
        if blob is not None
        else ""
    )
    return Route(
        row["company_id"],
        row["id"],
        row["signature_header"],
        row["signature_prefix"],
        SignatureEncoding(row["signature_encoding"]),
        secret,
        Sameness(row["sameness"]),
        row["same_path"],
    )
