"""Fetches a page of the web, or the pages of one host to which a first one leads: slowly, and only those that `robots.txt` allows.

What comes is opened in a process of its own (`child.py`). Refuses other hosts, other kinds of content and addresses inside
(`workers/http.py`).
"""

import asyncio
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser

from db.knowledge.errors import SourceFailure
from workers.http import USER_AGENT, Blocked, OutboundAnswer, OutboundClient, OutboundError
from workers.knowledge import caged
from workers.knowledge.frames import Taken
from workers.knowledge.unreadable import Unreadable

MAX_BYTES = 3_000_000  # of a page
MAX_REDIRECTS = 5
PAUSE, LONGEST_PAUSE = 0.5, 5.0  # seconds between two pages
SECONDS = 600.0  # for a site; what was read by then is kept
TYPES = {
    "text/html": "text/html",
    "application/xhtml+xml": "text/html",
    "text/plain": "text/plain",
    "text/markdown": "text/markdown",
}
_ROBOT = USER_AGENT.partition("/")[0]
_KINDS = {"dns": SourceFailure.NOT_FOUND_AT_HOST, "timeout": SourceFailure.NO_ANSWER, "connect": SourceFailure.NO_ANSWER}


class Found(NamedTuple):
    url: str
    taken: Taken
    known: int  # pages of which it knows by now


class Site:
    """One reading of one site. `client` is the way out."""

    def __init__(self, client: OutboundClient, url: str, max_pages: int) -> None:
        self._client, self._start, self._most = client, url, max_pages
        self._pause = PAUSE
        self._robots: RobotFileParser | None = None
        self._met: set[str] = set()
        self._silent: set[str] = set()
        self._trail: list[str] = []  # addresses of the page that is fetched
        self._cut_short = False

    def lost(self, url: str) -> bool:
        """Once it was read: whether an address of an earlier reading may still hold what it held, because its page gave no answer this
        time, or because one that did not may be the only one that leads there."""
        plain = _plain(url)
        return plain in self._silent or (plain not in self._met and bool(self._silent or self._cut_short))

    async def pages(self) -> AsyncIterator[Found]:
        """In the order in which they are met; one that cannot be read is left out, unless it is the first. Raises Unreadable."""
        began = time.monotonic()
        self._robots = await self._rules()
        waiting, seen = deque([self._start]), {_plain(self._start)}
        given = 0
        while waiting and given < self._most and time.monotonic() - began < SECONDS:
            url = waiting.popleft()
            try:
                url, answer = await self._fetched(url)
                taken = await _opened(url, answer)
            except Unreadable as why:
                if not given:
                    raise
                (self._silent if _passing(why) else self._met).update(self._trail)
                continue
            given += 1
            seen.add(_plain(url))
            self._met.update(self._trail)
            for link in taken.links:
                if self._most > 1 and _host(link) == _host(url) and _plain(link) not in seen and len(seen) < 20 * self._most:
                    seen.add(_plain(link))
                    waiting.append(link)
            yield Found(url, taken, min(self._most, given + len(waiting)))
            if waiting and given < self._most:
                await asyncio.sleep(self._pause)
        self._cut_short = bool(waiting) and given < self._most

    async def _rules(self) -> RobotFileParser:
        """RFC 9309: without one everything may be read, and nothing of a server in trouble. Raises Unreadable."""
        robots = RobotFileParser()
        robots.modified()  # else a file without rules would forbid everything
        parts = urlsplit(self._start)
        answer: OutboundAnswer | None = None
        try:
            _, answer = await self._fetched(urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", "")), ok=range(200, 500))
        except Unreadable as why:
            if why.failure not in (SourceFailure.MOVED, SourceFailure.TOO_LARGE):
                raise
        text = answer.body.decode("utf-8", "replace") if answer is not None and answer.status < 300 else ""
        robots.parse(text.splitlines())
        delay = robots.crawl_delay(_ROBOT)
        self._pause = min(max(PAUSE, float(delay or 0)), LONGEST_PAUSE)
        return robots

    async def _fetched(self, url: str, ok: range = range(200, 300)) -> tuple[str, OutboundAnswer]:
        """The answer and its address, after redirects within the host, each to an address that may be read. Raises Unreadable."""
        self._trail = []
        for _ in range(MAX_REDIRECTS):
            self._trail.append(_plain(url))
            if self._robots is not None and not self._robots.can_fetch(_ROBOT, url):
                raise Unreadable(SourceFailure.ROBOTS)
            try:
                answer = await self._client.request("GET", url, max_bytes=MAX_BYTES, truncate=False)
            except Blocked as error:
                raise Unreadable(SourceFailure.ADDRESS_REFUSED) from error
            except OutboundError as error:
                if error.kind == "too_large":
                    raise Unreadable(SourceFailure.TOO_LARGE, most_mb=MAX_BYTES // 1_000_000) from error
                raise Unreadable(_KINDS.get(error.kind, SourceFailure.NO_ANSWER)) from error
            target = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                if answer.status not in ok:
                    raise Unreadable(SourceFailure.HTTP_STATUS, status=answer.status)
                return url, answer
            url = urljoin(url, target)
            if _host(url) != _host(self._start):
                raise Unreadable(SourceFailure.MOVED, url=url[:300])
        raise Unreadable(SourceFailure.NO_ANSWER)


def _passing(why: Unreadable) -> bool:
    """Whether the page may be there again the next time: no answer, or one of a server in trouble."""
    if why.failure is SourceFailure.HTTP_STATUS:
        return why.params.get("status") in (408, 425, 429) or int(why.params.get("status", 0)) >= 500
    return why.failure in (SourceFailure.NO_ANSWER, SourceFailure.NOT_FOUND_AT_HOST)


async def _opened(url: str, answer: OutboundAnswer) -> Taken:
    mime_type = TYPES.get(answer.headers.get("content-type", "").partition(";")[0].strip().lower())
    if mime_type is None:
        raise Unreadable(SourceFailure.NOT_A_PAGE)
    with tempfile.TemporaryDirectory(prefix="masteria-page-") as folder:
        path = Path(folder) / "page"
        await asyncio.to_thread(path.write_bytes, answer.body)
        return await caged.take(path, mime_type, urlsplit(url).path.rsplit("/", 1)[-1] or _host(url), url)


def _host(url: str) -> str:
    """With its port, without `www.`"""
    return urlsplit(url).netloc.lower().removeprefix("www.")


def _plain(url: str) -> str:
    """By which two addresses of one page are told to be the same."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), parts.query, ""))
