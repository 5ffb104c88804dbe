"""What a board can be asked for, and how the API calls it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from api.contract.boards import LeadField
from api.contract.enums import LeadFieldKind
from ui.components.address import address
from ui.components.query import Asked, Filter, Query
from ui.i18n import _, pgettext
from ui.labels import boards as labels
from ui.pages.boards.views import OWN, dues


def filters(people: Sequence[tuple[UUID, str]], tags: Sequence[str], fields: Sequence[LeadField]) -> list[Filter]:
    tag = address().get("tag")
    known = sorted({*tags, *([tag] if tag else [])}, key=str.casefold)
    return [
        Filter("owner", pgettext("lead", "Owner"), {str(person): name for person, name in people}),
        Filter("tag", _("Tag"), {name: name for name in known}),
        Filter("due", _("Due"), dues()),
        *(Filter(f"{OWN}{one.key}", one.label, options) for one in fields if (options := _options(one))),
    ]


def _options(field: LeadField) -> Mapping[str, str]:
    """What can be asked for in a field; nothing where there is no end to it."""
    match field.kind:
        case LeadFieldKind.CHOICE:
            return {choice: choice for choice in field.choices}
        case LeadFieldKind.BOOLEAN:
            return labels.yes_or_no()
        case _:
            return {}


def params(asked: Asked | Query) -> dict[str, Any]:
    """In the API's words."""
    chosen = asked.filters
    given = {
        "search": asked.search or None,
        "owner_id": chosen.get("owner"),
        "tag": chosen.get("tag"),
        "due": chosen.get("due"),
        "value": [f"{key.removeprefix(OWN)}:{value}" for key, value in chosen.items() if key.startswith(OWN)],
    }
    return {name: value for name, value in given.items() if value}
