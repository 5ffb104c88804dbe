"""Shapes of one page as PDF or as a picture. Letters that the fonts do not have are left out."""

import io
from functools import cache
from pathlib import Path

import reportlab
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.colors import HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from api.report.layout import HEIGHT, WIDTH, Box, Line, Shape
from db.texts import western

SCALE = 2.5
"""Pixels of the picture for a point: sharp on a phone, some hundred kilobytes."""
_FONTS = Path(reportlab.__file__).parent / "fonts"
_NARROW = 0.87
"""The picture's letters are wider than those of the PDF."""
_NAMES = {False: ("Helvetica", "Vera.ttf"), True: ("Helvetica-Bold", "VeraBd.ttf")}


def fitted(line: Line) -> str:
    """The text, cut with dots where it is too long."""
    font, text = _NAMES[line.bold][0], western(line.text)
    if stringWidth(text, font, line.size) <= line.most:
        return text
    while text and stringWidth(text + "…", font, line.size) > line.most:
        text = text[:-1]
    return text.rstrip() + "…"


def pdf(shapes: list[Shape], name: str) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(western(name))
    for shape in shapes:
        canvas.setFillColor(HexColor(shape.colour))
        if isinstance(shape, Box):
            canvas.roundRect(
                shape.x, HEIGHT - shape.y - shape.height, shape.width, shape.height, _radius(shape), stroke=0, fill=1
            )
            continue
        canvas.setFont(_NAMES[shape.bold][0], shape.size)
        draw = {"left": canvas.drawString, "middle": canvas.drawCentredString, "right": canvas.drawRightString}[shape.align]
        draw(shape.x, HEIGHT - shape.y - shape.size * 0.8, fitted(shape))
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _radius(box: Box) -> float:
    return min(box.radius, box.width / 2, box.height / 2)


@cache
def _font(bold: bool, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS / _NAMES[bold][1]), round(size * SCALE * _NARROW))


def png(shapes: list[Shape]) -> bytes:
    picture = Image.new("RGB", (round(WIDTH * SCALE), round(HEIGHT * SCALE)), "#ffffff")
    draw = ImageDraw.Draw(picture)
    for shape in shapes:
        if isinstance(shape, Box):
            corners = (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
            draw.rounded_rectangle([value * SCALE for value in corners], _radius(shape) * SCALE, fill=shape.colour)
            continue
        anchor = {"left": "ls", "middle": "ms", "right": "rs"}[shape.align]
        at = (shape.x * SCALE, (shape.y + shape.size * 0.8) * SCALE)
        draw.text(at, fitted(shape), fill=shape.colour, font=_font(shape.bold, shape.size), anchor=anchor)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
