"""Where the browser gets the files of messages from, when they lie in a bucket."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from fastapi import Request
from fastapi.responses import Response

from api.contract.enums import FileState
from api.contract.messages import FileLink, MessageFile
from ui import files, policy
from ui.client import messages
from ui.client.base import ApiClient
from ui.settings import Settings, read

ORIGIN = "https://files.s3.test"


def stored(url: str) -> FileLink:
    file = MessageFile(
        id=uuid4(), state=FileState.STORED, reason=None, name=None, mime_type="image/png", size=1, width=1, height=1,
        thumbnail=False, inline=True,
    )  # fmt: skip
    return FileLink(file=file, url=url, thumbnail_url=None, expires_at=datetime.now(UTC) + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("url", "sent_on"),
    [(f"{ORIGIN}/acc/1?X-Amz-Signature=1", True), (f"{ORIGIN}.evil.test/acc/1", False), ("http://127.0.0.1:9/acc/1", False)],
)
async def test_only_the_store_that_the_operator_named_is_where_browsers_are_sent(
    monkeypatch: pytest.MonkeyPatch, url: str, sent_on: bool
) -> None:
    async def file(api: ApiClient, file_id: UUID) -> FileLink:
        return stored(url)

    monkeypatch.setattr(messages, "file", file)
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "client": None})
    answer: Response = await files._answer(Settings(files_origin=ORIGIN), request, uuid4(), small=False)
    assert (answer.status_code == 307) == sent_on
    assert answer.headers.get("location") == (url if sent_on else None)


def test_the_policy_lets_pages_show_what_lies_in_the_store() -> None:
    said = dict(part.split(" ", 1) for part in policy.policy(Settings(files_origin=ORIGIN), "n").split("; "))
    assert said["img-src"].endswith(ORIGIN)
    assert said["media-src"].endswith(ORIGIN)
    assert ORIGIN not in said["script-src"] + said["default-src"]
    assert "s3" not in policy.policy(Settings(), "n")


@pytest.mark.parametrize("wrong", ["https://a.test; script-src *", "a.test", "https://a.test/path", "javascript:1", "https://*"])
def test_an_origin_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("FILES_ORIGIN", wrong)
    with pytest.raises(SystemExit, match="FILES_ORIGIN"):
        read()
