"""What the virtual agent may know of who calls: the name, and what was said lately on every channel. Data, never instructions."""

from datetime import datetime
from uuid import UUID

from db.contacts.identities import number_address, owner_of
from db.messages import conversation
from db.messages.content import Call
from db.messages.conversation import Entry
from db.messages.variables import first_name
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MOST_MESSAGES = 20
MOST_LETTERS = 1500
"""Of what was said; the newest stays."""
_LINE = 200
HELLO = {"pt-BR": ("Olá, {name}!", "Olá!"), "en": ("Hello, {name}!", "Hello!")}
"""By the company's language: with and without a name."""
_COMPANY = "select name, language from company where id = $1"
_NAME = "select name from contact where company_id = $1 and id = $2"


async def variables(actor: Actor, number: str | None) -> dict[str, str]:
    """Of who calls from a number (E.164). A stranger has no name and no past; every name is there, so that no text shows a place."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        contact_id = None if number is None else await owner_of(r, actor.company_id, number_address(number))
        name = "" if contact_id is None else await r.fetchval(_NAME, actor.company_id, contact_id) or ""
        company = await r.fetchrow(_COMPANY, actor.company_id)
        assert company is not None
    known: list[Entry] = []
    if contact_id is not None:
        known = await conversation.messages(actor, contact_id, before=None, limit=MOST_MESSAGES)
    first = first_name(name)
    with_name, without = HELLO.get(company["language"], HELLO["pt-BR"])
    return {
        "greeting": with_name.format(name=first) if first else without,
        "first_name": first,
        "name": name,
        "company": company["name"],
        "history": history(known),
        "last_call": next(
            (entry.content.summary for entry in known if isinstance(entry.content, Call) and entry.content.summary), ""
        )[:500],
    }


async def account(actor: Actor, channel_id: UUID) -> str:
    """The account of the channel that is called, as its provider names it."""
    async with read(actor, Permission.CHANNELS_READ) as r:
        found: str | None = await r.fetchval(
            "select account_id from channel where company_id = $1 and id = $2", actor.company_id, channel_id
        )
        return found or ""


def history(newest_first: list[Entry]) -> str:
    """What was said, oldest first, a line each."""
    lines: list[str] = []
    left = MOST_LETTERS
    for entry in newest_first:
        text = " ".join(entry.text.split())[:_LINE]
        if not text:
            continue
        line = f"{_day(entry.at)} {'<' if entry.direction == 'in' else '>'} {text}"
        left -= len(line) + 1
        if left < 0:
            break
        lines.append(line)
    return "\n".join(reversed(lines))


def _day(at: datetime) -> str:
    return at.date().isoformat()
