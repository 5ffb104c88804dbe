"""A new lead of somebody: what it is about, and on which board."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from nicegui import ui

from api.contract.boards import Board, LeadCreate
from ui import session
from ui.client import boards as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import filled, select_field, text_field
from ui.i18n import _

OTHERS_SECONDS = 5.0  # an event does not say whose lead it is: another one may be of the contact now


def new_lead(
    boards: list[Board], contact_id: UUID, done: Callable[[], Awaitable[None]], *, conversation_id: UUID | None = None
) -> None:
    """Asks what it is about and on which board, and makes it; `done` is called once it is there."""

    async def make() -> None:
        if not filled([title]):
            return
        body = LeadCreate(board_id=board.value, title=title.value.strip(), contact_id=contact_id, conversation_id=conversation_id)
        try:
            await client.create_lead(session.current().api, body)
        except (ApiProblem, Offline) as error:
            problems.show_in({"title": title}, error)
            return
        box.close()
        await done()

    with dialog(_("New lead")) as box:
        title = text_field(_("Title"), placeholder=_("What is it about?"), limit=200, on_enter=make)
        board = select_field(_("Board"), {one.id: one.name for one in boards}, boards[0].id)
        board.hide(len(boards) == 1)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Create"), make, kind="primary")
    box.open()
