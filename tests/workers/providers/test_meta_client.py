"""The Graph client against a scripted far end: what goes over the wire and what comes back typed."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.workers.providers.peer import Peer, answering, free_port, peer
from workers.outcomes import Accepted, PauseChannel, Rejected, RetryAfter, Unknown
from workers.providers.meta.client import MetaClient
from workers.providers.meta.payloads import text_message
from workers.providers.wire import ProviderError, Wire

ID = "0198f000-0000-7000-8000-000000000000"


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire(connect_timeout=20, timeout=60) as made:
        yield made


def client(far: Peer, wire: Wire, token: str = "T0KEN") -> MetaClient:
    return MetaClient(far.url + "/", "v25.0", token, wire=wire)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def target(far: Peer, number: int = 0) -> tuple[str, str, dict[str, list[str]]]:
    """Method, path and query of a request."""
    method, address, _ = far.requests[number][0].split("\r\n")[0].split(" ")
    parts = urlsplit(address)
    return method, parts.path, parse_qs(parts.query)


async def test_send(wire: Wire) -> None:
    answer = {"messages": [{"id": "wamid.A", "message_status": "accepted"}], "contacts": [{"wa_id": "5511"}]}
    async with peer(answering(200, as_json(answer))) as far:
        outcome = await client(far, wire).send("111", text_message("+5511", "oi", ID))
        assert outcome == Accepted("wamid.A", "5511", False, "accepted")
        head, body = far.requests[0]
        assert head.startswith("POST /v25.0/111/messages HTTP/1.1\r\n")
        assert "authorization: bearer t0ken\r\n" in head.lower()
        assert "content-type: application/json\r\n" in head.lower()
        assert json.loads(body)["biz_opaque_callback_data"] == ID


async def test_send_refused_unknown_and_unreachable(wire: Wire) -> None:
    async with peer(answering(400, as_json({"error": {"code": 131026, "message": "m"}}))) as far:
        assert isinstance(await client(far, wire).send("1", b"{}"), Rejected)
    async with peer(answering(500, as_json({"error": {"code": 131000}}))) as far:
        assert isinstance(await client(far, wire).send("1", b"{}"), Unknown)
    nobody = MetaClient(f"http://127.0.0.1:{free_port()}", "v25.0", "t", wire=wire)
    assert isinstance(await nobody.send("1", b"{}"), RetryAfter)


async def test_templates_follow_every_page_on_the_same_host_only(wire: Wire) -> None:
    def listed(name: str, following: str | None) -> bytes:
        template = {"id": name, "name": name, "language": "pt_BR", "status": "APPROVED", "category": "UTILITY", "x": 1}
        return as_json({"data": [template], "paging": {"cursors": {"after": "a"}, "next": following}})

    async def pages(far: Peer, reader: Any, writer: Any) -> None:
        nexts = {"a": f"{far.url}/v25.0/W/message_templates?after=2", "b": "http://evil.invalid/v25.0/x"}
        for name in ("a", "b"):
            await far.read(reader)
            await far.answer(writer, 200, listed(name, nexts[name]))

    async with peer(pages) as far:
        templates = await client(far, wire).templates("W")
        assert [template.name for template in templates] == ["a", "b"]
        assert target(far)[2]["limit"] == ["100"]
        assert target(far, 1)[2] == {"after": ["2"]}
        assert len(far.requests) == 2


Call = Callable[[MetaClient], Awaitable[Any]]


@pytest.mark.parametrize(
    ("call", "answer", "request_line", "body", "result"),
    [
        (
            lambda c: c.create_template("W", {"name": "promo"}),
            {"id": "5", "status": "PENDING", "category": "MARKETING"},
            "POST /v25.0/W/message_templates",
            {"name": "promo"},
            "5",
        ),
        (
            lambda c: c.delete_template("W", "promo"),
            {"success": True},
            "DELETE /v25.0/W/message_templates?name=promo",
            None,
            None,
        ),
        (
            lambda c: c.delete_template("W", "promo", "5"),
            {"success": True},
            "DELETE /v25.0/W/message_templates?hsm_id=5&name=promo",
            None,
            None,
        ),
        (lambda c: c.subscribe("W"), {"success": True}, "POST /v25.0/W/subscribed_apps", {}, None),
        (
            lambda c: c.subscribe("W", "https://x.test/h", "v"),
            {"success": True},
            "POST /v25.0/W/subscribed_apps",
            {"override_callback_uri": "https://x.test/h", "verify_token": "v"},
            None,
        ),
        (lambda c: c.unsubscribe("W"), {"success": True}, "DELETE /v25.0/W/subscribed_apps", None, None),
        (
            lambda c: c.mark_read("111", b'{"status":"read"}'),
            {"success": True},
            "POST /v25.0/111/messages",
            {"status": "read"},
            None,
        ),
        (lambda c: c.media_info("7"), {"id": "7", "url": "https://x.test/f", "file_size": 1}, "GET /v25.0/7", None, "7"),
    ],
)
async def test_control_call(wire: Wire, call: Call, answer: Any, request_line: str, body: Any, result: str | None) -> None:
    async with peer(answering(200, as_json(answer))) as far:
        given = await call(client(far, wire))
        assert (given.id if given else None) == result
        head, sent = far.requests[0]
        assert head.startswith(request_line + " HTTP/1.1")
        assert "authorization: bearer t0ken" in head.lower()
        assert (json.loads(sent) if sent else None) == body


async def test_phone_numbers(wire: Wire) -> None:
    number = {
        "id": "111",
        "display_phone_number": "+55 11 4000-0000",
        "quality_rating": "GREEN",
        "status": "CONNECTED",
        "throughput": {"level": "HIGH"},
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
    }
    async with peer(answering(200, as_json(number))) as far:
        one = await client(far, wire).phone_number("111")
        assert (one.quality_rating, one.throughput and one.throughput.level) == ("GREEN", "HIGH")
        assert "quality_rating" in target(far)[2]["fields"][0]
    async with peer(answering(200, as_json({"data": [number]}))) as far:
        assert [n.id for n in await client(far, wire).phone_numbers("W")] == ["111"]


async def test_an_upload(wire: Wire) -> None:
    async with peer(answering(200, b'{"id":"123"}')) as far:
        assert await client(far, wire).upload_media("111", io.BytesIO(b"\x89PNG"), "image/png", "a.png") == "123"
        head, body = far.requests[0]
        assert head.startswith("POST /v25.0/111/media ")
        assert "content-type: multipart/form-data" in head.lower()
        assert b'name="messaging_product"\r\n\r\nwhatsapp' in body
        assert b'filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in body


async def test_control_errors(wire: Wire) -> None:
    async with peer(answering(401, as_json({"error": {"code": 190, "message": "expired"}}))) as far:
        with pytest.raises(ProviderError) as failed:
            await client(far, wire).phone_number("1")
        assert isinstance(failed.value.outcome, PauseChannel)
        assert (failed.value.http_status, "expired" in failed.value.body_excerpt) == (401, True)
        assert "T0KEN" not in str(failed.value)
    for status, body in ((200, b"<html>"), (200, b"[]"), (302, b"")):
        async with peer(answering(status, body)) as far:
            with pytest.raises(ProviderError):
                await client(far, wire).phone_number("1")
    with pytest.raises(ProviderError):
        await MetaClient("http://127.0.0.1:1", "v1", "é", wire=wire).phone_number("1")
