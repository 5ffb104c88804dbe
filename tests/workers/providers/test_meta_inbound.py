"""Meta's webhook bodies: a table of shapes, poison between good items, and bytes of any kind."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.messages.content import Text
from tests.workers.providers.tables import assert_like, table
from workers.providers.events import BadWebhook, InboundMessage, OtherEvent, StatusEvent
from workers.providers.meta import conversation
from workers.providers.meta.inbound import parse
from workers.providers.meta.values import moment

NAMES = (
    "id status timestamp type text body messages statuses contacts metadata phone_number_id errors code "
    "from interactive button_reply edit message profile event message_template_id value user_preferences "
    "context pricing system calls history threads image location latitude order product_items user_id_update "
)
METADATA = {"display_phone_number": "5511400000", "phone_number_id": "111"}
STATUS = {"id": "wamid.OUR", "status": "sent", "timestamp": "1760000001"}


def envelope(*changes: Any) -> bytes:
    entry = {"id": "W1", "time": 1760000000, "changes": list(changes)}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def change(value: Any, field: str = "messages") -> dict[str, Any]:
    return {"field": field, "value": value}


@pytest.mark.parametrize("row", table("meta_webhooks"), ids=lambda row: str(row["name"]))
def test_shape(row: dict[str, Any]) -> None:
    field = row.get("field", "messages")
    talk = field in conversation.FIELDS
    value = {"messaging_product": "whatsapp", "metadata": METADATA, **row["value"]} if talk else row["value"]
    events = parse(envelope(change(value, field)))
    assert len(events) == len(row["events"])
    for event, expected in zip(events, row["events"], strict=True):
        assert_like(event, expected)


def test_poison_changes_and_entries_leave_the_others_alone() -> None:
    good = change({"metadata": METADATA, "statuses": [STATUS]})
    raw = json.dumps(
        {
            "entry": [
                7,
                {"id": "W1", "changes": [1, good, {"value": {}}, change(3), good]},
                {"id": 5},
                {"id": "W2", "changes": [good]},
            ]
        }
    ).encode()
    events = parse(raw)
    assert [type(event) for event in events].count(StatusEvent) == 3
    assert [event.field for event in events if isinstance(event, OtherEvent)] == [
        "entry",
        "change",
        "change",
        "messages",
        "entry",
    ]


def test_bad_text_spoils_its_item_only() -> None:
    message = {"from": "1", "id": "w", "type": "text", "text": {"body": "BAD"}}
    raw = envelope(change({"metadata": METADATA, "messages": [message], "statuses": [STATUS]}))
    assert [type(event) for event in parse(raw.replace(b"BAD", b"\xff\xfe"))] == [StatusEvent, InboundMessage, OtherEvent]
    for poison, text in ((b"\\ud800", "\ufffd"), (b"a\\udc00\\ud83d\\ude00", "a\ufffd\U0001f600")):
        status, told = parse(raw.replace(b"BAD", poison))
        assert isinstance(status, StatusEvent)
        assert isinstance(told, InboundMessage)
        assert told.content == Text(text=text)
    deep = raw.replace(b'"BAD"', b"[" * 500 + b"]" * 500)
    assert [type(event) for event in parse(deep)] == [StatusEvent, InboundMessage, OtherEvent]


def test_thousand_changes_keep_their_order() -> None:
    changes = [change({"metadata": METADATA, "statuses": [{**STATUS, "id": str(number)}]}) for number in range(1000)]
    events = parse(envelope(*changes))
    assert [event.provider_id for event in events if isinstance(event, StatusEvent)] == [str(n) for n in range(1000)]


@pytest.mark.parametrize("raw", [b"", b"x", b"[]", b"null", b'{"entry":1}', b"[" * 100_000, b"\xff", b'{"entry":["\\u0000"'])
def test_no_envelope(raw: bytes) -> None:
    with pytest.raises(BadWebhook):
        parse(raw)


def test_empty_envelope() -> None:
    assert parse(b'{"object":"whatsapp_business_account","entry":[]}') == []
    assert parse(b"{}") == []


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    try:
        parse(raw)
    except BadWebhook:
        pass


KEYS = st.sampled_from(sorted(NAMES.split()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
FIELDS = st.sampled_from([row.get("field", "messages") for row in table("meta_webhooks")])


@given(FIELDS, JSON)
def test_any_value_of_any_field(field: str, value: Any) -> None:
    for event in parse(envelope(change(value, field))):
        assert not isinstance(event, InboundMessage) or event.provider_id


@given(st.data())
def test_real_bodies_with_flipped_bytes(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(table("meta_webhooks")))
    raw = bytearray(envelope(change({"metadata": METADATA, **row["value"]} if isinstance(row["value"], dict) else row["value"])))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        parse(bytes(raw))
    except BadWebhook:
        pass


@pytest.mark.parametrize("value", [None, "", "soon", "0", "-5", "1e999", "nan", 10**400, 9e18])
def test_senseless_moment(value: Any) -> None:
    assert moment(value) is None


def test_moment_takes_seconds_and_milliseconds() -> None:
    assert moment("1760000000") == moment(1760000000) == moment(1760000000000)
    assert str(moment(1760000000)) == "2025-10-09 08:53:20+00:00"
