"""Places where the product's code can be made wrong, one small change each: a comparison, a condition, a number, a statement that is
left out, a piece of SQL. What only changes words, looks or logs is passed over."""

import ast
import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDERS = ("api", "db", "workers", "ui")
_PASSED_OVER = re.compile(r"__main__|/tables\.py$|/theme/|gallery|/seed/|/sandbox/|api/openapi|api/contract")
_SWAPS: dict[type, type] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
}  # fmt: skip
_BOUNDS: dict[type, type] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_CLOCK = re.compile(r"now|time|until|since|seconds|_at\b")  # nobody can meet the exact moment
_SQL = re.compile(r"\b(select|update|insert into|delete from)\b.*\b(from|set|where|values)\b", re.DOTALL)
_IN_SQL = (
    (r"\bis not null\b", "is null"),
    (r"\bis null\b", "is not null"),
    (r" and [\w.]+ (?:=|<>|<|>|<=|>=) (?:[\w.$]+(?:\(\))?)(?= |$|\)|\n)", ""),
    (r" <= ", " > "),
    (r" < ", " >= "),
    (r" > ", " <= "),
    (r" <> ", " = "),
    (r"\bnot exists\b", "exists"),
    (r" for update(?: of \w+)?(?: skip locked)?", ""),
    (r"\bdesc\b", "asc"),
    (r"interval '\d+", "interval '9999"),
)
_SAYS_ONLY = re.compile(r"^(log|logger|ui|self\.(log|_note))\b|\.(classes|props|style|tooltip|debug|info|warning|error)\(|^_\(")


class Site(NamedTuple):
    """`start` and `end` are offsets into the file's bytes; `function` the qualified name around it, or the names a module-level
    statement assigns, each behind a `=`."""

    path: str
    line: int
    start: int
    end: int
    before: str
    after: str
    function: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]


def sites(root: Path) -> list[Site]:
    """All of them, in a fixed order."""
    paths = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))
    return [site for path in paths if not _PASSED_OVER.search(path.as_posix()) for site in _in_file(root, path)]


def _in_file(root: Path, path: Path) -> Iterator[Site]:
    source = path.read_bytes()
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    for node, function, after in _walk(ast.parse(source), [], path.is_relative_to(root / "ui")):
        start, end = lines[node.lineno - 1] + node.col_offset, lines[node.end_lineno - 1] + node.end_col_offset
        before = source[start:end].decode()
        yield Site(path.relative_to(root).as_posix(), node.lineno, start, end, before, after, function)


def _walk(node: ast.AST, around: list[str], screen: bool) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    for child in _parts(node):
        inside = around
        if isinstance(child, ast.ClassDef):
            inside = [*around, child.name]
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = [*around, child.name, "<locals>"]
        elif isinstance(child, ast.Assign | ast.AnnAssign) and not around:
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            inside = ["=".join(["", *(target.id for target in targets if isinstance(target, ast.Name))])]
        elif isinstance(child, ast.expr | ast.stmt) and around:
            name = ".".join(around).removesuffix(".<locals>")
            yield from ((child, name, after) for after in _changes(child, screen))
        if not (isinstance(child, ast.Expr) and (isinstance(child.value, ast.Constant) or _SAYS_ONLY.search(ast.unparse(child)))):
            yield from _walk(child, inside, screen)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """What is inside, without types, decorators and the settings of a class."""
    settings = {"annotation", "returns", "decorator_list"} | ({"keywords"} if isinstance(node, ast.ClassDef) else set())
    for name, value in ast.iter_fields(node):
        if name not in settings:
            yield from (part for part in (value if isinstance(value, list) else [value]) if isinstance(part, ast.AST))


def _changes(node: ast.expr | ast.stmt, screen: bool) -> Iterator[str]:
    changed = copy.copy(node)
    if isinstance(changed, ast.Compare):
        for swaps in (_SWAPS, {} if _CLOCK.search(ast.unparse(node)) else _BOUNDS):
            if other := swaps.get(type(changed.ops[0])):
                yield f"({ast.unparse(ast.Compare(changed.left, [other(), *changed.ops[1:]], changed.comparators))})"
    elif isinstance(changed, ast.BoolOp | ast.BinOp) and type(changed.op) in _SWAPS and not _is_text(changed):
        changed.op = _SWAPS[type(changed.op)]()  # type: ignore[assignment]
        yield f"({ast.unparse(changed)})"
    elif isinstance(changed, ast.UnaryOp) and isinstance(changed.op, ast.Not):
        yield f"({ast.unparse(changed.operand)})"
    elif isinstance(changed, ast.Constant) and isinstance(changed.value, bool):
        yield repr(not changed.value)
    elif isinstance(changed, ast.Constant) and isinstance(changed.value, int) and changed.value > 1 and not screen:
        yield repr(changed.value * 2)
    elif isinstance(changed, ast.Constant | ast.JoinedStr) and _SQL.search(text := ast.unparse(changed)):
        for wrong, other in _IN_SQL:
            yield from (text[: found.start()] + other + text[found.end() :] for found in re.finditer(wrong, text))
    elif isinstance(node, ast.Expr | ast.AugAssign | ast.Raise | ast.Delete) and not screen:
        said = ast.unparse(node)
        if not ((isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.Yield)) or _SAYS_ONLY.search(said)):
            yield "pass"


def _is_text(node: ast.BoolOp | ast.BinOp) -> bool:
    parts = node.values if isinstance(node, ast.BoolOp) else [node.left, node.right]
    return any(
        isinstance(part, ast.JoinedStr | ast.List) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in parts
    )
