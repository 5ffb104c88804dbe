"""Nothing is written that nothing of the product uses: no function, no method and no class."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import PROGRAMS, nodes, python_files, tree

Def = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
CALLED_BY_LIBRARIES = {
    "api/__main__.py": {"application"},  # granian
    "db/engine.py": {"check_version", "prep_database", "get_version_sync", "get_reset_query"},  # Piccolo's engine, asyncpg's pool
    "ui/client/transport.py": {"get_client"},  # httpx-aiohttp
    "ui/components/menus.py": {"_displayed_contents"},  # NiceGUI's filter of elements, by which tests look for texts
    "ui/components/places.py": {"_displayed_contents"},
    "ui/memory.py": {"remove_route"},  # NiceGUI's upload field
    "ui/routing.py": {"resolve_dark", "resolve_language"},  # NiceGUI's page
    "workers/http.py": {"connect_unix_socket"},  # httpcore
    "workers/llm/client.py": {"connect_unix_socket"},
    "workers/imports/sheets.py": {"read_properties", "read_custom", "read_theme", "read_worksheets"},  # openpyxl's reader
    "workers/providers/http1.py": {
        "connection_made", "data_received", "eof_received",  # asyncio
        "on_message_begin", "on_header", "on_headers_complete", "on_chunk_header", "on_body", "on_message_complete",  # httptools
    },
    "workers/sandbox/server.py": {
        "connection_made", "data_received",
        "on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete",
    },
    "workers/sandbox/mail/smtp.py": {"handle_DATA"},  # aiosmtpd
}  # fmt: skip
CALLED_BY_NAME = {
    "workers/knowledge/office.py": {"read_document"},  # `READERS` of workers/knowledge/child.py
    "workers/knowledge/page.py": {"read"},
    "workers/knowledge/pdf.py": {"read"},
    "workers/knowledge/plain.py": {"read_text", "read_csv"},
    "workers/knowledge/sheets.py": {"read"},
}
CALLED_BY_TESTS = {
    "db/installation.py": {"forget"},  # a process of tests meets many databases, and opens Valkey many times
    "db/queue.py": {"forget_queues"},
}


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def _named_elsewhere(path: Path, modules: set[str]) -> Iterator[tuple[str, str]]:
    """Module and name of what a file takes from others."""
    known: dict[str, str] = {}
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                whole = f"{node.module}.{each.name}"
                if whole in modules:
                    known[each.asname or each.name] = whole
                yield node.module, each.name
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            yield known[node.value.id], node.attr


def test_everything_is_used_by_the_product() -> None:
    """Functions and classes of a module by their module, methods by their name alone. What a decorator registers is used by it."""
    paths = python_files(*PROGRAMS)
    modules = {_module(path) for path in paths}
    used = {found for path in paths for found in _named_elsewhere(path, modules)}
    said: Counter[str] = Counter()
    for path in paths:
        for node in nodes(path):
            if isinstance(node, ast.Name):
                said[node.id] += 1
                used.add((_module(path), node.id))
            elif isinstance(node, ast.Attribute):
                said[node.attr] += 1
            elif isinstance(node, ast.keyword) and node.arg:
                said[node.arg] += 1
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                said[node.value] += 1
    idle: defaultdict[str, set[str]] = defaultdict(set)
    for path in paths:
        own = {id(node) for node in tree(path).body}
        for node in nodes(path):
            if not isinstance(node, Def) or node.decorator_list or node.name.startswith("__"):
                continue
            if not ((_module(path), node.name) in used if id(node) in own else said[node.name]):
                idle[str(path)].add(node.name)
    for path, names in (*CALLED_BY_LIBRARIES.items(), *CALLED_BY_NAME.items(), *CALLED_BY_TESTS.items()):
        assert names <= idle[path], f"{path}: used, or gone"
        idle[path] -= names
    assert {path: names for path, names in idle.items() if names} == {}
