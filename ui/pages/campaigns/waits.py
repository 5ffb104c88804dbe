"""On the live page: which rule holds how many people back, and until when."""

from nicegui import ui

from api.contract.campaign_progress import CampaignWait, Progress
from ui.components.cards import card
from ui.components.text import Text, icon
from ui.i18n import _
from ui.labels import waits as labels


class Waits:
    """Nothing is there while nobody waits for a rule."""

    def __init__(self, progress: Progress) -> None:
        self._drawn: list[CampaignWait] = []
        self._place = ui.element("div").classes("w-full m-live-waits")
        self._place.props["aria-live"] = "polite"
        self.set(progress)

    def set(self, progress: Progress) -> None:
        """Moves in place."""
        if progress.waits == self._drawn:
            return
        self._drawn = list(progress.waits)
        self._place.clear()
        if not progress.waits:
            return
        with self._place, card(_("Who waits, and for what"), flush=True):
            for one in progress.waits:
                with ui.element("div").classes("m-sum"):
                    icon(labels.ICONS[one.rule])
                    Text("p", labels.sentence(one), "m-text m-grow")
