"""Segments: random rules mean for the database whom they mean for a reader."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from msgspec import Struct

from db.clock import now
from db.contacts import listing, queries, search, segments
from db.contacts.filter import ContactFilter
from db.contacts.segment_rule import (
    Allows,
    AnyCondition,
    Contacted,
    FieldIs,
    Group,
    HasTags,
    InStage,
    Made,
    OfImport,
    Reachable,
    Received,
    RecordedConsent,
    Wrote,
)
from db.messages.enums import MessageState
from db.tenancy import Actor
from tests import factories

_ZONE = ZoneInfo("America/Sao_Paulo")  # of a company that said nothing else
PEOPLE = 40
RULES = 150
_LETTERS = str.maketrans("áéíóúãõâêôçÁÉÍÓÚÃÕÂÊÔÇ", "aeiouaoaeocAEIOUAOAEOC")


class Person(Struct):
    """What a naive reader knows of a contact."""

    id: UUID
    tags: set[UUID]
    custom: dict[str, str]
    opted_out: bool
    refuses: list[str]
    addresses: set[str]
    made: datetime
    imports: set[UUID]
    sent: list[datetime]
    heard: list[datetime]
    got: dict[UUID, tuple[MessageState, bool]]
    stopped: set[UUID]  # campaigns that were called off
    stages: set[UUID]
    said: list["Said"]


class Said(Struct):
    """A wish as it is recorded. `over`: the kind of channel; None: by hand."""

    category: str | None
    allowed: bool
    over: str | None
    at: datetime


class World(Struct):
    people: list[Person]
    tags: list[UUID]
    imports: list[UUID]
    campaigns: list[UUID]
    stages: list[UUID]


async def _world(db: asyncpg.Connection, actor: Actor, dice: random.Random) -> World:
    company = actor.company_id
    channel = await factories.channel(db, actor, sandbox=False)
    texts = await factories.channel(db, actor, "sms")
    played = await factories.channel(db, actor, "whatsapp", sandbox=True)
    for key, kind in (("cidade", "text"), ("compras", "number"), ("aniversario", "date"), ("socio", "boolean")):
        await db.execute("insert into custom_field(company_id, key, label, kind) values ($1, $2, $2, $3)", company, key, kind)
    tags = [await db.fetchval("insert into tag(company_id, name) values ($1, $2) returning id", company, name) for name in "abc"]
    imports = [
        await db.fetchval(
            "insert into contact_import(company_id, filename, blob, size, sheet) values ($1, 'a.csv', 'x', 1, '{}') returning id",
            company,
        )
        for _ in range(2)
    ]
    campaigns = [await factories.campaign(db, actor, channel, body="Oi", state=state) for state in ("cancelled", "running")]
    first = await factories.lead(db, actor, "Sem pessoa")
    board = await db.fetchval("select board_id from lead where id = $1", first)
    stages = [
        row["id"] for row in await db.fetch("select id from stage where company_id = $1 and board_id = $2", company, board)
    ][:3]
    at = now()
    people = []
    for number in range(PEOPLE):
        person = Person(
            id=UUID(f"{uuid4().hex[:30]}00"),  # in the sample
            tags={tag for tag in tags if dice.random() < 0.4},
            custom={key: text for key, text in _VALUES(dice).items() if dice.random() < 0.7},
            opted_out=dice.random() < 0.2,
            refuses=[one for one in ("marketing", "utility") if dice.random() < 0.2],
            addresses={kind for kind in ("mobile", "fixed", "email") if dice.random() < 0.5},
            made=at - timedelta(days=dice.randrange(60), hours=1),
            imports={one for one in imports if dice.random() < 0.3},
            sent=[],
            heard=[at - timedelta(days=dice.randrange(40), hours=1) for _ in range(dice.choice((0, 0, 1, 2)))],
            got={},
            stopped={campaigns[0]},
            stages={stage for stage in stages if dice.random() < 0.2},
            said=[
                Said(
                    category=dice.choice((None, "marketing", "utility")),
                    allowed=dice.random() < 0.5,
                    over=dice.choice((None, "whatsapp", "sms")),
                    at=at - timedelta(days=dice.randrange(40), hours=dice.randrange(1, 12), seconds=place),
                )
                for place in range(dice.choice((0, 0, 1, 2, 4)))
            ],
        )
        await db.execute(
            "insert into contact(company_id, id, name, search, custom, opted_out_at, created_at, refuses) values ($1, $2, $3, $3, $4::jsonb, $5, $6, $7)",
            company, person.id, f"pessoa {number}", _json(person.custom), at if person.opted_out else None, person.made, person.refuses,
        )  # fmt: skip
        for place, kind in enumerate(sorted(person.addresses)):
            await db.execute(
                "insert into contact_identity(company_id, contact_id, kind, value, line) values ($1, $2, $3, $4, $5)",
                company, person.id, "email" if kind == "email" else "phone",
                f"p{number}@example.com" if kind == "email" else f"+5511{place}{number:08}", None if kind == "email" else kind,
            )  # fmt: skip
        await db.execute(
            "insert into contact_tag(company_id, tag_id, contact_id) select $1, t, $2 from unnest($3::uuid[]) t",
            company,
            person.id,
            list(person.tags),
        )
        await db.execute(
            "insert into contact_import_member(company_id, import_id, contact_id) select $1, t, $2 from unnest($3::uuid[]) t",
            company, person.id, list(person.imports),
        )  # fmt: skip
        for when in person.heard:
            await db.execute(
                "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
                " values ($1, $2, $3, $4, '+55', 'text', '{\"kind\": \"text\"}', $5)", company, channel, person.id, str(uuid4()), when,
            )  # fmt: skip
        for campaign in campaigns:
            if dice.random() < 0.5:
                state = dice.choice(list(MessageState))
                ago, over = timedelta(days=dice.randrange(40), hours=1), dice.choice((channel, channel, played))
                sent = at - ago if state in _WENT or (state is not MessageState.SKIPPED and dice.random() < 0.5) else None
                ended = at - ago / 2 if state >= MessageState.FAILED else None
                replied = state in (MessageState.DELIVERED, MessageState.READ) and dice.random() < 0.5
                person.got[campaign] = state, replied
                may = {MessageState.FAILED_UNKNOWN: sent or ended, MessageState.SENDING: at, MessageState.UNKNOWN: at}.get(state)
                person.sent += [when for when in (sent if state in _WENT else may,) if when and over == channel]
                await db.execute(
                    "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, sent_at, replied_at,"
                    " done_at, lease_until) values ($1, $2, $3, $3, $4, '+55', $5, $6, $7, $8, $9, $10)", company, over, campaign, person.id,
                    f"{campaign}:{person.id}", int(state), sent, at if replied else None, ended, at if may == at else None,
                )  # fmt: skip
        await _say(db, company, person, {"whatsapp": channel, "sms": texts}, dice)
        for stage in person.stages:
            await factories.lead(db, actor, f"Negócio {number}", stage_id=stage, contact_id=person.id)
        people.append(person)
    return World(people, tags, imports, campaigns, stages)


async def _say(db: asyncpg.Connection, company: UUID, person: Person, channels: dict[str, UUID], dice: random.Random) -> None:
    """Some of it was said of contacts that are part of this one now, or of an address that nobody had."""
    parts = [person.id, uuid4(), uuid4()]
    for part in parts[1:]:
        await db.execute(
            "insert into contact_merge(company_id, contact_id, merged_id, reason, snapshot) values ($1, $2, $3, 'by_hand', $4::jsonb)",
            company, person.id, part, factories.MERGED,
        )  # fmt: skip
    parted = uuid4()  # what was said of somebody who is their own person again is not said of this one
    await db.execute(
        "insert into contact_merge(company_id, contact_id, merged_id, reason, snapshot, undone_at) values ($1, $2, $3, 'by_hand', $4::jsonb, now())",
        company, person.id, parted, factories.MERGED,
    )  # fmt: skip
    await db.execute(
        "insert into consent_entry(company_id, contact_id, allowed, source, by_kind) values ($1, $2, $3, 'person', 'user')",
        company, parted, dice.random() < 0.5,
    )  # fmt: skip
    address = await db.fetchval(
        "select value from contact_identity where company_id = $1 and contact_id = $2 limit 1", company, person.id
    )
    for said in person.said:
        of: UUID | None = dice.choice(parts)
        message = None
        if said.over is not None:
            # Of nobody that is looked at: what somebody said is no message of theirs to us here.
            message = await db.fetchval(
                "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
                " values ($1, $2, null, $3, '+55', 'text', '{\"kind\": \"text\"}', $4) returning id",
                company, channels[said.over], str(uuid4()), said.at,
            )  # fmt: skip
        elif address is not None and dice.random() < 0.3:
            of = None
        await db.execute(
            "insert into consent_entry(company_id, contact_id, address, category, allowed, source, by_kind, message_id, at)"
            " values ($1, $2, $3, $4, $5, 'person', 'user', $6, $7)",
            company, of, address if of is None else None, said.category, said.allowed, message, said.at,
        )  # fmt: skip


_WENT = (MessageState.SENT, MessageState.DELIVERED, MessageState.READ)


def _json(values: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": "{value}"' for key, value in values.items()) + "}"


def _VALUES(dice: random.Random) -> dict[str, str]:
    day = now().date() + timedelta(days=dice.randrange(-20, 20))
    return {
        "cidade": dice.choice(("Niterói", "São Paulo", "NITEROI", "Santos", "Paulo")),
        "compras": dice.choice(("0", "3", "12.5", "100", "-1", "muitas")),
        "aniversario": dice.choice((day.replace(year=1990, day=min(day.day, 28)).isoformat(), "2026-01-31", "ontem")),
        "socio": dice.choice(("true", "false")),
    }


def _rule(dice: random.Random, world: World, depth: int = 1) -> Group:
    conditions = [_condition(dice, world) for _ in range(dice.randrange(0 if depth < 4 else 1, 4))]
    groups = [_rule(dice, world, depth + 1) for _ in range(dice.randrange(0, 3))] if depth < 4 else []
    if not conditions and not groups:
        conditions = [_condition(dice, world)]
    return Group(match=dice.choice(("all", "any", "none")), conditions=conditions[:3], groups=groups[:2])


def _condition(dice: random.Random, world: World) -> AnyCondition:
    span = dice.choice(("within", "before", "ever", "never"))
    days = dice.randrange(1, 45)
    kinds: list[Callable[[], AnyCondition]] = [
        lambda: HasTags(op=dice.choice(("any", "all", "none")), tags=dice.sample(world.tags, dice.randrange(1, 3))),
        lambda: _about_field(dice),
        lambda: _about_field(dice),
        lambda: Allows(opted_out=dice.random() < 0.5, category=dice.choice((None, "marketing", "utility"))),
        lambda: RecordedConsent(
            said=dice.choice(("given", "withdrawn", "never")), category=dice.choice((None, "marketing", "utility")),
            channel=dice.choice((None, None, "whatsapp", "sms")), op=dice.choice(("ever", "within", "before")), days=days,
        ),
        lambda: Reachable(by=dice.choice(("phone", "mobile", "landline", "email"))),
        lambda: Made(op=dice.choice(("within", "before")), days=days),
        lambda: OfImport(import_id=dice.choice(world.imports)),
        lambda: Contacted(op=span, days=days),
        lambda: Wrote(op=span, days=days),
        lambda: Received(campaign_id=dice.choice(world.campaigns), result=dice.choice(("sent", "delivered", "read", "replied", "failed", "not_read", "not_replied", "not_sent"))),
        lambda: InStage(stages=dice.sample(world.stages, dice.randrange(1, 3))),
    ]  # fmt: skip
    return dice.choice(kinds)()


def _about_field(dice: random.Random) -> FieldIs:
    return dice.choice(
        (
            FieldIs(key="cidade", op=dice.choice(("is", "is_not")), value=dice.choice(("niteroi", "São Paulo", "Recife"))),
            FieldIs(key="cidade", op="contains", value=dice.choice(("paulo", "TER", "%", "_"))),
            FieldIs(key=dice.choice(("cidade", "compras", "socio")), op=dice.choice(("filled", "empty"))),
            FieldIs(key="compras", op=dice.choice(("at_least", "at_most")), value=dice.choice(("3", "12,5", "0", "-1"))),
            FieldIs(key="aniversario", op=dice.choice(("from", "until")), value=dice.choice(("31/01/2026", "1990-06-01"))),
            FieldIs(key="aniversario", op="birthday", value=dice.choice(("1", "7", "30"))),
            FieldIs(key="socio", op=dice.choice(("is", "is_not")), value=dice.choice(("sim", "não"))),
        )
    )


def _meets(one: AnyCondition, person: Person, at: datetime) -> bool:
    """As somebody reads it who knows the person."""
    match one:
        case HasTags():
            wanted = set(one.tags)
            return {"any": bool(wanted & person.tags), "all": wanted <= person.tags, "none": not wanted & person.tags}[one.op]
        case FieldIs():
            return _field(one, person.custom.get(one.key, ""))
        case Allows():
            return (person.opted_out or one.category in person.refuses) == one.opted_out
        case RecordedConsent():
            return _said(one, person, at)
        case Reachable():
            name = {"phone": {"mobile", "fixed"}, "mobile": {"mobile"}, "landline": {"fixed"}, "email": {"email"}}[one.by]
            return bool(name & person.addresses)
        case Made():
            return (person.made >= at - timedelta(days=one.days)) == (one.op == "within")
        case OfImport():
            return one.import_id in person.imports
        case Contacted():
            return _span(one.op, one.days, person.sent, at)
        case Wrote():
            return _span(one.op, one.days, person.heard, at)
        case Received():
            state, replied = person.got.get(one.campaign_id, (None, False))
            went = state in _WENT
            return {
                "sent": went,
                "delivered": state in (MessageState.DELIVERED, MessageState.READ),
                "read": state is MessageState.READ,
                "replied": replied,
                "failed": state in (MessageState.FAILED, MessageState.FAILED_UNKNOWN),
                "not_read": went and state is not MessageState.READ and not replied,
                "not_replied": went and not replied,
                "not_sent": state is MessageState.CANCELLED
                or (state is MessageState.QUEUED and one.campaign_id in person.stopped),
            }[one.result]
        case InStage():
            return bool(set(one.stages) & person.stages)


def _said(one: RecordedConsent, person: Person, at: datetime) -> bool:
    heard = [
        said for said in person.said
        if said.category in (None, one.category) and (one.channel is None or said.over == one.channel)
    ]  # fmt: skip
    last = max(heard, key=lambda said: said.at, default=None)
    if last is None or one.said == "never":
        return last is None and one.said == "never"
    recent = last.at >= at - timedelta(days=one.days)
    return last.allowed == (one.said == "given") and (one.op == "ever" or recent == (one.op == "within"))


def _span(op: str, days: int, moments: list[datetime], at: datetime) -> bool:
    latest = max(moments, default=None)
    if latest is None or op in ("ever", "never"):
        return (latest is None) == (op == "never")
    return (latest >= at - timedelta(days=days)) == (op == "within")


def _folded(text: str) -> str:
    return text.translate(_LETTERS).lower()


def _field(one: FieldIs, value: str) -> bool:
    wanted = {"sim": "true", "não": "false"}.get(one.value, one.value)
    match one.op:
        case "filled" | "empty":
            return bool(value) == (one.op == "filled")
        case "is" | "is_not":
            return (bool(value) and _folded(value) == _folded(wanted)) == (one.op == "is")
        case "contains":
            return _folded(one.value) in _folded(value)
        case "at_least" | "at_most":
            if value in ("", "muitas"):
                return False
            number, bound = float(value), float(one.value.replace(",", "."))
            return number >= bound if one.op == "at_least" else number <= bound
        case "from" | "until":
            if not value[:1].isdigit():
                return False
            bound_day = date.fromisoformat({"31/01/2026": "2026-01-31"}.get(one.value, one.value))
            return date.fromisoformat(value) >= bound_day if one.op == "from" else date.fromisoformat(value) <= bound_day
        case "birthday":
            today = now().astimezone(_ZONE).date()
            coming = {(today + timedelta(days=number)).strftime("%m-%d") for number in range(int(one.value))}
            return value[:1].isdigit() and value[5:] in coming


def _in(group: Group, person: Person, at: datetime) -> bool:
    met = [_meets(one, person, at) for one in group.conditions] + [_in(one, person, at) for one in group.groups]
    return {"all": all, "any": any, "none": lambda found: not any(found)}[group.match](met) and bool(met)


async def _count(actor: Actor, filter: ContactFilter) -> int:
    return (await queries.counted(actor, filter, exact=True)).people


async def _ids(actor: Actor, filter: ContactFilter) -> set[UUID]:
    return {row["id"] for row in (await listing.contacts(actor, filter, limit=PEOPLE * 2)).rows}


async def test_random_segments_mean_whom_a_reader_means(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, guessed from a sample that holds everybody, and listed."""
    monkeypatch.setattr(queries, "SMALL", -1)
    monkeypatch.setattr(queries, "SURE", 0)
    dice = random.Random(11)
    world = await _world(owner_db, owner, dice)
    await _world(owner_db, stranger, dice)
    sizes = set()
    for number in range(RULES):
        rule = _rule(dice, world)
        at = now()
        expected = {person.id for person in world.people if _in(rule, person, at)}
        found = await _count(owner, ContactFilter(rule=rule))
        assert found == len(expected), (number, rule)
        about = await queries.counted(owner, ContactFilter(rule=rule), exact=False)
        assert about == (queries.rounded(found * search.SAMPLED), True), (number, rule)
        if number % 5 == 0:
            saved = await segments.create(owner, f"Segmento {number}", rule)
            assert await _ids(owner, ContactFilter(segment_id=saved["id"])) == expected, rule
            assert await _ids(owner, ContactFilter(segment_id=saved["id"], opted_out=False)) == {
                person.id for person in world.people if person.id in expected and not person.opted_out
            }
        sizes.add(found)
    assert len(sizes) > 10  # not all empty, not all full
