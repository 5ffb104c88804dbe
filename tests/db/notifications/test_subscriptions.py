"""Browsers that want notifications: one subscription per browser and company, and nobody else's."""

import base64
from uuid import uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from db import crypto
from db.crypto import SealBroken
from db.errors import Conflict, Invalid, NotFound
from db.jobs import SendPush
from db.notifications import calls, subscriptions, vapid
from db.notifications.enums import NotificationKind
from db.notifications.subscriptions import MOST, Target
from db.permissions import Permission, Role
from db.tenancy import Actor
from db.work import work
from tests.api.conftest import make_member

CHROME = "Mozilla/5.0 Chrome/140.0"


def target(endpoint: str = "https://push.example.com/1") -> Target:
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return Target(endpoint, base64.urlsafe_b64encode(point).rstrip(b"=").decode(), "tBHItJI5svbpez7KI4CCXg")


async def test_a_browser_has_one_subscription(owner: Actor) -> None:
    first = await subscriptions.subscribe(owner, target(), CHROME)
    renewed = target()
    again = await subscriptions.subscribe(owner, renewed, CHROME)
    assert again.id == first.id
    assert [one.id for one in await subscriptions.subscriptions(owner)] == [first.id]
    reach = await subscriptions.reach(owner.company_id, owner.id)
    assert reach is not None
    assert reach.targets == {first.id: (renewed, crypto.ring().current)}


async def test_who_lacks_the_second_factor_that_the_company_asks_for_hears_nothing(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await subscriptions.subscribe(owner, target(), CHROME)
    await owner_db.execute("update company set second_factor_required = true where id = $1", owner.company_id)
    assert await subscriptions.reach(owner.company_id, owner.id) is None
    await owner_db.execute("update account_user set second_factor_at = now() where id = $1", owner.id)
    assert await subscriptions.reach(owner.company_id, owner.id) is not None


async def test_who_signs_in_in_a_browser_takes_it_over(owner_db: asyncpg.Connection, owner: Actor) -> None:
    other = await make_member(owner_db, owner, Role.AGENT)
    taken = await subscriptions.subscribe(owner, target(), CHROME)
    await subscriptions.subscribe(other, target(), CHROME)
    assert await subscriptions.reach(owner.company_id, owner.id) is None
    with pytest.raises(NotFound):
        await subscriptions.unsubscribe(owner, taken.id)
    await subscriptions.unsubscribe(other, taken.id)
    assert await subscriptions.subscriptions(other) == []


async def test_companies_know_nothing_of_each_other(owner: Actor, stranger: Actor) -> None:
    own = await subscriptions.subscribe(owner, target(), CHROME)
    theirs = await subscriptions.subscribe(stranger, target(), CHROME)
    assert own.id != theirs.id
    with pytest.raises(NotFound):
        await subscriptions.unsubscribe(stranger, own.id)
    assert [one.id for one in await subscriptions.subscriptions(stranger)] == [theirs.id]


async def test_nobody_has_any_number(owner: Actor) -> None:
    for number in range(MOST):
        await subscriptions.subscribe(owner, target(f"https://push.example.com/{number}"), None)
    await subscriptions.subscribe(owner, target("https://push.example.com/0"), None)  # a known one
    with pytest.raises(Conflict):
        await subscriptions.subscribe(owner, target("https://push.example.com/more"), None)


async def test_a_key_that_is_on_no_curve_is_refused(owner: Actor) -> None:
    with pytest.raises(Invalid):
        await subscriptions.subscribe(owner, Target("https://push.example.com/1", "A" * 87, "tBHItJI5svbpez7KI4CCXg"), None)


async def test_who_left_the_company_is_not_reached(owner_db: asyncpg.Connection, owner: Actor) -> None:
    other = await make_member(owner_db, owner, Role.AGENT)
    await subscriptions.subscribe(other, target(), CHROME)
    await owner_db.execute("delete from membership where user_id = $1", other.id)
    assert await subscriptions.reach(owner.company_id, other.id) is None


async def test_who_acts_is_not_called(owner_db: asyncpg.Connection, owner: Actor) -> None:
    other, conversation_id = await make_member(owner_db, owner, Role.AGENT), uuid4()
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await calls.call(w, [owner.id, other.id, other.id], NotificationKind.MENTIONED, conversation_id)
        w.audit("test")
    rows = await owner_db.fetch(
        f"select payload from job where company_id = $1 and name = '{SendPush.__name__}'", owner.company_id
    )
    assert len(rows) == 1
    assert str(other.id) in rows[0]["payload"]


def test_the_signing_key_belongs_to_a_key_of_the_ring() -> None:
    assert len(vapid.public_key(crypto.ring().current)) == 65
    assert vapid.public_key(crypto.ring().current) == vapid.public_key(crypto.ring().current)
    with pytest.raises(SealBroken):
        vapid.public_key("gone")
