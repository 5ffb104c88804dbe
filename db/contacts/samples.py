"""Sample contacts: invented people of a new company, to whom only the simulator writes.

`contact.source` marks them, not their tag, which anybody may take off: a campaign on a real channel leaves them out and says so
(`SkipReason.SAMPLE_CONTACT`). Their numbers have a valid shape, but Brazil has given +55 11 90000 to nobody.
"""

from collections.abc import Sequence

from db.contacts import tags
from db.contacts.enums import SAMPLE
from db.contacts.events import ContactsChanged
from db.contacts.identities import add, number_address, refresh
from db.work import Work


async def add_samples(w: Work, names: Sequence[str], tag: str, language: str) -> None:
    """One contact per name, all with the tag. A number that somebody has already makes no second contact."""
    made = []
    for number, name in enumerate(names, 1):
        contact_id = await w.fetchval(
            "insert into contact(company_id, name, language, source) values ($1, $2, $3, $4) returning id",
            w.company_id,
            name,
            language,
            SAMPLE,
        )
        if await add(w, contact_id, number_address(f"+55119000000{number:02}")):
            made.append(contact_id)
        else:
            await w.execute("delete from contact where company_id = $1 and id = $2", w.company_id, contact_id)
    await tags.add_tags(w, made, await tags.ensure_tags(w, [tag]))
    await refresh(w, made)
    w.audit("contact.samples_added", None, count=len(made))
    w.emit(ContactsChanged())
