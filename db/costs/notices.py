"""Mails to the owners about the month's limit of costs: nearly spent, and reached."""

from babel import numbers

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.accounts.mails import Mail
from db.costs.enums import CostNotice
from db.permissions import Role
from db.work import Work

LINK = "/settings/costs?tab=limit"


async def tell(w: Work, notice: CostNotice, most: int, currency: str) -> None:
    """One mail to each owner."""
    owners = await w.fetch(
        "select u.email, u.language from membership m join account_user u on u.id = m.user_id"
        " where m.company_id = $1 and m.role = $2 order by u.id limit 10",
        w.company_id,
        Role.OWNER.value,
    )
    for owner in owners:
        mail = Mail(
            template=MailTemplate.COST_NOTICE,
            recipient=owner["email"],
            language=owner["language"],
            params={"code": notice.value, "subject": _money(most, currency, owner["language"])},
            link=LINK,
        )
        await mails.post(w, mail)


def _money(micro: int, currency: str, language: str) -> str:
    """As people write it who read the mail."""
    return str(numbers.format_currency(micro / 1_000_000, currency, locale=language.replace("-", "_")))
