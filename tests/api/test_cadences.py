"""Cadences over HTTP: written, refused with the step that is wrong, started, filled, read."""

from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from db.cadences import steps, unsent
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import SignInAs


@pytest.fixture
async def channel_id(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    await factories.contacts(owner_db, owner, 3)
    return await factories.channel(owner_db, owner, "sms")


async def test_a_sequence_is_written_started_and_read(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, channel_id: UUID, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    first, second = str(uuid4()), str(uuid4())
    plan = {
        "steps": [
            {"kind": "send", "id": first, "channel_id": str(channel_id), "text": "Oi!"},
            {
                "kind": "branch", "id": second, "condition": {"kind": "field_is", "key": "cidade", "value": "Niterói"},
                "yes": [{"kind": "wait", "id": str(uuid4()), "minutes": 60}], "no": [],
            },
        ],
        "hours": {"start": "00:00", "end": "23:59", "days": [0, 1, 2, 3, 4, 5, 6]},
    }  # fmt: skip
    made = await client.post("/v1/cadences", json={"name": "Boas-vindas", "plan": plan}, headers=auth)
    assert made.status_code == 201, made.text
    path = f"/v1/cadences/{made.json()['id']}"
    assert (await client.post(f"{path}/enrolments", json={"contacts": {"everyone": True}}, headers=auth)).status_code == 409
    started = await client.post(f"{path}/start", headers=auth)
    assert started.json()["state"] == "running", started.text
    put = await client.post(f"{path}/enrolments", json={"contacts": {"everyone": True}}, headers=auth)
    assert put.json() == {"matched": 3, "enrolled": 3}
    while await steps.step(owner.company_id, UUID(made.json()["id"])):
        pass
    figures = {one["step_id"]: one for one in (await client.get(f"{path}/steps", headers=auth)).json()["items"]}
    assert figures[first]["queued"] == 3
    assert (figures[second]["waiting"], figures[second]["unsent"]) == (3, 3)
    people = (await client.get(f"{path}/enrolments", headers=auth)).json()["items"]
    assert all(one["awaits_message"] for one in people)
    await owner_db.execute("update message set state = 3, sent_at = now() where company_id = $1", owner.company_id)
    while await unsent.take(owner.company_id, UUID(made.json()["id"])) or await steps.step(
        owner.company_id, UUID(made.json()["id"])
    ):
        pass
    figures = {one["step_id"]: one for one in (await client.get(f"{path}/steps", headers=auth)).json()["items"]}
    assert (figures[second]["yes"], figures[second]["no"]) == (2, 1)
    people = (await client.get(f"{path}/enrolments?state=active", headers=auth)).json()["items"]
    assert [one["name"] for one in people] == ["Pessoa 2", "Pessoa 0"]
    removed = await client.post(f"{path}/remove", json={"contact_ids": [people[0]["contact_id"]]}, headers=auth)
    assert removed.json() == {"removed": 1}
    shown = (await client.get(path, headers=auth)).json()
    assert shown["people"] == {"entered": 3, "active": 1, "done": 1, "stopped": 1, "stopped_by": {"person": 1}}
    campaigns = (await client.get("/v1/campaigns", headers=auth)).json()
    assert campaigns["items"] == []  # what its steps send is no campaign of the list


async def test_one_that_ended_goes_on_as_a_copy(
    client: httpx.AsyncClient, sign_in_as: SignInAs, channel_id: UUID, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    asked = {"kind": "branch", "id": str(uuid4()), "condition": {"kind": "replied"}, "no": []}
    asked["yes"] = [{"kind": "wait", "id": str(uuid4()), "minutes": 60}]
    plan = {"steps": [{"kind": "send", "id": str(uuid4()), "channel_id": str(channel_id), "text": "Oi!"}, asked], "again": True}
    made = (await client.post("/v1/cadences", json={"name": "Boas-vindas", "plan": plan}, headers=auth)).json()
    path = f"/v1/cadences/{made['id']}"
    await client.post(f"{path}/start", headers=auth)
    await client.post(f"{path}/enrolments", json={"contacts": {"everyone": True}}, headers=auth)
    await client.post(f"{path}/end", headers=auth)
    assert (await client.post(f"{path}/start", headers=auth)).json()["code"] == "cadence_ended"

    answer = await client.post(f"{path}/copy", headers=auth)
    assert answer.status_code == 201, answer.text
    copied = answer.json()
    assert (copied["name"], copied["state"], copied["live"], copied["people"]["entered"]) == ("Boas-vindas (2)", "draft", None, 0)
    send, branch = copied["plan"]["steps"]
    assert (send["text"], branch["yes"][0]["minutes"], copied["plan"]["again"]) == ("Oi!", 60, True)
    ids = {send["id"], branch["id"], branch["yes"][0]["id"]}
    assert len(ids) == 3
    assert not ids & {plan["steps"][0]["id"], asked["id"], asked["yes"][0]["id"]}
    started = await client.post(f"/v1/cadences/{copied['id']}/start", headers=auth)
    assert started.json()["state"] == "running", started.text
    assert (await client.get(path, headers=auth)).json()["state"] == "ended"
    assert (await client.post(f"/v1/cadences/{uuid4()}/copy", headers=auth)).status_code == 404


async def test_somebody_is_found_among_its_people_and_its_people_on_them(
    client: httpx.AsyncClient, sign_in_as: SignInAs, channel_id: UUID, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    await client.post("/v1/contacts", json={"name": "Zilda Prates", "phone": "+5521998877665"}, headers=auth)
    plan = {"steps": [{"kind": "send", "id": str(uuid4()), "channel_id": str(channel_id), "text": "Oi!"}]}
    made = (await client.post("/v1/cadences", json={"name": "Boas-vindas", "plan": plan}, headers=auth)).json()
    path = f"/v1/cadences/{made['id']}"
    await client.post(f"{path}/start", headers=auth)
    await client.post(f"{path}/enrolments", json={"contacts": {"everyone": True}}, headers=auth)
    pages = [(await client.get(f"{path}/enrolments?limit=2", headers=auth)).json()]
    pages.append((await client.get(f"{path}/enrolments?limit=2&cursor={pages[0]['next_cursor']}", headers=auth)).json())
    assert [len(one["items"]) for one in pages] == [2, 2]
    found = (await client.get(f"{path}/enrolments?search=prates", headers=auth)).json()["items"]
    assert [one["name"] for one in found] == ["Zilda Prates"]
    by_phone = (await client.get(f"{path}/enrolments?search=(21) 99887-7665", headers=auth)).json()["items"]
    assert [one["id"] for one in by_phone] == [found[0]["id"]]
    for nobody in ("?search=zzz", "?search=%25", "?search=prates&state=done"):
        assert (await client.get(f"{path}/enrolments{nobody}", headers=auth)).json()["items"] == []

    theirs = f"/v1/contacts/{found[0]['contact_id']}/cadences"
    (one,) = (await client.get(theirs, headers=auth)).json()["items"]
    assert (one["cadence_id"], one["cadence"], one["cadence_state"]) == (made["id"], "Boas-vindas", "running")
    assert (one["state"], one["source"], one["reason"]) == ("active", "person", None)
    await client.post(f"{path}/remove", json={"contact_ids": [found[0]["contact_id"]]}, headers=auth)
    (one,) = (await client.get(theirs, headers=auth)).json()["items"]
    assert (one["state"], one["reason"]) == ("stopped", "person")
    assert (await client.get(f"/v1/contacts/{uuid4()}/cadences", headers=auth)).status_code == 404


async def test_what_is_wrong_is_told_at_its_step(client: httpx.AsyncClient, sign_in_as: SignInAs, channel_id: UUID) -> None:
    auth = await sign_in_as()
    plan = {"steps": [{"kind": "send", "id": str(uuid4()), "channel_id": str(channel_id), "text": " "}]}
    made = await client.post("/v1/cadences", json={"name": "x", "plan": plan}, headers=auth)
    refused = await client.post(f"/v1/cadences/{made.json()['id']}/start", headers=auth)
    assert refused.status_code == 409
    assert refused.json()["code"] == "cadence_not_ready"
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [("steps[0]", "no_body")]


async def test_a_time_of_day_is_one(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    plan = {"steps": [{"kind": "wait_until", "id": str(uuid4()), "at": "25:00"}]}
    refused = await client.post("/v1/cadences", json={"name": "x", "plan": plan}, headers=await sign_in_as())
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "clock_time"
