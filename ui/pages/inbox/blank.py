"""What stands where a list of conversations has none, and the way on from there."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from api.contract.conversations import ConversationView
from api.contract.enums import Permission
from ui import session
from ui.components.states import empty, nothing_found
from ui.i18n import _
from ui.labels import conversations as labels


def blank(
    view: ConversationView,
    words: str,
    filtered: bool,
    show: Callable[[ConversationView], Awaitable[None]],
    everything: Callable[[], Any],
) -> None:
    """`show` goes to another view, `everything` forgets words and filters."""
    if words and view is not ConversationView.ALL:
        text = _("Only this list was searched. Closed and snoozed conversations stand in others.")
        everywhere = partial(show, ConversationView.ALL)
        empty("search_off", _("Nothing found"), text, action=_("Search all conversations"), on_click=everywhere)
    elif words or filtered:
        nothing_found(everything)
    elif view is ConversationView.MINE:
        see = partial(show, ConversationView.UNASSIGNED)
        empty(*labels.blank(view), action=_("See those without owner"), on_click=see)
    elif view in {ConversationView.OPEN, ConversationView.ALL} and session.current().may(Permission.CHANNELS_WRITE):
        empty(*labels.blank(view), action=_("Look at the channels"), to="/channels")
    else:
        empty(*labels.blank(view))
