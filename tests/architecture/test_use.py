"""Nothing is written that nothing of the product uses: no function, no method and no class."""

import ast
from collections import Counter, defaultdict

from tests.architecture.tree import PROGRAMS, python_files, tree

Def = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
CALLED_BY_LIBRARIES = {
    "db/engine.py": {"check_version", "prep_database", "get_version_sync"},  # Piccolo's engine
    "ui/client/transport.py": {"get_client"},  # httpx-aiohttp
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
CALLED_BY_TESTS = {"db/queue.py": {"forget_queues"}}
"""A process of tests opens Valkey many times."""


def _uses() -> Counter[str]:
    """Names that the product reads, calls, passes as keywords, or keeps as text (`getattr`, columns of a table)."""
    found: Counter[str] = Counter()
    for path in python_files(*PROGRAMS):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Name):
                found[node.id] += 1
            elif isinstance(node, ast.Attribute):
                found[node.attr] += 1
            elif isinstance(node, ast.keyword) and node.arg:
                found[node.arg] += 1
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                found[node.value] += 1
    return found


def test_everything_is_used_by_the_product() -> None:
    """By name: one that something else bears too passes. What a decorator registers is used by it."""
    uses = _uses()
    idle: defaultdict[str, set[str]] = defaultdict(set)
    for path in python_files(*PROGRAMS):
        for node in ast.walk(tree(path)):
            if isinstance(node, Def) and not node.decorator_list and not node.name.startswith("__") and not uses[node.name]:
                idle[str(path)].add(node.name)
    for path, names in (*CALLED_BY_LIBRARIES.items(), *CALLED_BY_TESTS.items()):
        assert names <= idle[path], f"{path}: used, or gone"
        idle[path] -= names
    assert {path: names for path, names in idle.items() if names} == {}
