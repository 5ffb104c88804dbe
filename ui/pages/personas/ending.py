"""A model that ends: said where its persona is edited, with the test cases on the model that follows one press away."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from nicegui import ui

from api.contract.ai import AiModel
from api.contract.enums import ModelState
from ui import formats
from ui.client import personas as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import note
from ui.i18n import _


def draw_ending(api: ApiClient, persona_id: UUID, models: Sequence[AiModel], look: Callable[[], Awaitable[None]]) -> None:
    """Nothing, while the model that serves stays. `look` shows the test cases."""
    found = next((one for one in models if any(user.id == persona_id for user in one.personas)), None)
    if found is None or found.state is ModelState.CURRENT or found.retired_on is None or found.replacement is None:
        return
    successor = found.replacement

    async def replay() -> None:
        try:
            await client.start_run(api, persona_id, successor)
        except (ApiProblem, Offline) as error:
            problems.show(error)
        await look()

    day = formats.day(found.retired_on)
    if found.state is ModelState.RETIRED:
        text = _("Its model {model} was switched off on {day}. {successor} follows it.")
    else:
        text = _("Its model {model} ends on {day}. {successor} follows it.")
    with note("warn", text.format(model=found.name, day=day, successor=successor), name="warning"):
        with ui.element("div").classes("m-row"):
            button(_("Run the test cases on {model}").format(model=successor), replay, icon="play_arrow")
