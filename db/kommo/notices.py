"""Mails to the owners about a connection to Kommo that stopped."""

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.accounts.mails import Mail
from db.kommo.enums import KommoNotice
from db.permissions import Role
from db.work import Work

MAILS_PER_DAY = 6  # of one notice to a company


async def tell(w: Work, notice: KommoNotice, host: str) -> None:
    """One mail to each owner; none beyond what a company may get in a day."""
    if await mails.of_company(w, w.company_id, MailTemplate.KOMMO_NOTICE, code=notice.value) >= MAILS_PER_DAY:
        return
    owners = await w.fetch(
        "select u.email, u.language from membership m join account_user u on u.id = m.user_id"
        " where m.company_id = $1 and m.role = $2 order by u.id limit 10",
        w.company_id,
        Role.OWNER.value,
    )
    for owner in owners:
        mail = Mail(
            template=MailTemplate.KOMMO_NOTICE,
            recipient=owner["email"],
            language=owner["language"],
            params={"code": notice.value, "subject": host},
            link="/integrations/kommo",
        )
        await mails.post(w, mail)
