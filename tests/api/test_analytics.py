"""Figures over HTTP: who may see them, that the rows behind one are as many, and that a file says what the answer says."""

import csv
import io
from datetime import date
from uuid import UUID

import asyncpg
import httpx
from openpyxl import load_workbook

from db.contacts.actions import create_contact
from db.permissions import Permission, Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import SignInAs
from tests.db.conversations.test_conversations import Scene

BASE = "/v1/analytics"


async def test_figures_their_rows_and_their_files(
    client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection, sign_in_as: SignInAs
) -> None:
    channel = await factories.channel(owner_db, owner, name="=1+1")
    for number in range(3):
        phone = f"+5511987654{number:03}"
        contact = (await create_contact(owner, name=f"Ana {number}", phone=phone, tag_names=["VIP"] * (number < 2), custom={}))[
            "id"
        ]
        await Scene(owner, channel, contact).wrote(number, key=f"k{number}")
    auth = await sign_in_as(Role.MANAGER)
    found = (await client.get(f"{BASE}/conversations", headers=auth)).json()
    assert (found["figures"]["opened"], sum(one["count"] for one in found["waiting"])) == (3, 3)
    page = (await client.get(f"{BASE}/talks?fact=opened&limit=2", headers=auth)).json()
    rest = await client.get(f"{BASE}/talks", params={"fact": "opened", "limit": 2, "cursor": page["next_cursor"]}, headers=auth)
    assert page["total"] == 3
    assert [one["contact_name"] for one in page["items"] + rest.json()["items"]] == ["Ana 2", "Ana 1", "Ana 0"]
    assert (await client.get(f"{BASE}/messages", headers=auth)).json()["figures"]["received"] == 3

    text = (await client.get(f"{BASE}/conversations/file?format=csv&language=en&separator=,", headers=auth)).text
    lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    this = next(line for line in lines if line[:1] == ["This period"])
    assert dict(zip(lines[lines.index(this) - 1], this, strict=True))["Opened"] == "3"
    book = load_workbook(io.BytesIO((await client.get(f"{BASE}/conversations/file", headers=auth)).content))
    assert book.sheetnames[:2] == ["Sobre estes números", "Números"]
    assert book["Números"]["B2"].value == 3
    assert book["Por canal"]["A2"].value == "'=1+1"  # no formula
    assert (await client.get(f"{BASE}/campaigns/file?format=csv", headers=auth)).status_code == 200
    assert (await client.get(f"{BASE}/messages/file", headers=auth)).status_code == 200

    vip = {"tag": "vip", "compare": "year"}
    found = (await client.get(f"{BASE}/conversations", params=vip, headers=auth)).json()
    assert (found["figures"]["opened"], found["hours"]) == (2, None)
    since, before = (date.fromisoformat(found["period"][name]) for name in ("since", "before"))
    assert (found["period"]["compare"], before.year, before.month) == ("year", since.year - 1, since.month)
    assert (await client.get(f"{BASE}/talks", params={"tag": "vip"}, headers=auth)).json()["total"] == 2
    form = {"format": "csv", "language": "en", "separator": ","}
    text = (await client.get(f"{BASE}/conversations/file", params={**vip, **form}, headers=auth)).text
    lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert ["tag", "vip"] in lines
    assert next(line for line in lines if line[:1] == ["This period"])[1] == "2"
    for page_of in ("calls", "assistant", "consent", "origins"):
        team = {} if page_of == "consent" else {"team_id": str(UUID(int=0))}
        narrowed = await client.get(f"{BASE}/{page_of}", params={**vip, **team}, headers=auth)
        assert narrowed.status_code == 200, narrowed.text
    assert (await client.get(f"{BASE}/calls", params=vip, headers=auth)).json()["spent"] is None


async def test_who_may_not_see_figures(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    for path in ("conversations", "talks", "messages", "campaigns"):
        assert (await client.get(f"{BASE}/{path}", headers=await sign_in_as(Role.AGENT))).status_code == 403
    narrow = await sign_in_as(scopes=[Permission.ANALYTICS_READ])
    assert (await client.get(f"{BASE}/messages", headers=narrow)).status_code == 200
    assert (await client.get(f"{BASE}/talks", headers=narrow)).status_code == 403
    wrong = await client.get(f"{BASE}/messages?since=2020-01-01&until=2024-01-01", headers=narrow)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "since")


async def test_figures_of_a_board_open_into_leads(
    client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection, sign_in_as: SignInAs
) -> None:
    stages = await owner_db.fetch("select * from stage where company_id = $1 order by rank", owner.company_id)
    board, won = stages[0]["board_id"], next(row["id"] for row in stages if row["kind"] == "won")
    made = [await factories.lead(owner_db, owner, f"Ana {number}", value_cents=15_000) for number in range(3)]
    await owner_db.execute("update lead set stage_id = $2, stage_since = now() where id = $1", made[0], won)
    auth = await sign_in_as(Role.MANAGER)
    path = f"{BASE}/boards/{board}"
    found = (await client.get(path, headers=auth)).json()
    assert (found["figures"]["entered"], found["figures"]["won"], found["figures"]["won_value"]) == (3, 1, 15_000)
    pair = {"fact": "passed", "stage_id": str(stages[0]["id"]), "to_stage_id": str(won)}
    rows = (await client.get(f"{path}/leads", params=pair, headers=auth)).json()
    assert (rows["total"], [one["title"] for one in rows["items"]]) == (1, ["Ana 0"])
    text = (await client.get(f"{path}/file?format=csv&language=en&separator=,", headers=auth)).text
    lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert next(line for line in lines if line[:1] == ["This period"])[1:4] == ["3", "1", "1"]
    assert (await client.get(path, headers=await sign_in_as(scopes=[Permission.ANALYTICS_READ]))).status_code == 403
