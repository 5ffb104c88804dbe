"""The mail of what a person chose to hear by mail and did not read on a page: one for all of it. It says what happened and never who
wrote or what."""

from uuid import UUID

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.accounts.mails import Mail
from db.permissions import Permission
from db.tenancy import worker
from db.work import work

LINK = "/notifications"
PER_DAY = 50
"""Mails to one person: whoever gets more reads none."""


async def post(company_id: UUID, user_id: UUID) -> bool:
    """Writes it, unless everything was read meanwhile. Harmless when it is repeated."""
    async with work(worker(company_id), Permission.COMPANY_READ) as w:
        person = await w.fetchrow(
            "select u.email, u.name, u.language from account_user u join membership m on m.user_id = u.id join company c on c.id = m.company_id"
            " where m.company_id = $1 and u.id = $2 and (not c.second_factor_required or u.second_factor_at is not null)",
            company_id,
            user_id,
        )
        rows = await w.fetch(
            "with due as (update notification set mail_due = false where company_id = $1 and user_id = $2 and mail_due"
            " returning kind, times, read_at) select kind, sum(times)::int as times from due where read_at is null group by kind order by kind",
            company_id,
            user_id,
        )
        if person is None or not rows:
            return False
        if await mails.of_company(w, company_id, MailTemplate.NOTIFICATIONS, to=person["email"]) >= PER_DAY:
            return False
        happened = " ".join(f"{row['kind']}:{row['times']}" for row in rows)
        mail = Mail(
            template=MailTemplate.NOTIFICATIONS,
            recipient=person["email"],
            language=person["language"],
            params={"name": person["name"], "happened": happened},
            link=LINK,
        )
        await mails.post(w, mail)
        return True
