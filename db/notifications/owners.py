"""News that cannot wait, to the owners of a company: a mail, and a line behind the bell of their pages."""

from collections.abc import Callable

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.accounts.mails import Mail
from db.notifications import calls
from db.notifications.enums import NoticeTopic
from db.permissions import Role
from db.work import Work

OWNERS = 10


async def tell_owners(
    w: Work, template: MailTemplate, params: dict[str, str], link: str, **written: Callable[[str], str]
) -> None:
    """One mail to each owner of the company, at most OWNERS, and a line behind their bell. `written`: further params as people write them in a language."""
    owners = await w.fetch(
        "select u.id, u.email, u.language from membership m join account_user u on u.id = m.user_id"
        f" where m.company_id = $1 and m.role = $2 order by u.id limit {OWNERS}",
        w.company_id,
        Role.OWNER.value,
    )
    for owner in owners:
        told = params | {name: write(owner["language"]) for name, write in written.items()}
        mail = Mail(template=template, recipient=owner["email"], language=owner["language"], params=told, link=link)
        await mails.post(w, mail)
        about = told.get("channel") or told.get("subject", "")
        await calls.tell_owner(w, owner["id"], NoticeTopic(template.value), told["code"], about, link)
