"""A campaign's figures agree wherever they are shown, and add up, at every moment of its life: live page, list, first page, export,
and a count of the messages themselves."""

import csv
import io
import random
from collections import Counter
from uuid import UUID

import asyncpg
import httpx
import pytest

from api.contract.labels import MESSAGE_STATES
from db.campaigns import actions, lifecycle
from db.contacts import consent
from db.contacts.actions import delete_contacts
from db.messages.enums import AttemptState, MessageState
from db.messages.ledger import Claimed, Result
from db.permissions import Permission, Role
from db.stats import fold
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.api.conftest import Headers, SignInAs
from tests.db.messages.test_ledger import Scene, accepted, again, report, unknown

S = MessageState
SENT = {"sent", "delivered", "read"}
FAILED = {"failed", "failed_unknown"}


def _refused(message: Claimed) -> Result:
    return Result(
        message.message_id,
        message.epoch,
        message.attempt_id,
        S.FAILED,
        AttemptState.REJECTED,
        reason="not_on_whatsapp",
        detail="x",
    )


async def _look(client: httpx.AsyncClient, auth: Headers, scene: Scene) -> dict[str, int]:
    """The figures, after a comparison of every place that shows them."""
    one = f"/v1/campaigns/{scene.campaign_id}"
    live = (await client.get(f"{one}/progress", headers=auth)).json()
    [row] = (await client.get("/v1/campaigns", headers=auth)).json()["items"]
    home = (await client.get("/v1/home", headers=auth)).json()
    exported = csv.DictReader(
        io.StringIO((await client.get(f"{one}/recipients.csv?separator=,&language=en", headers=auth)).text.lstrip("\ufeff"))
    )
    labels = {label: state for state, label in MESSAGE_STATES.items()}
    states = Counter(labels[line["State"]] for line in exported)
    messages = Counter(
        {
            S(r["state"]).label: r["n"]
            for r in await scene.db.fetch(
                "select state, count(*) as n from message where campaign_id = $1 group by 1", scene.campaign_id
            )
        }
    )
    figures: dict[str, int] = live["figures"]
    assert row["figures"] == figures
    assert [c["figures"] for c in home["running"]] in ([figures], [])  # an ended campaign is no longer there
    counts = {state: n for state, n in live["counts"].items() if n}
    assert row["counts"] == live["counts"]
    assert counts == messages == states
    assert figures["audience"] == figures["waiting"] + figures["sent"] + figures["failed"] + figures["stopped"]
    assert min(figures.values()) >= 0
    assert figures["sent"] == sum(states[s] for s in SENT) >= figures["delivered"] >= figures["read"] == states["read"]
    assert figures["failed"] == sum(states[s] for s in FAILED)
    assert figures["waiting"] == sum(states[s] for s in ("queued", "sending", "unknown"))
    assert sum(states.values()) == figures["audience"] + 2  # two were left out when the audience was made
    replied = (await client.get(f"{one}/recipients?replied=true", headers=auth)).json()["items"]
    assert figures["replied"] == len(replied)
    days = home["days"]
    assert [sum(day[key] for day in days) for key in ("sent", "delivered", "replied")] == [
        figures[key] for key in ("sent", "delivered", "replied")
    ]
    return figures


@pytest.fixture
async def auth(sign_in_as: SignInAs) -> Headers:
    return await sign_in_as(Role.MANAGER)


@pytest.mark.parametrize("seed", range(4))
async def test_figures_agree_at_every_moment(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, owner_db: asyncpg.Connection, seed: int
) -> None:
    dice = random.Random(seed)
    channel = await factories.channel(owner_db, owner, unknown_horizon=0)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 14)
    people: list[UUID] = [
        row["id"] for row in await owner_db.fetch("select id from contact where company_id = $1", owner.company_id)
    ]
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, people[:2], "person")
    campaign = await factories.campaign(owner_db, owner, channel, template, state="preparing")
    await owner_db.execute(
        "update campaign set content = $2::jsonb, launched_at = now() where id = $1", campaign, '{"kind":"text","body":"Oi"}'
    )
    await lifecycle.prepare(owner.company_id, campaign)
    scene = Scene(owner_db, owner, channel, campaign)
    assert (await _look(client, auth, scene))["audience"] == 12
    sent: list[Claimed] = []
    for step in range(12):
        if step in (0, 6):  # while it waits, and after it may have been sent
            async with work(owner, Permission.CONTACTS_WRITE) as w:
                await delete_contacts(w, [people[-1] if step == 0 else dice.choice(people)])
        batch = await scene.claim(dice.randint(1, 5))
        for message in batch:
            outcome = dice.choice((accepted, accepted, accepted, _refused, unknown, again))
            await scene.finish(outcome(message))
            if outcome is accepted:
                sent.append(message)
        if sent:
            state = dice.choice((S.DELIVERED, S.READ, S.FAILED))
            await scene.status(report(dice.choice(sent), state))
            if dice.random() < 0.4:
                await owner_db.execute("update message set replied_at = now() where id = $1", dice.choice(sent).message_id)
        if dice.random() < 0.3:
            async with work(owner, Permission.CONTACTS_WRITE) as w:
                await consent.opt_out(w, [dice.choice(people)], "keyword")
        if dice.random() < 0.3:
            await scene.settle()
        if dice.random() < 0.5:
            await fold.fold()
        if step == 9 and seed % 2:
            await actions.cancel(owner, campaign)
            await lifecycle.reconcile()
        await _look(client, auth, scene)
    await scene.settle()
    figures = await _look(client, auth, scene)
    assert figures["audience"] == 12
