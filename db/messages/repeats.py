"""The same text does not go to the same number twice within the company's window, whatever campaign or cadence sends it.

Asked in the transaction that claims messages, after the claim: a row for each address and text, so of two that race the second waits for the
first and is refused. What surely was not sent gives its place back; what may have been sent keeps it.
"""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from db.messages.enums import MessageState as M
from db.work import Read, SystemWork, Work

# A row that was written while this statement waited is compared as it is now (`at`), its message as it was: hence a failure counts only if it
# came after the row's claim.
_CLAIM = f"""
with wanted as (
    select distinct on (digest) digest, id from unnest($2::uuid[], $3::bytea[]) r(id, digest) order by digest, id
)
insert into sent_text as s (company_id, digest, message_id) select $1, digest, id from wanted order by digest
on conflict (company_id, digest) do update set message_id = excluded.message_id, at = now()
where s.message_id = excluded.message_id or s.at <= now() - make_interval(hours => $4)
    or exists (select from message m where m.company_id = $1 and m.id = s.message_id and m.done_at >= s.at
        and m.state in ({M.FAILED}, {M.SKIPPED}, {M.CANCELLED}))
returning message_id
"""

KNOWN = f"""
exists (select from sent_text s where s.company_id = {{company}} and s.at > now() - make_interval(hours => {{hours}})
    and s.digest = sha256(convert_to({{address}}, 'UTF8') || '\\x00'::bytea || convert_to(btrim(regexp_replace({{text}}, '\\s+', ' ', 'g')), 'UTF8'))
    and not exists (select from message m where m.company_id = {{company}} and m.id = s.message_id and m.done_at >= s.at
        and m.state in ({M.FAILED}, {M.SKIPPED}, {M.CANCELLED})))
"""
"""SQL: this address had this text within so many hours (`digest` in SQL)."""


def digest(address: str, text: str) -> bytes:
    """Of what is read at an address: spaces do not make another text."""
    return hashlib.sha256(f"{address}\0{' '.join(text.split())}".encode()).digest()


async def repeated(w: Work, texts: Mapping[UUID, tuple[str, str]]) -> set[UUID]:
    """Those of the claimed messages (id → address, text) whose address had the text within the window, or gets it by another of them."""
    hours = await w.fetchval("select same_text_hours from company where id = $1", w.company_id)
    if not texts or not hours:
        return set()
    ids = sorted(texts)
    rows = await w.fetch(_CLAIM, w.company_id, ids, [digest(*texts[one]) for one in ids], hours)
    return set(ids) - {row["message_id"] for row in rows}


async def window(r: Read, company_id: UUID) -> int:
    """For how many hours a text is not repeated; 0 also where none was sent within them."""
    hours: int | None = await r.fetchval(
        "select same_text_hours from company o where id = $1 and exists (select from sent_text s where s.company_id = $1"
        " and s.at > now() - make_interval(hours => o.same_text_hours))",
        company_id,
    )
    return hours or 0


async def forget_old(s: SystemWork) -> None:
    """No window is longer than a week."""
    await s.execute("delete from sent_text where at < now() - interval '8 days'")
