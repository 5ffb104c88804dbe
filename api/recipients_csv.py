"""The people of a campaign as a CSV file, in the reader's language and the company's time: what became of each message."""

import re
import unicodedata
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar.response import Stream

from api.contract.labels import FAILURES, MESSAGE, MESSAGE_STATES, RECIPIENT_COLUMNS, SKIPS
from api.exports import BOM, csv_lines, csv_stream
from api.translations import portuguese
from db.accounts.queries import company_of
from db.campaigns import queries, recipients
from db.campaigns.export import begin_export, exported
from db.clock import now
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import Actor

# A message that is not skipped may have ended because its person was deleted, or is known twice.
_SKIPPED, _ENDED = {**FAILURES, **SKIPS}, {**SKIPS, **FAILURES}


async def recipients_csv(
    actor: Actor, query: recipients.RecipientQuery, separator: str, language: str, *, only_head: bool
) -> Stream:
    """`only_head`: nothing of it is handed over. Raises Forbidden and NotFound before anything is streamed."""
    for permission in (Permission.CONTACTS_EXPORT, Permission.CAMPAIGNS_READ):
        actor.require(permission)
    campaign = await (queries.campaign(actor, query.campaign_id) if only_head else begin_export(actor, query))
    zone = ZoneInfo((await company_of(actor))["time_zone"])
    name = file_name(campaign["name"])
    return csv_stream(_pieces(actor, query, separator, language, zone), f"{name}-{now().astimezone(zone):%Y-%m-%d}.csv")


def file_name(title: str) -> str:
    """Liquidação de verão → liquidacao-de-verao."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "campaign"


async def _pieces(
    actor: Actor, query: recipients.RecipientQuery, separator: str, language: str, zone: ZoneInfo
) -> AsyncIterator[str]:
    def words(text: str, context: str | None = None) -> str:
        return text if language == "en" else portuguese(text, context)

    def cell(value: Any) -> str:
        if isinstance(value, datetime):
            return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        return "" if value is None else str(value)

    yield BOM + csv_lines([[words(label) for label in RECIPIENT_COLUMNS.values()]], separator)
    async for rows in exported(actor, query):
        lines = []
        for row in rows:
            state = MessageState(row["state"])
            reasons = _SKIPPED if state is MessageState.SKIPPED else _ENDED
            reason = row["reason"] and words(reasons[row["reason"]])
            other = None if row["fallback_state"] is None else MessageState(row["fallback_state"])
            why = row["fallback_reason"] and words(
                (_SKIPPED if other is MessageState.SKIPPED else _ENDED)[row["fallback_reason"]]
            )
            values = {
                **row,
                "state": words(MESSAGE_STATES[state.label], MESSAGE),
                "reason": reason,
                "fallback_state": words(MESSAGE_STATES[other.label], MESSAGE) if other is not None else "",
                "fallback_reason": why,
            }
            lines.append([cell(values[name]) for name in RECIPIENT_COLUMNS])
        yield csv_lines(lines, separator)
