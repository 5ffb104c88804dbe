"""Why a lead is lost: one of the board's reasons, or words of one's own."""

from uuid import UUID

from nicegui import ui

from ui.client import boards as client
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import mark, select_field, text_field
from ui.i18n import _, ngettext

_OWN = ""


async def ask_reason(api: ApiClient, board_id: UUID, count: int) -> str | None:
    """Asks and waits; None when the dialog was left without an answer."""
    known = [reason.name for reason in await client.lost_reasons(api, board_id)]
    heading = ngettext("Why is it lost?", "Why are these {n} lost?", count).format(n=count)
    with dialog(heading, _("So you see later what costs you the most.")) as box:
        options = {**{name: name for name in known}, _OWN: _("Another reason")}
        chosen = select_field(_("Reason"), options, known[0] if known else _OWN, on_change=lambda: own.hide(bool(chosen.value)))
        own = text_field(_("In your words"), limit=200)
        own.hide(bool(known))

        def answer() -> None:
            words = chosen.value or own.value.strip()
            if words:
                box.submit(words)
            else:
                mark({own: _("Please fill this in.")})

        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), lambda: box.submit(None), kind="plain")
            button(_("Mark as lost"), answer, kind="primary")
    answered = await box
    return str(answered) if answered else None
