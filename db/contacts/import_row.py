"""A row of a list as it is written: addresses are made of its phone and e-mail, one name of its parts."""

from typing import NamedTuple

from db.contacts.enums import IdentityKind
from db.contacts.identities import Address
from db.contacts.import_rows import CleanRow


class Row(NamedTuple):
    """A contact to be. Empty texts say nothing and change nothing."""

    number: int
    phone: Address | None
    email: Address | None
    name: str
    language: str
    opted_out: bool
    tags: list[str]
    custom: dict[str, str]
    cells: list[str]


def row_of(clean: CleanRow, cells: list[str]) -> Row:
    """A clean row as it is written."""
    phone = clean.phone
    return Row(
        clean.row_number,
        Address(IdentityKind.PHONE, phone.canonical, phone.line.value, phone.region) if phone else None,
        Address(IdentityKind.EMAIL, clean.email) if clean.email else None,
        (clean.name or f"{clean.first_name} {clean.last_name}".strip())[:200],
        clean.language,
        clean.opted_out is True,
        clean.tags,
        clean.custom,
        cells,
    )
