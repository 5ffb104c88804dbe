"""What became of people at one step: how many wait, went on, got and read the message, and a bar that makes a funnel of all steps. Figures follow in place."""

from nicegui import ui

from api.contract.cadences import Branch, CadenceStep, Send, Step
from ui import formats
from ui.components.progress import width
from ui.components.text import Text
from ui.i18n import _, ngettext
from ui.labels import reasons


class Numbers:
    """`entered`: everybody who ever came into the sequence, what bars are shares of; 0: nothing is shown."""

    def __init__(self, step: Step, known: CadenceStep | None, entered: int) -> None:
        self._step = step
        self._shown: tuple[CadenceStep | None, int] = (None, 0)
        self._box = ui.element("div").classes("m-seq-numbers")
        self.set(known, entered)

    def set(self, known: CadenceStep | None, entered: int) -> None:
        if (known, entered) == self._shown or self._box.is_deleted:
            return
        self._shown = known, entered
        self._box.clear()
        if known is None or not entered:
            return
        if not (known.reached or known.waiting or known.queued):
            with self._box:
                ui.label(_("Nobody came this far yet.")).classes("m-hint")
            return
        with self._box:
            with ui.element("div").classes("m-seq-figs"):
                if known.waiting:
                    ui.label(_("{n} waiting here").format(n=formats.number(known.waiting))).classes("m-seq-waiting")
                if known.unsent:
                    text = ngettext("{n} waits for the message to leave", "{n} wait for the message to leave", known.unsent)
                    self._say(text, known.unsent)
                if isinstance(self._step, Send):
                    self._of_message(known)
                elif isinstance(self._step, Branch):
                    self._say(_("{n} yes"), known.yes, known.reached, "m-seq-dot-yes")
                    self._say(_("{n} no"), known.no, known.reached, "m-seq-dot-no")
                else:
                    self._say(ngettext("{n} went on", "{n} went on", known.reached), known.reached)
            self._bar(known, entered)
            if known.problem:
                Text("p", _problem(known.problem), "m-seq-wrong")

    def _of_message(self, known: CadenceStep) -> None:
        self._say(ngettext("{n} sent", "{n} sent", known.sent), known.sent, kind="m-seq-dot-sent")
        if known.read or (isinstance(self._step, Send) and self._step.template_id is not None):  # of an SMS nobody tells it
            self._say(ngettext("{n} read", "{n} read", known.read), known.read, known.sent, "m-seq-dot-read")
        self._say(ngettext("{n} answered", "{n} answered", known.replied), known.replied, known.sent, "m-seq-dot-replied")
        if known.queued:
            self._say(_("{n} waiting to be sent"), known.queued)
        if known.failed:
            self._say(ngettext("{n} failed", "{n} failed", known.failed), known.failed, kind="m-seq-failed")
        if known.skipped:
            self._say(ngettext("{n} left out", "{n} left out", known.skipped), known.skipped)

    def _say(self, text: str, n: int, whole: int = 0, kind: str = "") -> None:
        share = f" ({formats.percent(n, whole, digits=0)})" if whole else ""
        ui.label(text.format(n=formats.number(n)) + share).classes(kind)

    def _bar(self, known: CadenceStep, entered: int) -> None:
        """As wide as the share of everybody who came this far; of a message what was sent, read and answered lies on it."""
        parts = [("m-seq-far", known.reached)]
        if isinstance(self._step, Send):
            parts += [("m-seq-sent", known.sent), ("m-seq-read", known.read), ("m-seq-replied", known.replied)]
        elif isinstance(self._step, Branch):
            parts += [("m-seq-read", known.yes)]
        share = formats.percent(known.reached, entered, digits=0)
        with ui.element("div").classes("m-seq-bar") as bar:
            bar.props["role"] = "img"
            bar.props["aria-label"] = _("{share} of everybody came this far").format(share=share)
            bar.props["title"] = bar.props["aria-label"]
            for name, n in parts:
                ui.element("i").classes(name).style(width(n / entered))


def _problem(key: str) -> str:
    gone = {
        "step_gone": _(
            "Everybody waits here: what this step asks for was deleted. Choose something else and publish the change."
        ),
        "goal_gone": _("Nothing goes out: the goal of the sequence was deleted. Choose another one and publish the change."),
    }
    return gone.get(key) or _("Stands still: {reason}").format(reason=reasons.failure(key).name)
