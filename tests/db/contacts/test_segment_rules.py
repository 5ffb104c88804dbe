"""What segments mean besides their conditions: nonsense is refused, and nothing that goes lets one mean more people than it said."""

from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest
from msgspec.structs import replace

from db.campaigns.audience import count
from db.campaigns.check import audience_of, load_draft, problems
from db.contacts import bulk, fields, queries, segments, tags
from db.contacts.enums import CustomFieldKind
from db.contacts.errors import ContactError
from db.contacts.filter import ContactFilter
from db.contacts.segment_rule import Allows, FieldIs, Group, HasTags, InStage, OfImport, Reachable, Received
from db.errors import AppError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read
from tests import factories


async def _count(actor: Actor, filter: ContactFilter) -> int:
    return (await queries.counted(actor, filter, exact=True)).people


async def _refused(actor: Actor, rule: Group) -> list[tuple[str, str]]:
    with pytest.raises(AppError) as refused:
        await segments.create(actor, f"x {uuid4()}", rule)
    return [(field.code.value, field.path) for field in refused.value.fields]


async def test_what_says_nothing_or_compares_with_nonsense_is_refused(owner: Actor) -> None:
    await fields.create_field(owner, key="valor", label="Valor", kind=CustomFieldKind.NUMBER)

    def field(**given: Any) -> Group:
        return Group(conditions=[FieldIs(**{"key": "valor", **given})])

    assert await _refused(owner, Group()) == [("empty_group", "rule")]
    assert await _refused(owner, Group(conditions=[Allows()], groups=[Group()])) == [("empty_group", "rule.groups[0]")]
    deep = Group(conditions=[Allows()])
    for _ in range(4):
        deep = Group(groups=[deep])
    assert await _refused(owner, deep) == [("too_deep", "rule.groups[0].groups[0].groups[0].groups[0]")]
    assert await _refused(owner, Group(groups=[Group(conditions=[Allows()] * 30)] * 2)) == [("too_many_conditions", "rule")]
    assert await _refused(owner, field(key="nada")) == [("segment_field_unknown", "rule.conditions[0].key")]
    assert await _refused(owner, field(value=" ")) == [("no_value", "rule.conditions[0].value")]
    assert await _refused(owner, field(op="at_least", value="dez")) == [("not_a_number", "rule.conditions[0].value")]
    assert await _refused(owner, field(op="from", value="amanhã")) == [("not_a_date", "rule.conditions[0].value")]
    for days in ("0", "-3", "367", "²", "1e2"):
        assert await _refused(owner, field(op="birthday", value=days)) == [("not_days_ahead", "rule.conditions[0].value")]
    made = await segments.create(owner, "Bons", field(op="at_least", value="1.234,50"))
    assert made["rule"] == field(op="at_least", value="1234.50")


async def test_a_segment_never_means_more_people_than_it_said(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await factories.contacts(owner_db, owner, 4)
    channel = await factories.channel(owner_db, owner, "sms")
    made = await segments.create(owner, "Fora", Group(conditions=[FieldIs(key="cidade", op="is_not", value="Niterói")]))
    chosen = ContactFilter(segment_id=made["id"])
    assert await _count(owner, chosen) == 2
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi", audience=f'{{"segment_id": "{made["id"]}"}}')

    async def reached() -> tuple[int, list[str]]:
        async with read(owner, Permission.CAMPAIGNS_READ) as r:
            draft = await load_draft(r, campaign)
            return sum((await count(r, audience_of(draft))).values()), [found.code.value for found in await problems(r, draft)]

    assert await reached() == (2, [])
    field = await owner_db.fetchval("select id from custom_field where company_id = $1", owner.company_id)
    await fields.delete_field(owner, field)
    assert await reached() == (0, ["segment_gone"])
    assert await _count(owner, chosen) == 0
    await segments.change(owner, made["id"], rule=Group(conditions=[Reachable(by="mobile")]))
    assert await reached() == (4, [])  # who is in it is asked each time
    with pytest.raises(AppError) as used:
        await segments.delete(owner, made["id"])
    assert (used.value.code, used.value.params) == (ContactError.SEGMENT_IN_USE, {"uses": "Promoção"})
    only = replace(owner, permissions=frozenset({Permission.CONTACTS_READ, Permission.CONTACTS_WRITE}))
    with pytest.raises(AppError) as hidden:  # whoever may not see campaigns is told how many
        await segments.delete(only, made["id"])
    assert hidden.value.params == {"uses": "1"}
    await segments.delete(owner, made["id"], detach=True)
    assert await reached() == (0, ["segment_gone"])
    with pytest.raises(AppError):
        await bulk.start_bulk(owner, ContactFilter(), "opt_out", [])
    assert (await bulk.start_bulk(owner, chosen, "opt_out", []))["total"] == 0
    assert await _count(owner, ContactFilter(rule=Group(groups=[Group(conditions=[Allows()])]))) == 4


async def test_another_companys_segment_means_nobody(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    await factories.contacts(owner_db, owner, 2)
    theirs = await segments.create(stranger, "Todos", Group(conditions=[Allows()]))
    assert await _count(owner, ContactFilter(segment_id=theirs["id"])) == 0


async def test_what_a_rule_names_and_is_gone_widens_nothing(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    await factories.contacts(owner_db, owner, 4)
    channel = await factories.channel(owner_db, owner, "sms")
    tag, theirs = [
        await owner_db.fetchval("insert into tag(company_id, name) values ($1, 'vip') returning id", one.company_id)
        for one in (owner, stranger)
    ]
    without = Group(match="none", conditions=[HasTags(tags=[tag])])
    made = await segments.create(owner, "Sem VIP", without)
    assert (made["gone"], await _count(owner, ContactFilter(segment_id=made["id"]))) == (False, 4)
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi", audience=f'{{"segment_id": "{made["id"]}"}}')
    written = msgspec.json.encode(ContactFilter(rule=without)).decode()
    of_its_own = await factories.campaign(owner_db, owner, channel, body="Oi", audience=written)
    await tags.delete_tag(owner, tag)

    assert [one["gone"] for one in await segments.segments(owner)] == [True]
    assert await _count(owner, ContactFilter(segment_id=made["id"])) == 0
    for one in (campaign, of_its_own):
        async with read(owner, Permission.CAMPAIGNS_READ) as r:
            draft = await load_draft(r, one)
            assert sum((await count(r, audience_of(draft))).values()) == 0
            assert "segment_gone" in [found.code.value for found in await problems(r, draft)]
    await segments.change(owner, made["id"], name="Outro nome")  # a name can be given; the rule has to be mended to be kept
    for gone in (
        HasTags(op="none", tags=[tag]),
        HasTags(tags=[theirs]),
        OfImport(import_id=uuid4()),
        Received(campaign_id=uuid4()),
        InStage(stages=[uuid4()]),
    ):
        rule = Group(match="none", conditions=[Allows(), gone])
        assert await _refused(owner, rule) == [("segment_part_gone", "rule.conditions[1]")]
        with pytest.raises(AppError):
            await _count(owner, ContactFilter(rule=rule))


async def test_a_choice_is_asked_for_as_it_is_offered(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await factories.contacts(owner_db, owner, 2)
    await fields.create_field(owner, key="nivel", label="Nível", kind=CustomFieldKind.CHOICE, choices=["Ouro", "Prata"])
    await owner_db.execute(
        "update contact set custom = custom || '{\"nivel\": \"Ouro\"}' where company_id = $1 and name = 'Pessoa 0'",
        owner.company_id,
    )
    made = await segments.create(owner, "Ouro", Group(conditions=[FieldIs(key="nivel", value="OURO")]))
    assert made["rule"].conditions == [FieldIs(key="nivel", value="Ouro")]
    assert await _count(owner, ContactFilter(segment_id=made["id"])) == 1
    assert await _count(owner, ContactFilter(rule=Group(conditions=[FieldIs(key="nivel", op="is_not", value="ouro")]))) == 1


async def test_who_may_not_see_boards_or_campaigns_may_not_ask_for_them(owner: Actor, owner_db: asyncpg.Connection) -> None:
    lead = await factories.lead(owner_db, owner, "Reforma")
    stage = await owner_db.fetchval("select stage_id from lead where id = $1", lead)
    campaign = await factories.campaign(owner_db, owner, await factories.channel(owner_db, owner, "sms"), body="Oi")
    only = replace(owner, permissions=frozenset({Permission.CONTACTS_READ, Permission.CONTACTS_WRITE}))
    for rule, missing in (
        (Group(groups=[Group(conditions=[InStage(stages=[stage])])]), "boards:read"),
        (Group(conditions=[Received(campaign_id=campaign)]), "campaigns:read"),
    ):
        saved = await segments.create(owner, missing, rule)
        for ask in (ContactFilter(rule=rule), ContactFilter(segment_id=saved["id"])):
            with pytest.raises(AppError) as refused:
                await _count(only, ask)
            assert refused.value.params["permission"] == missing
