"""docs/architecture.md shows what is there, and no page leads to what is not."""

import re
from pathlib import Path

from tests.architecture.picture import PAGE, drawn
from tests.architecture.tree import ROOT, text, tracked

OUTSIDE = re.compile(
    r"contracts?:? section \d|contract, section|\b(RELIABILITY|DESIGN|ANALYTICS|RETRIEVAL|RIVALS|FIELD-NOTES)\b(\.md| \d)"
)
CITED = re.compile(r"`((?:api|db|ui|workers|tests|docs)/[\w./-]*[\w/])`|\((?!https?:)([\w./-]+\.md)\)")


def test_the_picture_is_of_today() -> None:
    page = text(PAGE)
    assert drawn(page) == page, "run: just picture"


def test_no_citation_leads_outside_the_repository() -> None:
    sources = [path for path in tracked() if path.suffix in {".py", ".sql", ".md", ".toml", ".css", ".js"}]
    assert [str(path) for path in sources if path.name != "test_picture.py" and OUTSIDE.search(text(path))] == []


def test_cited_files_are_there() -> None:
    gone = []
    for path in (Path("README.md"), PAGE, Path("docs/contributing.md")):
        for inside, beside in CITED.findall(text(path)):
            target = ROOT / inside if inside else (ROOT / path).parent / beside
            if not target.exists():
                gone.append(f"{path}: {inside or beside}")
    assert gone == []
