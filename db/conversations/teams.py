"""Teams of an inbox: who is in them, who of them gets what opens, and which channels' conversations go to them."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.conversations import office_hours, record
from db.conversations.enums import AssignmentStrategy
from db.conversations.errors import ConversationError, ConversationField
from db.conversations.events import InboxChanged
from db.conversations.hours import OpenHours
from db.conversations.queries import Person
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected, check
from db.work import Read, Work, read, work

Unset = msgspec.UnsetType


class Team(NamedTuple):
    """`channel_ids`: conversations of these channels that have no team go to it when they open. `hours`: its own office hours; None: the
    company's count. `away_text`: what is said outside of its own hours; empty: what the company says."""

    id: UUID
    name: str
    strategy: AssignmentStrategy
    members: list[Person]
    channel_ids: list[UUID]
    hours: list[OpenHours] | None
    away_text: str
    version: int


_SELECT = """
select t.id, t.name, t.strategy, t.version, t.hours::text as hours, t.away_text,
    array(select row(u.id, u.name) from team_member m join account_user u on u.id = m.user_id
        where m.company_id = $1 and m.team_id = t.id order by fold(u.name), u.id) as members,
    array(select c.channel_id from team_channel c where c.company_id = $1 and c.team_id = t.id order by 1) as channel_ids
from team t where t.company_id = $1
"""


async def teams(actor: Actor) -> list[Team]:
    """By name."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        return [_team(row) for row in await r.fetch(f"{_SELECT} order by fold(t.name), t.id", actor.company_id)]


async def create_team(
    actor: Actor,
    *,
    name: str,
    strategy: AssignmentStrategy,
    member_ids: Sequence[UUID],
    channel_ids: Sequence[UUID],
    hours: Sequence[OpenHours] | None = None,
    away_text: str = "",
) -> Team:
    """A channel goes to one team: naming it here takes it from another one. Raises Invalid, Conflict `team_exists`."""
    if hours is not None:
        office_hours.refuse_odd(hours)
    async with work(actor, Permission.TEAM_WRITE) as w:
        team_id = await w.fetchval(
            "insert into team(company_id, name, strategy, hours, away_text) values ($1, $2, $3, $4::jsonb, $5)"
            " on conflict (company_id, fold(name)) do nothing returning id",
            w.company_id,
            name,
            strategy.value,
            None if hours is None else office_hours.as_json(hours),
            away_text.strip(),
        )
        if team_id is None:
            raise ConversationError.TEAM_EXISTS()
        await _set_members(w, team_id, member_ids)
        await _set_channels(w, team_id, channel_ids)
        w.audit("team.created", team_id)
        w.emit(InboxChanged())
        return await _one(w, w.company_id, team_id)


async def change_team(
    actor: Actor,
    team_id: UUID,
    *,
    name: str | Unset,
    strategy: AssignmentStrategy | Unset,
    member_ids: Sequence[UUID] | Unset,
    channel_ids: Sequence[UUID] | Unset,
    hours: Sequence[OpenHours] | Unset | None = msgspec.UNSET,
    away_text: str | Unset = msgspec.UNSET,
    expected: Expected = None,
) -> Team:
    """UNSET stays; no hours of its own any more: None. Raises NotFound, PreconditionFailed, Invalid, Conflict `team_exists`."""
    if hours is not msgspec.UNSET and hours is not None:
        office_hours.refuse_odd(hours)
    async with work(actor, Permission.TEAM_WRITE) as w:
        row = await _locked(w, team_id)
        check(row["version"], expected)
        name = row["name"] if name is msgspec.UNSET else name
        strategy = AssignmentStrategy(row["strategy"]) if strategy is msgspec.UNSET else strategy
        if await w.fetchval(
            "select true from team where company_id = $1 and fold(name) = fold($2) and id <> $3", w.company_id, name, team_id
        ):
            raise ConversationError.TEAM_EXISTS()
        await w.execute(
            "update team set name = $3, strategy = $4, version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            team_id,
            name,
            strategy.value,
        )
        if hours is not msgspec.UNSET:
            kept = None if hours is None else office_hours.as_json(hours)
            await w.execute("update team set hours = $3::jsonb where company_id = $1 and id = $2", w.company_id, team_id, kept)
        if away_text is not msgspec.UNSET:
            text = away_text.strip()
            await w.execute("update team set away_text = $3 where company_id = $1 and id = $2", w.company_id, team_id, text)
        if member_ids is not msgspec.UNSET:
            await _set_members(w, team_id, member_ids)
        if channel_ids is not msgspec.UNSET:
            await _set_channels(w, team_id, channel_ids)
        w.audit("team.changed", team_id)
        w.emit(InboxChanged())
        return await _one(w, w.company_id, team_id)


async def delete_team(actor: Actor, team_id: UUID, *, expected: Expected = None) -> None:
    """Its conversations keep their assignees and have no team. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.TEAM_WRITE) as w:
        check((await _locked(w, team_id))["version"], expected)
        await w.execute("delete from team where company_id = $1 and id = $2", w.company_id, team_id)
        w.audit("team.deleted", team_id)
        w.emit(InboxChanged())


async def _locked(w: Work, team_id: UUID) -> asyncpg.Record:
    row = await w.fetchrow(
        "select name, strategy, version from team where company_id = $1 and id = $2 for update", w.company_id, team_id
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="team")
    return row


async def _set_members(w: Work, team_id: UUID, member_ids: Sequence[UUID]) -> None:
    wanted = list(set(member_ids))
    found = await w.fetch(
        "select user_id from membership where company_id = $1 and user_id = any($2::uuid[]) for share", w.company_id, wanted
    )
    if len(found) < len(wanted):
        raise RequestError.INVALID(fields=[ConversationField.NOT_A_MEMBER("member_ids")])
    gone = await w.fetch(
        "delete from team_member where company_id = $1 and team_id = $2 and user_id <> all($3::uuid[]) returning user_id",
        w.company_id,
        team_id,
        wanted,
    )
    if gone:
        await record.let_go(w, [row["user_id"] for row in gone], team_id=team_id)
    await w.execute(
        "insert into team_member(company_id, team_id, user_id) select $1, $2, unnest($3::uuid[]) on conflict do nothing",
        w.company_id,
        team_id,
        wanted,
    )


async def _set_channels(w: Work, team_id: UUID, channel_ids: Sequence[UUID]) -> None:
    wanted = list(set(channel_ids))
    found = await w.fetch("select id from channel where company_id = $1 and id = any($2::uuid[])", w.company_id, wanted)
    if len(found) < len(wanted):
        raise RequestError.INVALID(fields=[ConversationField.NO_CHANNEL("channel_ids")])
    await w.execute(
        "delete from team_channel where company_id = $1 and team_id = $2 and channel_id <> all($3::uuid[])",
        w.company_id,
        team_id,
        wanted,
    )
    await w.execute(
        "insert into team_channel(company_id, team_id, channel_id) select $1, $2, unnest($3::uuid[]) order by 3"
        " on conflict (company_id, channel_id) do update set team_id = excluded.team_id",
        w.company_id,
        team_id,
        wanted,
    )


async def _one(r: Read, company_id: UUID, team_id: UUID) -> Team:
    row = await r.fetchrow(f"{_SELECT} and t.id = $2", company_id, team_id)
    assert row is not None
    return _team(row)


def _team(row: asyncpg.Record) -> Team:
    members = [Person(*member) for member in row["members"]]
    hours = None if row["hours"] is None else office_hours.from_json(row["hours"])
    strategy = AssignmentStrategy(row["strategy"])
    return Team(row["id"], row["name"], strategy, members, row["channel_ids"], hours, row["away_text"], row["version"])
