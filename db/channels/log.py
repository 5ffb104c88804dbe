"""The channel log: every exchange with a provider, for staff to read. Secrets are taken out before anything is stored.

Sends are not written a second time: their `attempt` rows are the record, and the list merges them in. All ids are uuidv7, so
"newest first" is the order of ids.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from db.clock import now
from db.errors import RequestError
from db.ids import first_of
from db.messages.enums import AttemptState as A
from db.permissions import Permission
from db.providers import registry
from db.redact import redact
from db.subjects import Subject
from db.tenancy import Actor
from db.work import Read, Work, read

LIMIT = 4096  # bytes kept of a request and of a response
NEWEST = UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")


class LogEntry(NamedTuple):
    id: UUID
    at: datetime
    kind: str
    ok: bool
    summary: str
    http_status: int | None
    code: str | None
    duration_ms: int | None
    request: str | None
    response: str | None
    times: int  # how often the same came within a day, last at `last_at`
    last_at: datetime | None


def shown(text: str | None, secrets: Sequence[str] = ()) -> str | None:
    """The text as it may be kept and shown: secrets taken out, cut to 4 kB."""
    if text is None:
        return None
    return redact(text, secrets).replace("\0", "").encode("utf-8", "replace")[:LIMIT].decode("utf-8", "ignore")


async def record(
    w: Work,
    channel_id: UUID,
    kind: str,
    ok: bool,
    summary: str,
    http_status: int | None = None,
    code: str | None = None,
    duration_ms: int | None = None,
    request: str | None = None,
    response: str | None = None,
    *,
    secrets: Sequence[str] = (),
) -> None:
    """Writes one line. `kind`: check, templates, send, webhook, news, lookup or sandbox."""
    await w.execute(
        "insert into channel_log(company_id, channel_id, kind, ok, summary, http_status, code, duration_ms, request, response)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        w.company_id,
        channel_id,
        kind,
        ok,
        shown(summary, secrets),
        http_status,
        code,
        duration_ms,
        shown(request, secrets),
        shown(response, secrets),
    )


_AGAIN = """
update channel_log set times = times + 1, last_at = now() where company_id = $1 and channel_id = $2 and id = (
    select id from channel_log where company_id = $1 and channel_id = $2 and id >= $3 and kind = $4 and ok = $5 and summary = $6
        and code is not distinct from $7 and ($8::text is null or request = $8) order by id desc limit 1)
"""


async def count(
    w: Work,
    channel_id: UUID,
    kind: str,
    ok: bool,
    summary: str,
    *,
    code: str,
    request: str,
    response: str | None = None,
    alike: bool = False,
) -> None:
    """Writes one line, or counts it on the same one of the last day: what comes a thousand times is one line. `alike`: whatever
    the request was; the first one stays."""
    text = None if alike else shown(request)
    since = first_of(now() - timedelta(days=1))
    if not await w.execute(_AGAIN, w.company_id, channel_id, since, kind, ok, shown(summary), code, text):
        await record(w, channel_id, kind, ok, summary, code=code, request=request, response=response)


_LOG = """
select id, at, kind, ok, summary, http_status, code, duration_ms, request, response, times, last_at from channel_log
where company_id = $1 and channel_id = $2 and id < $3 {where} order by id desc limit $4
"""

_SENT = f"""case state when {A.STARTED} then 'Message on its way' when {A.ACCEPTED} then 'Message accepted'
        when {A.REJECTED} then 'Message refused' else 'Nobody knows whether the message arrived' end"""
# A call that was placed and then failed reached nobody: nothing was refused.
_CALLED = f"""case state when {A.STARTED} then 'Call being placed' when {A.ACCEPTED} then 'Call placed'
        when {A.REJECTED} then case when provider_id is null then 'Call not placed' else 'Call reached nobody' end
        else 'Nobody knows whether the call was placed' end"""
_ATTEMPTS = f"""
select id, started_at as at, 'send' as kind, state = {A.ACCEPTED} as ok,
    {{summary}} as summary,
    http_status, code::text as code, (extract(epoch from done_at - started_at) * 1000)::int as duration_ms,
    'attempt ' || id::text || coalesce(' · ' || provider_id, '') as request, detail as response, 1 as times, null::timestamptz as last_at
from attempt where company_id = $1 and channel_id = $2 and id < $3 {{where}} order by id desc limit $4
"""

# Those of which only a part could not be read have a line that counts them already.
_DEAD = """
select id, received_at as at, 'webhook' as kind, false as ok, 'A webhook could not be processed' as summary,
    null::smallint as http_status, null::text as code, null::int as duration_ms,
    left(convert_from(body, 'LATIN1'), 4096) as request, error as response, 1 as times, null::timestamptz as last_at
from webhook_inbox where company_id = $1 and channel_id = $2 and id < $3 and tries >= 5 and error not like 'not understood: %'
order by id desc limit $4
"""


async def entries(
    actor: Actor,
    channel_id: UUID,
    *,
    kind: str | None = None,
    ok: bool | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[LogEntry]:
    """Newest first, older than `before`. Raises NotFound."""
    async with read(actor, Permission.CHANNELS_READ) as r:
        channel = await r.fetchval("select kind from channel where company_id = $1 and id = $2", actor.company_id, channel_id)
        if channel is None:
            raise RequestError.NOT_FOUND(what="channel")
        calls = registry.provider(channel).capabilities.calls
        return await _entries(r, actor.company_id, channel_id, kind, ok, before or NEWEST, limit, calls=calls)


async def _entries(
    r: Read, company_id: UUID, channel_id: UUID, kind: str | None, ok: bool | None, before: UUID, limit: int, *, calls: bool
) -> list[LogEntry]:
    parts = []
    arguments: list[object] = [company_id, channel_id, before, limit]
    where = "" if ok is None else f"and ok = {'true' if ok else 'false'}"
    if kind:
        arguments.append(kind)
        where += " and kind = $5"
    parts.append(_LOG.format(where=where))
    if kind in (None, "send"):
        # The refused and unknown ones carry a text, and have an index of their own: they are rare among millions.
        parts.append(
            _ATTEMPTS.format(
                summary=_CALLED if calls else _SENT,
                where={
                    None: "",
                    True: f"and state = {A.ACCEPTED}",
                    False: f"and detail is not null and state <> {A.ACCEPTED}",
                }[ok],
            )
        )
    if kind in (None, "webhook") and ok is not True:
        parts.append(_DEAD)
    union = " union all ".join(f"({part})" for part in parts)
    rows = await r.fetch(f"select * from ({union}) merged order by id desc limit $4", *arguments)
    found = [LogEntry(*row) for row in rows]
    return [entry._replace(request=shown(entry.request), response=shown(entry.response)) for entry in found]


_NAMING = """
delete from channel_log where company_id = $1 and id in (
    select id from channel_log where company_id = $1
        and (request like any($2::text[]) or response like any($2::text[]) or summary like any($2::text[])) limit $3)
"""
_OLD = """
delete from channel_log where company_id = $1 and id in (
    select id from channel_log where company_id = $1 and coalesce(last_at, at) < $2 and at < $2 order by id limit $3)
"""


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Deletes some lines that name a person who is erased. Rows by table."""
    return {"channel_log": await w.execute(_NAMING, w.company_id, person.needles, most)}


async def forget_before(w: Work, moment: datetime, most: int) -> int:
    """Deletes some lines that are older. Returns how many."""
    return await w.execute(_OLD, w.company_id, moment, most)
