"""Outside a provider's own folders nobody asks which provider it is: no comparison, no table and no import that names one."""

import ast
from functools import cache
from pathlib import Path

from db.providers.registry import providers
from tests.architecture.tree import PROGRAMS, nodes, python_files

OWN = (("db", "providers"), ("workers", "providers"), ("workers", "sandbox"), ("ui", "pages", "channels", "guides"))
"""Below these a folder or a file of a provider's name is the provider's."""
DEMO = ("db", "seed")
"""The demo company has channels of two providers: it imports them, and asks nothing."""


@cache
def _names() -> frozenset[str]:
    return frozenset(name for one in providers() for name in (one.name, one.kind, *(hook.source for hook in one.webhooks)))


def _is_own(path: Path) -> bool:
    """Of a provider, whichever."""
    inside = any(path.parts[: len(folder)] == folder for folder in OWN)
    return inside and bool({*path.parts, path.stem} & {one.name for one in providers()})


def _literals(node: ast.AST) -> set[object]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}


def _asked(path: Path) -> set[str]:
    """Names of providers in comparisons, in `match`, as keys of tables, and in SQL that compares."""
    found: set[object] = set()
    for node in nodes(path):
        if isinstance(node, ast.Compare):
            found |= _literals(node)
        elif isinstance(node, ast.MatchValue):
            found |= _literals(node.value)
        elif isinstance(node, ast.Dict):
            found |= {part for key in node.keys if key is not None for part in _literals(key)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {name for name in _names() if f"'{name}'" in node.value}
    return {name for name in _names() if name in found}


def _imported(path: Path) -> set[str]:
    names = {one.name for one in providers()}
    modules = [node.module or "" for node in nodes(path) if isinstance(node, ast.ImportFrom)]
    return {module for module in modules if "providers" in module and names & set(module.split("."))}


def _outside() -> list[Path]:
    return [path for path in python_files(*PROGRAMS) if not _is_own(path)]


def test_nobody_asks_which_provider_it_is() -> None:
    assert {str(path): asked for path in _outside() if (asked := _asked(path))} == {}


def test_nobody_imports_a_providers_code() -> None:
    found = {str(path): names for path in _outside() if path.parts[:2] != DEMO and (names := _imported(path))}
    assert found == {}


def test_every_providers_halves_have_one_name() -> None:
    for one in providers():
        assert Path("workers", "providers", one.name, "adapter.py").exists()
        assert Path("db", "providers", one.name, "definition.py").exists()
