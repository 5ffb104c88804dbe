"""Which functions a function can come to, read from the source: names and attributes are followed through imports. Methods of objects
whose class only shows at run time are not seen."""

import ast
from functools import cache

from tests.architecture.tree import python_files, tree

Place = tuple[str, str]
"""Module and name: `("db.tags", "plain")`, `("api.tags", "TagController.create")`."""


@cache
def _definitions() -> dict[Place, ast.AST]:
    found: dict[Place, ast.AST] = {}
    for path in python_files("api", "db"):
        module = ".".join(path.with_suffix("").parts)
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[module, node.name] = node
            elif isinstance(node, ast.ClassDef):
                for item in node.body:
                    if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                        found[module, f"{node.name}.{item.name}"] = item
    return found


@cache
def _imports(module: str) -> dict[str, Place]:
    """Local name → where it comes from; an imported module has an empty name."""
    path = next(path for path in python_files("api", "db") if ".".join(path.with_suffix("").parts) == module)
    modules = {".".join(each.with_suffix("").parts) for each in python_files("api", "db")}
    found: dict[str, Place] = {}
    for node in tree(path).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found[alias.asname or alias.name] = (inner, "") if inner in modules else (node.module, alias.name)
    return found


@cache
def _of_one(place: Place) -> tuple[set[tuple[str, str]], set[Place]]:
    """What one function mentions, and where it leads."""
    module = place[0]
    definitions, imports = _definitions(), _imports(module)
    found, ways = set[tuple[str, str]](), set[Place]()
    for node in ast.walk(definitions[place]):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add((node.value.id, node.attr))
            there, what = imports.get(node.value.id, (module, node.value.id))
            ways.add((there, f"{what}.{node.attr}" if what else node.attr))
        elif isinstance(node, ast.Name):
            ways.add(imports.get(node.id, (module, node.id)))
    return found, {way for way in ways if way in definitions}


def mentions(start: Place) -> set[tuple[str, str]]:
    """Every `Name.ATTRIBUTE` in the function and in whatever it can come to."""
    found = set[tuple[str, str]]()
    open, seen = [start], {start}
    while open:
        here, ways = _of_one(open.pop())
        found |= here
        open += ways - seen
        seen |= ways
    return found
