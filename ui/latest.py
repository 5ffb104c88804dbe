"""What an event tells of, asked for once for all pages of this program: the first that hears it asks, the others get its answer.

The API tells an event only to those who may read what it is about, and answers every one of them alike; each page has heard the event
by its own session.
"""

import asyncio
import time
from collections import OrderedDict
from typing import NamedTuple
from uuid import UUID

from api.contract.conversations import Conversation
from api.contract.events import ConversationUpdated
from ui import session
from ui.client import conversations

FRESH = 2.0  # seconds; a name or a label may change without a new version
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


def _failed(task: asyncio.Task[Conversation]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
