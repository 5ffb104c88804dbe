"""Clients generated from the OpenAPI document do the main job against the real thing, unmodified: key, webhook, list, template, campaign,
statuses, export, and problems as types. What the webhook told of it is verified by the `standardwebhooks` package, unmodified too."""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from tests.e2e.stack import Stack
from tests.node import PACKAGES, PATH

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_PATH = os.pathsep.join([PATH, str(Path(sys.executable).parent)])


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


class Receiver(ThreadingHTTPServer):
    """What came, as it came: headers and body."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server_port}/events"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.append((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def _done(stack: Stack, receiver: Receiver, said: str, number: int) -> None:
    """The scenario ended as it should, and the receiver was told of its contacts, its campaign and its messages."""
    result: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert (result["sent"], result["addresses"]) == (2, [f"+559599{number}0001", f"+559599{number}0002"])

    def told() -> list[dict[str, Any]]:
        verifier = Webhook(result["secret"])
        return [verifier.verify(body, headers) for headers, body in list(receiver.came)]

    def enough(events: list[dict[str, Any]]) -> bool:
        ours = [event for event in events if event["data"].get("campaign_id") == result["campaign"]]
        states = {event["data"]["state"] for event in ours if event["type"] == "campaign.changed"}
        arrived = {
            event["data"]["message_id"]
            for event in ours
            if event["type"] == "message.status" and event["data"]["state"] == "delivered"
        }
        return {"running", "finished"} <= states and len(arrived) == 2 and any(one["type"] == "contact.changed" for one in events)

    until = time.monotonic() + 120
    while not enough(told()):
        assert time.monotonic() < until, [(event["type"], event["data"]) for event in told()]
        await asyncio.sleep(0.2)
    with pytest.raises(Exception, match="signature"):
        Webhook(result["secret"]).verify(receiver.came[0][1] + b" ", receiver.came[0][0])
    async with stack.client() as api:
        (await api.delete(f"/v1/webhooks/{result['webhook']}")).raise_for_status()


async def test_a_generated_python_client(stack: Stack, document: Path, tmp_path: Path, receiver: Receiver) -> None:
    generated = ("--output-path", tmp_path / "masteria_client", "--meta", "none", "--fail-on-warning")
    await _run(sys.executable, "-m", "openapi_python_client", "generate", "--path", document, *generated, cwd=tmp_path)
    scenario = Path(__file__).with_name("client_scenario.py")
    arguments = (stack.api, await stack.token(), receiver.url)
    said = await _run(sys.executable, scenario, *arguments, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    await _done(stack, receiver, said, 833)


async def test_generated_typescript_types(stack: Stack, document: Path, tmp_path: Path, receiver: Receiver) -> None:
    for path in Path(__file__).with_name("typescript").iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    installed = PACKAGES / "node_modules"
    assert installed.is_dir(), "`just _clients` installs what generates TypeScript."
    (tmp_path / "node_modules").symlink_to(installed)
    tools = installed / ".bin"
    await _run(tools / "openapi-typescript", document, "--output", "api.d.ts", "--default-non-nullable=false", cwd=tmp_path)
    await _run(tools / "tsc", cwd=tmp_path)
    said = await _run("node", "built/scenario.js", stack.api, await stack.token(), receiver.url, cwd=tmp_path)
    await _done(stack, receiver, said, 822)
