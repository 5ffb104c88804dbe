"""What is chosen for a number that is connected by a code: its groups, its hours, and whether people see it as online."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.channel_sessions import ChannelSession, ChannelSessionSet, Groups, SessionHours, Shown
from ui import session
from ui.client import channel_sessions as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, key_values
from ui.components.confirm import dialog
from ui.components.forms import Field, filled, select_field, switch_field, text_field
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import conversations as conversation_labels
from ui.labels.costs import clock, minutes

USUAL = SessionHours(opens=8 * 60, closes=20 * 60, weekdays=[0, 1, 2, 3, 4, 5])


def draw(channel_id: UUID, found: ChannelSession, changed: Callable[[ChannelSession], Awaitable[Any]], *, write: bool) -> None:
    """`changed` gets what is chosen now."""
    hours = found.hours
    when = (
        f"{clock(hours.opens)}–{clock(hours.closes)}, {conversation_labels.weekdays(hours.weekdays)}"
        if hours
        else _("08:00–20:00, every day")
    )
    with card(_("How this number behaves")):
        key_values(
            [
                (_("Groups"), _("Shown in the inbox") if found.groups == Groups.SHOW else _("Not shown")),
                (_("Campaigns write"), when),
                (
                    _("Seen as online"),
                    _("While your team is in a conversation")
                    if found.presence == Shown.TEAM
                    else _("Never: the phone rings as always"),
                ),
            ]
        )
        if write:
            with ui.element("div").classes("m-row"):
                button(_("Change"), lambda: _ask(channel_id, found, changed), icon="tune")


def _ask(channel_id: UUID, found: ChannelSession, changed: Callable[[ChannelSession], Awaitable[Any]]) -> None:
    api = session.current().api
    known = found.hours or USUAL
    with dialog(_("How this number behaves")) as box:
        groups = switch_field(
            _("Show groups in the inbox"),
            found.groups == Groups.SHOW,
            hint=_(
                "Each group is a conversation, with who wrote what. Nobody in it becomes a contact, and no AI or campaign writes there."
            ),
        )
        online = switch_field(
            _("Seen as online while your team is in a conversation"),
            found.presence == Shown.TEAM,
            hint=_("Meanwhile the phone may not ring for new messages."),
        )

        def switched(on: bool) -> None:
            inside.set_visibility(on)

        own = switch_field(
            _("Own hours for campaigns"),
            found.hours is not None,
            hint=_("Without them campaigns write from 8 to 20. Answers go at any time."),
            on_change=switched,
        )
        with ui.element("div").classes("m-col m-near w-full") as inside:
            with ui.element("div").classes("m-row m-near items-start w-full"):
                opens = text_field(_("From"), clock(known.opens), kind="time")
                closes = text_field(_("To"), clock(known.closes), kind="time")
            names = {day: conversation_labels.weekday(day) for day in range(7)}
            days = select_field(_("Days"), names, list(known.weekdays), multiple=True)
        inside.set_visibility(found.hours is not None)

        async def save() -> None:
            hours = None
            if own.value:
                if not filled([opens, closes, days]):
                    return
                hours = SessionHours(
                    opens=minutes(opens.value) or 0, closes=minutes(closes.value) or 1440, weekdays=sorted(days.value)
                )
            wanted = ChannelSessionSet(
                groups=Groups.SHOW if groups.value else Groups.IGNORE,
                presence=Shown.TEAM if online.value else Shown.OFFLINE,
                hours=hours,
            )
            try:
                now = await client.choose(api, channel_id, wanted)
            except ApiProblem as error:
                fields: dict[str, Field[Any]] = {"hours.opens": opens, "hours.closes": closes, "hours.weekdays": days}
                problems.show_in(fields, error)
                return
            box.close()
            await changed(now)
            toast(_("Saved."))

        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Save"), save, kind="primary")
    box.open()
