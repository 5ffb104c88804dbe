"""A file in a message: the picture, the sound, the film, or a row to open it by; and why it is not here when it is not."""

from nicegui import ui

from api.contract.enums import FileState
from api.contract.messages import MessageFile
from ui import files, formats
from ui.components.text import icon
from ui.i18n import _
from ui.labels import messages as message_labels

SIDE = 320  # pixels of the longer side of a picture in a bubble


def draw_file(file: MessageFile) -> None:
    """One file of a message."""
    family = (file.mime_type or "").partition("/")[0]
    if file.state is not FileState.STORED:
        _draw_absent(file)
    elif file.thumbnail:
        _draw_picture(file)
    elif file.inline and family in {"audio", "video"}:
        _draw_player(file, family)
    else:
        _draw_row(file)


def _draw_absent(file: MessageFile) -> None:
    symbol, text = message_labels.file_state(file.state, file.reason)
    with ui.element("div").classes("m-file m-file-absent"):
        icon(symbol)
        with ui.element("div").classes("m-col m-min"):
            if file.name:
                ui.label(file.name).classes("m-clip")
            ui.label(text).classes("m-hint")


def _link(file: MessageFile, classes: str) -> ui.element:
    link = ui.element("a").classes(classes)
    link.props.update({"href": files.address(file.id), "target": "_blank", "rel": "noopener"})
    return link


def _draw_picture(file: MessageFile) -> None:
    with _link(file, "m-file-picture") as link:
        link.props["aria-label"] = _("Open the picture")
        image = ui.element("img")
        image.props.update({"src": files.address(file.id, thumbnail=True), "alt": "", "loading": "lazy"})
        if file.width and file.height:  # room is kept for it while it loads
            scale = min(1.0, SIDE / max(file.width, file.height))
            image.props.update({"width": str(round(file.width * scale)), "height": str(round(file.height * scale))})


def _draw_player(file: MessageFile, family: str) -> None:
    player = ui.element(family).classes("m-file-player")
    player.props.update({"src": files.address(file.id), "controls": True, "preload": "metadata"})
    player.props["aria-label"] = _("Audio") if family == "audio" else _("Video")


def _draw_row(file: MessageFile) -> None:
    with _link(file, "m-file m-file-row"):
        icon("description" if file.inline else "download")
        with ui.element("div").classes("m-col m-min"):
            ui.label(file.name or (_("Document") if file.inline else _("File"))).classes("m-clip")
            ui.label(formats.size(file.size or 0)).classes("m-hint")
