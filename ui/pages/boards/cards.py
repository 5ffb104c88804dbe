"""What the board shows of stages and leads: values only, in the words of the reader."""

from collections.abc import Sequence
from typing import Any

from api.contract.boards import Lead, LeadField, Stage, StageCount
from api.contract.enums import StageKind
from ui import formats
from ui.components.text import initials
from ui.i18n import _, ngettext
from ui.labels import boards as labels
from ui.labels import proposals

TAGS = 3  # on a card; the lead itself has them all


def conversation_of(lead: Lead) -> str:
    """Where the conversation of a lead is answered; "" without one."""
    return f"/inbox/{lead.conversation_id}" if lead.conversation_id is not None else ""


def head(stage: Stage, currency: str, found: StageCount | None = None) -> dict[str, Any]:
    """A column without its cards; with what a filter finds in it instead of all that is there."""
    over = stage.limit is not None and stage.leads > stage.limit
    count, value = formats.number(stage.leads), stage.value_cents
    if stage.limit is not None:
        count = f"{count} / {formats.number(stage.limit)}"
    more = ""
    if found is not None:
        more = "+" if found.more else ""
        count, value = f"{formats.number(found.leads)}{more}", found.value_cents
    return {
        "id": str(stage.id),
        "name": stage.name if stage.moving_to is None else _("{stage} (being deleted)").format(stage=stage.name),
        "color": stage.color.value,
        "count": count,
        "over": _("More than the limit of this stage") if over and found is None else "",
        "value": f"{formats.money(value, currency)}{more}" if value else "",
        "closed": stage.moving_to is not None,
        "add": _("New lead in {stage}").format(stage=stage.name),
    }


def card(lead: Lead, currency: str, kind: StageKind = StageKind.OPEN, fields: Sequence[LeadField] = ()) -> dict[str, Any]:
    """A card; nothing is overdue in a stage that is not open."""
    shown: dict[str, Any] = {
        "id": str(lead.id),
        "stage": str(lead.stage_id),
        "rank": lead.rank,
        "version": lead.version,
        "href": f"/boards/{lead.board_id}?lead={lead.id}",
        "talk": conversation_of(lead),
        "title": lead.title,
        "menu": _("Move {title}").format(title=lead.title),
        "who": lead.contact.name if lead.contact else "",
        "value": formats.money(lead.value_cents, currency) if lead.value_cents is not None else "",
        "facts": [
            f"{one.label}: {labels.own_value(one.kind, lead.values[one.key], currency)}"
            for one in fields
            if one.on_card and lead.values.get(one.key)
        ],
        "tags": [*lead.tags[:TAGS], *([f"+{len(lead.tags) - TAGS}"] if len(lead.tags) > TAGS else [])],
    }
    if lead.proposals:
        text = ngettext("{n} suggestion", "{n} suggestions", lead.proposals)
        shown["suggestions"] = text.format(n=formats.number(lead.proposals))
    if (moved := lead.moved_by_ai) is not None:
        shown |= {
            "ai": proposals.moved_by(moved.persona_name),
            "quote": f"“{moved.quote}”" if moved.quote else "",
            "why": moved.reason,
        }
    if lead.due_on is not None:
        text, tone = labels.due(lead.due_on)
        late = tone == "bad" and kind is StageKind.OPEN
        shown |= {
            "due": text,
            "tone": tone if kind is StageKind.OPEN else "quiet",
            "dueTitle": _("Overdue") if late else _("Due"),
        }
    if lead.owner is not None:
        name = lead.owner.name
        shown |= {"owner": name, "initials": initials(name), "tint": sum(name.encode()) % 4 + 1}
    return shown


def page(
    leads: Sequence[Lead], currency: str, kind: StageKind, fields: Sequence[LeadField] = (), *, more: bool, full: bool = False
) -> dict[str, Any]:
    """Cards of a column, and whether there are more below: to be had by scrolling, or (`full`) by searching only."""
    return {"cards": [card(lead, currency, kind, fields) for lead in leads], "more": more and not full, "full": more and full}
