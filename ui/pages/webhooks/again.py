"""The window that sends a span of time again."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from nicegui import ui

from api.contract.webhooks import Webhook
from ui import formats
from ui.client import webhooks as client
from ui.client.base import ApiClient, ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import Field, MomentField, filled, moment_field, switch_field
from ui.components.toast import toast
from ui.i18n import _, ngettext


def ask(api: ApiClient, webhook: Webhook, done: Callable[[], Awaitable[None]]) -> None:
    """Opens it with the last day; `done` after something was sent again."""

    async def submit() -> None:
        start, end = since.value, until.value
        wrong: dict[Field[str], str] = {}
        if start is not None and end is not None and end <= start:
            wrong[until.day] = _("Choose an end after the beginning.")
        if not filled([since.day, since.time, until.day, until.time], wrong) or start is None or end is None:
            return
        try:
            count = await client.again_range(api, webhook.id, start, end, delivered_too=bool(arrived.value))
        except ApiProblem as error:
            problems.show_in({"since": since.day, "until": until.day}, error)
            return
        box.close()
        if not count:
            toast(_("Nothing of that time is left to send again."), "warn")
            return
        toast(ngettext("{n} event goes out again.", "{n} events go out again.", count).format(n=formats.number(count)))
        await done()

    now = datetime.now(UTC)
    text = _("With the same ids and the same bytes, in their order. What still waits goes out anyway.")
    with dialog(_("Send a span of time again"), text) as box:
        since: MomentField = moment_field(_("From"), now - timedelta(days=1))
        until: MomentField = moment_field(_("Until"), now + timedelta(minutes=1))
        arrived = switch_field(
            _("What arrived too"), hint=_("Otherwise only what failed for good. Your system drops what it has by its id.")
        )
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Send again"), submit, kind="primary")
    box.open()
