"""Mails to the owners about an endpoint that takes no events."""

from urllib.parse import urlsplit
from uuid import UUID

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.notifications import owners
from db.webhooks.enums import WebhookNotice
from db.work import Work

MAILS_PER_DAY = 20  # of one notice to a company


async def tell(w: Work, endpoint_id: UUID, notice: WebhookNotice) -> None:
    """One mail to each owner; none beyond what a company may get in a day."""
    if await mails.of_company(w, w.company_id, MailTemplate.WEBHOOK_NOTICE, code=notice.value) >= MAILS_PER_DAY:
        return
    url = await w.fetchval("select url from webhook_endpoint where company_id = $1 and id = $2", w.company_id, endpoint_id)
    await owners.tell_owners(
        w,
        MailTemplate.WEBHOOK_NOTICE,
        {"code": notice.value, "subject": urlsplit(url).hostname or ""},
        f"/webhooks/{endpoint_id}",
    )
