"""What an event tells of, asked for once for all pages of this program: the first that hears it asks, the others get its answer.

The API tells an event only to those who may read what it is about, and answers every one of them alike; each page has heard the event
by its own session.
"""

import asyncio
import time
from collections import OrderedDict
from typing import Any, NamedTuple
from uuid import UUID

from api.contract.conversations import Conversation, ConversationCounts
from api.contract.events import ConversationUpdated
from ui import session
from ui.client import conversations

FRESH = 2.0  # seconds; a name or a label may change without a new version
COUNTED = 1.0  # seconds for which an answer about the counts is everybody's
_MOST = 500


class _Answer(NamedTuple):
    version: int
    asked: float
    task: asyncio.Task[Conversation]


_answers: OrderedDict[tuple[UUID, UUID], _Answer] = OrderedDict()


async def conversation(event: ConversationUpdated) -> Conversation:
    """As it is now, in the event's version or a newer one. Raises ApiProblem or Offline."""
    me = session.current()
    key = me.me.company.id, event.conversation_id
    known = _answers.get(key)
    if known is None or known.version < event.version or time.monotonic() - known.asked > FRESH or _failed(known.task):
        task = asyncio.create_task(conversations.conversation(me.api, event.conversation_id), name="latest conversation")
        known = _answers[key] = _Answer(event.version, time.monotonic(), task)
        _answers.move_to_end(key)
        if len(_answers) > _MOST:
            _answers.popitem(last=False)
    try:
        return await asyncio.shield(known.task)
    except Exception:
        if known.task is not _answers.get(key, known).task or not known.task.done():
            raise
        return await conversations.conversation(me.api, event.conversation_id)  # what befell another session is not ours


class _Counted(NamedTuple):
    user_id: UUID | None
    asked: float
    task: asyncio.Task[ConversationCounts]


_counted: dict[UUID, _Counted] = {}  # by company


class Counts(NamedTuple):
    """`own`: asked by the reader's own session, so that `mine` is theirs. `asked`: when, by the clock of `time.monotonic`."""

    found: ConversationCounts
    own: bool
    asked: float


async def counts(*, own: bool) -> Counts:
    """How many conversations each view has. Without `own`, for who was just told of a conversation: what another page of the company asked
    within a second. Raises ApiProblem or Offline."""
    me = session.current()
    key = me.me.company.id
    known = _counted.get(key)
    if own or known is None or time.monotonic() - known.asked > COUNTED or _failed(known.task):
        task = asyncio.create_task(conversations.counts(me.api), name="counts")
        known = _counted[key] = _Counted(me.me.user_id, time.monotonic(), task)
    try:
        return Counts(await asyncio.shield(known.task), known.user_id == me.me.user_id, known.asked)
    except Exception:
        if known.user_id == me.me.user_id or not known.task.done():
            raise
        asked = time.monotonic()
        return Counts(await conversations.counts(me.api), True, asked)  # what befell another session is not ours


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
