"""Small changes of a person, their sessions, and the company's own data."""

from uuid import UUID

import asyncpg
import msgspec

from db.accounts import queries
from db.accounts.events import CompanyChanged, SessionRevoked, TeamChanged
from db.accounts.names import refuse_addresses
from db.errors import RequestError
from db.permissions import Permission
from db.stats.fold import rebuild_days
from db.tenancy import SELF, Actor, Origin
from db.work import system_work, work


async def change_me(actor: Actor, *, name: str | None, language: str | None) -> asyncpg.Record:
    """The row of `queries.own_person`. None leaves a value as it is. Raises Invalid."""
    refuse_addresses(name=name)
    async with work(actor, SELF) as w:
        await w.execute(
            "update account_user set name = coalesce($2, name), language = coalesce($3, language) where id = $1",
            actor.id,
            name,
            language,
        )
        w.audit("person.changed", actor.id)
        w.emit(TeamChanged())
        return await queries.own_person(w)


async def put_steps_away(actor: Actor, *, away: bool) -> None:
    """The first steps of a new company, on one's own first page only. Harmless when repeated."""
    async with work(actor, SELF) as w:
        await w.execute(
            "update membership set steps_away_at = case when $3 then coalesce(steps_away_at, now()) end where company_id = $1 and user_id = $2",
            w.company_id,
            actor.id,
            away,
        )
        w.audit("first_steps.put_away" if away else "first_steps.brought_back", actor.id)


async def change_company(
    actor: Actor,
    *,
    name: str | None,
    language: str | None,
    time_zone: str | None,
    country: str | None,
    answer_target: int | msgspec.UnsetType | None = msgspec.UNSET,
    same_text_hours: int | None = None,
) -> asyncpg.Record:
    """The row of `queries.company`. None leaves a value as it is; of `answer_target` (minutes) UNSET does. Raises Invalid."""
    refuse_addresses(name=name)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        if time_zone is not None or same_text_hours is not None:  # hours and windows of what goes to real people
            await w.reaches(None)
        await w.execute(
            "update company set name = coalesce($2, name), language = coalesce($3, language), time_zone = coalesce($4, time_zone), "
            "country = coalesce($5, country), answer_target = case when $6 then $7 else answer_target end, "
            "same_text_hours = coalesce($8, same_text_hours) where id = $1",
            w.company_id,
            name,
            language,
            time_zone,
            country,
            answer_target is not msgspec.UNSET,
            None if answer_target is msgspec.UNSET else answer_target,
            same_text_hours,
        )
        if time_zone is not None:
            await rebuild_days(w)
        changed = {"name": name, "language": language, "time_zone": time_zone, "country": country}
        if answer_target is not msgspec.UNSET:
            changed["answer_target"] = "" if answer_target is None else str(answer_target)
        if same_text_hours is not None:
            changed["same_text_hours"] = str(same_text_hours)
        w.audit("company.changed", w.company_id, **{key: value for key, value in changed.items() if value is not None})
        w.emit(CompanyChanged())
        return await queries.own_company(w)


async def end_session(actor: Actor, origin: Origin, session_id: UUID) -> None:
    """One of the person's own sessions, in whichever company. Raises NotFound."""
    assert actor.id is not None
    async with system_work() as s:
        company_id: UUID | None = await s.fetchval(
            "update session set revoked_at = now() where id = $1 and user_id = $2 and revoked_at is null returning company_id",
            session_id,
            actor.id,
        )
        if company_id is None:
            raise RequestError.NOT_FOUND(what="session")
        s.audit(origin, company_id, actor.id, "session.revoked", session_id)
        s.emit(company_id, SessionRevoked(user_id=actor.id, session_id=session_id))


async def end_other_sessions(actor: Actor, origin: Origin) -> None:
    """All of the person's sessions but the present one; and no browser is trusted any more."""
    assert actor.id is not None
    async with system_work() as s:
        await s.execute("update known_device set trusted_until = null where user_id = $1", actor.id)
        rows = await s.fetch(
            "update session set revoked_at = now() where user_id = $1 and id <> $2 and revoked_at is null returning company_id, id",
            actor.id,
            actor.session_id,
        )
        for company_id in sorted({actor.company_id, *(row["company_id"] for row in rows)}):
            s.audit(origin, company_id, actor.id, "session.others_revoked")
        for row in rows:
            s.emit(row["company_id"], SessionRevoked(user_id=actor.id, session_id=row["id"]))
