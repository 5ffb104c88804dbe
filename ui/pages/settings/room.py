"""How much of the company's room the files take that it sends."""

from nicegui import ui

from api.contract.messages import FileRoom
from ui import formats, session
from ui.client import messages
from ui.components.cards import card
from ui.components.progress import width
from ui.components.states import load
from ui.i18n import _

NARROW, FULL = 0.8, 0.95  # shares from which on it is marked


def draw_room() -> None:
    api = session.current().api
    load(lambda: messages.room(api), _draw)


def _draw(room: FileRoom) -> None:
    share = room.used / room.most if room.most else 1.0
    tone = " m-fill-bad" if share >= FULL else " m-fill-warn" if share >= NARROW else ""
    hint = _("Pictures, films, sound and papers that you send take room; what people send you does not.")
    with ui.element("div").classes("m-forms"), card(_("Room for files"), hint=hint):
        with ui.element("div").classes("m-progress"):
            with ui.element("div").classes("m-track") as track:
                ui.element("div").classes(f"m-fill{tone}").style(width(share))
            track.props.update({"role": "progressbar", "aria-label": _("Room for files")})
            track.props.update({"aria-valuenow": round(min(1.0, share) * 100), "aria-valuemin": 0, "aria-valuemax": 100})
            with ui.element("div").classes("m-row m-between"):
                text = _("{used} of {most} used").format(used=formats.size(room.used), most=formats.size(room.most))
                ui.label(text).classes("m-hint")
                ui.label(formats.percent(min(1.0, share), digits=0)).classes("m-hint")
        if share >= NARROW:
            ui.label(_("When it is full, no more files can be sent. Ask who runs the installation for more.")).classes("m-sub")
