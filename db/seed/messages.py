"""The messages of the demo company's past, with their attempts, tallies and answers."""

from datetime import datetime
from uuid import UUID

import asyncpg

from db.messages.enums import AttemptState as A
from db.messages.enums import MessageState as M
from db.seed import history
from db.seed.company import COMPANY
from db.seed.people import Person
from db.seed.rows import columns, json


async def write_messages(
    c: asyncpg.Connection, campaign: UUID, channel: UUID, fields: list[str], rows: list[history.Past], start: datetime
) -> None:
    """`fields` are what the text asks of a person, in the order of its places."""
    await c.execute(
        f"""insert into message(company_id, channel_id, queue_id, campaign_id, id, contact_id, address, dedupe_key, state, epoch, tries,
                               params, provider_id, reason, code, sent_at, delivered_at, read_at, replied_at, done_at, next_at)
        select $1, $2, $3::uuid, $3::uuid, id, contact_id, address, $3::uuid::text || ':' || contact_id, state, case when sent_at is null then 0 else 1 end,
               case when sent_at is null then 0 else 1 end, array(select jsonb_array_elements_text(params::jsonb)),
               case when sent_at is not null and state <> {M.FAILED} then 'demo.' || id end, reason, code,
               sent_at, delivered_at, read_at, replied_at, done_at, $4
        from unnest($5::uuid[], $6::uuid[], $7::text[], $8::smallint[], $9::text[], $10::text[], $11::int[], $12::timestamptz[],
                    $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[])
             r(id, contact_id, address, state, params, reason, code, sent_at, delivered_at, read_at, replied_at, done_at)""",
        COMPANY,
        channel,
        campaign,
        start,
        *columns([
            (
                r.id, r.person.id, r.person.phone, int(r.state), json([] if r.sent_at is None else [_raw(r.person, f) for f in fields]),
                r.reason, r.code, None if r.state is M.FAILED else r.sent_at, r.delivered_at, r.read_at, r.replied_at, r.done_at,
            )
            for r in rows
        ]),
    )  # fmt: skip
    sent = [r for r in rows if r.sent_at]
    await c.execute(
        f"""insert into attempt(company_id, id, message_id, channel_id, epoch, state, http_status, code, provider_id, started_at, done_at)
        select $1, id, message_id, $2, 1, state, 200, code, case when state = {A.ACCEPTED} then 'demo.' || message_id end, at, at + interval '90 ms'
        from unnest($3::uuid[], $4::uuid[], $5::smallint[], $6::int[], $7::timestamptz[]) r(id, message_id, state, code, at)""",
        COMPANY,
        channel,
        *columns([(r.attempt_id, r.id, A.REJECTED if r.state is M.FAILED else A.ACCEPTED, r.code, r.sent_at) for r in sent]),
    )
    await c.execute("delete from message_tally where company_id = $1 and campaign_id = $2", COMPANY, campaign)
    await c.execute(
        """insert into message_tally(company_id, campaign_id, at, state, delta)
        select $1, $2, r.* from unnest($3::timestamptz[], $4::smallint[], $5::int[]) r""",
        COMPANY,
        campaign,
        *columns(history.tallies(rows, start)),
    )
    await c.execute(
        """insert into inbound_message(company_id, channel_id, campaign_id, id, contact_id, provider_id, address, kind, body,
               context_provider_id, content, received_at, created_at) select $1, $2, $3, uuidv7(at - now()), contact_id,
            'demo.in.' || message_id, address, 'text', body, 'demo.' || message_id, jsonb_build_object('kind', 'text', 'text', body), at, at
        from unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::timestamptz[]) r(message_id, contact_id, address, body, at)""",
        COMPANY,
        channel,
        campaign,
        *columns([(r.id, r.person.id, r.person.phone, r.reply, r.replied_at) for r in rows if r.reply], width=5),
    )


def _raw(person: Person, field: str) -> str:
    return person.custom.get(field[7:], "") if field.startswith("custom.") else person.name
