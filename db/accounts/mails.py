"""Mails that wait to be sent. A mail is written in the transaction of what it tells of; its job only names it. The link in it signs
somebody in, so it is sealed while it waits and forgotten afterwards; the row stays a while, to be counted."""

from datetime import timedelta
from uuid import UUID

import msgspec

from db import crypto
from db.accounts.enums import MailTemplate
from db.ids import uuid7
from db.jobs import SendMail
from db.permissions import Permission
from db.tenancy import worker
from db.work import Change, Read, SystemWork, Work, read, system_read, work

DAY = timedelta(days=1)


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it is to be written."""

    template: MailTemplate
    recipient: str
    language: str
    params: dict[str, str]
    link: str


async def post(w: Work, mail: Mail) -> None:
    """Leaves after the commit."""
    w.enqueue(await _written(w, w.company_id, mail))


async def post_for(s: SystemWork, company_id: UUID, mail: Mail) -> None:
    """The same of what crosses companies: the mail stands in this one."""
    s.enqueue(company_id, await _written(s, company_id, mail))


async def _written(c: Change, company_id: UUID, mail: Mail) -> SendMail:
    mail_id = uuid7()
    await c.execute(
        "insert into mail(company_id, id, template, recipient, language, params, link) values ($1, $2, $3, $4, $5, $6::jsonb, $7)",
        company_id,
        mail_id,
        mail.template.value,
        mail.recipient,
        mail.language,
        msgspec.json.encode(mail.params).decode(),
        crypto.ring().seal(mail.link, company_id=company_id, table="mail", column="link", row_id=mail_id),
    )
    return SendMail(mail_id=mail_id)


async def waiting(company_id: UUID, mail_id: UUID) -> Mail | None:
    """What is to be sent; None when it was sent or given up. Raises SealBroken."""
    async with read(worker(company_id), Permission.COMPANY_READ) as r:
        row = await r.fetchrow(
            "select template, recipient, language, params, link from mail where company_id = $1 and id = $2 and link is not null",
            company_id,
            mail_id,
        )
    if row is None:
        return None
    link = crypto.ring().open(row["link"], company_id=company_id, table="mail", column="link", row_id=mail_id)
    return Mail(
        template=MailTemplate(row["template"]),
        recipient=row["recipient"],
        language=row["language"],
        params=msgspec.json.decode(row["params"], type=dict[str, str]),
        link=link,
    )


async def forget_link(company_id: UUID, mail_id: UUID) -> None:
    """It was sent, or never will be."""
    async with work(worker(company_id), Permission.COMPANY_WRITE) as w:
        await forget_links(w, [mail_id])


async def forget_links(w: Work, mail_ids: list[UUID]) -> None:
    """The same of several, in the caller's transaction."""
    await w.execute("update mail set link = null where company_id = $1 and id = any($2::uuid[])", w.company_id, mail_ids)


async def of_company(
    r: Read, company_id: UUID, template: MailTemplate, within: timedelta = DAY, to: str | None = None, code: str | None = None
) -> int:
    """How many of one kind the company mailed lately, to everybody or to one address, of all codes or one."""
    count: int = await r.fetchval(
        "select count(*) from mail where company_id = $1 and template = $2 and created_at > now() - $3::interval "
        "and ($4::text is null or recipient = $4) and ($5::text is null or params->>'code' = $5)",
        company_id,
        template.value,
        within,
        to,
        code,
    )
    return count


async def to_address(recipient: str, template: MailTemplate, within: timedelta = DAY) -> int:
    """How many of one kind anybody here mailed to an address lately."""
    async with system_read() as s:
        count: int = await s.fetchval(
            "select count(*) from mail where recipient = $1 and template = $2 and created_at > now() - $3::interval",
            recipient,
            template.value,
            within,
        )
    return count
