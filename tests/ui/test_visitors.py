"""How much strangers may cost the web app."""

import time

import pytest
from nicegui import Client
from nicegui.testing import User

from ui import visitors
from ui.visitors import Bucket, network


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_an_address_is_counted_with_its_neighbours(host: str | None, key: str) -> None:
    assert network(host) == key


def test_a_bucket_gives_no_more_than_it_holds() -> None:
    bucket = Bucket(0.0, 3)
    assert [bucket.take() for _ in range(5)] == [True, True, True, False, False]


async def test_pages_of_strangers_are_bounded(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages whose browser never opens a socket, as a script asks for them."""
    monkeypatch.setattr(visitors, "PER_ADDRESS", 8)
    for _ in range(visitors.PER_ADDRESS + 20):
        assert (await user.http_client.get("/sign-in")).status_code == 200
        user.http_client.cookies.clear()
    assert len(list(visitors.strangers())) <= visitors.PER_ADDRESS


async def test_too_many_pages_a_second_are_refused(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "PAGES_AT_ONCE", 20.0)
    monkeypatch.setattr(visitors, "PAGES_A_SECOND", 0.0)
    statuses = [(await user.http_client.get("/sign-in")).status_code for _ in range(30)]
    assert statuses == [200] * 20 + [429] * 10
    assert (await user.http_client.get("/health")).status_code == 200


async def test_a_page_of_somebody_who_is_signed_in_stays(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "PER_ADDRESS", 8)
    mine = await ana.open("/team")
    ana.http_client.cookies.clear()
    for _ in range(visitors.PER_ADDRESS + 5):
        await ana.http_client.get("/sign-in")
    assert mine.id in Client.instances


async def test_a_page_without_its_socket_does_not_stay_for_long(user: User) -> None:
    await user.http_client.get("/sign-in")
    [waiting] = [client for client in visitors.strangers() if not client.has_socket_connection]
    waiting.created = time.time() - visitors.STALE - 1
    await user.http_client.get("/sign-in")
    assert waiting.id not in Client.instances
