"""Mails to the owners about a connection to Kommo that stopped."""

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.kommo.enums import KommoNotice
from db.notifications import owners
from db.work import Work

MAILS_PER_DAY = 6  # of one notice to a company


async def tell(w: Work, notice: KommoNotice, host: str) -> None:
    """One mail to each owner; none beyond what a company may get in a day."""
    if await mails.of_company(w, w.company_id, MailTemplate.KOMMO_NOTICE, code=notice.value) >= MAILS_PER_DAY:
        return
    await owners.tell_owners(w, MailTemplate.KOMMO_NOTICE, {"code": notice.value, "subject": host}, "/integrations/kommo")
