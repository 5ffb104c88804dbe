"""Files made to hurt who reads them."""

import random
import zipfile
from collections.abc import Callable
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(path: Path, cells: Callable[[], object], strings: Callable[[], object] | None = None, sheets: int = 1) -> Path:
    """A workbook whose first sheet and strings are the pieces that `cells` and `strings` yield."""
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = [
        ("xl/workbook.xml", "sheet.main"),
        ("xl/worksheets/sheet1.xml", "worksheet"),
        ("xl/sharedStrings.xml", "sharedStrings"),
    ]
    kinds = "".join(f'<Override PartName="/{part}" ContentType="{KINDS}.{kind}+xml"/>' for part, kind in parts)
    named = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId1"/>' for n in range(1, sheets + 1))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types">{kinds}</Types>')
        file.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{RELS}"><sheets>{named}</sheets></workbook>')
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="rId1" Type="{RELS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        for name, pieces in (("xl/worksheets/sheet1.xml", cells), ("xl/sharedStrings.xml", strings)):
            if pieces is not None:
                with file.open(name, "w", force_zip64=True) as part:
                    for piece in pieces():  # type: ignore[attr-defined]
                        part.write(piece.encode())
    return path


def one_cell(count: int, noise: int = 0) -> Callable[[], object]:
    """One cell of so many runs; `noise` random letters in every thousandth keep the package from packing too well."""
    source = random.Random(1)

    def pieces() -> object:
        yield f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is>'
        for _ in range(count // 1000):
            yield "<r><t>A</t></r>" * 999 + f'<r x="{source.randbytes(noise).hex()}"><t>A</t></r>'
        yield "</is></c></row></sheetData></worksheet>"

    return pieces


def same_string(rows: int) -> Callable[[], object]:
    def pieces() -> object:
        yield f'<worksheet xmlns="{MAIN}"><sheetData>'
        yield from (f'<row r="{n}"><c t="s"><v>0</v></c></row>' for n in range(1, rows))
        yield "</sheetData></worksheet>"

    return pieces


def rows_of(count: int, filler: int) -> Callable[[], object]:
    def pieces() -> object:
        yield f'<worksheet xmlns="{MAIN}"><sheetData>'
        blank = "\n" * 1_000_000
        for _ in range(filler):
            yield blank
        yield from (f'<row r="{n}"><c t="inlineStr"><is><t>x</t></is></c></row>' for n in range(1, count))
        yield "</sheetData></worksheet>"

    return pieces


def text(path: Path, *pieces: tuple[str, int]) -> Path:
    with path.open("w") as file:
        for piece, times in pieces:
            for _ in range(times):
                file.write(piece)
    return path
