"""Raw values of contact fields, as a message to their person carries them: days and numbers in the form in which they read them.

One place for an audience of a million and for the one person of an answer. Cleaning and fallbacks are `render.py`'s.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from db.contacts import field_values
from db.errors import RequestError
from db.work import Read

EMAIL = "(select i.value from contact_identity i where i.company_id = c.company_id and i.contact_id = c.id and i.kind = 'email' limit 1)"
_FIELDS = {
    "name": "p.name",
    "first_name": "p.name",  # raw; db/messages/render.py finds the first name
    "last_name": "coalesce(substring(btrim(p.name) from '\\s(\\S.*)$'), '')",
    "phone": "p.address",
    "email": "p.email",
    "language": "p.language",
    "external_id": "p.custom->>'external_id'",
}


def field(name: str, company: str, arg: Callable[[object, str], str]) -> str:
    """SQL for the value of a contact field of a person `p` (name, address, email, language, custom); of a company's own one as the
    contact reads it. `company`: the SQL of its id; `arg` takes an argument and its type and gives its place."""
    if name.startswith("custom."):
        key = arg(name[7:], "text")
        kind = f"(select f.kind from custom_field f where f.company_id = {company} and f.key = {key} and f.deleted_at is null)"
        of_company = f"(select o.language from company o where o.id = {company})"
        return field_values.shown_sql(f"(p.custom->>{key})", kind, "p.language", of_company)
    return _FIELDS[name]


def params(fields: Sequence[str], company: str, arg: Callable[[object, str], str]) -> str:
    """SQL for the values of these fields, as the ledger keeps them."""
    found = ", ".join(f"coalesce({field(name, company, arg)}, '')" for name in fields)
    return f"array[{found}]::text[]"


async def custom_keys(r: Read, company_id: UUID) -> list[str]:
    """The company's own fields."""
    rows = await r.fetch("select key from custom_field where company_id = $1 and deleted_at is null", company_id)
    return [row["key"] for row in rows]


async def of_person(r: Read, company_id: UUID, contact_id: UUID, address: str, fields: Sequence[str]) -> list[str]:
    """The values of one person who is written to at this address. Raises NotFound."""
    args: list[object] = [company_id, contact_id, address]

    def arg(value: object, kind: str) -> str:
        args.append(value)
        return f"${len(args)}::{kind}"

    found: list[str] | None = await r.fetchval(
        f"select {params(fields, '$1::uuid', arg)} from (select c.name, c.custom, c.language, $3::text as address, {EMAIL} as email"
        " from contact c where c.company_id = $1 and c.id = $2) p",
        *args,
    )
    if found is None:
        raise RequestError.NOT_FOUND(what="contact")
    return list(found)
