"""The inbox moves by events, and stands as the API would list it."""

import asyncio
import gc
import logging
import weakref
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from nicegui import background_tasks
from nicegui.testing import User

from api.contract.conversations import Conversation, ConversationView
from api.contract.events import ContactsChanged, ConversationChanged, ConversationEntryAdded, ConversationUpdated
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import bearer, make_member
from tests.ui.interactions import hear, true_of, until
from tests.ui.test_inbox import Customers, happen, listed, listing, rows, updated
from ui import latest, live, session
from ui.client import accounts
from ui.client import conversations as client
from ui.client.base import ApiClient, ApiProblem
from ui.pages.inbox import order
from ui.pages.inbox.rows import Rows


@pytest.fixture
async def customers(owner_db: asyncpg.Connection, owner: Actor) -> Customers:
    return Customers(owner_db, owner, await factories.channel(owner_db, owner))


async def test_an_event_moves_a_row_and_asks_only_for_that_conversation(
    real: User, owner_db: asyncpg.Connection, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _two = await customers.wrote(1, "Um"), await customers.wrote(2, "Dois")
    await real.open("/inbox")
    await listing(real, "Pessoa 2", "Dois")
    assert rows(real) == ["Pessoa 2", "Pessoa 1"]
    asked: list[str] = []
    get = ApiClient.get

    async def counted(self: ApiClient, path: str, *more: Any, **options: Any) -> Any:
        asked.append(path)
        return await get(self, path, *more, **options)

    monkeypatch.setattr(ApiClient, "get", counted)
    monkeypatch.setattr(latest, "FRESH", 600.0)
    await owner_db.execute(
        "update conversation set last_at = now(), version = version + 1, priority = 'urgent' where id = $1", one
    )
    await updated(owner_db, one)
    await updated(owner_db, one)
    await until(lambda: true_of(lambda: rows(real) == ["Pessoa 1", "Pessoa 2"]))
    await owner_db.execute("update conversation set state = 'closed', version = version + 1 where id = $1", one)
    await updated(owner_db, one)
    await until(lambda: true_of(lambda: rows(real) == ["Pessoa 2"]))
    assert asked.count(f"/v1/conversations/{one}") == 2  # once for each version, however often it is told
    assert "/v1/conversations" not in asked


async def test_an_older_answer_brings_nothing_back(
    real: User, owner_db: asyncpg.Connection, customers: Customers, as_owner: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _two = await customers.wrote(1, "Um"), await customers.wrote(2, "Dois")
    await real.open("/inbox")
    await listing(real, "Pessoa 2", "Dois")
    older = await client.conversation(as_owner, one)
    row = await owner_db.fetchrow(
        "update conversation set state = 'closed', closed_at = now(), version = version + 1 where id = $1 returning version, contact_id",
        one,
    )
    await updated(owner_db, one)
    await until(lambda: true_of(lambda: rows(real) == ["Pessoa 2"]))
    told = asyncio.Event()

    async def late(event: ConversationUpdated) -> Conversation:
        told.set()
        return older

    monkeypatch.setattr(latest, "conversation", late)
    hear(ConversationUpdated(conversation_id=one, contact_id=row["contact_id"], version=row["version"]))
    await told.wait()
    await asyncio.sleep(0)
    assert rows(real) == ["Pessoa 2"]


async def test_the_last_row_stays_when_something_about_it_changes(
    real: User, owner_db: asyncpg.Connection, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.pages.inbox.list.STEP", 2)
    ids = [await customers.wrote(number, "Oi") for number in range(3)]
    await real.open("/inbox")
    await listing(real, "Pessoa 1")
    assert rows(real) == ["Pessoa 2", "Pessoa 1"]
    await owner_db.execute(
        "update conversation set priority = 'urgent', version = version + 1 where id = any($1::uuid[])", ids[:2]
    )
    await updated(owner_db, ids[0])  # stands below what was loaded
    await updated(owner_db, ids[1])

    def urgent() -> bool:
        shown = [one.props["row"] for one in real.client.elements.values() if "row" in one.props] if real.client else []
        return [(row["name"], row["urgent"]) for row in shown] == [("Pessoa 2", False), ("Pessoa 1", True)]

    await until(lambda: true_of(urgent))


async def test_a_list_that_stays_open_draws_no_more_than_somebody_scrolled_for(
    real: User, owner_db: asyncpg.Connection, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.pages.inbox.list.STEP", 2)
    first = await customers.wrote(0, "Oi")
    await real.open("/inbox")
    await listing(real, "Pessoa 0")
    for number in range(1, 6):
        await updated(owner_db, await customers.wrote(number, "Oi"))
        newest = [f"Pessoa {number}", f"Pessoa {number - 1}"]
        await until(lambda newest=newest: true_of(lambda: rows(real) == newest))  # type: ignore[misc]

    happen(real, listed(real), "scroll", "end")
    await until(lambda: true_of(lambda: rows(real) == [f"Pessoa {number}" for number in (5, 4, 3, 2)]))
    happen(real, listed(real), "scroll", "end")
    await until(lambda: true_of(lambda: rows(real) == [f"Pessoa {number}" for number in (5, 4, 3, 2, 1, 0)]))
    happen(real, listed(real), "scroll", "top")
    await owner_db.execute("update conversation set last_at = now(), version = version + 1 where id = $1", first)
    await updated(owner_db, first)
    await until(lambda: true_of(lambda: rows(real) == ["Pessoa 0", "Pessoa 5"]))


async def test_while_messages_come_in_nothing_is_made_and_nothing_deleted(
    real: User, customers: Customers, as_owner: ApiClient
) -> None:
    known = await client.conversation(as_owner, await customers.wrote(0, "Oi"))
    await real.open("/inbox")
    await listing(real, "Pessoa 0", "Oi")
    assert real.client is not None
    said = [
        msgspec.structs.replace(
            known, id=uuid4(), contact_name=f"Pessoa {number}", last_at=known.last_at + timedelta(seconds=number)
        )
        for number in range(500)
    ]
    with real.client:
        shown = Rows(lambda one: None, 3)
    shown.add([])
    shown.put([one.id for one in said[:3]][::-1], {one.id: one for one in said[:3]})
    kept = set(real.client.elements)
    for one in said[3:]:
        assert shown.place(one) == 0
        shown.insert(one, 0, 10)
    assert set(real.client.elements) == kept
    assert [row.seen for row in shown.drawn.values()] == said[:-4:-1]
    assert list(shown.below.values()) == said[-4:-11:-1]
    assert [row.element for row in shown.drawn.values()] == shown.element.default_slot.children
    last = next(reversed(shown.drawn.values()))
    assert last.element.props["data-conversation"] == str(said[-3].id)
    assert last.element.props["row"]["name"] == "Pessoa 497"
    between = msgspec.structs.replace(said[0], version=known.version + 1, last_at=said[-1].last_at - timedelta(milliseconds=500))
    assert shown.place(between) == 1
    shown.insert(between, 1, 10)
    assert set(real.client.elements) == kept
    order = [499, 0, 498, 497, 496, 495, 494, 493, 492, 491]
    assert [one.contact_name for one in shown.known().values()] == [f"Pessoa {number}" for number in order]
    assert [row.element for row in shown.drawn.values()] == shown.element.default_slot.children
    again = msgspec.structs.replace(said[-2], version=known.version + 1, last_at=said[-1].last_at + timedelta(seconds=1))
    shown.insert(again, 0, 10)  # from the bottom to the top
    assert [row.seen.contact_name for row in shown.drawn.values()] == ["Pessoa 498", "Pessoa 499", "Pessoa 0"]
    assert [row.element for row in shown.drawn.values()] == shown.element.default_slot.children
    assert shown.place(said[3]) is None  # further down than the rows


async def test_a_row_that_became_anothers_opens_nothing_for_a_press_on_the_one_before(
    real: User, owner_db: asyncpg.Connection, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.pages.inbox.list.STEP", 1)
    first = await customers.wrote(0, "Oi")
    await real.open("/inbox")
    await listing(real, "Pessoa 0")
    assert real.client is not None
    row = next(one for one in real.client.elements.values() if one.props.get("data-conversation") == str(first))
    second = await customers.wrote(1, "Oi")
    await updated(owner_db, second)
    await until(lambda: true_of(lambda: row.props["data-conversation"] == str(second)))
    happen(real, row, "click", str(first))
    await asyncio.sleep(0.1)
    assert "aria-current" not in row.props
    happen(real, row, "click", str(second))
    await until(lambda: true_of(lambda: row.props.get("aria-current") == "true"))


async def test_a_page_asks_for_its_counts_once_and_what_the_menus_list_once(
    real: User, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await customers.wrote(0, "Oi")
    asked: list[str] = []
    get = ApiClient.get

    async def counted(self: ApiClient, path: str, *more: Any, **options: Any) -> Any:
        asked.append(path)
        return await get(self, path, *more, **options)

    monkeypatch.setattr(ApiClient, "get", counted)
    await real.open("/inbox")
    await listing(real, "Pessoa 0")
    await until(lambda: true_of(lambda: "/v1/channels" in asked))
    assert [asked.count(f"/v1/{path}") for path in ("conversations/counts", "team", "teams", "labels")] == [1, 1, 1, 1]


async def test_what_is_nothing_to_a_page_takes_no_task_of_it(
    real: User, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await customers.wrote(0, "Oi")
    await real.open(f"/inbox/{one}")
    await real.should_see("Oi")
    begun: list[str] = []
    create = background_tasks.create

    def counted(awaitable: Any, *, name: str = "", **options: Any) -> Any:
        begun.append(name)
        return create(awaitable, name=name, **options)

    monkeypatch.setattr(background_tasks, "create", counted)
    hear(ConversationEntryAdded(conversation_id=uuid4(), contact_id=uuid4(), entry_id=uuid4()))
    hear(ConversationChanged(contact_id=uuid4()))
    hear(ContactsChanged(contact_id=uuid4()))
    assert "live" not in begun
    hear(ConversationEntryAdded(conversation_id=one, contact_id=uuid4(), entry_id=uuid4()))
    assert begun.count("live") == 1


async def test_what_a_closed_conversation_listened_with_is_forgotten(real: User, customers: Customers) -> None:
    ids = [await customers.wrote(number, f"Oi {number}") for number in range(2)]
    await real.open(f"/inbox/{ids[0]}")
    await real.should_see("Oi 0")
    assert real.client is not None
    for turn in (1, 0, 1):
        row = next(one for one in real.client.elements.values() if one.props.get("data-conversation") == str(ids[turn]))
        happen(real, row, "click", str(ids[turn]))
        await real.should_see(f"Oi {turn}")

    def forgotten() -> bool:
        return not any(one.parent.is_deleted for hub in live._hubs.values() for one in hub.listeners)

    await until(lambda: true_of(forgotten))


@pytest.mark.parametrize("path", ["/inbox", "/inbox/{conversation}", "/", "/contacts", "/boards", "/campaigns"])
async def test_nothing_of_a_page_that_was_left_is_kept(
    real: User, owner_db: asyncpg.Connection, customers: Customers, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "nicegui")  # what is logged of a page that was left while it loaded holds its frames
    one = await customers.wrote(0, "Oi")
    await real.open(path.format(conversation=one))
    assert real.client is not None
    for socket in list(real.client._socket_to_document_id):
        real.client.handle_disconnect(socket)
    await updated(owner_db, one)  # waits for a browser that never comes back
    left = [weakref.ref(one) for one in (real.client, *real.client.elements.values())]
    properties = [weakref.ref(one.props) for one in real.client.elements.values()]
    for task in real.client._delete_tasks.values():  # NiceGUI's own patience
        task.cancel()
    gc.disable()
    try:
        real.client.delete()
        real.client = None
        await asyncio.sleep(0.1)  # tasks that are over let go of what they held
        at_once = sum(one() is None for one in properties)
    finally:
        gc.enable()
    assert at_once > len(properties) / 2, "only the garbage collector frees them"

    def gone() -> bool:
        gc.collect()
        return not any(one() for one in left)

    await until(lambda: true_of(gone))


async def test_one_answer_serves_the_pages_of_a_company_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    async def answer(api: Any, conversation_id: UUID) -> Any:
        asked.append((api, conversation_id))
        await asyncio.sleep(0)
        if api == "over":
            raise ApiProblem(401, "session_over", "")
        return f"as {api} may see it"

    monkeypatch.setattr(client, "conversation", answer)
    monkeypatch.setattr(latest, "_answers", type(latest._answers)())
    companies = [uuid4(), uuid4()]

    async def ask(api: str, company: UUID) -> Any:
        me = SimpleNamespace(api=api, me=SimpleNamespace(company=SimpleNamespace(id=company)))
        monkeypatch.setattr(session, "current", lambda: me)
        return await latest.conversation(event)

    event = ConversationUpdated(conversation_id=uuid4(), contact_id=uuid4(), version=4)
    first = await ask("ana", companies[0])
    assert await ask("bruno", companies[0]) == first == "as ana may see it"
    assert await ask("carla", companies[1]) == "as carla may see it"
    event = ConversationUpdated(conversation_id=event.conversation_id, contact_id=event.contact_id, version=5)
    with pytest.raises(ApiProblem):
        await ask("over", companies[0])
    assert await ask("bruno", companies[0]) == "as bruno may see it"
    assert len(asked) == 5  # one of the ended session, tried twice, is not kept


async def test_the_page_lists_what_the_api_lists(
    owner_db: asyncpg.Connection, owner: Actor, customers: Customers, as_owner: ApiClient
) -> None:
    ids = [await customers.wrote(number, "Oi") for number in range(12)]
    found = await bearer(owner_db, await make_member(owner_db, owner, Role.AGENT))
    colleague = ApiClient(found["Authorization"].removeprefix("Bearer "))
    me, other = owner.id, (await accounts.me(colleague)).user_id
    states, owners = ["open", "open", "open", "snoozed", "closed", "open"], [None, me, other, me, None, None]
    label = await owner_db.fetchval(
        "insert into label(company_id, name, color) values ($1, 'Troca', '#2f6f4f') returning id", owner.company_id
    )
    team = await owner_db.fetchval("insert into team(company_id, name) values ($1, 'Vendas') returning id", owner.company_id)
    for number, one in enumerate(ids):
        state, mine = states[number % 6], owners[number % 6]
        await owner_db.execute(
            "update conversation set state = $2, assignee_id = $3, unread_at = array_fill(now(), array[$4::int]), team_id = $5,"
            " last_at = now() - $6 * interval '1 minute',"
            " closed_at = case when $2 = 'closed' then now() end,"
            " snoozed_until = case when $2 = 'snoozed' then now() + interval '1 hour' end where id = $1",
            one, state, mine, number % 3, team if number % 4 == 0 else None, number * 7 % 12,
        )  # fmt: skip
        if number % 5 == 0:
            await owner_db.execute(
                "insert into conversation_label(company_id, conversation_id, label_id) values ($1, $2, $3)",
                owner.company_id,
                one,
                label,
            )
    everything = (await client.conversations(as_owner, {"view": "all", "limit": 100})).items
    channel = str(everything[0].channel_id)
    wanted: list[dict[str, str]] = [
        {}, {"label_id": str(label)}, {"team_id": str(team)}, {"assignee_id": str(other)}, {"channel_id": channel},
        {"label_id": str(label), "team_id": str(team)},
    ]  # fmt: skip
    for view in ConversationView:
        for filters in wanted:
            if not order.known(view, filters):
                assert view is ConversationView.WAITING
                continue
            listed = (await client.conversations(as_owner, {"view": view, "limit": 100, **filters})).items
            placed: list[Conversation] = []
            for one in sorted(everything, key=lambda one: one.address):
                if order.belongs(one, view, filters, owner.id):
                    placed.insert(order.place(placed, one), one)
            assert [one.id for one in placed] == [one.id for one in listed], (view, filters)
    assert not order.known(ConversationView.OPEN, {"campaign_id": str(uuid4())})
