"""Reactions in the inbox: under their message, put and taken back; places out of links; what an emoji is chosen from."""

import json
from typing import Any

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.events import ConversationChanged, ConversationEntryAdded
from db.messages.emoji import is_emoji
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import choose, click, field, hear, true_of, until
from tests.ui.test_inbox import Customers, happen
from ui.client import conversations as client
from ui.client.base import Offline
from ui.components.text import Text
from ui.pages.inbox.places import coordinates
from ui.theme import apply


@pytest.fixture
async def customers(owner_db: asyncpg.Connection, owner: Actor) -> Customers:
    return Customers(owner_db, owner, await factories.channel(owner_db, owner))


def of_class(user: User, name: str) -> list[Any]:
    assert user.client is not None
    return [one for one in user.client.elements.values() if name in one.classes]


def chips(user: User) -> list[str]:
    return sorted(one.text for one in of_class(user, "m-reacted") if isinstance(one, Text))


async def test_reactions_stand_under_their_message_and_ours_is_put_and_taken_back(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    one = await customers.wrote(0, "Chega hoje?")
    asked = await owner_db.fetchrow(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, context_provider_id,"
        "  received_at)"
        " select company_id, channel_id, contact_id, 'wamid.r', address, 'reaction', '😮',"
        "  jsonb_build_object('kind', 'reaction', 'target_id', provider_id, 'emoji', '😮'), provider_id, now()"
        " from inbound_message where company_id = $1 returning (select id from inbound_message where company_id = $1) as id",
        owner.company_id,
    )
    assert asked is not None
    await real.open(f"/inbox/{one}")
    await real.should_see("Chega hoje?")
    await until(lambda: true_of(lambda: chips(real) == ["😮"]))
    assert len([one for one in of_class(real, "m-bubble") if one.visible]) == 1
    [scroll] = of_class(real, "m-thread-scroll")

    happen(real, scroll, "click", {"entry": str(asked["id"]), "emoji": "👍"})
    await until(lambda: true_of(lambda: chips(real) == ["👍", "😮"]))
    [act] = of_class(real, "m-thread-react")
    assert act.props["data-mine"] == "👍"
    assert await owner_db.fetchval("select content->>'emoji' from message where company_id = $1", owner.company_id) == "👍"

    await owner_db.execute("update message set state = 6, reason = 'window_closed' where company_id = $1", owner.company_id)
    contact = await owner_db.fetchval("select contact_id from conversation where id = $1", one)
    hear(ConversationChanged(contact_id=contact))
    await until(lambda: true_of(lambda: [one.text for one in of_class(real, "m-reacted-failed")] == ["👍"]))
    happen(real, scroll, "click", {"entry": str(asked["id"]), "emoji": "❤️"})
    await until(lambda: true_of(lambda: chips(real) == ["❤️", "😮"]))

    happen(real, scroll, "click", {"entry": str(asked["id"]), "emoji": ""})
    await until(lambda: true_of(lambda: "❤️" not in chips(real)))
    assert len([one for one in of_class(real, "m-bubble") if one.visible]) == 1
    for odd in ({"entry": "?"}, {}, "text", None):
        happen(real, scroll, "click", odd)
    await real.should_see("Chega hoje?")


async def test_a_reaction_whose_message_comes_later_moves_under_it(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    """The message stands on an earlier page; on the day of the reaction, and of the one that it replaced, nothing else was said."""
    one = await customers.wrote(0, "A primeira de todas")
    await owner_db.execute(
        "with first as (update inbound_message set received_at = now() - interval '9 days' where company_id = $1 returning *)"
        " insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content,"
        "  context_provider_id, received_at)"
        " select company_id, channel_id, contact_id, 'more.' || n, address, case when n >= 30 then 'reaction' else 'text' end,"
        "  case n when 30 then '😢' when 31 then '😮' else 'Mais ' || n end, case when n >= 30"
        "   then jsonb_build_object('kind', 'reaction', 'target_id', provider_id, 'emoji', case n when 30 then '😢' else '😮' end)"
        "   else jsonb_build_object('kind', 'text', 'text', 'Mais ' || n) end,"
        "  case when n >= 30 then provider_id end,"
        "  case n when 30 then now() when 31 then now() + interval '1 ms' else now() - interval '8 days' end"
        " from first, generate_series(1, 31) n",
        owner.company_id,
    )
    await real.open(f"/inbox/{one}")
    await real.should_see("Mais 29")
    await real.should_see("Hoje")
    assert chips(real) == []
    click(real, "Mostrar mensagens anteriores")
    await until(lambda: true_of(lambda: chips(real) == ["😮"]))
    await real.should_see("A primeira de todas")
    await real.should_not_see("Hoje")
    assert len([one for one in of_class(real, "m-bubble") if one.visible]) == 30


REACTED = """
insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, context_provider_id, received_at)
select company_id, channel_id, contact_id, 'wamid.r', address, 'reaction', '😮',
    jsonb_build_object('kind', 'reaction', 'target_id', provider_id, 'emoji', '😮'), provider_id, now() + interval '1 hour'
from inbound_message where company_id = $1 and body = $2 returning id
"""


async def much_was_said(db: asyncpg.Connection, owner: Actor, count: int) -> None:
    """After the only message that is there."""
    await db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
        " select company_id, channel_id, contact_id, 'more.' || n, address, 'text', 'Mais ' || n,"
        "  jsonb_build_object('kind', 'text', 'text', 'Mais ' || n), received_at + n * interval '1 second'"
        " from inbound_message, generate_series(1, $2) n where company_id = $1",
        owner.company_id, count,
    )  # fmt: skip


async def test_a_reaction_that_could_not_be_asked_for_is_asked_for_again(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It belongs to a message that stands further up than what is asked for anyway."""
    one = await customers.wrote(0, "A primeira de todas")
    contact = await owner_db.fetchval("select contact_id from conversation where id = $1", one)
    await much_was_said(owner_db, owner, 40)
    await real.open(f"/inbox/{one}")
    await real.should_see("Mais 39")
    click(real, "Mostrar mensagens anteriores")
    await until(lambda: true_of(lambda: len([one for one in of_class(real, "m-bubble") if one.visible]) == 41))
    asked: list[object] = []

    async def away(*args: object) -> None:
        asked.append(args)
        raise Offline

    with monkeypatch.context() as broken:
        broken.setattr(client, "entries_around", away)
        entry = await owner_db.fetchval(REACTED, owner.company_id, "A primeira de todas")
        hear(ConversationEntryAdded(conversation_id=one, contact_id=contact, entry_id=entry))
        await until(lambda: true_of(lambda: bool(asked)))
    assert chips(real) == []
    hear(ConversationChanged(contact_id=contact))
    await until(lambda: true_of(lambda: chips(real) == ["😮"]))


async def test_a_reaction_told_while_one_reads_earlier_stands_once_the_gap_is_closed(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    one = await customers.wrote(0, "A primeira de todas")
    contact = await owner_db.fetchval("select contact_id from conversation where id = $1", one)
    await much_was_said(owner_db, owner, 90)
    first = await owner_db.fetchval(
        "select id from inbound_message where company_id = $1 and body = 'A primeira de todas'", owner.company_id
    )
    await real.open(f"/inbox/{one}?at={first}")
    await real.should_see("Mais 44")
    await real.should_not_see("Mais 90")
    entry = await owner_db.fetchval(REACTED, owner.company_id, "A primeira de todas")
    hear(ConversationEntryAdded(conversation_id=one, contact_id=contact, entry_id=entry))
    [scroll] = of_class(real, "m-thread-scroll")
    happen(real, scroll, "scroll", "near")
    await real.should_see("Mais 90")
    await until(lambda: true_of(lambda: chips(real) == ["😮"]))


async def test_how_much_room_files_take_stands_in_the_settings(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await owner_db.execute(
        "insert into message_file(company_id, number, uploaded_by, name, claimed_type, key, state, mime_type, size, sha256, stored_at)"
        " values ($1, 0, $2, 'a.pdf', 'application/pdf', 'k' || $1::uuid, 'stored', 'application/pdf', 17000000000, '\\x00', now())",
        owner.company_id, owner.id,
    )  # fmt: skip
    await real.open("/settings?tab=company")
    await real.should_see("Espaço para arquivos")
    await real.should_see("17 GB de 20 GB em uso")
    await real.should_see("Quando estiver cheio, nenhum arquivo pode ser enviado.")


async def test_the_inbox_carries_no_emoji_table(real: User, customers: Customers) -> None:
    """It is fetched by the first press."""
    await customers.wrote(0, "Oi")
    digest, text = apply._emoji()
    assert f"/assets/emoji-{digest}.js" in apply._script()[1]
    assert len(apply._script()[1]) < len(text) / 2


def test_the_table_has_names_in_both_languages() -> None:
    table = json.loads((apply.HERE / "emoji.json").read_text("utf-8"))
    ones = [one for group in table["groups"] for one in group]
    assert len(table["groups"]) == 9
    assert len({one[0] for one in ones}) == len(ones) > 1500
    assert [one for one in ones if len(one) != 4 or not one[1] or not one[2] or not is_emoji(one[0])] == []
    heart = next(one for one in ones if one[0] == "❤️")
    assert heart[1:3] == ["coração vermelho", "red heart"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("-23.5614, -46.6559", (-23.5614, -46.6559)),
        (" 40.7 -74 ", (40.7, -74.0)),
        ("https://www.google.com/maps/place/MASP/@-23.5,-46.6,17z/data=!3d-23.5614!4d-46.65588", (-23.5614, -46.65588)),
        ("https://www.google.com/maps/search/?api=1&query=-23.5%2C-46.6", (-23.5, -46.6)),
        ("https://maps.apple.com/?ll=-23.5,-46.6&q=Loja", (-23.5, -46.6)),
        ("https://www.openstreetmap.org/#map=17/-23.5/-46.6", (-23.5, -46.6)),
        ("https://maps.app.goo.gl/abc", None),
        ("Av. Paulista, 1578", None),
        ("-23.5614,-46.6559", (-23.5614, -46.6559)),
        ("-23, -46", (-23.0, -46.0)),
        ("-23,56", None),
        ("-23.5,56", None),
        ("-23,5614 -46,6559", None),
        ("91.5, 10", None),
        ("10, 181", None),
    ],
)
def test_a_place_is_found_in_what_was_pasted(text: str, place: tuple[float, float] | None) -> None:
    assert coordinates(text) == place


async def test_where_one_is_comes_into_the_field_or_the_reason_why_not(real: User, customers: Customers) -> None:
    one = await customers.wrote(0, "Onde fica?")
    await real.open(f"/inbox/{one}")
    await real.should_see("O WhatsApp aceita texto livre por mais")
    choose(real, "Localização")
    await real.should_see("Enviar uma localização")
    press = next(iter(real.find(kind=ui.button, content="Minha localização atual").elements))
    happen(real, press, "click", {"refused": 1})
    await real.should_see("Permita pelo símbolo ao lado do endereço")
    happen(real, press, "click", {"refused": 3})
    await real.should_see("Aperte de novo ou cole um link de mapa.")
    happen(real, press, "click", {"latitude": -22.9519, "longitude": -43.21049999, "within": 1234.4})
    await real.should_see("com precisão de 1.234 m")
    assert field(real, "Localização").value == "-22.951900, -43.210500"
