"""Who answers the open conversation: a line under its head, with the one press that takes it over or gives it back; and above the field
what the assistant suggests.

Drawn once and changed in place: a press never meets a button that is being replaced.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.assistant import Assistant, AssistantDraft, AssistantMode, Owner, TurnState
from api.contract.enums import Permission
from api.contract.events import AssistantChanged
from ui import session
from ui.client import assistant as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.citations import draw_citations
from ui.components.menus import Choice, choices
from ui.components.palette import command
from ui.components.persona_face import show_face
from ui.components.text import Text, icon, initials, tint
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import assistant as labels

_WRITES = (TurnState.COLLECTING, TurnState.GENERATING)


class AssistantBar:
    """`use(text)` puts a draft into the field; `changed` is called after what a press did. `off`: nothing ever answers here."""

    def __init__(self, conversation_id: UUID, changed: Callable[[], Awaitable[None]], *, off: bool = False) -> None:
        me = session.current()
        self._off = off
        self._api, self._id, self._changed = me.api, conversation_id, changed
        self._write = me.may(Permission.CONVERSATIONS_WRITE)
        self._now: Assistant | None = None
        self._menu_of: object = None
        self.proposal: Proposal | None = None
        with ui.element("div").classes("m-assistant").props("role=status") as self.element:
            self._face = ui.label().classes("m-avatar m-tiny")
            self._face.props["aria-hidden"] = "true"
            self._text = ui.label().classes("m-clip m-grow")
            if self._write:
                self._press = button("", self._pressed, kind="plain").classes("m-assistant-press")
                command(self._press, "I", _("Take over from the assistant, or give back"), "swap_horiz")
                with icon_button("tune", _("What the assistant does here")):
                    with ui.menu().props('anchor="bottom right" self="top right" :offset="[0, 4]"') as self._modes:
                        pass
        self.element.set_visibility(False)
        self._again = Throttle(self.refresh, 0.3)

    async def refresh(self) -> None:
        """Asks who answers now."""
        if self._off:
            return
        try:
            found = await client.assistant(self._api, self._id)
        except (ApiProblem, Offline):  # what is on the screen stays
            return
        if not self.element.is_deleted:
            self.show(found)

    def hear(self, event: AssistantChanged) -> None:
        if event.conversation_id == self._id:
            self._again.poke()

    def poke(self) -> None:
        """Something happened that may concern it."""
        self._again.poke()

    def show(self, found: Assistant) -> None:
        self._now = found
        persona = found.persona
        self.element.set_visibility(persona is not None)
        if self.proposal is not None:
            self.proposal.show(found.draft, persona.name if persona else "")
        if persona is None:
            return
        self._face.classes(replace=f"m-avatar m-tiny m-tint-{tint(persona.name)}")
        show_face(self._face, persona.emoji or initials(persona.name), persona.id, persona.picture_id)
        ours = found.owner is Owner.ASSISTANT
        self.element.classes(add="m-assistant-on" if ours else "", remove="" if ours else "m-assistant-on")
        self._text.text = self._sentence(found)
        if not self._write:
            return
        self._press.set_visibility(found.mode is AssistantMode.AUTO)
        self._press.text = _("Take over") if ours else _("Give back to {name}").format(name=persona.name)
        if self._menu_of != (found.mode, found.own_mode):
            self._menu_of = (found.mode, found.own_mode)
            self._modes.clear()
            with self._modes:
                choices([self._choice(one, found) for one in AssistantMode])

    def _choice(self, one: AssistantMode, found: Assistant) -> Choice:
        return Choice(labels.mode(one)[0], partial(self._switch, one), on=one is found.mode)

    @staticmethod
    def _sentence(found: Assistant) -> str:
        assert found.persona is not None
        name = found.persona.name
        if found.alarm is not None and found.owner is not Owner.HUMAN:
            return _("{name} stopped: {reason}").format(name=name, reason=labels.reason(found.alarm))
        if found.mode is AssistantMode.OFF:
            return _("{name} is off here").format(name=name)
        if found.turn in _WRITES and (found.owner is Owner.ASSISTANT or found.mode is AssistantMode.SUGGEST):
            return _("{name} is writing…").format(name=name)
        if found.mode is AssistantMode.SUGGEST:
            return _("You answer, {name} suggests").format(name=name)
        if found.owner is Owner.ASSISTANT:
            return _("{name} answers here").format(name=name)
        by = found.owner_by.name if found.owner_by else ""
        return (
            _("{by} answers, {name} is silent").format(by=by, name=name)
            if by
            else _("People answer, {name} is silent").format(name=name)
        )

    # -- actions ------------------------------------------------------------------------------------------------

    async def _do(self, asked: Awaitable[Assistant]) -> None:
        try:
            found = await asked
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if not self.element.is_deleted:
            self.show(found)
        await self._changed()

    async def _pressed(self) -> None:
        now = self._now
        if now is None or now.mode is not AssistantMode.AUTO:
            return
        ask = client.take_over if now.owner is Owner.ASSISTANT else client.give_back
        await self._do(ask(self._api, self._id))

    async def swap(self) -> None:
        """By key: the same press."""
        if self._write and self._now is not None and self._now.persona is not None:
            await self._pressed()

    async def _switch(self, mode: AssistantMode) -> None:
        await self._do(client.switch(self._api, self._id, mode))

    async def keep_facts(self, turn_id: UUID) -> None:
        await self._do(client.keep_facts(self._api, self._id, turn_id))

    async def put_away(self, turn_id: UUID) -> None:
        await self._do(client.put_away(self._api, self._id, turn_id))


class Proposal:
    """What the assistant suggests, above the field; taken into it by a press or a key, never sent by itself."""

    def __init__(self, bar: AssistantBar, use: Callable[[str], Any]) -> None:
        self._bar, self._use = bar, use
        self._draft: AssistantDraft | None = None
        self._taken: UUID | None = None  # is in the field already
        self._keeps = session.current().may(Permission.CONTACTS_WRITE)
        with ui.element("div").classes("m-proposal") as self.element:
            with ui.element("div").classes("m-row m-near"):
                icon("auto_awesome")
                self._head = ui.label().classes("m-hint m-grow")
                take = button(_("Use"), self.take, kind="primary", icon="keyboard_return")
                command(take, "P", _("Use what the assistant suggests"), "auto_awesome")
                icon_button("close", _("Put the suggestion away"), self._away)
            self._text = ui.label().classes("m-proposal-text")
            self._facts = ui.element("div").classes("w-full")
            self._cites = ui.element("div").classes("w-full")
        self.element.set_visibility(False)
        bar.proposal = self

    def show(self, draft: AssistantDraft | None, name: str) -> None:
        if draft is not None and draft != self._draft:
            self._text.text = draft.text
            self._head.text = _("{name} suggests").format(name=name) if name else _("Suggestion")  # who wrote it is paused
            self._facts.clear()
            if draft.facts and self._keeps:
                with self._facts:
                    told = " · ".join(f"{one.label}: {one.value}" for one in draft.facts)
                    Text("p", _("Goes to the contact once you use it: {facts}").format(facts=told), "m-hint m-text")
            self._cites.clear()
            with self._cites:
                draw_citations(draft.citations)
        self._draft = draft
        self.element.set_visibility(draft is not None and draft.turn_id != self._taken)

    async def take(self) -> None:
        """Into the field, to be read, changed and sent by a person; what the customer told goes to the contact."""
        draft = self._draft
        if draft is not None:
            self._taken = draft.turn_id
            self._use(draft.text)
            self.element.set_visibility(False)
            if draft.facts and self._keeps:
                await self._bar.keep_facts(draft.turn_id)

    async def _away(self) -> None:
        if self._draft is not None:
            await self._bar.put_away(self._draft.turn_id)
