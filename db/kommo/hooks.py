"""What Kommo tells: a form with nested names, unsigned. So nothing of it is believed but which lead or contact to read anew, and only
from the account that is connected (wire contract "kommo", webhooks)."""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

from db.crypto import digest
from db.kommo import tasks
from db.kommo.connection import SANDBOX, Connection
from db.kommo.enums import KommoTaskKind
from db.kommo.taking import KINDS
from db.permissions import Permission
from db.tenancy import worker
from db.work import system_read, work

MAX_BODY = 256 * 1024  # bytes
MAX_FIELDS = 5000
MOST = 250
"""Leads and contacts that one webhook may speak of."""
_ITEM = re.compile(r"(leads|contacts)\[([a-z_]{1,30})\]\[(\d{1,4})\]\[(id|type)\]")
_BIGGEST = 2**62


class News(NamedTuple):
    """`account_id` and `subdomain`: whose it says it is; None where it does not say."""

    account_id: int | None
    subdomain: str | None
    found: list[tuple[KommoTaskKind, int]]


def parse(body: bytes) -> News:
    """Leads and contacts that were made or changed. What is deleted is left as it is here, and companies are no contacts. Raises ValueError
    for more fields than Kommo sends."""
    pairs = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS)
    account_id, subdomain = None, None
    items: dict[tuple[str, str, str], dict[str, str]] = {}
    for name, value in pairs:
        if name == "account[id]":
            account_id = _number(value)
        elif name == "account[subdomain]":
            subdomain = value
        elif (match := _ITEM.fullmatch(name)) is not None:
            noun, verb, place, what = match.groups()
            items.setdefault((noun, verb, place), {})[what] = value
    found: dict[tuple[KommoTaskKind, int], None] = {}
    for (noun, verb, _), item in items.items():
        kommo_id = _number(item.get("id", ""))
        if kommo_id is None or verb == "delete" or (noun == "contacts" and item.get("type", "contact") != "contact"):
            continue
        found[KINDS[noun], kommo_id] = None
    return News(account_id, subdomain, list(found)[:MOST])


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) < _BIGGEST else None


async def route(token: str) -> UUID | None:
    """The company whose address it is."""
    async with system_read() as s:
        found: UUID | None = await s.fetchval("select company_id from kommo_connection where hook_hash = $1", digest(token))
        return found


def _theirs(found: Connection, news: News) -> bool:
    """Whether it comes from the account that is connected, as far as it says."""
    if news.account_id is None or (found.account_id is not None and news.account_id != found.account_id):
        return False
    return found.host == SANDBOX or news.subdomain in (None, found.host.partition(".")[0])


async def receive(company_id: UUID, body: bytes) -> bool:
    """Keeps what is to be read anew, durably when this returns. False: it is none of the account, or nothing is connected any more. Raises
    ValueError."""
    news = parse(body)
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        found = await tasks.open_for_hooks(w)
        if found is None or not _theirs(found, news):
            return False
        wanted = {KommoTaskKind.TAKE_LEAD: found.take_leads, KommoTaskKind.TAKE_CONTACT: found.take_contacts}
        await tasks.came(w, [one for one in news.found if wanted[one[0]]])
        return True
