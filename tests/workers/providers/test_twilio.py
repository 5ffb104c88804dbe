"""Twilio's client, form bodies and callbacks."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.providers.peer import Peer, answering, free_port, peer
from tests.workers.providers.tables import assert_like, table
from workers.outcomes import Accepted, OptedOut, OptOutScope, PauseChannel, RetryAfter, Unknown
from workers.providers.events import BadWebhook
from workers.providers.twilio.client import Message, TwilioClient
from workers.providers.twilio.inbound import parse_message, parse_status
from workers.providers.twilio.payloads import BadMessage, message_form
from workers.providers.wire import ProviderError, Wire

SINCE = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
TO, FROM = "+5511987654321", "+15005550006"


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire(connect_timeout=20, timeout=60) as made:
        yield made


def client(far: Peer, wire: Wire, **parts: Any) -> TwilioClient:
    return TwilioClient(far.url, "AC1", "s3cret", wire=wire, **parts)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def listed(sid: str, seconds: float, **changes: Any) -> dict[str, Any]:
    """A message of a list, created so many seconds after `SINCE`."""
    created = format_datetime(SINCE + timedelta(seconds=seconds))
    base = {"sid": sid, "status": "sent", "to": TO, "from": FROM, "body": "oi", "direction": "outbound-api"}
    return {**base, "num_segments": "1", "price": None, "error_code": None, "date_created": created, **changes}


async def test_send(wire: Wire) -> None:
    async with peer(answering(201, as_json({"sid": "SM1", "status": "queued"}))) as far:
        form = message_form(TO, FROM, "Olá & até", "https://panel.test/hooks/twilio/1/status/2")
        assert await client(far, wire).send(form) == Accepted("SM1", provider_status="queued")
        head, body = far.requests[0]
        assert head.startswith("POST /2010-04-01/Accounts/AC1/Messages.json ")
        assert "authorization: basic " + base64.b64encode(b"AC1:s3cret").decode().lower() in head.lower()
        assert "content-type: application/x-www-form-urlencoded\r\n" in head.lower()
        assert dict(parse_qsl(body.decode())) == {
            "To": TO,
            "From": FROM,
            "Body": "Olá & até",
            "StatusCallback": "https://panel.test/hooks/twilio/1/status/2",
        }


async def test_send_with_an_api_key(wire: Wire) -> None:
    async with peer(answering(400, as_json({"code": 21610, "message": "STOP"}))) as far:
        outcome = await client(far, wire, api_key_sid="SK1").send(b"")
        assert outcome == OptedOut(OptOutScope.SENDER, 21610, "STOP")
        assert base64.b64encode(b"SK1:s3cret").decode() in far.requests[0][0]
        assert far.requests[0][0].startswith("POST /2010-04-01/Accounts/AC1/")


async def test_send_unknown_and_unreachable(wire: Wire) -> None:
    async with peer(answering(500, as_json({"code": 20500}))) as far:
        assert isinstance(await client(far, wire).send(b""), Unknown)
    nobody = TwilioClient(f"http://127.0.0.1:{free_port()}", "AC1", "s", wire=wire)
    assert isinstance(await nobody.send(b""), RetryAfter)


def test_form_of_a_messaging_service_with_files() -> None:
    form = parse_qsl(
        message_form(TO, "MG1", "", media_urls=["https://x.test/1", "https://x.test/2"], validity_seconds=99999).decode()
    )
    assert form == [
        ("To", TO),
        ("MessagingServiceSid", "MG1"),
        ("MediaUrl", "https://x.test/1"),
        ("MediaUrl", "https://x.test/2"),
        ("ValidityPeriod", "36000"),
    ]


@pytest.mark.parametrize("body", ["", "  ", "x" * 1601, "a\x00", "\ud800"])
def test_form_refused(body: str) -> None:
    with pytest.raises(BadMessage):
        message_form(TO, FROM, body)


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        ([], None),
        ([listed("SM1", 1)], "SM1"),
        ([listed("SM1", -60)], "SM1"),  # Twilio's clock may lag
        ([listed("SM1", -300)], None),
        ([listed("SM1", 1, body="another")], None),
        ([listed("SM1", 1, direction="inbound")], None),
        ([listed("SM1", 1, direction="outbound-reply")], "SM1"),
        ([listed("SM1", 1, date_created=None)], None),
        ([listed("SM1", 1, date_created="soon")], None),
        ([listed("SM2", 9), listed("SM1", 2)], "SM1"),
        ([listed("SM2", 9), listed("TAKEN", 2)], "SM2"),
        ([listed("SM1", 1, **{"from": None, "status": "failed", "error_code": "30003"})], "SM1"),
    ],
)
async def test_find_message(wire: Wire, messages: list[dict[str, Any]], found: str | None) -> None:
    async with peer(answering(200, as_json({"messages": messages, "next_page_uri": None}))) as far:
        message = await client(far, wire).find_message(TO, FROM, "oi", SINCE, taken=frozenset({"TAKEN"}))
        assert (message.sid if message else None) == found
        query = dict(parse_qsl(urlsplit(far.requests[0][0].split(" ")[1]).query))
        assert query == {"To": TO, "From": FROM, "PageSize": "200"}


async def test_find_message_pages_until_older_than_the_attempt(wire: Wire) -> None:
    async def pages(far: Peer, reader: Any, writer: Any) -> None:
        for number, shift in enumerate((500, 5, -500, -1000)):
            await far.read(reader)
            page = {
                "messages": [listed(f"SM{number}", shift)],
                "next_page_uri": f"/2010-04-01/Accounts/AC1/Messages.json?Page={number + 1}",
            }
            await far.answer(writer, 200, as_json(page))

    async with peer(pages) as far:
        message = await client(far, wire).find_message(TO, None, "oi", SINCE)
        assert isinstance(message, Message)
        assert message.sid == "SM1"
        assert [head.split(" ")[1].rpartition("?")[2] for head, _ in far.requests[1:]] == ["Page=1", "Page=2"]


@pytest.mark.parametrize("uri", ["http://evil.invalid/x", "//evil.invalid/x", "x", ""])
async def test_next_page_elsewhere_ends_the_list(wire: Wire, uri: str) -> None:
    async with peer(answering(200, as_json({"messages": [listed("SM1", 1)], "next_page_uri": uri}))) as far:
        assert await client(far, wire).find_message(TO, FROM, "oi", SINCE)
        assert len(far.requests) == 1


async def test_account_and_numbers(wire: Wire) -> None:
    async with peer(answering(200, as_json({"sid": "AC1", "status": "active", "type": "Full", "auth_token": "x"}))) as far:
        assert (await client(far, wire).account()).status == "active"
        assert far.requests[0][0].startswith("GET /2010-04-01/Accounts/AC1.json ")
    number = {"sid": "PN1", "phone_number": FROM, "capabilities": {"SMS": True, "voice": False}}
    async with peer(answering(200, as_json({"incoming_phone_numbers": [number]}))) as far:
        twilio = client(far, wire)
        found = await twilio.number(FROM)
        assert found is not None
        assert found.can_sms
        assert await twilio.number(TO) is None
        assert [n.sid for n in await twilio.numbers()] == ["PN1"]
    async with peer(answering(200, as_json(number))) as far:
        await client(far, wire).set_webhook("PN1", "https://panel.test/in")
        assert dict(parse_qsl(far.requests[0][1].decode())) == {"SmsUrl": "https://panel.test/in", "SmsMethod": "POST"}
    async with peer(answering(200, as_json(listed("SM1", 0)))) as far:
        assert (await client(far, wire).message("SM1")).created_at == SINCE


async def test_control_errors(wire: Wire) -> None:
    async with peer(answering(401, as_json({"code": 20003, "message": "Authenticate"}))) as far:
        with pytest.raises(ProviderError) as failed:
            await client(far, wire).account()
        assert isinstance(failed.value.outcome, PauseChannel)
        assert "s3cret" not in str(failed.value)
    async with peer(answering(200, b"[]")) as far:
        with pytest.raises(ProviderError):
            await client(far, wire).account()


@pytest.mark.parametrize("row", table("twilio_forms")["status"], ids=lambda row: str(row["form"])[:60])
def test_status(row: dict[str, Any]) -> None:
    assert_like(parse_status(row["form"].encode(), "attempt-1"), row["event"])


@pytest.mark.parametrize("row", table("twilio_forms")["message"], ids=lambda row: str(row["form"])[:60])
def test_message(row: dict[str, Any]) -> None:
    events = parse_message(row["form"].encode())
    assert len(events) == len(row["events"])
    for event, expected in zip(events, row["events"], strict=True):
        assert_like(event, expected)


@pytest.mark.parametrize("raw", [b"", b"MessageSid=SM1", b"From=1&To=2", b"&".join([b"a=1"] * 1001), b'{"json":1}'])
def test_not_a_callback(raw: bytes) -> None:
    with pytest.raises(BadWebhook):
        parse_status(raw, None)
    with pytest.raises(BadWebhook):
        parse_message(raw)


FIELD = st.sampled_from(
    ["MessageSid", "MessageStatus", "From", "To", "Body", "NumMedia", "MediaUrl0", "ErrorCode", "OptOutType", "RawDlrDoneDate"]
)
VALUE = st.sampled_from(["SM1", "failed", "sent", "٣", "STOP", "9" * 20, "%", ":", "whatsapp:"]) | st.text(max_size=8)


@given(
    st.lists(st.tuples(FIELD, VALUE), max_size=10).map(lambda pairs: "&".join(f"{k}={v}" for k, v in pairs)),
    st.binary(max_size=60),
)
def test_any_bytes(form: str, tail: bytes) -> None:
    raw = form.encode("utf-8", "surrogatepass") + tail
    for parse in (lambda: parse_status(raw, None), lambda: parse_message(raw)):
        try:
            parse()
        except BadWebhook:
            pass
