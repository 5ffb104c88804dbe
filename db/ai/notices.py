"""Mails to the owners about the AI service: what stopped, what is nearly spent, which model ends."""

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.ai.enums import AiNotice
from db.notifications import owners
from db.work import Work

MAILS_PER_DAY = 20  # of one notice to a company
LINK = "/settings/ai"
MODELS = f"{LINK}?tab=models"


async def tell(w: Work, notice: AiNotice, subject: str = "", link: str = LINK) -> None:
    """One mail to each owner; none beyond what a company may get in a day. `subject`: what it is about, a name or an amount."""
    if await mails.of_company(w, w.company_id, MailTemplate.AI_NOTICE, code=notice.value) >= MAILS_PER_DAY:
        return
    await owners.tell_owners(w, MailTemplate.AI_NOTICE, {"code": notice.value, "subject": subject}, link)
