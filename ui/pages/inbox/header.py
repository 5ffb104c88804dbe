"""The head of an open conversation: with whom, who cares for it, who else is here, and what can be done with it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.conversations import Conversation, ConversationState, ConversationUpdate, Label, Presence, Priority
from api.contract.enums import Permission
from api.contract.events import ConversationPresence, CustomerTyping
from ui import formats, kinds, session
from ui.client import conversations as client
from ui.components import call_dialog
from ui.components.buttons import button, icon_button
from ui.components.confirm import dialog
from ui.components.forms import filled, moment_field
from ui.components.menus import NEAR, Choice, choices
from ui.components.palette import command
from ui.components.text import Text, avatar
from ui.components.toast import toast_undo
from ui.i18n import _, pgettext
from ui.labels import conversations as labels
from ui.labels.conversations import name_of
from ui.pages.inbox.furniture import Furniture

TYPES = timedelta(seconds=9)  # how long a person counts as typing after they were last seen to
HERE = timedelta(seconds=30)  # how long somebody counts as here after they last said so


class Header:
    """`changed` is called with what an action answered; `back` leaves the conversation on a phone, `aside` opens its side panel."""

    def __init__(
        self,
        one: Conversation,
        furniture: Furniture,
        changed: Callable[[Conversation], Awaitable[None]],
        back: Callable[[], Any],
        aside: Callable[[], Any],
    ) -> None:
        me = session.current()
        self._api, self._me, self._one, self._furniture, self._changed = me.api, me.me.user_id, one, furniture, changed
        self._write, self._back = me.may(Permission.CONVERSATIONS_WRITE), back
        self._typed: datetime | None = None  # when the person was last seen writing
        self._others: dict[UUID, tuple[str, bool, datetime]] = {}  # who else is here: name, whether they type, when they said so
        self._menu_of: object = None
        with ui.element("header").classes("m-thread-head") as self.element:
            icon_button("arrow_back", _("Back to the list"), back).classes("m-inbox-back")
            self._avatar = ui.element("div").classes("m-only-desktop")
            with self._avatar:
                avatar(name_of(one))
            with ui.element("div").classes("m-col gap-0 m-grow"):
                with ui.element("div" if one.group else "a").classes("m-thread-name") as link:
                    self._name = Text("h2", "", "m-h2 m-clip")
                if not one.group:
                    link.props["href"] = f"/contacts/{one.contact_id}"
                with ui.element("div").classes("m-row m-near m-thread-facts"):
                    self._waits = ui.label()
                    self._sub = ui.label().classes("m-hint m-clip")
                self._here = ui.label().classes("m-thread-here m-clip").props("role=status")
                self._types = ui.label(_("Typing…")).classes("m-thread-here m-clip").props("role=status")
                self._types.set_visibility(False)
            if self._write:
                self._take = button(_("Take it"), self.take)
                with button("", icon="person", kind="quiet") as self._owner:
                    with ui.menu().props('anchor="bottom right" self="top right" :offset="[0, 4]"') as self._owners:
                        pass
                self._owner.classes("m-thread-owner").props["aria-haspopup"] = "menu"
                with icon_button("snooze", _("Snooze")) as self._snooze:
                    with ui.menu().props('anchor="bottom right" self="top right" :offset="[0, 4]"') as self.snoozes:
                        self._draw_snoozes()
                self._close = button(pgettext("conversations", "Close"), self.close, kind="primary", icon="check")
                command(self._take, "A", _("Take the conversation"), "person_add")
                command(self._snooze, "S")
                command(self._close, "E")
                command(self._owner, "O", _("Give it to somebody, or to a team"), "group")
                with icon_button("more_horiz", _("More")) as more:
                    with ui.menu().props('anchor="bottom right" self="top right" :offset="[0, 4]"') as self._more:
                        pass
                command(more, "L", _("Labels and priority"), "label")
            icon_button("info", _("About the group") if one.group else _("About the person"), aside).classes("m-inbox-aside")
        self._near = False
        if self._write:  # its menus list the whole team: they are drawn for who comes near them
            for sign in NEAR:
                self.element.on(sign, self._come_near, [])
        self.show(one)

    def _come_near(self) -> None:
        self._near = True
        self.furnish()

    def open_owners(self) -> None:
        """Who may have it, to be walked by keys."""
        self._come_near()
        self._owners.open()

    def open_more(self) -> None:
        """Labels and priority."""
        self._come_near()
        self._more.open()

    def show(self, one: Conversation) -> None:
        """What is known of it now; controls change in place."""
        self._one = one
        self._name.text = name_of(one)
        parts = [
            labels.state(one),
            _("Group") if one.group else formats.phone(one.address) if one.contact_name else "",
            one.channel_name or kinds.name(one.channel_kind),
            labels.times(one),
        ]
        self._sub.text = " · ".join(part for part in parts if part)
        self._show_waiting()
        if not self._write:
            return
        mine = one.assignee is not None and one.assignee.id == self._me
        self._take.set_visibility(one.assignee is None)
        owner = one.assignee.name if one.assignee else one.team.name if one.team else _("Without owner")
        name = _("Mine") if mine else owner
        self._owner.text = name if one.assignee or one.team else ""
        self._owner.props["aria-label"] = _("Owner: {name}").format(name=name)
        closed = one.state is ConversationState.CLOSED
        self._close.text = _("Open again") if closed else pgettext("conversations", "Close")
        self._close.props["icon"] = "sym_r_undo" if closed else "sym_r_check"
        self._snooze.set_visibility(not closed)
        self.furnish()

    def furnish(self) -> None:
        """Fills the menus, when what they offer has changed."""
        one, given = self._one, self._furniture
        state = (one.assignee, one.team, one.labels, one.priority, one.state, len(given.people), given.teams, given.labels)
        if not self._near or state == self._menu_of:
            return
        self._menu_of = state
        self._owners.clear()
        with self._owners:
            self._draw_owners()
        self._more.clear()
        with self._more:
            self._draw_more()

    def _draw_owners(self) -> None:
        now = self._one.assignee.id if self._one.assignee else None
        people = [one for one in self._furniture.people if one.answers and one.user_id != self._me]
        entries = [Choice(_("Me"), partial(self.assign, self._me), "person", on=now == self._me)] if self._me else []
        entries += [Choice(one.name, partial(self.assign, one.user_id), on=now == one.user_id) for one in people]
        choices([*entries, Choice(_("Nobody"), partial(self.assign, None), "person_off", on=now is None, line=True)])
        if self._furniture.teams:
            ui.label(_("Team")).classes("m-menu-head")
            team = self._one.team.id if self._one.team else None
            choices([Choice(one.name, partial(self._team, one.id), on=team == one.id) for one in self._furniture.teams])
            choices([Choice(_("No team"), partial(self._team, None), on=team is None)])

    def _draw_more(self) -> None:
        if session.current().may(Permission.MESSAGES_SEND) and not self._one.group:
            choices([Choice(pgettext("call", "Call now"), partial(call_dialog.ask, self._one.contact_id), "call")])
        choices([Choice(_("Mark as unread"), self.unread, "mark_chat_unread")])
        ui.label(_("Priority")).classes("m-menu-head")
        choices([Choice(labels.priority(one)[0], partial(self._priority, one), on=one is self._one.priority) for one in Priority])
        if not self._furniture.labels:
            choices([Choice(_("Make labels"), lambda: ui.navigate.to("/settings/inbox"), "label", line=True)])
        else:
            ui.label(_("Labels")).classes("m-menu-head")
            have = {one.id for one in self._one.labels}
            choices(
                [
                    Choice(one.name, partial(self._label, one, one.id not in have), on=one.id in have)
                    for one in self._furniture.labels
                ]
            )

    def _draw_snoozes(self) -> None:
        choices([Choice(name, partial(self.snooze, until)) for name, until in labels.snoozes(datetime.now(UTC))])
        choices([Choice(_("Choose day and time"), self._choose_moment, "calendar_month", line=True)])

    # -- actions ------------------------------------------------------------------------------------------------

    async def _do(
        self, update: ConversationUpdate, said: str = "", undo: ConversationUpdate | None = None, version: int | None = None
    ) -> None:
        one = self._one.id
        await self._answered(client.change(self._api, one, update, version))
        if said and undo is not None:
            toast_undo(said, lambda: self._answered(client.change(self._api, one, undo)))

    async def _answered(self, asked: Awaitable[Conversation]) -> None:
        await self._changed(await asked)

    async def take(self) -> None:
        """The conversation is one's own from now on."""
        await self.assign(self._me)

    async def assign(self, user_id: UUID | None) -> None:
        before = self._one.assignee.id if self._one.assignee else None
        if before != user_id:
            await self._do(ConversationUpdate(assignee_id=user_id))

    async def _team(self, team_id: UUID | None) -> None:
        await self._do(ConversationUpdate(team_id=team_id))

    async def _priority(self, priority: Priority) -> None:
        await self._do(ConversationUpdate(priority=priority))

    async def _label(self, label: Label, on: bool) -> None:
        await self._answered((client.label if on else client.unlabel)(self._api, self._one.id, label.id))

    async def unread(self) -> None:
        """Unread again, and out of sight: what is looked at would be read at once."""
        one = await client.unread(self._api, self._one.id)
        self._back()
        await self._changed(one)

    async def close(self) -> None:
        """Closed, or open again when it is closed."""
        before = self._one
        if before.state is ConversationState.CLOSED:
            await self._do(ConversationUpdate(state=ConversationState.OPEN))
            return
        update = ConversationUpdate(state=ConversationState.CLOSED)  # refused when something came that was not seen yet
        await self._do(update, _("Conversation closed."), _state_of(before), before.version)

    async def snooze(self, until: datetime) -> None:
        """Out of the way until a moment, or until the person writes."""
        before = self._one
        said = _("Snoozed until {when}.").format(when=formats.moment(until))
        await self._do(ConversationUpdate(state=ConversationState.SNOOZED, snoozed_until=until), said, _state_of(before))

    async def _choose_moment(self) -> None:
        async def done() -> None:
            until = field.value
            past = until is not None and until <= datetime.now(UTC)
            wrong = {field.day: _("Choose a moment that is still to come.")} if past else {}
            if not filled([field.day, field.time], wrong) or until is None:
                return
            box.close()
            await self.snooze(until)

        with dialog(_("Snooze until"), _("It comes back then, or earlier when the person writes.")) as box:
            field = moment_field(_("Day"), datetime.now(UTC) + timedelta(days=1))
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Snooze"), done, kind="primary")
        box.open()

    # -- who else is here ---------------------------------------------------------------------------------------

    def present(self, event: ConversationPresence | CustomerTyping) -> None:
        """Somebody else looks, types, or left, or the person types."""
        if isinstance(event, CustomerTyping):
            self.types(True)
            return
        if event.user_id == self._me:
            return
        self._others.pop(event.user_id, None)
        if event.here:
            self._others[event.user_id] = event.name, event.typing, datetime.now(UTC)
        self.tick()

    def types(self, typing: bool) -> None:
        """The person writes on, or has written."""
        self._typed = datetime.now(UTC) if typing else None
        self._types.set_visibility(typing)

    def meet(self, found: list[Presence]) -> None:
        """All who are here now."""
        now = datetime.now(UTC)
        self._others = {one.user.id: (one.user.name, one.typing, now) for one in found if one.user.id != self._me}
        self.tick()

    def _show_waiting(self) -> None:
        self._waits.text, tone = labels.waiting(self._one, datetime.now(UTC))
        self._waits.set_visibility(bool(self._waits.text))
        self._waits.classes(replace=f"m-inbox-waits shrink-0 m-inbox-{tone}")

    def tick(self) -> None:
        """What the clock says: how long they wait, and that who has not said for a while that they are here is gone."""
        now = datetime.now(UTC)
        self._show_waiting()
        if self._typed is not None and now - self._typed > TYPES:
            self.types(False)
        self._others = {one: seen for one, seen in self._others.items() if now - seen[2] < HERE}
        typing = [name for name, types, _when in self._others.values() if types]
        looking = [name for name, _types, _when in self._others.values()]
        if typing:
            self._here.text = _("{name} is typing…").format(name=", ".join(typing[:3]))
        else:
            self._here.text = _("{name} is here too").format(name=", ".join(looking[:3])) if looking else ""
        self._here.set_visibility(bool(looking))


def _state_of(one: Conversation) -> ConversationUpdate:
    """What leads back to the state that it has."""
    if one.state is ConversationState.SNOOZED:
        return ConversationUpdate(state=one.state, snoozed_until=one.snoozed_until)
    return ConversationUpdate(state=one.state)
