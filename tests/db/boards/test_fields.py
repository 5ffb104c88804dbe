"""Fields of a board: who may name them how, what fits in, and what goes with them."""

from collections.abc import Awaitable
from uuid import UUID

import asyncpg
import pytest

from db.boards import boards, fields, leads, listing
from db.boards.enums import LeadFieldKind
from db.boards.listing import LeadFilter
from db.errors import Conflict, Invalid, NotFound
from db.jobs import RemoveLeadField
from db.tenancy import Actor
from tests import factories
from tests.db.boards.test_listing import board_of
from workers.boards import remove_field


async def create(
    actor: Actor, board_id: UUID, label: str, kind: LeadFieldKind = LeadFieldKind.TEXT, **given: object
) -> asyncpg.Record:
    values: dict[str, object] = {"key": None, "choices": [], "on_card": False, **given}
    return await fields.create_field(actor, board_id, label=label, kind=kind, **values)  # type: ignore[arg-type]


async def wrong(act: Awaitable[object]) -> list[tuple[str, str]]:
    """What is refused in which field."""
    with pytest.raises(Invalid) as refused:
        await act
    return [(each.path, str(each.code)) for each in refused.value.fields]


async def test_a_field_is_made_changed_and_named_once(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    board_id, _ = await board_of(owner_db, owner)
    made = await create(owner, board_id, "Origem do negócio", LeadFieldKind.CHOICE, choices=["Anúncio", "Loja", "Anúncio"])
    assert (made["key"], made["choices"], made["on_card"]) == ("origem_do_negocio", ["Anúncio", "Loja"], False)
    with pytest.raises(Conflict, match="field_name_taken"):
        await create(owner, board_id, "ORIGEM do negocio")
    with pytest.raises(Conflict, match="field_exists"):
        await create(owner, board_id, "Outro", key="origem_do_negocio")
    assert await wrong(create(owner, board_id, "Cor", LeadFieldKind.CHOICE)) == [("choices", "required")]
    assert await wrong(fields.change_field(owner, board_id, made["id"], choices=[])) == [("choices", "required")]
    changed = await fields.change_field(owner, board_id, made["id"], label="Origem", choices=["Loja"], on_card=True)
    assert (changed["key"], changed["label"], changed["choices"], changed["on_card"]) == (
        "origem_do_negocio", "Origem", ["Loja"], True,
    )  # fmt: skip
    other = await boards.create_board(owner, name="Outro", currency="BRL")
    assert (await create(owner, other["id"], "Origem"))["key"] == "origem"  # each board has its own
    assert [row["label"] for row in await fields.fields(owner, board_id)] == ["Origem"]
    for actor, board in ((stranger, board_id), (owner, other["id"])):
        with pytest.raises(NotFound):
            await fields.change_field(actor, board, made["id"], label="x")
        with pytest.raises(NotFound):
            await fields.delete_field(actor, board, made["id"])


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        (LeadFieldKind.TEXT, " Centro ", "Centro"),
        (LeadFieldKind.NUMBER, "1.234,5", "1234.5"),
        (LeadFieldKind.NUMBER, "muito", "not_a_number"),
        (LeadFieldKind.MONEY, "00150000", "150000"),
        (LeadFieldKind.MONEY, "1.500,00", "not_an_amount"),
        (LeadFieldKind.MONEY, "-1", "not_an_amount"),
        (LeadFieldKind.DATE, "31/01/2026", "2026-01-31"),
        (LeadFieldKind.DATE, "31/02/2026", "not_a_date"),
        (LeadFieldKind.BOOLEAN, "Sim", "true"),
        (LeadFieldKind.BOOLEAN, "talvez", "not_a_boolean"),
        (LeadFieldKind.CHOICE, "Loja", "Loja"),
        (LeadFieldKind.CHOICE, "loja", "not_a_choice"),
    ],
)
async def test_a_value_is_spelled_in_one_way_or_refused(
    owner: Actor, owner_db: asyncpg.Connection, kind: LeadFieldKind, text: str, kept: str
) -> None:
    board_id, _ = await board_of(owner_db, owner)
    await create(owner, board_id, "Campo", kind, choices=["Loja", "Anúncio"])
    lead_id = await factories.lead(owner_db, owner)
    if kept.startswith("not_"):
        assert await wrong(leads.change_lead(owner, lead_id, values={"campo": text})) == [("values.campo", kept)]
    else:
        row = await leads.change_lead(owner, lead_id, values={"campo": text})
        assert row["custom"] == f'{{"campo": "{kept}"}}'


async def test_an_unknown_key_is_refused_wherever_it_is_given(owner: Actor, owner_db: asyncpg.Connection) -> None:
    board_id, _ = await board_of(owner_db, owner)
    lead_id = await factories.lead(owner_db, owner)
    unknown = [("values.nada", "field_unknown")]
    assert await wrong(leads.create_lead(owner, board_id=board_id, title="x", values={"nada": "1"})) == unknown
    assert await wrong(leads.change_lead(owner, lead_id, values={"nada": ""})) == unknown


async def test_values_go_with_their_field(owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the worker dies midway; the key is free again when the last one is gone, the other field stays."""
    monkeypatch.setattr(fields, "BATCH", 2)
    board_id, _ = await board_of(owner_db, owner)
    made = await create(owner, board_id, "Bairro")
    await create(owner, board_id, "Rua")
    for number in range(5):
        await leads.create_lead(owner, board_id=board_id, title=str(number), values={"bairro": "Centro", "rua": "Sol"})
    found = await listing.board_leads(
        owner, board_id, LeadFilter(values=(("bairro", "Centro"), ("rua", "Sol"))), sort=None, after=None, limit=9
    )
    assert len(found) == 5
    await fields.delete_field(owner, board_id, made["id"])
    assert [row["label"] for row in await fields.fields(owner, board_id)] == ["Rua"]
    await fields.remove_values(owner.company_id, made["id"], None)  # then the worker dies
    await owner_db.execute("update job set state = 'dead' where company_id = $1 and name = 'RemoveLeadField'", owner.company_id)
    await fields.delete_field(owner, board_id, made["id"])  # begins the job anew
    states = await owner_db.fetch("select state from job where company_id = $1 and name = 'RemoveLeadField'", owner.company_id)
    assert sorted(row["state"] for row in states) == ["dead", "waiting"]
    with pytest.raises(Conflict, match="field_busy"):
        await create(owner, board_id, "Outro", key="bairro")
    await owner_db.execute("delete from job where company_id = $1", owner.company_id)  # it failed too often
    await fields.delete_field(owner, board_id, made["id"])
    assert await owner_db.fetchval("select count(*) from job where company_id = $1", owner.company_id) == 1
    late = leads.create_lead(owner, board_id=board_id, title="x", values={"bairro": "Centro"})
    assert await wrong(late) == [("values.bairro", "field_unknown")]
    await remove_field(owner.company_id, RemoveLeadField(field_id=made["id"]))
    assert await owner_db.fetchval(
        "select array_agg(distinct custom::text) from lead where company_id = $1", owner.company_id
    ) == ['{"rua": "Sol"}']
    assert (await create(owner, board_id, "Bairro"))["key"] == "bairro"
    await remove_field(owner.company_id, RemoveLeadField(field_id=made["id"]))  # a run that comes late does no harm


async def test_a_board_has_room_for_fifty(owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "MAX_FIELDS", 1)
    board_id, _ = await board_of(owner_db, owner)
    await create(owner, board_id, "Bairro")
    with pytest.raises(Conflict, match="too_many_lead_fields"):
        await create(owner, board_id, "Rua")
