"""What a linked device hears, as typed events."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.messages.content import ButtonReply, Contacts, Edit, ListReply, Location, Reaction, Revoke, Text, Unsupported
from workers.providers.events import BadWebhook, DeliveryStatus, InboundMessage, StatusEvent
from workers.providers.linked.inbound import parse

PERSON, LID = "5511987654321@s.whatsapp.net", "998877@lid"
OURS = "3EB0AAAABBBBCCCCDDDD01"


def told(
    content: dict[str, Any] | None,
    *,
    jid: str = PERSON,
    message_id: str = "AC01",
    whole: bool = True,
    history: bool = False,
    **more: Any,
) -> bytes:
    message = {"jid": jid, "at": 1_700_000_000, "name": "Bia", "content": content, **more}
    return msgspec.json.encode(
        {"type": "message", "chat": jid, "id": message_id, "whole": whole, "history": history, "message": message}
    )


def one(body: bytes) -> InboundMessage:
    (event,) = parse(body)
    assert isinstance(event, InboundMessage)
    return event


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"conversation": "Oi"}, Text(text="Oi")),
        ({"messageContextInfo": {}, "extendedTextMessage": {"text": "Oi"}}, Text(text="Oi")),
        ({"ephemeralMessage": {"message": {"conversation": "Some"}}}, Text(text="Some")),
        ({"deviceSentMessage": {"message": {"extendedTextMessage": {"text": "x"}}}}, Text(text="x")),
        ({"locationMessage": {"degreesLatitude": -22.9, "degreesLongitude": -43.1, "name": "Loja"}}, Location(latitude=-22.9, longitude=-43.1, name="Loja")),
        ({"locationMessage": {"degreesLatitude": 1e9, "degreesLongitude": 0}}, Unsupported(type="location", reason="no place on earth")),
        ({"reactionMessage": {"key": {"id": OURS}, "text": "👍"}}, Reaction(target_id=OURS, emoji="👍")),
        ({"reactionMessage": {"key": {"id": OURS}, "text": ""}}, Reaction(target_id=OURS)),
        ({"protocolMessage": {"type": "REVOKE", "key": {"id": "AC00"}}}, Revoke(target_id="AC00")),
        ({"protocolMessage": {"type": 14, "key": {"id": "AC00"}, "editedMessage": {"conversation": "Oi!"}}}, Edit(target_id="AC00", content=Text(text="Oi!"))),
        ({"buttonsResponseMessage": {"selectedButtonId": "1", "selectedDisplayText": "Sim"}}, ButtonReply(id="1", title="Sim")),
        ({"listResponseMessage": {"title": "P", "singleSelectReply": {"selectedRowId": "p"}}}, ListReply(id="p", title="P")),
        ({"pollCreationMessageV3": {"name": "Cor?", "options": [{"optionName": "Azul"}]}}, Text(text="📊 Cor?\n• Azul")),
        ({"videoNoteOfTheFuture": {}}, Unsupported(type="videoNoteOfTheFuture")),
    ],
)  # fmt: skip
def test_contents(content: dict[str, Any], expected: object) -> None:
    assert one(told(content)).content == expected


def test_a_card_has_its_numbers() -> None:
    card = "BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL;type=CELL;waid=5521912345678:+55 21 91234-5678\nEND:VCARD"
    content = one(told({"contactMessage": {"displayName": "Ana", "vcard": card}})).content
    assert isinstance(content, Contacts)
    assert [(phone.phone, phone.wa_id) for phone in content.contacts[0].phones] == [("+55 21 91234-5678", "5521912345678")]


def test_who_wrote_is_known_by_both_addresses() -> None:
    event = one(told({"conversation": "Oi"}, jid=LID, alt=PERSON))
    assert (event.from_phone, event.from_lid, event.profile_name) == ("5511987654321", "998877", "Bia")
    hidden = one(told({"conversation": "Oi"}, jid="998877:3@lid"))
    assert (hidden.from_phone, hidden.from_lid) == (None, "998877")


def test_what_the_phone_sent_is_an_echo_and_perhaps_a_proof() -> None:
    events = parse(told({"conversation": "Oi"}, message_id=OURS, from_me=True))
    assert [type(event) for event in events] == [StatusEvent, InboundMessage]
    status, echo = events
    assert isinstance(status, StatusEvent)
    assert isinstance(echo, InboundMessage)
    assert (status.provider_id, status.status) == (OURS, DeliveryStatus.SENT)
    assert (echo.echo, echo.profile_name, echo.username) == (True, None, None)
    (alone,) = parse(told({"conversation": "Oi"}, message_id="AC77", from_me=True, username="bia.nunes"))
    assert isinstance(alone, InboundMessage)
    assert alone.username == "bia.nunes"


def test_a_message_that_could_not_be_opened_says_so() -> None:
    assert isinstance(one(told(None, whole=False)).content, Unsupported)


def test_an_answer_names_what_it_answers() -> None:
    event = one(told({"extendedTextMessage": {"text": "Sim", "contextInfo": {"stanzaId": OURS, "isForwarded": True}}}))
    assert event.context is not None
    assert (event.context.provider_id, event.context.forwarded) == (OURS, True)


@pytest.mark.parametrize("jid", ["12036@g.us", "status@broadcast", "120@newsletter", "0@s.whatsapp.net", "x@lid", ""])
def test_groups_and_news_are_no_conversations(jid: str) -> None:
    assert parse(told({"conversation": "Oi"}, jid=jid)) == []


@pytest.mark.parametrize(
    "content", [{"senderKeyDistributionMessage": {}}, {"protocolMessage": {"type": "HISTORY_SYNC_NOTIFICATION"}}]
)
def test_what_is_no_message_to_people_is_silent(content: dict[str, Any]) -> None:
    assert parse(told(content)) == []


@pytest.mark.parametrize(("status", "expected"), [(2, "sent"), (3, "delivered"), (4, "read"), (5, "read"), (0, "failed")])
def test_receipts(status: int, expected: str) -> None:
    (event,) = parse(msgspec.json.encode({"type": "receipt", "chat": PERSON, "id": OURS, "status": status, "at": 1_700_000_000}))
    assert isinstance(event, StatusEvent)
    assert (event.provider_id, event.status) == (OURS, expected)


def test_other_receipts_say_nothing() -> None:
    assert parse(msgspec.json.encode({"type": "receipt", "chat": PERSON, "id": OURS, "status": 1})) == []
    assert parse(msgspec.json.encode({"type": "receipt", "chat": "1@newsletter", "id": OURS, "status": 3})) == []
    (heard,) = parse(msgspec.json.encode({"type": "receipt", "chat": "1-2@g.us", "id": OURS, "status": 4}))
    assert isinstance(heard, StatusEvent)
    assert heard.status is DeliveryStatus.DELIVERED, "one of a group read it"


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=12,
)
names = st.sampled_from([
    "conversation", "extendedTextMessage", "protocolMessage", "reactionMessage", "locationMessage", "contactMessage", "listResponseMessage",
    "contactsArrayMessage", "ephemeralMessage", "pollCreationMessage", "buttonsResponseMessage",
])  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a crowded machine says nothing of the parser
@given(st.dictionaries(names, json, max_size=3))
def test_nothing_that_people_may_send_breaks_it(content: dict[str, Any]) -> None:
    try:
        parse(told(content))
    except BadWebhook:
        raise AssertionError("a content is never the envelope's fault") from None


@given(st.binary(max_size=200))
def test_nothing_but_its_own_error_is_raised(body: bytes) -> None:
    try:
        parse(body)
    except BadWebhook:
        pass
