"""From events to deliveries: what an endpoint is owed is written in the transaction that counts the events as read.

The body is made once and kept; every try sends these bytes. The id of an event is the same for every endpoint and every try.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec
import structlog

from db.accounts.standing import COLUMNS, CUSTOM_ROLE, standing
from db.event_consumers import Batch, Recorded
from db.ids import uuid7
from db.permissions import Permission
from db.webhooks import catalogue
from db.webhooks.catalogue import Kind
from db.webhooks.enums import WebhookType
from db.work import Read, Work

log = structlog.get_logger("db.webhooks")

TEST = "ping"

# Behind the endpoint's lock, which every write of `foremost` takes. Of what is owed to one entity the first goes, if nothing of it waits.
_OWE = """
insert into webhook_delivery(company_id, endpoint_id, event_id, type, entity, sequence, body, foremost)
select $1, $2, n.event_id, n.type, n.entity, n.sequence, n.body,
    row_number() over (partition by n.entity order by n.sequence, n.place) = 1 and not exists (select from webhook_delivery w
        where w.company_id = $1 and w.endpoint_id = $2 and w.entity = n.entity and w.state in ('waiting', 'sending'))
from unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[]) with ordinality n(event_id, type, entity, sequence, body, place)
order by n.place on conflict do nothing
"""
_DUE = "update webhook_endpoint set due_at = now() where company_id = $1 and id = $2 and (due_at is null or due_at > now())"
_MESSAGES = """
select id, kind, body as text, address, received_at from inbound_message where company_id = $1 and id = any($2::uuid[])
"""


class Owed(msgspec.Struct, frozen=True):
    """One delivery before it is written."""

    event_id: str
    type: str
    entity: str
    sequence: int
    body: str


class _Body(msgspec.Struct):
    type: str
    timestamp: Any
    sequence: int
    data: dict[str, Any]


def event_id(company_id: UUID, number: int, type: str) -> str:
    """What receivers tell doubles by. `type`: two types may be made of one event."""
    return f"msg_{uuid5(company_id, f'{number}:{type}').hex}"


def owed(company_id: UUID, event: Recorded, kind: Kind, data: dict[str, Any]) -> Owed:
    """The delivery of an event as one type."""
    body = msgspec.json.encode(_Body(kind.type.value, event.at, event.id, data)).decode()
    entity = f"{kind.entity}:{data.get(kind.entity) or ''}"
    return Owed(event_id(company_id, event.id, kind.type.value), kind.type.value, entity, event.id, body)


async def read_batch(w: Work, endpoint_id: UUID, batch: Batch) -> None:
    """Writes what the endpoint is owed for these events. One that was deleted meanwhile is owed nothing."""
    row = await w.fetchrow(
        f"select e.types, {COLUMNS} from webhook_endpoint e left join membership m on m.company_id = e.company_id and m.user_id = e.created_by"
        f" {CUSTOM_ROLE} where e.company_id = $1 and e.id = $2 for update of e",
        w.company_id,
        endpoint_id,
    )
    if row is None:
        return
    if batch.missed:
        log.error("webhooks.missed", endpoint_id=str(endpoint_id))
    held: frozenset[Permission] = standing(row).permissions if row["role"] else frozenset()
    known = {type.value for type in WebhookType}
    types = [type for type in row["types"] if type in known and catalogue.KINDS[WebhookType(type)].permissions <= held]
    found = [
        (event, kind, data)
        for event in batch.events
        for data in (msgspec.json.decode(event.data, type=dict[str, Any]),)
        for kind in catalogue.made_of(event.type, types)
        if kind.wanted(data)
    ]
    await fill(w, w.company_id, [data for _, kind, data in found if kind.type is WebhookType.MESSAGE_RECEIVED])
    await owe(w, endpoint_id, [owed(w.company_id, *one) for one in found])


async def fill(r: Read, company_id: UUID, told: list[dict[str, Any]]) -> None:
    """Adds what was written to the events that tell of it; all in one look."""
    if not told:
        return
    rows = await r.fetch(_MESSAGES, company_id, [UUID(data["message_id"]) for data in told])
    messages = {str(row["id"]): {name: row[name] for name in ("kind", "text", "address", "received_at")} for row in rows}
    gone = dict.fromkeys(("kind", "text", "address", "received_at"))
    for data in told:
        data |= messages.get(data["message_id"], gone)


async def owe(w: Work, endpoint_id: UUID, deliveries: Sequence[Owed]) -> None:
    """Under the endpoint's lock."""
    if not deliveries:
        return
    columns = [[getattr(one, name) for one in deliveries] for name in Owed.__struct_fields__]
    await w.execute(_OWE, w.company_id, endpoint_id, *columns)
    await w.execute(_DUE, w.company_id, endpoint_id)


def test_event(at: Any) -> Owed:
    """Signed and delivered as any other, and about nothing."""
    number = uuid7().hex
    body = msgspec.json.encode(_Body(TEST, at, 0, {})).decode()
    return Owed(f"msg_{number}", TEST, f"{TEST}:{number}", 0, body)
