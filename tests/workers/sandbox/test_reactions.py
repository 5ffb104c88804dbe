"""Reactions, places and contacts on the way to the provider: accepted there once, and on the simulator's phone."""

from typing import Any
from uuid import UUID

from db.contacts.actions import create_contact
from db.messages import answers, reactions, threads
from db.messages.content import Card, CardPhone, Contacts, Location
from db.messages.replies import ContactReply, LocationReply
from db.permissions import Permission
from db.work import work
from tests.workers.sandbox.desk import PHONE, Desk


async def _react(desk: Desk, message: UUID, emoji: str | None) -> None:
    async with work(desk.owner, Permission.CONVERSATIONS_WRITE) as w:
        await reactions.react(w, desk.contact, desk.channel, message, emoji)
    await desk.lane()


async def _sent(desk: Desk) -> list[dict[str, Any]]:
    """What the provider took, the first of it first."""
    return [entry["content"] for entry in sorted(await desk.accepted(), key=lambda entry: entry["number"])]


async def test_a_reaction_is_put_changed_and_taken_back_on_the_phone(desk: Desk) -> None:
    asked = await desk.db.fetchrow("select id, provider_id from inbound_message where channel_id = $1", desk.channel)
    assert asked is not None
    seen = []
    for emoji in ("👍", "👍", "❤️", None):
        await _react(desk, asked["id"], emoji)
        [shown] = await threads.thread(desk.owner, desk.channel, f"+{PHONE}")
        seen.append(shown.reactions)
    assert seen == [["👍"], ["👍"], ["❤️"], []]
    wanted = [{"message_id": asked["provider_id"], "emoji": emoji} for emoji in ("👍", "❤️", "")]
    assert [entry["reaction"] for entry in await _sent(desk)] == wanted
    assert {entry["type"] for entry in await _sent(desk)} == {"reaction"}
    [phone] = await threads.phones(desk.owner, desk.channel)
    assert (phone.kind, phone.text) == ("in", "Oi")  # a reaction is no message on the phone


async def test_a_place_and_a_contact_go_as_they_come_in(desk: Desk) -> None:
    friend = await create_contact(desk.owner, name="Bia Nunes", phone="+5511987650000", tag_names=[], custom={})
    place = LocationReply(-23.561414, -46.655881, " Loja Aurora ", " ")
    for reply in (place, ContactReply(friend["id"])):
        message = (await answers.send(desk.owner, desk.contact, desk.channel, reply)).id
        await desk.lane()
        assert await desk.row(message) == ("sent", None)
    first, second = await _sent(desk)
    assert first == {
        "type": "location",
        "location": {"latitude": -23.561414, "longitude": -46.655881, "name": "Loja Aurora"},
    }
    assert second == {
        "type": "contacts",
        "contacts": [
            {
                "name": {"formatted_name": "Bia Nunes", "first_name": "Bia"},
                "phones": [{"phone": "+5511987650000", "type": "CELL"}],
            }
        ],
    }
    shown = [one.content for one in await threads.thread(desk.owner, desk.channel, f"+{PHONE}") if one.kind == "out"]
    assert shown == [
        Contacts(contacts=[Card(name="Bia Nunes", phones=[CardPhone(phone="+5511987650000", type="CELL")])]),
        Location(latitude=-23.561414, longitude=-46.655881, name="Loja Aurora"),
    ]
