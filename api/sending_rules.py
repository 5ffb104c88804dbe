"""Words that end messages, and holidays, over HTTP: thin, every rule is in db/contacts."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.sending_rules import Holiday, OptOutWord, OptOutWordCreate
from db.clock import now
from db.contacts import holidays, opt_out
from db.contacts.opt_out import Listed


def _word(one: Listed) -> OptOutWord:
    return OptOutWord(**one._asdict(), own=one.id is not None)


def _holiday(one: holidays.Listed) -> Holiday:
    if one.rule is None:
        return Holiday(day=one.day, country=None, name="", valid_from=None, valid_until=None, source="", own=True)
    rule = one.rule
    return Holiday(
        day=one.day,
        country=rule.country,
        name=rule.name,
        valid_from=rule.valid_from,
        valid_until=rule.valid_until,
        source=rule.source,
        own=False,
    )


class OptOutWordController(Controller):
    path = "/v1/opt-out-words"
    tags = ("Costs",)

    @get(summary="List words that end messages")
    async def list_words(self, actor: Caller) -> Page[OptOutWord]:
        """The company's own first, then those that hold for every company, with their source. Needs `campaigns:read`."""
        found = [_word(one) for one in await opt_out.listed(actor)]
        return Page(items=found, total=len(found))

    @post(summary="Add a word that ends messages")
    async def create_word(self, actor: Caller, data: JSONBody[OptOutWordCreate]) -> OptOutWord:
        """Holds within half a minute: whoever answers only this gets no more messages. Needs `company:write`."""
        return _word(await opt_out.add(actor, data.word, data.source))

    @delete("/{opt_out_word_id:uuid}", summary="Remove a word that ends messages", status_code=200)
    async def delete_word(self, actor: Caller, opt_out_word_id: FromPath[UUID]) -> Done:
        """One of the company's own. Whoever asked for no more messages by it is not written to all the same. Needs `company:write`."""
        await opt_out.remove(actor, opt_out_word_id)
        return Done()


class HolidayController(Controller):
    path = "/v1/holidays"
    tags = ("Costs",)

    @get(summary="List holidays")
    async def list_holidays(self, actor: Caller) -> Page[Holiday]:
        """Days of this year and the next on which rules that leave holidays out write to nobody: of whole countries, with the law that makes them, and
        the company's own. Needs `campaigns:read`."""
        found = [_holiday(one) for one in await holidays.listed(actor, now().year)]
        return Page(items=found, total=len(found))
