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


def mentions(start: Place) -> set[tuple[str, str]]:
    """Every `Name.ATTRIBUTE` in the function and in whatever it can come to."""
    definitions, found = _definitions(), set[tuple[str, str]]()
    open, seen = [start], {start}
    while open:
        module, name = open.pop()
        imports = _imports(module)
        for node in ast.walk(definitions[module, name]):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.add((node.value.id, node.attr))
                there, what = imports.get(node.value.id, (module, node.value.id))
                place = (there, f"{what}.{node.attr}" if what else node.attr)
            elif isinstance(node, ast.Name):
                place = imports.get(node.id, (module, node.id))
            else:
                continue
            if place in definitions and place not in seen:
                seen.add(place)
                open.append(place)
    return found
