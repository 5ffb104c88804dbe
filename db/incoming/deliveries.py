"""What came for a hook: stored before the sender is answered, carried out once by a job, shown with what became of it.

A delivery is one transaction: the key that makes it one with another, its effects and its outcome are written together, so a worker
that dies has done nothing. Payloads are kept as long as the hook says; what became of them ninety days.
"""

import hashlib
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.contacts.identities import region_of
from db.errors import Field, RequestError
from db.incoming import hooks, payload
from db.incoming.effects import Effects, Refused, as_json, carry_out
from db.incoming.enums import IncomingSource, IncomingState, Sameness
from db.incoming.errors import IncomingError, IncomingField
from db.incoming.events import IncomingHookChanged
from db.incoming.hooks import Route
from db.incoming.paths import as_text, look, parse
from db.incoming.plan import plan
from db.incoming.recipe import HookStep
from db.jobs import RunIncoming
from db.permissions import Permission
from db.subjects import Subject
from db.tenancy import Actor, worker
from db.work import Read, SystemWork, Work, read, work

DAYS = 90
COLUMNS = (
    "id, hook_id, source, content_type, size, state, problems::text as problems, contact_id, contact_made, lead_id, lead_done,"
    " message_id, campaign_id, cadence_id, same_as, received_at, done_at, payload is not null as has_payload"
)
_INSERT = """
insert into incoming_delivery(company_id, hook_id, source, content_type, size, payload, same_key, state, problems, same_as, done_at)
select $1, id, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, case when $8 <> 'waiting' then now() end from incoming_hook
where company_id = $1 and id = $2 returning id
"""
_TAKE_KEY = """
insert into incoming_key(company_id, hook_id, key, delivery_id, until) values ($1, $2, $3, $4, now() + make_interval(mins => $5))
on conflict (company_id, hook_id, key) do update set delivery_id = excluded.delivery_id, until = excluded.until
where incoming_key.until < now() returning true
"""
_FINISH = """
update incoming_delivery set state = $3, problems = $4::jsonb, contact_id = $5, contact_made = $6, lead_id = $7, lead_done = $8,
    message_id = $9, same_as = coalesce($10, same_as), campaign_id = $11, cadence_id = $12, done_at = now()
where company_id = $1 and id = $2
"""


def _key(route: Route, body: bytes, tree: Any) -> str | None:
    """What other deliveries are compared by; None: by nothing."""
    if route.sameness is Sameness.BODY:
        return hashlib.sha256(body).hexdigest()
    if route.sameness is Sameness.KEY:
        tokens = parse(route.same_path.strip().removeprefix("{{").removesuffix("}}"))
        text = as_text(look(tree, tokens)) if tokens else ""
        return f"={hashlib.sha256(text.encode()).hexdigest()}" if text else None
    return None


async def receive(route: Route, body: bytes, content_type: str) -> UUID | None:
    """Stores one delivery, durably when this returns; None when the hook was deleted meanwhile. One that cannot be read is stored too,
    and failed."""
    tree, problems = None, list[Field]()
    try:
        tree = payload.parse(body, content_type)
    except payload.Unreadable as error:
        problems = [error.code("")]
    async with work(worker(route.company_id), Permission.INCOMING_WRITE) as w:
        return await _store(
            w, route.hook_id, IncomingSource.POST, content_type, len(body), tree, _key(route, body, tree), problems
        )


async def _store(
    w: Work,
    hook_id: UUID,
    source: IncomingSource,
    content_type: str,
    size: int,
    tree: Any,
    key: str | None,
    problems: list[Field],
    same_as: UUID | None = None,
) -> UUID | None:
    delivery_id: UUID | None = await w.fetchval(
        _INSERT,
        w.company_id,
        hook_id,
        source.value,
        content_type[:120],
        size,
        None if tree is None else msgspec.json.encode(tree).decode(),
        key,
        (IncomingState.FAILED if problems else IncomingState.WAITING).value,
        as_json(problems),
        same_as,
    )
    if delivery_id is not None:
        if not problems:
            w.enqueue(RunIncoming(delivery_id=delivery_id))
        w.emit(IncomingHookChanged(hook_id=hook_id))
    return delivery_id


async def run(company_id: UUID, delivery_id: UUID) -> None:
    """Carries one delivery out, if it waits; harmless when repeated."""
    async with work(worker(company_id), Permission.INCOMING_WRITE) as w:
        row = await w.fetchrow(
            "select d.hook_id, d.payload, d.same_key, d.source, h.enabled, h.steps::text as steps, h.same_minutes"
            " from incoming_delivery d join incoming_hook h on h.company_id = $1 and h.id = d.hook_id"
            " where d.company_id = $1 and d.id = $2 and d.state = 'waiting' for update of d",
            company_id,
            delivery_id,
        )
        if row is None:
            return
        w.emit(IncomingHookChanged(hook_id=row["hook_id"]))
        if not row["enabled"] and row["source"] == IncomingSource.POST:
            await _finish(w, delivery_id, IncomingState.OFF)
            return
        try:
            async with w.connection.transaction():  # a delivery that fails gives its key back: the next one may do better
                if row["same_key"] is not None and row["source"] == IncomingSource.POST:
                    taken = await w.fetchval(
                        _TAKE_KEY, company_id, row["hook_id"], row["same_key"], delivery_id, row["same_minutes"]
                    )
                    if not taken:
                        raise _Same
                effects = await _do(w, hooks.decode_steps.decode(row["steps"]), msgspec.json.decode(row["payload"]))
        except _Same:
            first = await w.fetchval(
                "select delivery_id from incoming_key where company_id = $1 and hook_id = $2 and key = $3",
                company_id,
                row["hook_id"],
                row["same_key"],
            )
            await _finish(w, delivery_id, IncomingState.DUPLICATE, same_as=first)
        except Refused as refused:
            await _finish(w, delivery_id, IncomingState.FAILED, problems=refused.problems)
        else:
            await _finish(w, delivery_id, IncomingState.DONE, effects)


class _Same(Exception):
    """Another one of the same key was carried out."""


async def _do(w: Work, steps: list[HookStep], tree: Any) -> Effects:
    return await carry_out(w, plan(steps, tree, await region_of(w, w.company_id)))


async def _finish(
    w: Work,
    delivery_id: UUID,
    state: IncomingState,
    effects: Effects | None = None,
    *,
    problems: list[Field] | None = None,
    same_as: UUID | None = None,
) -> None:
    done = effects or Effects()
    await w.execute(
        _FINISH,
        w.company_id,
        delivery_id,
        state.value,
        as_json(problems if problems is not None else done.problems),
        done.contact_id,
        done.contact_made,
        done.lead_id,
        done.lead_done.value if done.lead_done else None,
        done.message_id,
        same_as,
        done.campaign_id,
        done.cadence_id,
    )


async def give_up(company_id: UUID, delivery_id: UUID) -> None:
    """A delivery that broke again and again fails, so that it does not wait for ever."""
    async with work(worker(company_id), Permission.INCOMING_WRITE) as w:
        hook_id = await w.fetchval(
            "update incoming_delivery set state = 'failed', done_at = now(), problems = $3::jsonb"
            " where company_id = $1 and id = $2 and state = 'waiting' returning hook_id",
            company_id,
            delivery_id,
            as_json([IncomingField.BROKE("")]),
        )
        if hook_id is not None:
            w.emit(IncomingHookChanged(hook_id=hook_id))


async def deliveries(
    actor: Actor, hook_id: UUID, *, state: IncomingState | None = None, after: UUID | None = None, limit: int
) -> list[asyncpg.Record]:
    """Rows of `COLUMNS`, newest first. Raises NotFound."""
    async with read(actor, Permission.INCOMING_READ) as r:
        await hooks.one(r, actor.company_id, hook_id)
        return await r.fetch(
            f"select {COLUMNS} from incoming_delivery where company_id = $1 and hook_id = $2 and ($3::uuid is null or id < $3)"
            " and ($4::text is null or state = $4) order by id desc limit $5",
            actor.company_id,
            hook_id,
            after,
            state.value if state else None,
            limit,
        )


async def delivery(actor: Actor, hook_id: UUID, delivery_id: UUID) -> asyncpg.Record:
    """`COLUMNS` and `payload` (JSON; null once it is kept no longer). Raises NotFound."""
    async with read(actor, Permission.INCOMING_READ) as r:
        return await _one(r, actor.company_id, hook_id, delivery_id)


async def _one(r: Read, company_id: UUID, hook_id: UUID, delivery_id: UUID) -> asyncpg.Record:
    row = await r.fetchrow(
        f"select {COLUMNS}, payload from incoming_delivery where company_id = $1 and hook_id = $2 and id = $3",
        company_id,
        hook_id,
        delivery_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="incoming_delivery")
    return row


async def replay(actor: Actor, hook_id: UUID, delivery_id: UUID) -> asyncpg.Record:
    """Carries the payload out once more as a delivery of its own, by the steps of now, whatever was the same before. Raises NotFound,
    Conflict `payload_unread`, Forbidden."""
    async with work(actor, Permission.INCOMING_WRITE) as w:
        hooks.allow(actor, (await hooks.one(w, w.company_id, hook_id))["steps"])
        row = await _one(w, w.company_id, hook_id, delivery_id)
        if row["payload"] is None:
            raise IncomingError.PAYLOAD_UNREAD()
        tree = msgspec.json.decode(row["payload"])
        made = await _store(
            w, hook_id, IncomingSource.REPLAY, row["content_type"], row["size"], tree, None, [], same_as=delivery_id
        )
        assert made is not None
        w.audit("incoming_hook.replayed", hook_id, delivery_id=str(delivery_id))
        return await _one(w, w.company_id, hook_id, made)


async def test(actor: Actor, hook_id: UUID, tree: dict[str, Any]) -> asyncpg.Record:
    """What a person wrote is carried out as if it had come. Raises NotFound, Forbidden, Invalid."""
    async with work(actor, Permission.INCOMING_WRITE) as w:
        hooks.allow(actor, (await hooks.one(w, w.company_id, hook_id))["steps"])
        body = msgspec.json.encode(tree)
        try:
            known = payload.parse(body, "application/json")
        except payload.Unreadable as error:
            raise RequestError.INVALID(fields=[error.code("payload")]) from None
        made = await _store(w, hook_id, IncomingSource.TEST, "application/json", len(body), known, None, [])
        assert made is not None
        w.audit("incoming_hook.tested", hook_id)
        return await _one(w, w.company_id, hook_id, made)


class Tried(NamedTuple):
    """What a delivery would do. `text`: what would be written to the contact."""

    problems: list[Field]
    contact_made: bool
    contact_name: str | None
    lead_title: str | None
    lead_done: str | None
    stage: str | None
    text: str | None
    campaign: str | None
    cadence: str | None


class _Undo(Exception):
    pass


async def try_out(actor: Actor, hook_id: UUID, delivery_id: UUID, steps: list[HookStep] | None) -> Tried:
    """Does it and takes it back: nothing is kept or sent. `steps`: instead of the hook's own. Raises NotFound, Forbidden, Invalid,
    Conflict `payload_unread`."""
    tried: Tried | None = None
    try:
        async with work(actor, Permission.INCOMING_WRITE) as w:
            row = await _one(w, w.company_id, hook_id, delivery_id)
            if row["payload"] is None:
                raise IncomingError.PAYLOAD_UNREAD()
            wanted = steps if steps is not None else (await hooks.one(w, w.company_id, hook_id))["steps"]
            hooks.allow(actor, wanted)
            if steps is not None and (problems := await hooks.wrong(w, steps)):
                raise RequestError.INVALID(fields=problems)
            try:
                effects = await _do(w, wanted, msgspec.json.decode(row["payload"]))
            except Refused as refused:
                tried = Tried(refused.problems, False, None, None, None, None, None, None, None)
            else:
                tried = await _told(w, effects)
            raise _Undo
    except _Undo:
        assert tried is not None
        return tried


async def _told(w: Work, effects: Effects) -> Tried:
    name = await w.fetchval("select name from contact where company_id = $1 and id = $2", w.company_id, effects.contact_id)
    lead = await w.fetchrow(
        "select l.title, s.name from lead l join stage s on s.company_id = $1 and s.id = l.stage_id where l.company_id = $1 and l.id = $2",
        w.company_id,
        effects.lead_id,
    )
    campaign = await w.fetchval("select name from campaign where company_id = $1 and id = $2", w.company_id, effects.campaign_id)
    cadence = await w.fetchval("select name from cadence where company_id = $1 and id = $2", w.company_id, effects.cadence_id)
    return Tried(
        effects.problems,
        effects.contact_made,
        name,
        lead["title"] if lead else None,
        effects.lead_done.value if effects.lead_done else None,
        lead["name"] if lead else None,
        effects.message_text,
        campaign,
        cadence,
    )


async def forget_old(s: SystemWork) -> None:
    """Deletes payloads after the days that their hooks say, what became of them after ninety, and keys that are over."""
    await s.execute("delete from incoming_key where until < now()")
    await s.execute(
        "update incoming_delivery d set payload = null from incoming_hook h where h.company_id = d.company_id and h.id = d.hook_id"
        " and d.payload is not null and d.state <> 'waiting' and d.received_at < now() - make_interval(days => h.keep_days)"
    )
    await s.execute(
        f"delete from incoming_delivery where state <> 'waiting' and received_at < now() - make_interval(days => {DAYS})"
    )


_NAMING = r"""
update incoming_delivery set payload = null, problems = '[]', same_key = null where company_id = $1 and id in (
    select id from incoming_delivery where company_id = $1 and state <> 'waiting' and payload is not null
        and (contact_id = any($2::uuid[]) or payload like any($3::text[]) or regexp_replace(payload, '\D', '', 'g') like any($4::text[]))
    limit $5)
"""


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Takes away some of what was posted about a person who is erased. Rows by table."""
    typed = [f"{digits}%" for digits in person.cells]
    return {"incoming_delivery": await w.execute(_NAMING, w.company_id, person.contact_ids, person.needles, typed, most)}
