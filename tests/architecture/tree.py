"""The files that git knows, or would know."""

import ast
import gc
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = ("api", "db", "ui", "workers")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository, ignored ones left out, relative to ROOT."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(sorted(Path(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file()))


def python_files(*folders: str) -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and path.parts[0] in (folders or (*PROGRAMS, "tests"))]


@cache
def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file. Without collections of garbage in between: what other libraries do then makes CPython 3.11 lose count of how
    deep it is ("AST constructor recursion depth mismatch")."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text(path))
    finally:
        if collects:
            gc.enable()


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All of the parsed file, as `ast.walk` goes: a dozen tests ask for it, and each walk through all files takes seconds."""
    return tuple(ast.walk(tree(path)))
