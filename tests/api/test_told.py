"""The document's `webhooks` and the page for receivers: what is said there is what is sent."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from api.openapi.page import page
from db.clock import now
from db.ids import uuid7
from db.webhooks import catalogue
from db.webhooks.deliveries import Claimed, Turn
from db.webhooks.endpoints import new_secret
from db.webhooks.enums import WebhookType
from tests.api.schemas import Schemas
from tests.node import node
from workers.webhooks import headers

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def test_every_type_is_described_with_an_example_that_fits(document: dict[str, Any]) -> None:
    schemas = Schemas(document)
    assert list(document["webhooks"]) == list(catalogue.KINDS)
    assert set(catalogue.KINDS) == set(WebhookType)
    for type, item in document["webhooks"].items():
        content = item["post"]["requestBody"]["content"]["application/json"]
        assert schemas.errors(content["schema"], content["example"]) == [], type
        kind = catalogue.KINDS[type]
        assert content["example"]["data"] == kind.example
        assert set(kind.example) == set(kind.shape.__struct_fields__), type
        assert kind.entity in kind.example, type
        body = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        assert (body["properties"]["type"], body["x-permissions"]) == ({"const": type}, sorted(kind.permissions))
        wrong = content["example"] | {"type": "another"}
        assert schemas.errors(content["schema"], wrong) != []


def test_the_reference_shows_every_type(document: dict[str, Any]) -> None:
    shown = page(document)
    assert [type for type in document["webhooks"] if f"<code>{type}</code></summary>" not in shown] == []


def test_the_page_lists_every_type() -> None:
    found = dict(re.findall(r"^\| `([a-z.]+)` \| (.+?) \|", PAGE, re.MULTILINE))
    assert set(found) == set(WebhookType)


def sent(secrets: list[str]) -> tuple[bytes, dict[str, str]]:
    """A try as it goes out."""
    body = '{"type":"message.received","timestamp":"2026-01-10T12:00:00Z","sequence":7,"data":{"text":"Olá ✓"}}'.encode()
    claimed = Claimed(uuid7(), "msg_0d6e7c1f4b2a5c3e9f108a7b6c5d4e3f", body, 1, 1)
    turn = Turn("https://example.com", secrets, None, [claimed])
    return body, headers(turn, claimed, int(now().timestamp()))


def test_the_package_of_the_standard_takes_what_we_send() -> None:
    old, new = new_secret(), new_secret()
    body, given = sent([new, old])
    for secret in (old, new):
        assert Webhook(secret).verify(body, given) == json.loads(body)
    for wrong in (body + b" ", body.replace(b"7", b"8")):
        with pytest.raises(WebhookVerificationError):
            Webhook(new).verify(wrong, given)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, given)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body, given | {"webhook-id": "msg_another"})
    late = headers(Turn("", [new], None), Claimed(uuid7(), given["webhook-id"], body, 2, 2), int(now().timestamp()) - 301)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body, late)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_receivers_of_the_page_take_it_and_nothing_else(tmp_path: Path) -> None:
    secret = new_secret()
    body, given = sent([new_secret(), secret])
    wrong = given | {"webhook-signature": sent([new_secret()])[1]["webhook-signature"]}
    late = given | {"webhook-timestamp": str(int(given["webhook-timestamp"]) - 301)}
    names: dict[str, Any] = {}
    (python,) = blocks("python")
    exec(python, names)  # our own page
    assert [names["genuine"](secret, each, body) for each in (given, wrong, late)] == [True, False, False]
    (script,) = blocks("js")
    place = tmp_path / "receiver.mjs"
    calls = ", ".join(f"genuine({json.dumps(secret)}, {json.dumps(each)}, body)" for each in (given, wrong, late))
    place.write_text(f"{script}\nconst body = {json.dumps(body.decode())};\nconsole.log(JSON.stringify([{calls}]));\n")
    said = subprocess.run([node(), str(place)], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(said.stdout) == [True, False, False]
