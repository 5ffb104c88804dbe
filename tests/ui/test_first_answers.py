"""What the API answers at once stands in the page's HTML; what takes longer finds its skeleton there, and follows over the socket."""

import pytest
from nicegui.testing import User

from db.contacts.actions import create_contact
from db.tenancy import Actor
from ui import first_answers


async def test_the_html_of_a_page_holds_what_it_shows(real: User, owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_answers, "PATIENCE", 30)
    await create_contact(owner, name="Zuleika Peixoto", phone="11 98765-4321")
    html = (await real.http_client.get("/contacts")).text  # two answers, one after the other: the tags, then the people
    assert "Zuleika Peixoto" in html
    assert "m-skel" not in html


async def test_a_page_that_looks_again_by_itself_waits_for_its_first_answers(
    real: User, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_answers, "PATIENCE", 30)
    made = await create_contact(owner, name="Zuleika Peixoto", phone="11 98765-4321")
    html = (await real.http_client.get(f"/contacts/{made['id']}")).text
    assert "Zuleika Peixoto" in html
    assert "m-skel" not in html


async def test_what_takes_longer_leaves_its_skeleton(real: User, owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_answers, "PATIENCE", 0)
    await create_contact(owner, name="Zuleika Peixoto", phone="11 98765-4321")
    html = (await real.http_client.get("/contacts")).text
    assert "Zuleika Peixoto" not in html
    assert "m-skel" in html
    await real.open("/contacts")
    await real.should_see("Contatos")
