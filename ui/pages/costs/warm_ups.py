"""How many new people a young number writes to on each day: so that a provider learns to trust it before it writes to many."""

from datetime import date, datetime
from functools import partial

from nicegui import ui

from api.contract.channels import Channel
from api.contract.costs import WarmUp, WarmUpSet
from api.contract.enums import Permission
from api.contract.events import SendHoursChanged
from ui import formats, kinds, live, session
from ui.client import campaigns
from ui.client import costs as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled, select_field, text_field
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import channels as channel_labels
from ui.labels.costs import source as source_of

Found = tuple[list[WarmUp], list[Channel]]


def draw_warm_ups() -> None:
    _WarmUps()


class _WarmUps:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.COMPANY_WRITE)
        self._place: Loader[Found] = load(self._fetch, self._draw, lambda: skeleton_list(3))
        live.on(SendHoursChanged, self._heard)

    async def _heard(self, _event: SendHoursChanged) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> Found:
        may = session.current().may(Permission.CHANNELS_READ)
        return await client.warm_ups(self._api), kinds.writing(await campaigns.channels(self._api)) if may else []

    def _draw(self, found: Found) -> None:
        rules, channels = found
        left = [one for one in channels if one.id not in {rule.channel_id for rule in rules}]
        text = _(
            "A number that writes to many new people on its first days is soon taken for spam. Let it begin with few, and grow."
        )
        if not rules:
            with card():
                if self._write and left:
                    empty(
                        "local_fire_department",
                        _("No number is being warmed up"),
                        text,
                        action=_("Warm a number up"),
                        on_click=partial(self._edit, None, left),
                    )
                else:
                    empty("local_fire_department", _("No number is being warmed up"), text)
            return
        new = partial(button, _("Warm a number up"), partial(self._edit, None, left), kind="primary", icon="add")
        hint = _(
            "New people of each day, by your company's calendar. Who had something from the number, or wrote to it, waits for nothing."
        )
        with card(_("Young numbers"), hint=hint, actions=new if self._write and left else None, flush=True):
            for rule in rules:
                channel = next((one for one in channels if one.id == rule.channel_id), None)
                self._row(rule, channel)

    def _row(self, rule: WarmUp, channel: Channel | None) -> None:
        name = channel.name if channel else _("Channel")
        with item():
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(f"{name} · {channel_labels.number(channel)}" if channel else name).classes("m-strong")
                if rule.most_today is not None:
                    text = _("Today {used} of {most} new people")
                    ui.label(text.format(used=formats.number(rule.used_today), most=formats.number(rule.most_today))).classes(
                        "m-sub"
                    )
                elif rule.starts > datetime.now(formats.zone()).date():
                    ui.label(_("Begins on {day}").format(day=formats.day(rule.starts))).classes("m-sub")
                else:
                    ui.label(_("It is warm: the rule asks for nothing any more.")).classes("m-sub")
                steps = " → ".join(formats.number(step) for step in rule.steps)
                parts = (_("since {day}").format(day=formats.day(rule.starts)), steps, source_of(rule.source))
                Text("p", " · ".join(part for part in parts if part), "m-hint m-text")
            if self._write:
                icon_button("edit", _("Change {name}").format(name=name), partial(self._edit, rule, [channel] if channel else []))
                icon_button("delete", _("Delete {name}").format(name=name), partial(self._delete, rule))

    def _edit(self, rule: WarmUp | None, channels: list[Channel]) -> None:
        with dialog(_("Pace of a young number")) as box, ui.element("div").classes("m-col"):
            names = {one.id: one.name for one in channels}
            chosen = rule.channel_id if rule else next(iter(names), None)
            channel = select_field(_("Number"), names, chosen if chosen in names else None)
            if rule is not None:
                channel.control.props("readonly disable")
            starts = text_field(
                _("First day"), (rule.starts if rule else datetime.now(formats.zone()).date()).isoformat(), kind="date"
            )
            steps = text_field(
                _("New people of each day"),
                ", ".join(str(step) for step in rule.steps) if rule else "",
                placeholder="50, 80, 120, 180, 270, 400, 600, 900, 1350, 2000",
                hint=_("One number for each day, never smaller than the one before. Empty: our pace, below WhatsApp's limits."),
            )
            source = text_field(
                _("Source"), rule.source if rule else "", limit=200, placeholder=_("A law, a contract, or what you decided")
            )

            async def save() -> None:
                numbers = [part.strip() for part in (steps.value or "").replace(";", ",").split(",") if part.strip()]
                wrong = (
                    _("Write numbers with commas, like 50, 80, 120.")
                    if not all(part.isdecimal() and len(part) < 8 for part in numbers)
                    else ""
                )
                if not filled([channel, starts], {steps: wrong}):
                    return
                body = WarmUpSet(
                    starts=date.fromisoformat(starts.value),
                    steps=[int(part) for part in numbers] or None,
                    source=(source.value or "").strip(),
                )
                try:
                    await client.set_warm_up(self._api, channel.value, body, rule.version if rule else None)
                except ApiProblem as problem:
                    problems.show_in({"steps": steps, "starts": starts, "source": source}, problem)
                    return
                box.close()
                toast(_("Saved."))
                await self._place.refresh()

            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    async def _delete(self, rule: WarmUp) -> None:
        text = _("It writes to as many new people as it can, from now on.")
        if await confirm(_("Stop warming this number up?"), text, yes=_("Stop it"), danger=True):
            try:
                await client.remove_warm_up(self._api, rule.channel_id)
            except ApiProblem as problem:
                if problem.status != 404:
                    raise
            await self._place.refresh()
