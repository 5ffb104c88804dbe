"""Documents as programs write them, made by hand."""

import io
import zipfile
from collections.abc import Sequence

import openpyxl
from PIL import Image
from pypdf import PdfReader, PdfWriter

_STYLES = """<?xml version="1.0"?><w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:style w:type="paragraph" w:styleId="Ttulo1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Ttulo2"><w:name w:val="heading 2"/></w:style></w:styles>"""


def pdf(pages: Sequence[str | None]) -> bytes:
    """One page for each text; None: a picture. Text as Latin-1."""
    picture = io.BytesIO()
    Image.new("L", (40, 40), 200).save(picture, "PDF")
    writer = PdfWriter()
    for text in pages:
        if text is None:
            writer.append(io.BytesIO(picture.getvalue()))
        else:
            writer.append(io.BytesIO(_written(text)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _written(text: str) -> bytes:
    lines = " T* ".join(f"({line}) Tj" for line in text.replace("(", "").replace(")", "").split("\n"))
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td {lines} ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(out)
    )


def locked(content: bytes) -> bytes:
    """The same PDF with a password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    writer.encrypt("segredo", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def docx(blocks: Sequence[tuple[str, str] | list[list[str]]]) -> bytes:
    """Paragraphs as (style, text), tables as rows of cells."""
    body = ""
    for block in blocks:
        if isinstance(block, list):
            cells = ["".join(f"<w:tc>{_paragraph('', cell)}</w:tc>" for cell in row) for row in block]
            rows = "".join(f"<w:tr>{row}</w:tr>" for row in cells)
            body += f"<w:tbl>{rows}</w:tbl>"
        else:
            body += _paragraph(*block)
    document = (
        f'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", document)
        archive.writestr("word/styles.xml", _STYLES)
    return out.getvalue()


def _paragraph(style: str, text: str) -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def xlsx(sheets: dict[str, Sequence[Sequence[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bomb() -> bytes:
    """A Word file of some kilobytes that unfolds to 20 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as entry:
        for _ in range(20):
            entry.write(bytes(1_000_000))
    return out.getvalue()
