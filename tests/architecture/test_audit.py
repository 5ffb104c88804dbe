"""`just audit` says what it found, and never takes silence for a clean bill."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

FOUND = "Found 2 known vulnerabilities in 1 package\nName Version ID\nx 1.0 PYSEC-2026-1"


@pytest.mark.parametrize(
    ("said", "code", "wanted"),
    [
        ("No known vulnerabilities found", 0, 0),
        (FOUND, 1, 1),
        ("requests.exceptions.ConnectionError: api.osv.dev", 1, 3),
        ("error: Request failed after 3 retries\n  cause: dns error", 2, 3),
        ("ReadTimeout: api.osv.dev", 1, 3),
        ("ERROR:pip_audit: x could not be audited", 1, 3),
        ("", 0, 3),
    ],
)
async def test_only_a_verdict_is_one(tmp_path: Path, said: str, code: int, wanted: int) -> None:
    """In place of uvx stands a program that says this and exits so."""
    fake = tmp_path / "uvx"
    fake.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit {code}\n")
    fake.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    process = await asyncio.create_subprocess_exec(
        "bash", ROOT / ".ci" / "audit", env={**os.environ, "PATH": path},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == wanted
    assert (said in out.decode()) == (wanted != 3) or not said
    assert ("Nothing was checked" in err.decode()) == (wanted == 3)
