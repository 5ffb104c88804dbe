"""Draw the picture of docs/architecture.md from the code: programs and who imports whom, capabilities with their tables, providers,
jobs and rounds. `just picture` writes it; a test holds the page against it."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from db.providers.registry import providers
from tests.architecture.test_sql import OWNERS
from tests.architecture.tree import PROGRAMS, ROOT, nodes, python_files
from workers import main

PAGE = Path("docs/architecture.md")
BEGIN, END = "<!-- picture -->", "<!-- /picture -->"
_ROLES = {
    "api": "api: Litestar, JSON over HTTP, webhooks in",
    "ui": "ui: NiceGUI, screens",
    "workers": "workers: SAQ, sending, imports, sandbox",
    "db": "db: state, rules, jobs",
}


def _imports() -> set[tuple[str, str]]:
    """Program → program that some module of it imports; of the API, the contract is told apart."""
    found = set()
    for path in python_files(*PROGRAMS):
        for node in nodes(path):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top = name.split(".")[0]
                if top in PROGRAMS and top != path.parts[0]:
                    found.add((path.parts[0], "contract" if name.startswith("api.contract") else top))
    return found


def picture() -> str:
    """Mermaid text."""
    lines = [
        "```mermaid",
        "flowchart TB",
        "    people([people]) --> ui",
        "    partners([partners]) --> api",
        "    vendors([providers]) <--> workers",
    ]
    lines += ["    vendors --> api"]
    lines += [f'    {name}["{_ROLES[name]}"]' for name in _ROLES]
    lines.append('    contract["api/contract: the wire, as data"]')
    lines.append("    ui -. HTTP and events .-> api")
    for source, target in sorted(_imports()):
        lines.append(f"    {source} -- imports --> {target}")
    lines.append("    db --- postgres[(Postgres: everything)]")
    lines.append("    db --- valkey[(Valkey: permits, wake-ups, live events)]")
    lines += ["```", "", "| owns | tables |", "|---|---|"]
    lines += [
        f"| `{place}` | {', '.join(f'`{table}`' for table in sorted(tables))} |" for place, tables in sorted(OWNERS.items())
    ]
    kinds = ", ".join(f"`{provider.name}` ({provider.kind})" for provider in sorted(providers(), key=lambda one: one.name))
    jobs = defaultdict(list)
    for handler in main.HANDLERS:
        jobs[handler.job.queue].append(handler.job.__name__)
    lines += ["", f"Providers: {kinds}."]
    lines += [f"Jobs of queue `{queue}`: {', '.join(sorted(names))}." for queue, names in sorted(jobs.items())]
    lines.append("Rounds of a worker: " + ", ".join(f"{loop.name} ({loop.seconds:g} s)" for loop in sorted(main.LOOPS)) + ".")
    return "\n".join(lines)


def drawn(page: str) -> str:
    """The page with a fresh picture."""
    return re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{picture()}\n{END}", page, flags=re.DOTALL)


if __name__ == "__main__":
    path = ROOT / PAGE
    path.write_text(drawn(path.read_text(encoding="utf-8")), encoding="utf-8")
