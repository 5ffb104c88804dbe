"""A QR code that is read in light and dark."""

import segno
from nicegui import ui


def qr(text: str, label: str) -> ui.html:
    """`label`: what it is, for who does not see it."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(border=3, dark="#000", light="#fff", omitsize=True)
    html = ui.html(drawn, sanitize=False).classes("m-qr")
    html.props.update({"role": "img", "aria-label": label})
    return html
