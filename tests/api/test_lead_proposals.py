"""Proposals over HTTP: versions of settings, what a key may see, and a lead that says what moved it."""

import asyncpg
import httpx

from db.permissions import Permission
from db.proposals.enums import LeadTool
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.api.test_borrowed_rights import new_key
from tests.db.proposals.scene import Scene


async def test_settings_have_a_version(
    client: httpx.AsyncClient, owner: Actor, headers_for: SignInAs, owner_db: asyncpg.Connection
) -> None:
    scene = await Scene.make(owner, owner_db)
    auth, path = await headers_for(owner), f"/v1/boards/{scene.board}/ai"
    found = await client.get(path, headers=auth)
    assert (found.json()["watching"], found.headers["etag"], found.json()["tools"]["move_lead"]) == (True, '"1"', "automatic")
    body = {"watching": True, "tools": {"move_lead": "suggest"}}
    put = await client.put(path, json=body, headers={**auth, "If-Match": '"1"'})
    assert (put.status_code, put.json()["version"], put.json()["tools"]["assign"]) == (200, 2, "never")
    assert (await client.put(path, json=body, headers={**auth, "If-Match": '"1"'})).status_code == 412
    sends = await client.put(path, json={"watching": True, "tools": {"send_template": "automatic"}}, headers=auth)
    assert sends.json()["errors"][0]["code"] == "not_by_itself"
    asks = await client.put(path, json={"watching": True, "tools": {"move_lead": "ask"}}, headers=auth)
    assert asks.status_code == 422


async def test_a_lead_says_what_moved_it_and_is_put_back(
    client: httpx.AsyncClient, owner: Actor, headers_for: SignInAs, owner_db: asyncpg.Connection
) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote("Pode mandar a proposta")
    moved = await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])
    auth = await headers_for(owner)
    lead = (await client.get(f"/v1/leads/{lead_id}", headers=auth)).json()
    said = lead["moved_by_ai"]
    assert (said["proposal_id"], said["quote"], said["reason"], lead["proposals"]) == (
        str(moved.id), "Pode mandar a proposta", "O cliente disse.", 0,
    )  # fmt: skip
    _, boards_only = await new_key(client, auth, Permission.BOARDS_READ)
    hidden = (await client.get(f"/v1/leads/{lead_id}", headers=boards_only)).json()["moved_by_ai"]
    assert (hidden["proposal_id"], hidden["quote"]) == (str(moved.id), "")
    assert (await client.get("/v1/lead-proposals", headers=boards_only)).status_code == 403
    (listed,) = (await client.get("/v1/lead-proposals", params={"lead_id": str(lead_id)}, headers=auth)).json()["items"]
    assert (listed["can_undo"], listed["can_decide"], listed["automatic"], listed["to_stage"]["name"]) == (
        True,
        False,
        True,
        "Proposta",
    )
    assert listed["evidence"][0]["message_id"] == str(scene.messages["Pode mandar a proposta"])
    undone = await client.post(f"/v1/lead-proposals/{moved.id}/undo", json={"because": "Era brincadeira."}, headers=auth)
    assert (undone.status_code, undone.json()["state"], undone.json()["decided_by"]["id"]) == (200, "undone", str(owner.id))
    again = (await client.get(f"/v1/leads/{lead_id}", headers=auth)).json()
    assert (again["stage_id"], again["moved_by_ai"]) == (str(scene.stages["Novo"]), None)
    lines = (await client.get(f"/v1/leads/{lead_id}/history", headers=auth)).json()["items"]
    assert [(one["kind"], one["by"] and one["by"]["id"], one["proposal_id"]) for one in lines[:2]] == [
        ("moved_back", str(owner.id), str(moved.id)), ("moved", None, str(moved.id)),
    ]  # fmt: skip


async def test_how_many_wait(
    client: httpx.AsyncClient, owner: Actor, headers_for: SignInAs, owner_db: asyncpg.Connection
) -> None:
    scene = await Scene.make(owner, owner_db, min_confidence=1.0)
    await scene.lead()
    await scene.wrote("Pode mandar a proposta")
    await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])
    auth = await headers_for(owner)
    answer = (await client.get("/v1/lead-proposals/waiting", headers=auth)).json()
    assert answer == {"waiting": 1, "boards": [{"board_id": str(scene.board), "waiting": 1}]}
    (listed,) = (await client.get("/v1/lead-proposals", params={"state": "proposed"}, headers=auth)).json()["items"]
    assert (listed["why"], listed["can_decide"], listed["contact_name"]) == ("low_confidence", True, "Ana Lima")
