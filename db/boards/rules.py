"""Rules of stages: made, changed, switched, deleted by whoever may change boards; and what is wrong with one as it is."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db import versions
from db.boards import boards, rule_runs
from db.boards.enums import RuleOccasion, RunReason, RunState, StageKind
from db.boards.errors import BoardError, BoardField
from db.boards.events import BoardChanged
from db.boards.leads import doer
from db.boards.rule import AddTag, Assign, Move, Notify, RemoveTag, RuleAction, SendTemplate, SendText, SlotBinding
from db.boards.rule_sends import fills
from db.channels.enums import ChannelState
from db.errors import Field, RequestError, RequestField
from db.messages.variables import is_field
from db.messages.variables import problems as text_problems
from db.permissions import Permission
from db.providers import registry
from db.providers.placeholders import placeholders
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

MOST = 100
_decode: msgspec.json.Decoder[RuleAction] = msgspec.json.Decoder(RuleAction)

# What a rule names may be gone, or not be what it was: said with it, before it is skipped for it.
_TEAM = """
(select true from team t where t.company_id = $1 and t.id = (r.action->>'team_id')::uuid and exists (select from team_member m
    join membership p on p.company_id = $1 and p.user_id = m.user_id where m.company_id = $1 and m.team_id = t.id))
"""
_SELECT = f"""
select r.id, r.board_id, r.stage_id, r.occasion, r.days, r.action::text as action, r.enabled, r.version, last.state as last_state,
    last.reason as last_reason, last.done_at as last_at, case
    when b.archived_at is not null then '{RunReason.BOARD_ARCHIVED}'
    when r.action->>'user_id' is not null and not exists (select from membership m where m.company_id = $1
        and m.user_id = (r.action->>'user_id')::uuid) then '{RunReason.PERSON_GONE}'
    when r.action->>'team_id' is not null and {_TEAM} is null then '{RunReason.TEAM_EMPTY}'
    when r.action->>'template_id' is not null and not exists (select from template t join channel c on c.company_id = $1
        and c.id = t.channel_id and c.archived_at is null where t.company_id = $1 and t.id = (r.action->>'template_id')::uuid
        and t.status in ('approved', 'paused')) then '{RunReason.TEMPLATE_GONE}'
    when t.status = 'paused' then '{RunReason.TEMPLATE_PAUSED}'
    when r.action->>'channel_id' is not null and not exists (select from channel c where c.company_id = $1
        and c.id = (r.action->>'channel_id')::uuid and c.archived_at is null and c.state <> '{ChannelState.ERROR}')
        then '{RunReason.CHANNEL_GONE}'
    when r.action->>'kind' = 'move' and not exists (select from stage s where s.company_id = $1
        and s.id = (r.action->>'stage_id')::uuid) then '{RunReason.STAGE_GONE}'
    when exists (select from rule_run u where u.company_id = $1 and u.rule_id = r.id and u.state = '{RunState.STOPPED}'
        and u.done_at > r.changed_at) then '{RunReason.LOOP}'
    end as problem, t.components::text as components, t.parameter_format, t.category
from stage_rule r join board b on b.company_id = $1 and b.id = r.board_id
left join template t on t.company_id = $1 and t.id = (r.action->>'template_id')::uuid
left join lateral (select state, reason, done_at from rule_run u where u.company_id = $1 and u.rule_id = r.id
    and u.state <> '{RunState.WAITING}' order by u.id desc limit 1) last on true
where r.company_id = $1
"""


async def rules(actor: Actor, board_id: UUID) -> list[dict[str, Any]]:
    """Rows `id, board_id, stage_id, occasion, days, action (JSON), enabled, version, last_state, last_reason, last_at, problem`, in the
    order in which those of one stage run. `problem`: a RunReason for which it cannot do what it says. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        return [_told(row) for row in await r.fetch(f"{_SELECT} and r.board_id = $2 order by r.id", actor.company_id, board_id)]


def _told(row: asyncpg.Record) -> dict[str, Any]:
    rule = dict(row)
    components, parameter_format, category = (rule.pop(name) for name in ("components", "parameter_format", "category"))
    action = _decode.decode(rule["action"])
    if (
        rule["problem"] is None
        and isinstance(action, SendTemplate)
        and components is not None
        and not fills(action.bindings, msgspec.json.decode(components), parameter_format, category)
    ):
        rule["problem"] = RunReason.TEMPLATE_CHANGED.value
    return rule


async def _one(r: Read, company_id: UUID, rule_id: UUID) -> dict[str, Any]:
    row = await r.fetchrow(f"{_SELECT} and r.id = $2", company_id, rule_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="rule")
    return _told(row)


async def create_rule(
    actor: Actor, board_id: UUID, *, stage_id: UUID, occasion: RuleOccasion, days: int | None, action: RuleAction, enabled: bool
) -> dict[str, Any]:
    """Row as in `rules`. Raises NotFound, Invalid, Conflict `too_many_rules`."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        await boards.lock(w, board_id)
        count = await w.fetchval(
            "select count(*) from stage_rule where company_id = $1 and board_id = $2", w.company_id, board_id
        )
        if count >= MOST:
            raise BoardError.TOO_MANY_RULES(most=MOST)
        days = await _checked(w, board_id, stage_id, occasion, days, action)
        rule_id: UUID = await w.fetchval(
            "insert into stage_rule(company_id, board_id, stage_id, occasion, days, action, enabled, made_by)"
            " values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8) returning id",
            w.company_id,
            board_id,
            stage_id,
            occasion.value,
            days,
            msgspec.json.encode(action).decode(),
            enabled,
            doer(actor),
        )
        w.audit("stage_rule.created", rule_id)
        w.emit(BoardChanged(board_id=board_id))
        return await _one(w, w.company_id, rule_id)


async def change_rule(actor: Actor, rule_id: UUID, *, expected: Expected = None, **given: Any) -> dict[str, Any]:
    """Row as in `rules`. `given`: new values of stage_id, occasion, days, action, enabled. What waits for a lead follows the rule as it
    is then, also its days; with another stage or occasion it ends. Raises NotFound, PreconditionFailed, Invalid, Forbidden."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        before = await _locked(w, rule_id, expected)
        action = given.get("action") or _decode.decode(before["action"])
        occasion = RuleOccasion(given.get("occasion", before["occasion"]))
        stage_id = given.get("stage_id", before["stage_id"])
        days = given.get("days", before["days"])
        enabled = given.get("enabled", before["enabled"])
        if enabled:
            await _allowed(w, action)
        if given.keys() - {"enabled"}:
            days = await _checked(w, before["board_id"], stage_id, occasion, days, action)
        await w.execute(
            "update stage_rule set stage_id = $3, occasion = $4, days = $5, action = $6::jsonb, enabled = $7, changed_at = now(),"
            " made_by = coalesce($8, made_by), version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            rule_id,
            stage_id,
            occasion.value,
            days,
            msgspec.json.encode(action).decode(),
            enabled,
            doer(actor),
        )
        if (stage_id, occasion) != (before["stage_id"], before["occasion"]):
            await rule_runs.end(w, rule_id)
        elif days is not None and days != before["days"]:
            await rule_runs.retime(w, rule_id, days)
        w.audit("stage_rule.changed", rule_id)
        w.emit(BoardChanged(board_id=before["board_id"]))
        return await _one(w, w.company_id, rule_id)


async def delete_rule(actor: Actor, rule_id: UUID, *, expected: Expected = None) -> None:
    """With its history; what waits for it ends. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        before = await _locked(w, rule_id, expected)
        await w.execute("delete from stage_rule where company_id = $1 and id = $2", w.company_id, rule_id)
        w.audit("stage_rule.deleted", rule_id)
        w.emit(BoardChanged(board_id=before["board_id"]))


async def _locked(w: Work, rule_id: UUID, expected: Expected) -> asyncpg.Record:
    row = await w.fetchrow(
        "select board_id, stage_id, occasion, days, action::text as action, enabled, version from stage_rule"
        " where company_id = $1 and id = $2 for update",
        w.company_id,
        rule_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="rule")
    versions.check(row["version"], expected)
    return row


_CHANNEL_OF = "select channel_id from template where company_id = $1 and id = $2"


async def _allowed(w: Work, action: RuleAction) -> None:
    """Raises Forbidden where a rule would do for somebody what they may not, for a test key write over a channel that is a real one."""
    assert w.actor is not None
    w.actor.require(Permission.MESSAGES_SEND if isinstance(action, SendTemplate | SendText) else Permission.LEADS_WRITE)
    if isinstance(action, SendText):
        await w.reaches(action.channel_id)
    elif isinstance(action, SendTemplate):
        await w.reaches(await w.fetchval(_CHANNEL_OF, w.company_id, action.template_id))


async def _checked(
    w: Work, board_id: UUID, stage_id: UUID, occasion: RuleOccasion, days: int | None, action: RuleAction
) -> int | None:
    """The days that are kept. Raises Invalid; Forbidden where a rule would write to people for somebody who may not."""
    await _allowed(w, action)
    found: list[Field] = []
    stages = {
        row["id"]: row["kind"]
        for row in await w.fetch("select id, kind from stage where company_id = $1 and board_id = $2", w.company_id, board_id)
    }
    if stage_id not in stages:
        found.append(BoardField.RULE_UNKNOWN("stage_id"))
    if occasion is RuleOccasion.STAY and days is None:
        found.append(RequestField.REQUIRED("days"))
    if isinstance(action, Move):
        found += _wrong_move(stages, stage_id, action)
    else:
        found += await _wrong(w, action)
    if found:
        raise RequestError.INVALID(fields=found)
    return days if occasion is RuleOccasion.STAY else None


def _wrong_move(stages: dict[UUID, str], stage_id: UUID, action: Move) -> list[Field]:
    if action.stage_id == stage_id:
        return [BoardField.OWN_STAGE("action.stage_id")]
    if action.stage_id not in stages:
        return [BoardField.RULE_UNKNOWN("action.stage_id")]
    if stages[action.stage_id] == StageKind.LOST and not (action.lost_reason or "").strip():
        return [RequestField.REQUIRED("action.lost_reason")]
    return []


_MEMBER = "select true from membership where company_id = $1 and user_id = $2"
_TEAM_THERE = "select true from team where company_id = $1 and id = $2"
_CHANNEL = "select true from channel where company_id = $1 and id = $2 and archived_at is null and kind <> all($3::text[])"
_CALLING = [one.kind for one in registry.providers() if one.capabilities.calls]
"""Kinds of channels over which nothing is written."""
_TEMPLATE = """
select components::text as components, parameter_format, category from template where company_id = $1 and id = $2 and status <> 'deleted'
"""


async def _wrong(w: Work, action: RuleAction) -> list[Field]:
    """What is wrong with an action that names people or texts."""
    match action:
        case Assign():
            if (action.user_id is None) == (action.team_id is None):
                return [BoardField.CHOOSE_ONE("action.user_id")]
            if action.user_id is not None:
                return await _missing(w, _MEMBER, action.user_id, "action.user_id")
            assert action.team_id is not None
            return await _missing(w, _TEAM_THERE, action.team_id, "action.team_id")
        case Notify():
            return await _missing(w, _MEMBER, action.user_id, "action.user_id")
        case AddTag() | RemoveTag():
            return [] if action.tag.strip() else [RequestField.REQUIRED("action.tag")]
        case SendText():
            if text_problems(action.text, await _custom_keys(w)):
                return [BoardField.FILL_WITHOUT_GAP("action.text")]
            return (
                []
                if await w.fetchval(_CHANNEL, w.company_id, action.channel_id, _CALLING)
                else [BoardField.RULE_UNKNOWN("action.channel_id")]
            )
        case SendTemplate():
            row = await w.fetchrow(_TEMPLATE, w.company_id, action.template_id)
            if row is None:
                return [BoardField.RULE_UNKNOWN("action.template_id")]
            places = placeholders(msgspec.json.decode(row["components"]), row["parameter_format"], row["category"])
            return _gaps(places, action.bindings, await _custom_keys(w))
        case _:
            return []


async def _missing(w: Work, statement: str, one: UUID, path: str) -> list[Field]:
    return [] if await w.fetchval(statement, w.company_id, one) else [BoardField.RULE_UNKNOWN(path)]


async def _custom_keys(w: Work) -> list[str]:
    rows = await w.fetch("select key from custom_field where company_id = $1 and deleted_at is null", w.company_id)
    return [row["key"] for row in rows]


def _gaps(places: list[str], bindings: list[SlotBinding], custom: list[str]) -> list[Field]:
    """Every place is filled, in the template's order, by a field that there is or by a text, and never with nothing."""
    if [one.placeholder for one in bindings] != places:
        return [BoardField.FILL_WITHOUT_GAP("action.bindings")]
    return [
        BoardField.FILL_WITHOUT_GAP(f"action.bindings[{number}].fallback")
        for number, one in enumerate(bindings)
        if not one.fallback.strip() or not (one.source == "constant" or is_field(one.source, custom))
    ]
