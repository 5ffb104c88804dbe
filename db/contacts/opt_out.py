"""Whether a reply asks to be left alone, or to be written to again: by words that are rows with a source and the days on which they hold
(`opt_out_word`), and by those that a company adds (`own_opt_out_word`). Nobody takes ours out: the law asks for them.

The whole trimmed message must be the word (docs/contracts/twilio.md, inbound) or one of a few short phrases, in Portuguese or
English, whatever the case, accents, punctuation or emoji. Refuses to interpret longer text: "vou sair para almoçar" is
no opt-out. YES and SIM are no words back in: as replies to a campaign they mean something else; and "quero cancelar" is
about an order as often as about messages."""

import time
import unicodedata
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from db.contacts.errors import ContactError, ContactField
from db.contacts.events import ContactsChanged
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read, work

LONGEST = 80
MOST = 200
"""Words that a company adds."""
KEPT = 30.0
"""Seconds after which what another program changed is read."""
_POLITE = frozenset(("por favor", "pfv", "pf", "obrigado", "obrigada", "please"))
_TODAY = "(now() at time zone 'utc')::date between valid_from and coalesce(valid_until, 'infinity')"
_KNOWN = f"""
select word, means from opt_out_word where {_TODAY}
union all select word, 'out' from own_opt_out_word where company_id = $1
"""
_LISTED = """
select null::uuid as id, word, language, means, valid_from, valid_until, source from opt_out_word
union all select id, word, null, 'out', created_at::date, null, source from own_opt_out_word where company_id = $1
order by id nulls last, means desc, language desc, word
"""
_known: dict[UUID, tuple[float, "Words"]] = {}


class Words(NamedTuple):
    """In small letters, without accents and signs."""

    out: frozenset[str]
    back: frozenset[str]


class Listed(NamedTuple):
    """`id` and `language` None: of the company's own there is an id, of ours a language. `means`: out, in."""

    id: UUID | None
    word: str
    language: str | None
    means: str
    valid_from: date
    valid_until: date | None
    source: str


async def words(r: Read, company_id: UUID) -> Words:
    """Those that hold today, as they were half a minute ago at most."""
    kept = _known.get(company_id)
    if kept is not None and time.monotonic() - kept[0] < KEPT:
        return kept[1]
    rows = await r.fetch(_KNOWN, company_id)
    found = Words(*(frozenset(row["word"] for row in rows if row["means"] == means) for means in ("out", "in")))
    if len(_known) > 5_000:
        _known.clear()
    _known[company_id] = (time.monotonic(), found)
    return found


def intent(text: str, known: Words) -> Literal["out", "in"] | None:
    """What an inbound text asks for, if it is only that."""
    if len(text) > LONGEST:
        return None
    said = _bare(plain(text))
    if said in known.out:
        return "out"
    return "in" if said in known.back else None


def plain(text: str) -> str:
    """In small letters, without accents, signs and emoji."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = (char if char.isalnum() else " " for char in letters if not _silent(char))
    return " ".join("".join(kept).split())


def _bare(said: str) -> str:
    """Without courtesies before and after."""
    while (word := next((one for one in _POLITE if said.startswith(f"{one} ") or said.endswith(f" {one}")), None)) is not None:
        said = said.removesuffix(f" {word}").removeprefix(f"{word} ")
    return said


def _silent(char: str) -> bool:
    """Accents, and marks that join or hide inside a word: they part no words."""
    return unicodedata.category(char) in ("Mn", "Cf", "Me")


async def listed(actor: Actor) -> list[Listed]:
    """The company's own first, then ours, also those that hold on other days."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return [Listed(*row) for row in await r.fetch(_LISTED, actor.company_id)]


async def add(actor: Actor, text: str, source: str) -> Listed:
    """From now on whoever answers only this gets no more messages. Raises Invalid, Conflict `word_known`, `too_many_words`."""
    word = _bare(plain(text))
    if len(word) < 2:
        raise RequestError.INVALID(fields=[ContactField.WORD_TOO_SHORT("word")])
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.reaches(None)  # it holds for what real people answer
        await w.fetchval("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"opt_out_word:{w.company_id}")
        if await w.fetchval(
            "select true from opt_out_word where word = $2 union all select true from own_opt_out_word where company_id = $1 and word = $2",
            w.company_id,
            word,
        ):
            raise ContactError.WORD_KNOWN(word=word)
        if await w.fetchval("select count(*) from own_opt_out_word where company_id = $1", w.company_id) >= MOST:
            raise ContactError.TOO_MANY_WORDS(limit=MOST)
        row = await w.fetchrow(
            "insert into own_opt_out_word(company_id, word, source, created_by) values ($1, $2, $3, $4)"
            " returning id, word, null, 'out', created_at::date, null::date, source",
            w.company_id,
            word,
            source,
            actor.id if actor.kind == "user" else None,
        )
        assert row is not None
        w.audit("opt_out_word.added", row["id"], word=word)
        w.emit(ContactsChanged())
    _known.pop(actor.company_id, None)
    return Listed(*row)


async def remove(actor: Actor, word_id: UUID) -> None:
    """One of the company's own. Who opted out by it stays so. Raises NotFound."""
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.reaches(None)  # it holds for what real people answer
        word = await w.fetchval(
            "delete from own_opt_out_word where company_id = $1 and id = $2 returning word", w.company_id, word_id
        )
        if word is None:
            raise RequestError.NOT_FOUND(what="opt_out_word")
        w.audit("opt_out_word.removed", word_id, word=word)
        w.emit(ContactsChanged())
    _known.pop(actor.company_id, None)
