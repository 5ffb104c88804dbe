"""Meta's webhook bodies as typed events.

`parse` reads the envelope, then every change on its own: one of an unexpected shape becomes an `OtherEvent` with the reason
and never takes its neighbours with it. Unknown keys are ignored, unknown fields kept. Source: Graph API webhooks. Everything
comes as it can be stored: NUL removed, broken surrogate pairs replaced, ids, texts and codes as long and as large as their
columns take.
"""

import json

import msgspec

from db import storable
from workers.providers.events import AnyEvent, BadWebhook
from workers.providers.meta import conversation, news, statuses
from workers.providers.meta.values import UNREADABLE, moment, problem, unreadable


class _Envelope(msgspec.Struct):
    entry: list[msgspec.Raw] = []


class _Entry(msgspec.Struct):
    id: str = ""
    time: int | float | str | None = None
    changes: list[msgspec.Raw] = []


class _Change(msgspec.Struct):
    field: str
    value: msgspec.Raw = msgspec.Raw(b"null")


_envelope = msgspec.json.Decoder(_Envelope)
_entry = msgspec.json.Decoder(_Entry)
_change = msgspec.json.Decoder(_Change)


def parse(raw: bytes) -> list[AnyEvent]:
    """All events of one POST, in its order. Raises `BadWebhook` when the body is no JSON envelope; nothing else."""
    told = statuses.whole(raw)
    return piece_by_piece(raw) if told is None else [*told]


def piece_by_piece(raw: bytes) -> list[AnyEvent]:
    """As `parse`, by the way that any body takes."""
    try:
        entries = _envelope.decode(_mended(raw) if b"\\u0000" in raw else raw).entry
    except UNREADABLE:
        try:
            entries = _envelope.decode(_mended(raw)).entry
        except UNREADABLE as error:
            raise BadWebhook(f"not a webhook envelope: {type(error).__name__}") from error
    events: list[AnyEvent] = []
    for part in entries:
        try:
            entry = _entry.decode(part)
        except UNREADABLE as error:
            events.append(unreadable("entry", part, "", problem(error)))
            continue
        at, account_id = moment(entry.time), storable.key(entry.id)
        for item in entry.changes:
            try:
                change = _change.decode(item)
            except UNREADABLE as error:
                events.append(unreadable("change", item, account_id, problem(error)))
                continue
            try:
                if change.field in conversation.FIELDS:
                    events.extend(conversation.events(change.value, change.field, account_id, at))
                else:
                    events.extend(news.events(change.field, bytes(change.value), account_id, at))
            except UNREADABLE as error:
                events.append(unreadable(change.field, change.value, account_id, problem(error)))
    return events


def _mended(raw: bytes) -> bytes:
    """The same JSON without NUL characters and with half surrogate pairs (an emoji cut in two) replaced by U+FFFD.

    The fast decoder refuses the whole body for one such half; this way is slow, but rare. Raises what decoders raise.
    """
    return msgspec.json.encode(storable.tree(json.loads(raw)))
