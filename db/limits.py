"""Every limit on sending, in one place: number throughput, pair rate, portfolio tier, calls at once. Scripts in Valkey, so that all workers
share them and each decision is atomic; the clock is Valkey's.

- *Throughput*: a token bucket per channel, in messages (WhatsApp, 80/s per number by default) or SMS segments per second. It
  holds one second's worth and starts EMPTY: a lost Valkey costs a second, never a burst. A 429 lowers it by the share of the
  messages that the provider refused, for half a minute at most.
- *Pair rate*: at most one message per 6 s to one person from one number, with Meta's burst of 45 that borrows from later.
- *Pace*: of numbers that write like a person (`db/qr/pacing.py`), gaps and rests.
- *Tier*: unique people per moving 24 h, shared by all numbers of a portfolio. Exact through any loss of Valkey: each claim leaves
  a new token in the window and, in its own transaction, in Postgres. Where the two differ the window has lost somebody, and it is
  rebuilt from the ledger before anybody else may go (docs/decisions/0012).

- *Places*: calls at once, as the provider said and as a campaign wants. Counted in the ledger, in the transaction that claims them.

While Valkey is away nothing is granted: a provider punishes a number that sends too fast for longer than the outage lasts.
Sources: docs/contracts/meta-whatsapp.md, limits; docs/contracts/twilio.md, errors.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from db import valkey
from db.messages.enums import AttemptState, CallStage, MessageState
from db.settings import LONGEST_LEASE
from db.work import Read, Work

PAIR_SECONDS = 6
PAIR_BURST = 45
"""Meta's, from docs/contracts/meta-whatsapp.md (Limits)."""
DAY = 86_400
WINDOW = DAY + LONGEST_LEASE
"""Seconds that a person stays in the window after the permit: the provider may count the message as late as the lease ends."""

_ACQUIRE = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rate, want, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local b = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'slow', 'slow_at')
local tokens, at = tonumber(b[1]) or 0, tonumber(b[2]) or now
local factor = 1
if b[3] then factor = math.min(1, tonumber(b[3]) + (now - tonumber(b[4])) / 30000) end
rate = rate * factor
local room = math.max(tonumber(ARGV[4]) or rate, least)
tokens = math.min(room, tokens + (now - at) * rate / 1000)
local granted, wait = 0, 0
if tokens >= least then granted = math.min(want, math.floor(tokens)); tokens = tokens - granted
else wait = math.ceil((least - tokens) * 1000 / rate) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], 120000)
return {granted, wait, tostring(factor)}
"""

_SLOW_DOWN = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local b = redis.call('HMGET', KEYS[1], 'slow', 'slow_at')
local factor = 1
if b[1] then factor = math.min(1, tonumber(b[1]) + (now - tonumber(b[2])) / 30000) end
if b[2] and now - tonumber(b[2]) < 1000 then return tostring(factor) end
factor = math.max(0.05, factor * tonumber(ARGV[1]))
local tokens = (tonumber(redis.call('HGET', KEYS[1], 'tokens')) or 0) * tonumber(ARGV[1])
redis.call('HSET', KEYS[1], 'slow', tostring(factor), 'slow_at', now, 'tokens', tostring(tokens))
redis.call('PEXPIRE', KEYS[1], 120000)
return tostring(factor)
"""

# Answers only for those who may not go, as pairs: position, and > 0 wait so many ms (pair) or -1 the portfolio's day is full.
# Nothing at all when the window's token is not the one that the last claim left.
# The addresses are one argument and the usual answer is empty: a slice costs one short line each way.
_RECIPIENTS = f"""
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local gap, burst, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local count = tonumber(ARGV[5])
local used, roomy = 0, true
if limit >= 0 then
    if redis.call('ZREM', KEYS[1], ARGV[6]) == 0 then return false end
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - {WINDOW * 1000})
    used = redis.call('ZCARD', KEYS[1])
    roomy = used + count <= limit
end
local out, people, i = {{}}, {{}}, 0
for address in string.gmatch(ARGV[4], '([^,]*),') do
    local key = KEYS[2] .. address
    local go = true
    if not roomy and not redis.call('ZSCORE', KEYS[1], address) then go = used < limit end
    if not go then out[#out + 1] = i; out[#out + 1] = -1
    elseif not redis.call('SET', key, now + gap, 'PX', gap, 'NX') then
        local tat = math.max(now, tonumber(redis.call('GET', key)) or now)
        if tat - now > (burst - 1) * gap then
            out[#out + 1] = i; out[#out + 1] = tat - now - (burst - 1) * gap
            go = false
        else redis.call('SET', key, tat + gap, 'PX', tat + gap - now) end
    end
    if go and limit >= 0 then
        if roomy then people[#people + 1] = now; people[#people + 1] = address
        else used = used + redis.call('ZADD', KEYS[1], now, address) end
    end
    i = i + 1
end
for start = 1, #people, 1000 do
    redis.call('ZADD', KEYS[1], unpack(people, start, math.min(start + 999, #people)))
end
if limit >= 0 then
    redis.call('ZADD', KEYS[1], 'inf', ARGV[7])
    redis.call('EXPIRE', KEYS[1], {WINDOW})
end
return out
"""

# Not sooner than a gap after the last one, and after a rest; a lost clock begins with a whole gap.
_PACE = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local gap, each, rest, take = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local b = redis.call('HMGET', KEYS[1], 'last', 'rested', 'count')
local last = tonumber(b[1])
if not last then last = now; redis.call('HSET', KEYS[1], 'last', now); redis.call('PEXPIRE', KEYS[1], 3600000) end
local wait = math.max(last + gap, tonumber(b[2]) or 0) - now
if wait > 0 then return wait end
if take then
    local count = (tonumber(b[3]) or 0) + 1
    redis.call('HSET', KEYS[1], 'last', now, 'count', count)
    if count % each == 0 then redis.call('HSET', KEYS[1], 'rested', now + rest) end
    redis.call('PEXPIRE', KEYS[1], 3600000)
end
return 0
"""

_MAKE = "insert into portfolio_window(company_id, portfolio_id) values ($1, $2) on conflict do nothing"
_LOCK = "select token from portfolio_window where company_id = $1 and portfolio_id = $2 for update"
_RENEW = "update portfolio_window set token = $3 where company_id = $1 and portfolio_id = $2"
_SWAP = """
insert into portfolio_window(company_id, portfolio_id, token) values ($1, $2, $3)
on conflict (company_id, portfolio_id) do update set token = excluded.token returning old.token
"""
_FORGET = "delete from portfolio_window where company_id = $1 and portfolio_id = $2"

# Everybody who may have got a message: tried, and not surely refused. Ids of attempts are in the order of time, so that the
# day is one range of the primary key; an hour more, for a server whose clock was put back.
_PEOPLE = f"""
select m.address, min(extract(epoch from now() - a.started_at))::float8 as age
from attempt a join message m on m.company_id = a.company_id and m.id = a.message_id
where a.company_id = $1 and a.id >= (select uuidv7(make_interval(secs => - $3::float8 - 3600)))
  and a.started_at > now() - make_interval(secs => $3)
  and a.channel_id = any(array(select id from channel where company_id = $1 and portfolio_id = $2))
  and (a.state <> {AttemptState.REJECTED} or a.provider_id is not null)
group by m.address
"""

_BEFORE_THE_END = (
    f"c.company_id = $1 and c.channel_id = $2 and c.stage < {CallStage.ENDED} and c.created_at > now() - interval '2 hours'"
)
# One of which nothing more is told takes its place for two hours, the longest that a provider lets one last.
_PLACES = f"""
select (select count(*) from call c join message m on m.company_id = $1 and m.id = c.id where {_BEFORE_THE_END}
        and m.state in ({MessageState.SENDING}, {MessageState.UNKNOWN}, {MessageState.SENT}, {MessageState.DELIVERED})) as placed,
    (select count(*) from call c join message m on m.company_id = $1 and m.id = c.id where {_BEFORE_THE_END} and m.campaign_id = $3
        and m.state in ({MessageState.SENDING}, {MessageState.UNKNOWN}, {MessageState.SENT}, {MessageState.DELIVERED})) as own,
    (select count(*) from call c join inbound_message m on m.company_id = $1 and m.id = c.id where {_BEFORE_THE_END}) as came,
    (select places from channel where company_id = $1 and id = $2) as most
"""


class WindowLost(Exception):
    """Valkey does not hold the window that the last claim left: `rebuild_window`, then try again."""


@dataclass(frozen=True, slots=True)
class Permit:
    granted: int  # tokens; give back what is not used
    wait: float  # seconds until `least` tokens are there; 0 when granted
    factor: float  # below 1 while a 429 is being digested


def _bucket(channel_id: UUID) -> str:
    return f"limit:{channel_id}"


def _tier(company_id: UUID, portfolio_id: str) -> str:
    """A sorted set: addresses by the time of their last permit, and the token, last. One key: all of it is lost, or nothing."""
    return f"tier:{company_id}:{portfolio_id}"


def _member(token: UUID | None) -> str:
    return f"token:{token}"


async def _run(name: str, script: str, keys: list[str], args: list[Any]) -> Any:
    """One round trip; the script is loaded on first use and after every loss."""
    return await _scripts.setdefault(name, valkey.Script(script)).run(keys, args)


_scripts: dict[str, valkey.Script] = {}


async def acquire(channel_id: UUID, *, rate: float, want: int, least: int = 1, room: float | None = None) -> Permit:
    """Up to `want` tokens of the throughput (`rate` per second), or none until `least` are there. `room`: how many it holds, one second's
    worth unless said; so no second has more than `rate` and `room` together. Raises valkey.Down."""
    asked = [rate, want, least, "" if room is None else room]
    granted, wait, factor = await _run("acquire", _ACQUIRE, [_bucket(channel_id)], asked)
    return Permit(int(granted), int(wait) / 1000, float(factor))


async def pace(channel_id: UUID, gap: float, *, each: int, rest: float, take: bool) -> float:
    """For a number that writes like a person: seconds until `gap` has passed since its last message and its rest is over, 0 when they have.
    `take`: then this is its next message. A `rest` follows every `each` messages. Raises valkey.Down."""
    asked = [int(gap * 1000), each, int(rest * 1000), int(take)]
    return int(await _run("pace", _PACE, [f"pace:{channel_id}"], asked)) / 1000


async def give_back(channel_id: UUID, tokens: int) -> None:
    """Tokens that were granted and not used; fewer than none when a long text took more than was granted."""
    if tokens:
        await valkey.client().hincrbyfloat(_bucket(channel_id), "tokens", tokens)


async def slow_down(channel_id: UUID, refused: float) -> float:
    """After a 429 (130429, 20429): less by the share of messages that was `refused`, at most by half and once per second; back to
    full within half a minute. Some 429s in a crowd are no reason to crawl. Returns the factor."""
    return float(await _run("slow_down", _SLOW_DOWN, [_bucket(channel_id)], [max(0.5, 1 - refused)]))


async def recipients(w: Work, channel_id: UUID, portfolio_id: str, limit: int | None, addresses: list[str]) -> list[float]:
    """For each address: 0 go, > 0 seconds to wait (pair rate), -1 the portfolio's 24 hours are full. Counts those that go.

    Asked in the transaction that claims their messages, and nothing may go out before that commits: the lock on the portfolio's
    row orders its claims, and a permit whose claim was undone leaves a token that nobody expects. Raises WindowLost, valkey.Down.
    """
    if not addresses:
        return []
    before, token = None, uuid4()
    if limit is None:  # nobody is counted, so what was counted before is not the whole day
        await w.execute(_FORGET, w.company_id, portfolio_id)
    else:
        before = await w.fetchval(_SWAP, w.company_id, portfolio_id, token)
    answer = await _run(
        "recipients",
        _RECIPIENTS,
        [_tier(w.company_id, portfolio_id), f"pair:{channel_id}:"],
        [
            PAIR_SECONDS * 1000,
            PAIR_BURST,
            -1 if limit is None else limit,
            "".join(f"{address}," for address in addresses),
            len(addresses),
            _member(before),
            _member(token),
        ],
    )
    if answer is None:
        raise WindowLost
    return _waits(answer, len(addresses))


async def pairs(channel_id: UUID, addresses: list[str]) -> list[float]:
    """As `recipients` for answers inside the person's window, which no portfolio's day counts: 0 go, > 0 seconds to wait. Raises
    valkey.Down."""
    if not addresses:
        return []
    keys = [f"answers:{channel_id}", f"pair:{channel_id}:"]
    listed = "".join(f"{address}," for address in addresses)
    return _waits(
        await _run("recipients", _RECIPIENTS, keys, [PAIR_SECONDS * 1000, PAIR_BURST, -1, listed, len(addresses), "", ""]),
        len(addresses),
    )


def _waits(answer: list[Any], count: int) -> list[float]:
    waits = [0.0] * count
    for position, wait in zip(answer[::2], answer[1::2], strict=True):
        waits[position] = wait / 1000 if wait > 0 else -1.0
    return waits


class Places(NamedTuple):
    """Calls that go on over a channel, with those that came in, and those of one campaign; `most` at once, None where nobody knows."""

    live: int
    own: int
    most: int | None

    def free(self, at_once: int | None) -> int | None:
        """How many more may begin, where the campaign wants so many at once; None: as many as one likes."""
        left = [most - taken for most, taken in ((self.most, self.live), (at_once, self.own)) if most is not None]
        return max(0, min(left)) if left else None


async def places(r: Read, company_id: UUID, channel_id: UUID, campaign_id: UUID | None) -> Places:
    """As they are now."""
    row = await r.fetchrow(_PLACES, company_id, channel_id, campaign_id)
    assert row is not None
    return Places(row["placed"] + row["came"], row["own"], row["most"])


async def hold_places(w: Work, channel_id: UUID, campaign_id: UUID | None) -> Places:
    """Until this transaction ends nobody else takes one."""
    await w.fetchval("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"places:{channel_id}")
    return await places(w, w.company_id, channel_id, campaign_id)


async def tier_used(company_id: UUID, portfolio_id: str) -> int:
    """Unique people of the moving 24 hours."""
    client = valkey.client()
    seconds, _ = await client.time()
    return int(await client.zcount(_tier(company_id, portfolio_id), (int(seconds) - WINDOW) * 1000, "(inf"))


async def tier_free_at(company_id: UUID, portfolio_id: str) -> float | None:
    """Unix seconds when the oldest person leaves the window; None when nobody is in it."""
    first = await valkey.client().zrange(_tier(company_id, portfolio_id), 0, 0, withscores=True)
    return float(first[0][1]) / 1000 + WINDOW if first and first[0][1] != math.inf else None


async def rebuild_window(w: Work, portfolio_id: str) -> None:
    """Adds to the window everybody of the last 24 hours whom the ledger knows and gives it a new token. Who is in it already
    stays: they had a permit. Nothing to do where another lane did it first."""
    key, client = _tier(w.company_id, portfolio_id), valkey.client()
    await w.execute(_MAKE, w.company_id, portfolio_id)
    before = await w.fetchval(_LOCK, w.company_id, portfolio_id)
    if before is not None and await client.zscore(key, _member(before)) is not None:
        return
    token = uuid4()
    seconds, micro = await client.time()
    now = int(seconds) * 1000 + int(micro) // 1000
    pipe = client.pipeline(transaction=True)  # all at once: a flush in between must not leave a part of it under a good token
    pipe.zremrangebyscore(key, "inf", "inf")
    people: dict[str, float] = {}
    async for row in w.cursor(_PEOPLE, w.company_id, portfolio_id, float(WINDOW)):
        people[row["address"]] = now - int(row["age"] * 1000)
        if len(people) == 1000:
            pipe.zadd(key, people, gt=True)
            people = {}
    pipe.zadd(key, {**people, _member(token): math.inf}, gt=True)
    pipe.expire(key, WINDOW)
    await pipe.execute()
    await w.execute(_RENEW, w.company_id, portfolio_id, token)
