"""Plans reports by mail and sends each mail once: it is written first, then claimed, and only then does its first byte go out. A run that ends
between the claim and the mail server's word leaves it unknown, and nothing is sent again by itself."""

import asyncio
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from functools import partial
from uuid import UUID

import aiosmtplib
import structlog

from db.analytics import report_mails
from db.analytics.enums import ReportMailReason as Reason
from db.analytics.enums import ReportMailState as State
from db.analytics.report_mails import ToSend
from db.analytics.reports import token
from db.jobs import MailReport
from db.settings import Settings
from workers import mail
from workers.figures.content import gather
from workers.figures.document import Document
from workers.figures.html import html, plain
from workers.figures.words import Words
from workers.registration import Handler, Loop
from workers.runtime import Cancel, Retry

log = structlog.get_logger("workers.figures")

PATH = "/analytics/dashboard"
STOP = "/reports/stop"


def compose(given: ToSend, found: Document, settings: Settings) -> EmailMessage:
    """HTML with the text beside it, and the PDF. Its id is the mail's own, so that mailboxes may know a doubled one."""
    from workers.figures.pdf import pdf  # loaded with the first report

    assert given.reader.id is not None
    say = Words(given.language)
    stop = f"{settings.public_url}{STOP}?token={token(given.reader.company_id, given.report_id, given.reader.id)}"
    link = f"{settings.public_url}{PATH}?since={given.first}&until={given.last}"
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = given.email
    message["Subject"] = say("subject", name=mail.plain(given.name), days=found.days)
    message["Date"] = formatdate()
    message["Message-ID"] = f"<report-{given.mail_id}@{parseaddr(settings.mail_from)[1].rpartition('@')[2] or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{stop}>"
    message.set_content(plain(found, say("plain"), link, stop))
    message.add_alternative(html(found, link, stop), subtype="html")
    message.add_attachment(pdf(found), maintype="application", subtype="pdf", filename=f"{given.first}-{given.last}.pdf")
    return message


async def send_report(company_id: UUID, job: MailReport, settings: Settings) -> None:
    """The job. Raises Retry where it surely did not go, Cancel where it is refused for good."""
    given = await report_mails.waiting(company_id, job.mail_id)
    if given is None:
        return
    found = await gather(given)
    try:
        message = await asyncio.to_thread(compose, given, found, settings)
    except (ValueError, IndexError, MessageError) as error:  # an address of which no mail can be made
        await report_mails.settle(company_id, job.mail_id, State.FAILED, Reason.REFUSED)
        raise Cancel(f"no mail can be made for this address: {type(error).__name__}") from error
    if not await report_mails.claim(company_id, job.mail_id):
        return
    try:
        await mail.hand_over(message, settings)
    except aiosmtplib.SMTPRecipientsRefused as error:
        if all(500 <= refused.code < 600 for refused in error.recipients):
            await _refused(company_id, job.mail_id, error)
        await _again(company_id, job.mail_id, error)
    except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPConnectError) as error:  # nothing of the mail went out
        await _again(company_id, job.mail_id, error)
    except aiosmtplib.SMTPResponseException as error:
        if 500 <= error.code < 600:
            await _refused(company_id, job.mail_id, error)
        await _again(company_id, job.mail_id, error)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        await report_mails.settle(company_id, job.mail_id, State.UNKNOWN, Reason.NO_ANSWER)
        raise Cancel(f"the mail server did not say whether it took it: {type(error).__name__}") from error
    await report_mails.settle(company_id, job.mail_id, State.SENT)
    log.info("report.sent", company_id=str(company_id), mail_id=str(job.mail_id))


async def _again(company_id: UUID, mail_id: UUID, error: Exception) -> None:
    await report_mails.settle(company_id, mail_id, State.WAITING)
    raise Retry(reason=f"the mail server did not take it: {type(error).__name__}") from error


async def _refused(company_id: UUID, mail_id: UUID, error: Exception) -> None:
    await report_mails.settle(company_id, mail_id, State.FAILED, Reason.REFUSED)
    raise Cancel(f"the mail server refuses it: {type(error).__name__}") from error


async def give_up(company_id: UUID, job: MailReport, reason: str) -> None:
    await report_mails.give_up(company_id, job.mail_id)


JOBS = (Handler(MailReport, lambda r: partial(send_report, settings=r.settings), give_up),)
LOOPS = (Loop("reports", 30.0, report_mails.plan_due),)
