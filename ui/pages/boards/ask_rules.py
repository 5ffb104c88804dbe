"""Many leads at once come into a stage that has rules: whether they run is asked, and no is what Enter says."""

from uuid import UUID

from nicegui import ui

from api.contract.boards import Stage
from api.contract.enums import RuleOccasion
from ui.client import board_rules as client
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.text import Text
from ui.i18n import _, ngettext


async def ask_rules(api: ApiClient, board_id: UUID, stage: Stage, count: int) -> bool | None:
    """Whether the rules of the stage run for these leads; None: it was called off. Without a rule nobody is asked."""
    rules = [one for one in await client.rules(api, board_id) if one.stage_id == stage.id and one.enabled]
    if not any(one.occasion is RuleOccasion.ENTER for one in rules):
        return False
    heading = ngettext("Run the rules of {stage} for {n} lead?", "Run the rules of {stage} for {n} leads?", count)
    text = _("They may write to every contact, give the leads to somebody or move them on.")
    with dialog(heading.format(n=count, stage=stage.name), text) as box:
        Text("p", _("Without them the leads are only moved."), "m-sub")
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), lambda: box.submit(None), kind="plain")
            button(_("Run the rules"), lambda: box.submit(True), kind="danger")
            button(_("Only move"), lambda: box.submit(False), kind="primary").props("autofocus")
    chosen: bool | None = await box
    return chosen
