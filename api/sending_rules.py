"""Rules of sending over HTTP: thin, every rule is in db/contacts and db/messages."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.enums import RateCategory
from api.contract.sending_rules import CallRule, Holiday, OpenDay, OptOutWord, OptOutWordCreate, UnreachedCountry
from db.clock import now
from db.contacts import call_rules, holidays, opt_out
from db.contacts.opt_out import Listed
from db.messages import unreached


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


def _calls(one: call_rules.CallRule) -> CallRule:
    days = [OpenDay(day, *(at.hour * 60 + at.minute for at in span)) for day, span in sorted(one.hours.items())]
    return CallRule(
        country=one.country or None,
        areas=list(one.areas),
        hours=days,
        skip_holidays=one.holidays,
        per_day=one.per_day,
        per_week=one.per_week,
        valid_from=one.valid_from,
        valid_until=one.valid_until,
        source=one.source,
    )


class CallRuleController(Controller):
    path = "/v1/call-rules"
    tags = ("Costs",)

    @get(summary="List hours of calls")
    async def list_call_rules(self, actor: Caller) -> Page[CallRule]:
        """When and how often people may be called, by place, with the law that says so. Needs `campaigns:read`."""
        found = [_calls(one) for one in await call_rules.listed(actor)]
        return Page(items=found, total=len(found))


class UnreachedCountryController(Controller):
    path = "/v1/unreached-countries"
    tags = ("Costs",)

    @get(summary="List countries that messages do not reach")
    async def list_unreached(self, actor: Caller) -> Page[UnreachedCountry]:
        """Where a provider delivers nothing of a category. Needs `campaigns:read`."""
        found = [
            UnreachedCountry(**{**one._asdict(), "category": RateCategory(one.category)}) for one in await unreached.listed(actor)
        ]
        return Page(items=found, total=len(found))
