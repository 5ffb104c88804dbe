"""Whether a conversation stands in a list, and where, as the API would answer it (db/conversations/queries.py)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from api.contract.conversations import Conversation, ConversationState, ConversationView

_FILTERS = {"channel_id", "team_id", "assignee_id", "label_id"}


def known(view: ConversationView, filters: Mapping[str, str]) -> bool:
    """Whether this file can tell for such a list; else only the API can."""
    return view is not ConversationView.WAITING and set(filters) <= _FILTERS


def belongs(one: Conversation, view: ConversationView, filters: Mapping[str, str], me: UUID | None) -> bool:
    """Without words that are searched for."""
    has = {
        "channel_id": [one.channel_id],
        "team_id": [one.team.id] if one.team else [],
        "assignee_id": [one.assignee.id] if one.assignee else [],
        "label_id": [label.id for label in one.labels],
    }
    if any(value not in map(str, has[key]) for key, value in filters.items()):
        return False
    is_open, owner = one.state is ConversationState.OPEN, one.assignee.id if one.assignee else None
    match view:
        case ConversationView.OPEN:
            return is_open
        case ConversationView.MINE:
            return is_open and owner == me
        case ConversationView.UNASSIGNED:
            return is_open and owner is None
        case ConversationView.UNREAD:
            return one.unread > 0
        case ConversationView.SNOOZED:
            return one.state is ConversationState.SNOOZED
        case ConversationView.CLOSED:
            return one.state is ConversationState.CLOSED
        case _:
            return True


def place(others: Sequence[Conversation], one: Conversation) -> int:
    """Before which of the others it stands: what was said last comes first."""
    return next((at for at, other in enumerate(others) if (other.last_at, other.id) < (one.last_at, one.id)), len(others))
