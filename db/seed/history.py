"""The past of a campaign: when each message left, arrived, was read, answered or failed, and the tallies that charts are drawn from.

Tallies are written by a trigger at the moment of the change; for a past that never happened they are computed here and
replace what the trigger wrote.
"""

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from db.messages.enums import TALLY_REPLIED, MessageState, SkipReason
from db.messages.reasons import FailureReason
from db.providers.definition import Provider
from db.providers.meta.definition import PROVIDER as META
from db.providers.twilio.definition import PROVIDER as TWILIO
from db.seed.people import Person, id_at

AUDIENCE_SIZES = f"""
update campaign k set audience_size = (select count(*) from message m
    where m.company_id = $1 and m.campaign_id = k.id and m.state <> {MessageState.SKIPPED})
where k.company_id = $1 and k.launched_at is not null
"""
_BUCKET = 10  # seconds per tally
_FAILURES = {
    META.kind: (
        (FailureReason.NOT_ON_WHATSAPP, 131026, 50), (FailureReason.MARKETING_CAP, 131049, 30), (FailureReason.EXPERIMENT, 130472, 8),
        (FailureReason.TEMPORARY, 131000, 6), (FailureReason.OPTED_OUT, 131050, 6),
    ),
    TWILIO.kind: ((FailureReason.UNREACHABLE, 30003, 60), (FailureReason.INVALID_NUMBER, 30005, 25), (FailureReason.LANDLINE, 30006, 15)),
}  # fmt: skip
_REPLIES = (
    "Oi! Ainda tem no tamanho M?", "Quero sim 😍", "Qual o valor do frete?", "Obrigada!", "Vocês abrem no domingo?",
    "Posso retirar na loja?", "Vou passar aí amanhã", "Tem em azul?", "Quero 2, como faço?", "Me manda o link por favor",
    "👍", "Parcelam em quantas vezes?", "Qual o endereço da loja?", "Perfeito, obrigado", "Sair",
)  # fmt: skip


class Past(NamedTuple):
    """One message and what became of it."""

    id: UUID
    attempt_id: UUID
    person: Person
    state: MessageState
    reason: str | None
    code: int | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    replied_at: datetime | None
    done_at: datetime | None
    reply: str | None


def past(
    audience: list[Person], provider: Provider, start: datetime, per_second: float, dice: random.Random, until: datetime
) -> list[Past]:
    """Messages of a campaign that began at `start`; nothing in it happens after `until`."""
    reasons = _FAILURES[provider.kind]
    weights = [weight for *_, weight in reasons]
    rows, clock = [], start
    for person in audience:
        skip = SkipReason.OPTED_OUT if person.opted_out else None
        if not provider.capabilities.reaches_landlines and person.line == "fixed":
            skip = skip or SkipReason.LANDLINE
        sent = delivered = read = replied = done = None
        reason, code, reply = (skip.value if skip else None), None, None
        state = MessageState.SKIPPED
        if skip:
            done = start
        else:
            clock += timedelta(seconds=dice.expovariate(per_second))
            sent = clock
            lost = 0.35 if person.line == "fixed" else 0.022
            if dice.random() < lost:
                chosen, code, _ = dice.choices(reasons, weights)[0]
                state, reason, done = MessageState.FAILED, chosen.value, sent + timedelta(seconds=dice.uniform(0.3, 4))
            else:
                delivered = sent + timedelta(seconds=dice.uniform(1, 8)) if dice.random() < 0.975 else None
                state = MessageState.DELIVERED if delivered else MessageState.SENT
                if delivered and provider.capabilities.reports_read and dice.random() < 0.66:
                    read = delivered + timedelta(minutes=dice.expovariate(1 / 40))
                    state = MessageState.READ
                if delivered and dice.random() < (0.07 if read else 0.015):
                    replied = (read or delivered) + timedelta(minutes=dice.uniform(0.3, 25))
                    reply = dice.choice(_REPLIES)
                if read and read > until:
                    read, state = None, MessageState.DELIVERED
                if replied and replied > until:
                    replied = reply = None
        rows.append(
            Past(
                id_at(start, dice), id_at(sent or start, dice), person, state, reason, code,
                sent, delivered, read, replied, done, reply,
            )
        )  # fmt: skip
    return rows


def tallies(rows: list[Past], start: datetime) -> list[tuple[datetime, int, int]]:
    """(moment, state, change), so that the sums are the counts by state."""
    moves: Counter[tuple[datetime, int]] = Counter()

    def bucket(moment: datetime) -> datetime:
        return datetime.fromtimestamp(moment.timestamp() // _BUCKET * _BUCKET, moment.tzinfo)

    for row in rows:
        if row.replied_at:
            moves[bucket(row.replied_at), TALLY_REPLIED] += 1
        state = MessageState.SKIPPED if row.sent_at is None else MessageState.QUEUED
        moves[start, state] += 1
        steps = (
            (row.sent_at, MessageState.SENT),
            (row.delivered_at, MessageState.DELIVERED),
            (row.read_at, MessageState.READ),
            (row.done_at if row.sent_at else None, MessageState.FAILED),
        )
        for moment, after in steps:
            if moment is not None:
                moves[bucket(moment), state] -= 1
                moves[bucket(moment), after] += 1
                state = after
    return [(at, int(state), delta) for (at, state), delta in sorted(moves.items()) if delta]
