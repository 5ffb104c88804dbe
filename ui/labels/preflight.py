"""Sentences of the pre-flight: what each rule does to how many people, and where it is mended."""

from collections.abc import Sequence
from typing import NamedTuple

from api.contract.costs import CostEstimate, CostTotal
from api.contract.enums import PreflightRule
from api.contract.preflight import Preflight, PreflightFinding
from ui import formats
from ui.i18n import _
from ui.labels import costs, reasons
from ui.labels.campaigns import people


class Said(NamedTuple):
    """`step`: of the wizard, where it is mended; "" where there is nothing to do there. `page`: elsewhere."""

    text: str
    hint: str
    icon: str
    step: str
    page: str = ""


def finding(found: PreflightFinding) -> Said:
    """One line of the list."""
    count = people(found.count)
    match found.rule:
        case PreflightRule.MISSING_VALUE:
            text = _("{people} have no value for {name}: they read the substitute").format(people=count, name=found.name)
            return Said(text, _("Fill it in at the contacts, or see how the substitute reads below."), "edit_note", "message")
        case PreflightRule.QUIET_HOURS:
            when = formats.moment(found.until)
            name = _("the hours of this campaign") if found.name == "campaign" else f"“{found.name}”"
            text = _("{people} are held by {rule} until {when}").format(people=count, rule=name, when=when)
            return Said(text, _("They get it then by themselves, on the clock where each of them is."), "bedtime", "when")
        case PreflightRule.NO_HOURS:
            text = _("{people} can never be written to: the hours leave no time").format(people=count)
            return Said(text, _("Widen the hours, here or under Settings."), "block", "when")
        case PreflightRule.WARM_UP:
            text = _("{people} wait: the number is young and writes to few new people a day").format(people=count)
            hint = _("Held by the warm-up until {when}; more go out each day. Its pace stands under Settings, Costs and hours.")
            return Said(text, hint.format(when=formats.moment(found.until)), "local_fire_department", "when")
        case PreflightRule.TEMPLATE:
            text = _("{people} cannot get the template “{name}”: {state}").format(
                people=count, name=found.name, state=_template_state(found.detail)
            )
            return Said(text, _("Choose another template, or wait until WhatsApp lets this one go again."), "block", "message")
        case PreflightRule.TIER if found.name == "today":
            text = _("{people} get it at the start: the number's daily limit has no room for more").format(people=count)
            return Said(text, _("Who got something from this number in the last 24 hours takes no place."), "today", "")
        case PreflightRule.TIER:
            text = _("{people} have to wait: the number's daily limit is smaller than the audience").format(people=count)
            hint = _("The last of them get it about {when}. Choose fewer people, or another number.")
            return Said(text, hint.format(when=formats.moment(found.until)), "stairs", "audience")
        case PreflightRule.PRICE_UNKNOWN:
            text = _("Nobody knows what {people} cost").format(people=count)
            hint = _("Their country or channel is in no price list. Add the price of your contract.")
            return Said(text, hint, "help", "", "/settings/costs?tab=prices")
        case PreflightRule.SPEND_CAP:
            own = found.name == "campaign"
            limit = _("the limit of this campaign") if own else _("the limit of the month")
            text = _("{people} do not get it: {limit} is reached before").format(people=count, limit=limit)
            hint = _("It pauses there. Raise the limit, or choose fewer people.")
            return Said(text, hint, "savings", "when" if own else "", "" if own else "/settings/costs?tab=limit")
        case _:
            return _left_out(found, count)


def _left_out(found: PreflightFinding, count: str) -> Said:
    """Of those who get no message at all."""
    match found.rule:
        case PreflightRule.SAME_TEXT:
            text = _("Had this text a short time ago, so not again: {people}").format(people=count)
            return Said(text, _("Change the text, if they are to get it."), "content_copy", "message")
        case PreflightRule.CONTACT_DELETED:
            text = _("Deleted contacts on your list: {people}").format(people=count)
            return Said(text, _("Somebody deleted them, or merged them with another contact."), "person_off", "audience")
        case PreflightRule.COUNTRY_UNREACHED:
            where = ", ".join(costs.country(one) for one in found.name.split(", "))
            text = _("Messages of this kind do not arrive there ({where}): {people}").format(people=count, where=where)
            return Said(text, _("Rule: {source}").format(source=found.detail), "public_off", "audience")
        case _:
            why = reasons.skip(found.rule.value)
            return Said(f"{why.name}: {count}", why.todo, "person_off", "audience")


def _template_state(state: str) -> str:
    return {
        "paused": _("WhatsApp paused it"),
        "disabled": _("WhatsApp switched it off"),
        "rejected": _("WhatsApp refused it"),
    }.get(state, _("WhatsApp has not approved it"))


def money(micro: int | None, currency: str) -> str:
    """Millionths of a currency; below one of it with as many places as it takes, four at most."""
    if micro is not None and 0 < micro < 1_000_000 and micro % 10_000:
        return f"{formats.symbol(currency)}\xa0{formats.number(micro / 1_000_000, 4)}"
    return formats.money(None if micro is None else round(micro / 10_000), currency)


def cost(found: CostEstimate) -> str:
    """What all of it costs; sums of different currencies beside one another."""
    return totals(found.totals)


def totals(found: Sequence[CostTotal]) -> str:
    """Sums of different currencies beside one another."""
    return " + ".join(money(total.amount_micro, total.currency) for total in found) or _("unknown")


def binding(found: Preflight) -> str:
    """When it is done, and what decides that."""
    if found.finish is None:
        return ""
    why = {
        "number": _("The speed of the number decides."),
        "segments": _("The speed of the SMS sender decides."),
        "tier": _("The number's daily limit of people decides: the rest goes out on the next days."),
        "hours": _("The hours in which you write decide."),
        "spread": _("It is spread over the time that you chose."),
        "warm_up": _("The pace of the young number decides."),
    }.get(found.binding or "", "")
    return f"{_('Done about {when}.').format(when=formats.moment(found.finish))} {why}"
