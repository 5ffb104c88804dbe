"""One search over everything that the actor may read, a few of each kind. Each kind is asked by itself, under its own permission and
row-level security, and given up after a moment: what is found stands there, and which kinds did not answer is said."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import structlog

from db.boards import boards, listing
from db.boards.listing import LeadFilter
from db.contacts import listing as people
from db.contacts.filter import ContactFilter
from db.contacts.search import findable, needles
from db.conversations import queries as conversations
from db.conversations.enums import ConversationView
from db.permissions import Permission
from db.search.enums import SearchKind
from db.tenancy import Actor
from db.work import read

log = structlog.get_logger("db.search")

PATIENCE = 1.5
"""Seconds for one kind."""
BOARDS = 8
"""Whose leads are searched: the oldest ones."""


class Hit(NamedTuple):
    """`where`: what it belongs to, as people call it. `state`: as the kind names its states. `board_id`: of a lead."""

    kind: SearchKind
    id: UUID
    title: str
    where: str = ""
    state: str | None = None
    board_id: UUID | None = None


class Found(NamedTuple):
    hits: list[Hit]
    unanswered: list[SearchKind]


Find = Callable[[Actor, str, int], Awaitable[list[Hit]]]


async def _contacts(actor: Actor, text: str, limit: int) -> list[Hit]:
    found = await people.contacts(actor, ContactFilter(search=text), limit=limit)
    return [Hit(SearchKind.CONTACT, row["id"], row["name"] or "", row["phone"] or row["email"] or "") for row in found.rows]


async def _conversations(actor: Actor, text: str, limit: int) -> list[Hit]:
    wanted = conversations.Filter(view=ConversationView.ALL, search=text)
    return [
        Hit(SearchKind.CONVERSATION, one.id, one.contact_name or one.address, one.channel_name, one.state.value)
        for one in await conversations.conversations(actor, wanted, limit=limit)
    ]


async def _leads(actor: Actor, text: str, limit: int) -> list[Hit]:
    hits: list[Hit] = []
    for board in (await boards.boards(actor, archived=False))[:BOARDS]:
        wanted = LeadFilter(search=text)
        for row in await listing.board_leads(actor, board["id"], wanted, sort=None, after=None, limit=limit - len(hits)):
            where = " · ".join(part for part in (board["name"], row["contact_name"]) if part)
            hits.append(Hit(SearchKind.LEAD, row["id"], row["title"], where, None, row["board_id"]))
        if len(hits) >= limit:
            break
    return hits


def _named(kind: SearchKind, permission: Permission, columns: str) -> Find:
    """Of what there is little of: `columns` selects id, name, where, state. Names that begin with the words come first."""

    async def find(actor: Actor, text: str, limit: int) -> list[Hit]:
        async with read(actor, permission) as r:
            rows = await r.fetch(
                f"select * from ({columns}) x where position(fold($2) in fold(name)) > 0"
                " order by position(fold($2) in fold(name)) > 1, name, id limit $3",
                actor.company_id,
                text,
                limit,
            )
        return [Hit(kind, row["id"], row["name"], row["place"], row["state"]) for row in rows]

    return find


K, P = SearchKind, Permission
_CAMPAIGNS = """
select k.id, k.name, coalesce(c.name, '') as place, k.state from campaign k left join channel c on c.company_id = $1 and c.id = k.channel_id
where k.company_id = $1 and k.cadence_id is null and k.fallback_of is null
"""
_TEMPLATES = """
select t.id, t.name, c.name || ' · ' || t.language as place, t.status as state from template t
join channel c on c.company_id = $1 and c.id = t.channel_id and c.archived_at is null where t.company_id = $1
"""
_KINDS: dict[SearchKind, tuple[Permission, Find]] = {
    K.CONTACT: (P.CONTACTS_READ, _contacts),
    K.CONVERSATION: (P.CONVERSATIONS_READ, _conversations),
    K.LEAD: (P.BOARDS_READ, _leads),
    K.CAMPAIGN: (P.CAMPAIGNS_READ, _named(K.CAMPAIGN, P.CAMPAIGNS_READ, _CAMPAIGNS)),
    K.CADENCE: (
        P.CAMPAIGNS_READ,
        _named(K.CADENCE, P.CAMPAIGNS_READ, "select id, name, '' as place, state from cadence where company_id = $1"),
    ),
    K.TEMPLATE: (P.TEMPLATES_READ, _named(K.TEMPLATE, P.TEMPLATES_READ, _TEMPLATES)),
    K.PERSONA: (
        P.PERSONAS_READ,
        _named(K.PERSONA, P.PERSONAS_READ, "select id, name, '' as place, state from persona where company_id = $1"),
    ),
    K.BOARD: (
        P.BOARDS_READ,
        _named(
            K.BOARD,
            P.BOARDS_READ,
            "select id, name, '' as place, null::text as state from board where company_id = $1 and archived_at is null",
        ),
    ),
    K.SEGMENT: (
        P.CONTACTS_READ,
        _named(
            K.SEGMENT, P.CONTACTS_READ, "select id, name, '' as place, null::text as state from segment where company_id = $1"
        ),
    ),
    K.KNOWLEDGE_BASE: (
        P.KNOWLEDGE_READ,
        _named(
            K.KNOWLEDGE_BASE,
            P.KNOWLEDGE_READ,
            "select id, name, '' as place, null::text as state from knowledge_base where company_id = $1",
        ),
    ),
}


def may_find(actor: Actor) -> list[SearchKind]:
    """The kinds that the actor may read."""
    return [kind for kind, (permission, _find) in _KINDS.items() if permission in actor.permissions]


async def everything(actor: Actor, text: str, *, kinds: Sequence[SearchKind] = (), limit: int = 5) -> Found:
    """At most `limit` of each of `kinds` (none: of all), in the order of the kinds. Kinds that the actor may not read are left out. One
    connection at a time, so that somebody who types holds no more than any other request."""
    hits: list[Hit] = []
    unanswered: list[SearchKind] = []
    words = text.replace("\0", "").strip()
    if not findable(needles(words)):
        return Found([], [])
    for kind in may_find(actor):
        if kinds and kind not in kinds:
            continue
        try:
            async with asyncio.timeout(PATIENCE):
                hits += await _KINDS[kind][1](actor, words, limit)
        except TimeoutError:
            log.warning("search.unanswered", kind=kind.value)
            unanswered.append(kind)
    return Found(hits, unanswered)
