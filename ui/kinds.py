"""The kinds of channels that the API knows: what each can do, and its name in the reader's language. The same for everybody, so one
list per process, read again every few minutes. No screen knows a kind by name."""

import time
from contextlib import suppress

from api.contract.channels import Channel
from api.contract.enums import Language
from api.contract.kinds import Kind, KindCapabilities, ReplyKind, Translated
from ui.client import channels
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.i18n import preferences

FRESH = 300.0  # seconds

_known: dict[str, Kind] = {}
_read_at = -FRESH
_NONE = Kind(
    kind="none",
    label=Translated(en="", pt_br=""),
    vendor="",
    icon="campaign",
    description=Translated(en="", pt_br=""),
    sandbox=False,
    paired=False,
    talks=False,
    set_up_here=False,
    capabilities=KindCapabilities(
        campaign_content="template",
        text_limit=1000,
        unit="message",
        free_text_hours=None,
        reply_kinds=[ReplyKind.TEXT],
        files=[],
        voice=False,
        reply_to=False,
        reactions=False,
        edit_minutes=None,
        take_back_minutes=None,
        templates=False,
        limits_people=False,
        reports_read=True,
        read_receipts=False,
        typing=False,
        reaches_landlines=True,
        calls=False,
        rehearsed_kinds=[],
        rehearsed_news=[],
    ),
    fields=[],
)
"""Before a channel is chosen."""


async def load(api: ApiClient) -> None:
    """Reads the list when it is old. Where that fails, what is known stays."""
    global _known, _read_at
    if _known and time.monotonic() - _read_at < FRESH:
        return
    with suppress(ApiProblem, Offline):
        _known = {kind.kind: kind for kind in await channels.kinds(api)}
        _read_at = time.monotonic()


def every() -> list[Kind]:
    return list(_known.values())


def of(kind: str | None) -> Kind:
    """The kind of a channel; a neutral one for none, and for one that this process has not heard of yet."""
    return _known.get(kind or "", _NONE)


def can(kind: str | None) -> KindCapabilities:
    return of(kind).capabilities


def writing(channels: list[Channel]) -> list[Channel]:
    """Those over which something is written."""
    return [one for one in channels if not can(one.kind).calls]


def campaigning(channels: list[Channel]) -> list[Channel]:
    """Those that take campaigns."""
    return [one for one in channels if can(one.kind).campaign_content is not None]


def text(translated: Translated) -> str:
    """In the language of the page."""
    return translated.pt_br if preferences().language == Language.PT_BR else translated.en


def name(kind: str | None) -> str:
    return text(of(kind).label)
