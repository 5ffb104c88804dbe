"""How a persona looks: its picture, else an emoji on its colour, else its initials."""

from typing import Literal
from uuid import UUID

from nicegui import ui

from api.contract.enums import StageColor
from ui.components.text import initials
from ui.faces import address


def persona_avatar(
    name: str,
    emoji: str,
    color: StageColor,
    size: Literal["", "tiny", "big"] = "",
    *,
    of: UUID | None = None,
    picture_id: UUID | None = None,
) -> ui.label:
    """`of`: whose picture it is, where there is one."""
    element = ui.label().classes(f"m-avatar m-persona-face m-stage-{color.value}" + (f" m-{size}" if size else ""))
    element.props["aria-hidden"] = "true"
    show_face(element, emoji or initials(name), of, picture_id)
    return element


def show_face(element: ui.label, sign: str, of: UUID | None, picture_id: UUID | None) -> None:
    """Changes a face in place: its picture, or the sign that stands for it."""
    url = address(of, picture_id)
    element.text = "" if url else sign
    element.style(replace=f"background-image: url({url})" if url else "")
    element.classes(add="m-face-picture" if url else "", remove="" if url else "m-face-picture")
