"""Mails to a person about their own ways in: who did it all the same, and whoever did not, learn of it where nobody else reads."""

from uuid import UUID

from db.accounts import mails
from db.accounts.enums import AccountNotice, MailTemplate
from db.accounts.mails import Mail
from db.work import SystemWork

MAILS_PER_DAY = 10  # of one notice to a person


async def tell(s: SystemWork, company_id: UUID, user_id: UUID, notice: AccountNotice, subject: str = "") -> None:
    """One mail, in their language; none beyond what a person gets in a day."""
    person = await s.fetchrow("select email, name, language from account_user where id = $1", user_id)
    assert person is not None
    if await mails.of_company(s, company_id, MailTemplate.ACCOUNT_NOTICE, to=person["email"], code=notice.value) >= MAILS_PER_DAY:
        return
    mail = Mail(
        template=MailTemplate.ACCOUNT_NOTICE,
        recipient=person["email"],
        language=person["language"],
        params={"code": notice.value, "name": person["name"], "subject": subject},
        link="/settings?tab=security",
    )
    await mails.post_for(s, company_id, mail)
