"""The palette: what a role may open and begin, and what the server finds, each group by itself."""

import json
import re
from typing import Any

import asyncpg
import httpx
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.campaigns import CampaignCreate
from api.contract.contacts import ContactCreate
from api.contract.enums import Role
from db.tenancy import Actor
from tests import factories
from tests.ui.conftest import Network
from tests.ui.fake_api import FakeApi
from tests.ui.interactions import true_of, until
from ui.client import campaigns, contacts
from ui.client.base import ApiClient

FOUND = re.compile(r"masteria\.palette\.found\((?P<given>.*)\)$")
Answers = dict[str, Any]


def offered(user: User) -> dict[str, Any]:
    """What the browser is given."""
    assert user.client is not None
    return json.loads(next(one.props["data-palette"] for one in user.client.elements.values() if "data-palette" in one.props))


async def searched(user: User, monkeypatch: pytest.MonkeyPatch, number: int, text: str) -> Answers:
    """The answers to what somebody typed, by group."""
    answers: Answers = {}

    def told(code: str) -> None:
        if match := FOUND.match(code):
            answer = json.loads(match["given"])
            if answer["number"] == number:
                answers[answer["group"]] = answer["entries"]

    monkeypatch.setattr(ui, "run_javascript", told)
    assert user.client is not None
    for listener in list(user.client.layout._event_listeners.values()):
        if listener.type == "palette":
            user.client.layout._handle_event({"listener_id": listener.id, "args": {"number": number, "text": text}})
    await until(lambda: true_of(lambda: len(answers) == len(offered(user)["searches"])))
    return answers


async def test_people_conversations_leads_and_campaigns_are_found_by_name_and_number(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await factories.channel(owner_db, owner)
    for number in range(2):
        person = await contacts.create_contact(as_owner, ContactCreate(name=f"Pessoa {number}", phone=f"1198765432{number}"))
    await factories.lead(owner_db, owner, "Pessoa 1 quer cortina")
    made = await campaigns.create(as_owner, CampaignCreate(name="Pessoa 1 volta"))
    await owner_db.execute(
        "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at) values ($1, $2, $3, '+5511900000001', now(), now())",
        owner.company_id, person.id, channel,
    )  # fmt: skip
    await owner_db.execute(
        "insert into template(company_id, channel_id, name, language, category, status, components)"
        " values ($1, $2, 'Pessoa 1 comprou', 'pt_BR', 'marketing', 'approved', '[]')",
        owner.company_id, channel,
    )  # fmt: skip
    await owner_db.execute("insert into segment(company_id, name, rule) values ($1, 'Pessoa 1 e amigos', '{}')", owner.company_id)
    await real.open("/team")
    found = await searched(real, monkeypatch, 7, "pessoa 1")
    assert {group: [one["text"] for one in entries] for group, entries in found.items()} == {
        "conversations": ["Pessoa 1"],
        "contacts": ["Pessoa 1"],
        "leads": ["Pessoa 1 quer cortina"],
        "campaigns": ["Pessoa 1 volta"],
        "cadences": [],
        "templates": ["Pessoa 1 comprou"],
        "personas": [],
        "boards": [],
        "segments": ["Pessoa 1 e amigos"],
        "knowledge": [],
    }
    assert len([one for one in asked if one == "GET /v1/search"]) == 1
    assert found["templates"][0]["path"] == "/templates?q=Pessoa%201%20comprou"
    assert found["campaigns"][0]["path"] == f"/campaigns/{made.id}"
    assert re.fullmatch(r"/boards/[0-9a-f-]+\?lead=[0-9a-f-]+", found["leads"][0]["path"])
    by_number = await searched(real, monkeypatch, 8, "98765-4321")
    assert [one["text"] for one in by_number["contacts"]] == ["Pessoa 1"]


async def test_a_role_is_offered_what_it_may(ana: User, api: FakeApi) -> None:
    await ana.open("/team")
    everything = offered(ana)
    api.state.role = Role.VIEWER  # reads the company, contacts and the team, in this fake
    await ana.open("/team")
    few = offered(ana)
    assert few["searches"] == ["contacts", "segments"]
    assert few["roots"] == ["/contacts", "/team", "/settings"]
    tabs = {f"/settings?tab={tab}" for tab in ("profile", "notifications", "security", "company")}
    assert {one["path"] for one in few["entries"]} == {"/", "/contacts", "/team", "/settings", *tabs}
    assert {"/campaigns/new", "/templates/new", "/channels/connect"} <= {one["path"] for one in everything["entries"]}


async def test_a_search_without_answer_says_so(real: User, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    await real.open("/team")

    class Away(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("away")

    monkeypatch.setattr(network, "api", Away())
    assert set((await searched(real, monkeypatch, 1, "ana")).values()) == {None}


@pytest.mark.parametrize(
    "args", [None, [], {}, {"number": "1", "text": "a"}, {"number": 1, "text": ""}, {"number": 1, "text": "x" * 101}]
)
async def test_what_no_palette_of_ours_asks_is_left_alone(
    real: User, asked: list[str], monkeypatch: pytest.MonkeyPatch, args: Any
) -> None:
    await real.open("/team")
    assert real.client is not None
    before = len(asked)
    for listener in list(real.client.layout._event_listeners.values()):
        if listener.type == "palette":
            real.client.layout._handle_event({"listener_id": listener.id, "args": args})
    assert not [one for one in asked[before:] if "/v1/search" in one or one == "GET /v1/conversations"]
