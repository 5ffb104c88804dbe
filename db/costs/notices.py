"""Mails to the owners about the month's limit of costs: nearly spent, and reached."""

from babel import numbers

from db.accounts.enums import MailTemplate
from db.costs.enums import CostNotice
from db.notifications import owners
from db.work import Work

LINK = "/settings/costs?tab=limit"


async def tell(w: Work, notice: CostNotice, most: int, currency: str) -> None:
    """One mail to each owner."""
    await owners.tell_owners(
        w, MailTemplate.COST_NOTICE, {"code": notice.value}, LINK, subject=lambda language: _money(most, currency, language)
    )


def _money(micro: int, currency: str, language: str) -> str:
    """As people write it who read the mail."""
    return str(numbers.format_currency(micro / 1_000_000, currency, locale=language.replace("-", "_")))
