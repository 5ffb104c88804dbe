"""What brought the person of a lead: the campaign or the ad of its conversation."""

from nicegui import ui

from api.contract.boards import Lead
from api.contract.conversations import Conversation
from api.contract.enums import Permission
from ui import first_answers, session
from ui.client import conversations
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.touches import draw_touches


def draw_origin(api: ApiClient, lead: Lead) -> None:
    """Of its own conversation; without one, of that of its contact which was touched last. Nothing where nothing is known."""
    if not session.current().may(Permission.CONVERSATIONS_READ):
        return
    with ui.element("div").classes("m-col m-near") as place:
        pass
    place.set_visibility(False)

    async def ask() -> None:
        try:
            found = await _conversation(api, lead)
        except (ApiProblem, Offline):  # the lead itself stands there
            return
        if found is not None and found.last_touch is not None and not place.is_deleted:
            with place:
                draw_touches(found.first_touch, found.last_touch)
            place.set_visibility(True)

    first_answers.ask(place, ask)


async def _conversation(api: ApiClient, lead: Lead) -> Conversation | None:
    if lead.conversation_id is not None:
        return await conversations.conversation(api, lead.conversation_id)
    if lead.contact is None:
        return None
    touched = [one for one in await conversations.of_contact(api, lead.contact.id) if one.last_touch is not None]
    return max(touched, key=lambda one: one.last_touch.at if one.last_touch else one.opened_at, default=None)
