"""The first steps of a new company, known from what there is: they end in the first message that a phone has. Whoever wants puts them away."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from nicegui import ui

from api.contract.enums import Permission
from api.contract.home import Home
from ui import session
from ui.client import accounts
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.text import icon
from ui.i18n import _


class _Step(NamedTuple):
    done: bool
    name: str
    hint: str
    path: str
    verb: str
    needs: Permission


def _steps(home: Home) -> list[_Step]:
    """First a rehearsal on the simulator that every new company has; the simulator and its sample contacts tick nothing else."""
    return [
        _Step(
            home.has_rehearsal,
            _("Rehearse a campaign"),
            _("Sample contacts, a text that is approved, the simulator: it takes a minute and reaches nobody."),
            "/campaigns/new",
            _("Start"),
            Permission.CAMPAIGNS_WRITE,
        ),
        _Step(
            home.has_channel,
            _("Connect your number"),
            _("WhatsApp or SMS. A guide shows what to copy from where."),
            "/channels/connect",
            _("Connect"),
            Permission.CHANNELS_WRITE,
        ),
        _Step(
            home.has_contacts,
            _("Import your contacts"),
            _("From a spreadsheet. We check and tidy the numbers."),
            "/imports",
            _("Import"),
            Permission.CONTACTS_WRITE,
        ),
        _Step(
            home.has_channel and home.has_template,
            _("Have a WhatsApp text approved"),
            _("WhatsApp reviews the text that opens a conversation, usually within minutes. SMS needs none."),
            "/templates/new",
            _("Write it"),
            Permission.TEMPLATES_WRITE,
        ),
        _Step(
            home.has_campaign,
            _("Send your first campaign"),
            _("Choose who, what and when. You see it before it goes out."),
            "/campaigns/new",
            _("Create"),
            Permission.CAMPAIGNS_WRITE,
        ),
        _Step(
            home.has_delivered,
            _("The first message arrives"),
            _("Once a phone says that it has it, you are done, and this list goes."),
            "/campaigns",
            _("See how it goes"),
            Permission.CAMPAIGNS_READ,
        ),
    ]


def draw_first_steps(home: Home, refresh: Callable[[], Awaitable[None]]) -> None:
    """Nothing once a message was delivered; put away, one line that brings them back."""
    if home.has_delivered:
        return
    me = session.current()

    async def put(*, away: bool) -> None:
        await accounts.set_first_steps(me.api, away=away)
        await refresh()

    steps = _steps(home)
    done = _("{done} of {total} done").format(done=sum(step.done for step in steps), total=len(steps))
    if home.steps_away:
        with ui.element("div").classes("m-card m-card-flush"), item():
            icon("checklist")
            ui.label(f"{_('First steps')} · {done}").classes("m-hint m-grow")
            button(_("Show again"), lambda: put(away=False), kind="plain")
        return
    now = next(number for number, step in enumerate(steps) if not step.done)

    def actions() -> None:
        if me.me.user_id is not None:
            button(_("Put away"), lambda: put(away=True), kind="plain")

    with card(_("First steps"), hint=done, actions=actions, flush=True):
        for number, step in enumerate(steps):
            with ui.element("div").classes("m-todo" + (" m-todo-done" if step.done else " m-todo-now" if number == now else "")):
                ui.label("✓" if step.done else str(number + 1)).classes("m-todo-no")
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(step.name).classes("m-strong")
                    if not step.done:
                        ui.label(step.hint).classes("m-hint")
                if number == now and me.may(step.needs):
                    button(step.verb, kind="primary", to=step.path)
