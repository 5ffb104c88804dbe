"""One real campaign with SMS in its place: report, its table, its page, the comparison, the cost, people and histories all say the same."""

import csv
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import msgspec
import pytest

from api.contract.reports import CampaignReport
from api.report.layout import Line, layout
from api.report.words import Words
from db import valkey
from db.campaigns import fallback
from db.clock import now
from db.contacts import merges
from db.contacts.enums import MergeReason
from db.costs import ledger as costs
from db.costs import rates
from db.costs.ledger import Charge
from db.costs.rates import Rate
from db.messages import fallbacks
from db.messages.enums import MessageState as M
from db.messages.ledger import Claimed
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, work
from tests.api.conftest import Headers
from tests.api.test_campaigns import auth
from tests.db.campaigns.test_fallback import SEND, Stage, staged

__all__ = ["auth"]

PEOPLE = 14
FIRST, SMS = 60_000, 50_000
Get = Callable[..., Awaitable[Any]]


class Scene(NamedTuple):
    stage: Stage
    tag: UUID


async def _bill(owner: Actor, batch: list[Claimed], category: str | None) -> None:
    async with work(owner, SEND) as w:
        model = "segments" if category is None else ""
        await costs.bill(w, [Charge(one.attempt_id, None, now(), True, category, model) for one in batch])


async def _answered(stage: Stage, one: Claimed) -> None:
    await stage.db.execute("update message set replied_at = now() where id = $1", one.message_id)


async def played(db: asyncpg.Connection, owner: Actor) -> Scene:
    """Everything that may happen: it arrived, failed, failed and went by SMS, arrived after all, two became one."""
    await rates.set_rates(
        owner,
        [
            Rate("whatsapp", "BR", "marketing", "BRL", FIRST, date(2026, 1, 1), ""),
            Rate("sms", "BR", "sms", "BRL", SMS, date(2026, 1, 1), ""),
        ],
    )
    stage = await staged(db, owner, PEOPLE)
    people = sorted(await stage.claim(stage.channel, stage.id), key=lambda one: one.address)
    await stage.write([*people[:3], people[7], people[8]], M.SENT)
    for one, state in ((people[0], M.DELIVERED), (people[1], M.READ)):
        await stage.told(one, state)
    await _answered(stage, people[1])
    await stage.told(people[7], M.FAILED, "not_on_whatsapp")  # accepted, failed, and arrived in the end
    await stage.write(people[3:7] + people[9:13], M.FAILED, "not_on_whatsapp")
    await stage.told(people[8], M.FAILED, "opted_out")  # no SMS for them
    await stage.write([people[13]], M.UNKNOWN, "unknown_outcome")
    async with work(owner, Permission.CONTACTS_WRITE) as w:  # 9 and 10 failed both, 2 was sent and 11 failed
        for stays, goes in ((people[9], people[10]), (people[2], people[11])):
            assert stays.contact_id is not None
            assert goes.contact_id is not None
            await merges.merge(w, stays.contact_id, goes.contact_id, MergeReason.BY_HAND)
    while await fallback.rounds():
        pass
    child = await stage.child()
    sms = {one.address: one for one in await stage.claim(stage.sms, child)}
    got = [sms[people[n].address] for n in (3, 4, 5, 7)] + [one for one in sms.values() if one.contact_id == people[9].contact_id]
    for one in got:
        await stage.write(
            [one],
            M.FAILED if one.address == people[5].address else M.SENT,
            "carrier_filtered" if one.address == people[5].address else None,
        )
    for one in (sms[people[3].address], sms[people[7].address], got[-1]):
        await stage.told(one, M.DELIVERED)
    await _answered(stage, sms[people[3].address])
    await stage.told(people[7], M.DELIVERED)
    await _bill(owner, [*people[:3], people[7]], "marketing")
    await _bill(owner, [one for one in got if one.address != people[5].address], None)
    tag: UUID = await db.fetchval("insert into tag(company_id, name) values ($1, 'Comprou') returning id", owner.company_id)
    for one in (
        people[1],
        people[3],
        people[8],
        people[12],
    ):  # by WhatsApp, by SMS, one whom nothing reached, one whose SMS waits
        await db.execute(
            "insert into contact_tag(company_id, tag_id, contact_id, added_at) values ($1, $2, $3, now() + interval '1 minute')",
            owner.company_id, tag, one.contact_id,
        )  # fmt: skip
    return Scene(stage, tag)


class Naive(NamedTuple):
    """The same counted row by row."""

    figures: dict[str, int]
    alone: dict[str, int]


_RANK = {M.SENT: 3, M.DELIVERED: 3, M.READ: 3, M.QUEUED: 2, M.SENDING: 2, M.UNKNOWN: 2, M.FAILED: 1, M.FAILED_UNKNOWN: 1}


async def naive(stage: Stage) -> Naive:
    sql = "select contact_id, state, replied_at is not null as replied from message where campaign_id = $1 order by id"
    first, other = [await stage.db.fetch(sql, one) for one in (stage.id, await stage.child())]
    ranks = Counter(_RANK.get(M(row["state"]), 0) for row in first)
    told = {
        "delivered": sum(row["state"] in (M.DELIVERED, M.READ) for row in first),
        "read": sum(row["state"] == M.READ for row in first),
        "replied": sum(row["replied"] for row in first),
    }
    alone: Counter[str] = Counter()
    for row in other:
        mine = [one for one in first if one["contact_id"] == row["contact_id"]]
        before, after = max(_RANK.get(M(one["state"]), 0) for one in mine), _RANK.get(M(row["state"]), 0)
        if after > before:
            ranks[before] -= 1
            ranks[after] += 1
            alone[{3: "sent", 2: "waiting"}[after]] += 1
        if row["state"] in (M.DELIVERED, M.READ) and not any(one["state"] in (M.DELIVERED, M.READ) for one in mine):
            alone["delivered"] += 1
        if row["state"] == M.READ and not any(one["state"] == M.READ for one in mine):
            alone["read"] += 1
        if row["replied"] and not any(one["replied"] for one in mine):
            alone["replied"] += 1
    told = {key: count + alone[key] for key, count in told.items()}
    figures = {"audience": len(first), "waiting": ranks[2], "sent": ranks[3], "failed": ranks[1], "stopped": ranks[0], **told}
    return Naive(figures, {key: alone[key] for key in ("waiting", "sent", "delivered", "read", "replied")})


@pytest.fixture
async def scene(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await played(owner_db, owner)


async def test_every_place_says_the_same(client: httpx.AsyncClient, auth: Headers, scene: Scene) -> None:
    stage, url = scene.stage, f"/v1/campaigns/{scene.stage.id}"
    kept = await client.put(f"{url}/goal", json={"kind": "tag", "ids": [str(scene.tag)], "days": 7}, headers=auth)
    kept.raise_for_status()

    async def get(path: str, **params: object) -> Any:
        return (await client.get(path, params=params, headers=auth)).raise_for_status()  # type: ignore[arg-type]

    report = (await get(f"{url}/report")).json()
    found = await naive(stage)
    assert report["figures"] == found.figures
    assert found.figures == {
        "audience": 14, "waiting": 3, "sent": 7, "delivered": 5, "read": 1, "replied": 2, "failed": 4, "stopped": 0,
    }  # fmt: skip
    other = report["fallback"]
    assert (
        {key: other[key] for key in found.alone}
        == found.alone
        == {"waiting": 2, "sent": 3, "delivered": 2, "read": 0, "replied": 1}
    )
    assert (other["channel_name"], other["channel_kind"]) == ("SMS da loja", "sms")
    assert report["converted"] == 2, "who failed, and whose SMS waits, did not come by it"
    assert sum(one["count"] for one in report["failures"]) == report["figures"]["failed"]
    [spent] = report["spent"]
    assert (spent["amount_micro"], spent["messages"]) == (4 * FIRST + 4 * SMS, 8)
    assert spent["per_delivered_micro"] == round(spent["amount_micro"] / 5)
    assert spent["per_reply_micro"] == round(spent["amount_micro"] / 2)

    cost = (await get(f"{url}/cost")).json()
    assert cost["spent"] == report["spent"]

    rows = list(
        csv.reader((await get(f"{url}/report.csv", separator=",", language="en")).content.decode("utf-8-sig").splitlines())
    )
    table = {row[0]: row[1] for row in rows}
    names = {
        "sent": "Were sent it",
        "delivered": "Got it",
        "read": "Have read it",
        "replied": "Answered it",
        "failed": "Did not get it",
        "stopped": "Were taken off",
    }
    assert {key: int(table[name]) for key, name in names.items()} == {key: report["figures"][key] for key in names}
    assert {key: int(table[f"{names[key]}, over SMS da loja"]) for key in ("sent", "delivered", "replied")} == {
        key: other[key] for key in ("sent", "delivered", "replied")
    }
    assert table["Conversions"] == "2"

    page = layout(msgspec.convert(report, CampaignReport), Words("en", ZoneInfo("UTC"), "Loja"))
    texts = [shape.text for shape in page if isinstance(shape, Line)]
    assert "Of these over SMS da loja: Were sent it 3, Got it 2, Answered it 1" in texts
    assert [texts[texts.index(names[key]) + 1] for key in ("sent", "delivered", "read", "replied")] == ["7", "5", "1", "2"]
    for form in ("pdf", "png"):
        assert len((await get(f"{url}/report/file", format=form)).content) > 1000

    heads, line = list(
        csv.reader(
            (await get("/v1/campaigns/compare.csv", campaign_id=str(stage.id), separator=",", language="en"))
            .content.decode("utf-8-sig")
            .splitlines()
        )
    )
    beside = dict(zip(heads, line, strict=True))
    assert [beside[names[key]] for key in ("sent", "delivered", "read", "replied", "failed")] == ["7", "5", "1", "2", "4"]
    assert (beside["Conversions"], beside["Of these in place of a message that did not arrive"]) == ("2", "3")
    [compared] = (await get("/v1/campaigns/compare", campaign_id=str(stage.id), metric="replied")).json()["campaigns"]
    assert (compared["reached"], compared["counted"]) == (5, 2)

    card = (await get(f"{url}/progress")).json()["fallback"]
    assert {key: card[key] for key in ("waiting", "sent", "delivered", "replied", "failed", "both")} == {
        "waiting": 2, "sent": 4, "delivered": 3, "replied": 1, "failed": 1, "both": 1,
    }, "people who became one count once"  # fmt: skip


async def test_the_page_the_list_the_first_page_and_analytics_say_what_the_report_says(
    client: httpx.AsyncClient, auth: Headers, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, url = scene.stage, f"/v1/campaigns/{scene.stage.id}"
    await stage.db.execute("update campaign set started_at = now() - interval '1 hour' where id = $1", stage.id)

    async def get(path: str, **params: object) -> Any:
        return (await client.get(path, params=params, headers=auth)).raise_for_status().json()  # type: ignore[arg-type]

    async def people(**params: object) -> int:
        return len((await get(f"{url}/recipients", limit=100, **params))["items"])

    async def one_answer(*, analysed: bool = False) -> Any:
        report, page = await get(f"{url}/report"), await get(f"{url}/progress")
        [listed] = [one for one in (await get("/v1/campaigns"))["items"] if one["id"] == str(stage.id)]
        [running] = [one for one in (await get("/v1/home"))["running"] if one["id"] == str(stage.id)]
        analytics = (await get("/v1/analytics/campaigns"))["items"] if analysed else [report]  # that answer is kept for a second
        figures = report["figures"]
        assert figures == (await naive(stage)).figures
        told = (page, listed, running, *(one for one in analytics if one["id"] == str(stage.id)))
        assert [one["figures"] for one in told] == [figures] * 4
        assert (page["failures"], page["alone"]) == (report["failures"], report["fallback"])
        assert await people(state=["sent", "delivered", "read"]) == figures["sent"]
        assert await people(state=["delivered", "read"]) == figures["delivered"]
        assert await people(state=["queued", "sending", "unknown"]) == figures["waiting"]
        assert await people(state=["failed", "failed_unknown"]) == figures["failed"]
        for group in report["failures"]:
            assert await people(reason=group["reason"]) == group["count"]
        return figures

    before = await one_answer(analysed=True)
    asked: list[UUID] = []
    turned = fallbacks.turned

    async def counted(r: Read, company_id: UUID, campaign_id: UUID, instead: UUID) -> Any:
        asked.append(campaign_id)
        return await turned(r, company_id, campaign_id, instead)

    monkeypatch.setattr(fallbacks, "turned", counted)
    assert (await one_answer(), asked) == (before, []), "nothing changed: it is not counted anew"
    child = await stage.child()
    sms = await stage.db.fetchrow(
        "select id, contact_id from message where campaign_id = $1 and state = 3 and address like '%04'", child
    )
    await stage.db.execute("update message set state = 4, delivered_at = now() where id = $1", sms["id"])
    assert await one_answer() == {**before, "delivered": before["delivered"] + 1}
    assert asked == [stage.id]
    other = await stage.db.fetchval("select contact_id from message where campaign_id = $1 and address like '%08'", stage.id)
    async with work(stage.owner, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, sms["contact_id"], other, MergeReason.BY_HAND)
    await one_answer()
    assert asked == [stage.id] * 2, "people who became one are counted anew"

    async def down(*_given: object, **_named: object) -> Any:
        raise OSError

    monkeypatch.setattr(valkey.client(), "mget", down)
    await one_answer()


async def test_people_and_histories_show_what_went_another_way(client: httpx.AsyncClient, auth: Headers, scene: Scene) -> None:
    stage, url = scene.stage, f"/v1/campaigns/{scene.stage.id}"
    rows = (await client.get(f"{url}/recipients", params={"limit": 100}, headers=auth)).raise_for_status().json()["items"]
    shown = {row["address"][-2:]: (row["state"], row["fallback_state"], row["replied_at"] is not None) for row in rows}
    assert {number: shown[number] for number in ("00", "01", "03", "04", "05", "06", "07", "08")} == {
        "00": ("delivered", None, False),
        "01": ("read", None, True),
        "03": ("failed", "delivered", True),
        "04": ("failed", "sent", False),
        "05": ("failed", "failed", False),
        "06": ("failed", "sending", False),
        "07": ("delivered", "delivered", False),
        "08": ("failed", None, False),
    }
    found = (await client.get(f"{url}/recipients", params={"replied": "true"}, headers=auth)).json()["items"]
    assert {row["address"][-2:] for row in found} == {"01", "03"}, "as many as the report says"
    asked = {"separator": ",", "language": "en"}
    file = (await client.get(f"{url}/recipients.csv", params=asked, headers=auth)).raise_for_status()
    heads, *lines = list(csv.reader(file.content.decode("utf-8-sig").splitlines()))
    told = {line[heads.index("Number")][-2:]: line[heads.index("In its place")] for line in lines}
    assert (told["03"], told["04"], told["08"]) == ("Delivered", "Sent", "")
    reasons = {line[heads.index("Number")][-2:]: line[heads.index("Reason in its place")] for line in lines}
    assert (reasons["05"], reasons["03"]) == ("The carrier took it for spam", "")

    person = next(row["contact_id"] for row in rows if row["address"].endswith("03"))
    [got] = (await client.get(f"/v1/contacts/{person}/campaigns", headers=auth)).json()["items"]
    assert (got["campaign_id"], got["state"], got["fallback_state"], got["replied_at"] is not None) == (
        str(stage.id),
        "failed",
        "delivered",
        True,
    )
    way = (await client.get(f"/v1/contacts/{person}/campaigns/{stage.id}", headers=auth)).raise_for_status().json()
    assert (way["state"], way["fallback"]["state"], way["fallback"]["channel_name"]) == ("failed", "delivered", "SMS da loja")
    assert [one["outcome"] for one in way["fallback"]["tries"]] == ["accepted"]
    other = next(row["contact_id"] for row in rows if row["address"].endswith("00"))
    assert (await client.get(f"/v1/contacts/{other}/campaigns/{stage.id}", headers=auth)).json()["fallback"] is None


async def test_whatever_happens_each_person_counts_once(client: httpx.AsyncClient, auth: Headers, scene: Scene) -> None:
    """Any states of the two messages, also of people who became one."""
    dice, stage = random.Random(11), scene.stage
    child = await stage.child()
    for _ in range(25):
        for campaign in (stage.id, child):
            for row in await stage.db.fetch("select id from message where campaign_id = $1", campaign):
                state = dice.choice([one for one in M if one not in (M.SKIPPED, M.CANCELLED)])
                await stage.db.execute(
                    "update message set state = $2::smallint, sent_at = case when $2::smallint between 3 and 5 then now() end,"
                    " read_at = case when $2::smallint = 5 then now() end, replied_at = case when $3 then now() end where id = $1",
                    row["id"], int(state), dice.random() < 0.2,
                )  # fmt: skip
        report = (await client.get(f"/v1/campaigns/{stage.id}/report", headers=auth)).raise_for_status().json()
        found = await naive(stage)
        assert report["figures"] == found.figures
        assert {key: report["fallback"][key] for key in found.alone} == found.alone
        assert sum(report["times"]["bins"]) == report["figures"]["read"]
        assert sum(one["count"] for one in report["failures"]) == report["figures"]["failed"]
