"""One thing that the AI proposes for a lead, or did: what, how sure it is, the customer's own words that show it, and what a person decides.

Beside a lead, in the queue and beside a conversation it is the same piece."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.enums import Permission
from api.contract.proposals import LeadProposal, ProposalState, Quote, RefusalReason
from ui import formats, session
from ui.client import proposals as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import text_field
from ui.components.record import draw_kept, draw_record_act
from ui.components.text import Text, badge, icon
from ui.components.toast import toast, toast_act, toast_undo
from ui.i18n import _
from ui.labels import proposals as labels

Decided = Callable[[LeadProposal | None], Awaitable[Any]]
Point = Callable[[UUID], Any]
_ENDED = (ProposalState.APPLIED, ProposalState.UNDONE)


class Suggestion:
    """`decided` is called with what became of it, or None where somebody else was faster. `point` shows a message of the conversation that is
    open; else a quote leads there. `named` says whose lead it is; `keys` shows the keys of the buttons; `after` is what happened since. `why` asks
    for a reason, in its place, once it was refused or undone without one; else the news of it does."""

    def __init__(
        self,
        one: LeadProposal,
        decided: Decided,
        *,
        point: Point | None = None,
        named: bool = False,
        keys: bool = False,
        after: str = "",
        why: Callable[[LeadProposal], Any] | None = None,
    ) -> None:
        me = session.current()
        self._api, self.one, self._decided, self._point = me.api, one, decided, point
        self._write = me.may(Permission.LEADS_WRITE)
        self._named, self._keys, self._after, self._why = named, keys, after, why
        self._busy = False
        with ui.element("article").classes("m-sug") as self.element:
            self.element.props.update({"data-proposal": str(one.id), "aria-label": labels.does(one)})
            self._draw()

    def set(self, one: LeadProposal) -> None:
        """As it is now; what stands is left under the hands."""
        if one != self.one:
            self.one = one
            self.element.clear()
            with self.element:
                self._draw()

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        one = self.one
        with ui.element("div").classes("m-sug-head"):
            icon(labels.tools()[one.tool].icon)
            Text("h2" if self._keys else "h3", labels.does(one), "m-strong m-text m-grow")  # below the heading of its place
            if one.state is ProposalState.PROPOSED:
                badge(*labels.sure(one.confidence))
            else:
                badge(*labels.states()[one.state])
        if self._named:
            self._draw_place(one)
        for quote in one.evidence:
            self._draw_quote(quote)
        Text("p", ": ".join(part for part in (labels.who(one.persona_name), one.reason) if part), "m-sub m-text")
        if one.why is not None and one.state not in _ENDED:
            Text("p", labels.why(one.why), "m-hint m-text")
        if said := self._what_became(one):
            Text("p", said, "m-hint m-text")
        self._draw_record(one)
        self._draw_acts(one)

    def _draw_place(self, one: LeadProposal) -> None:
        with ui.element("div").classes("m-sug-place m-hint"):
            if one.lead_id is not None:
                name = one.lead_title or _("Lead")
                ui.link(name, f"/boards/{one.board_id}?lead={one.lead_id}").classes("m-link m-clip")
            parts = [one.contact_name or _("No name"), one.board]
            if one.from_stage is not None and one.to_stage is not None:
                parts.append(f"{one.from_stage.name} → {one.to_stage.name}")
            parts.append(formats.ago(one.at))
            ui.label(" · ".join(parts)).classes("m-text")

    def _draw_quote(self, quote: Quote) -> None:
        """The customer's words; a press leads to the message."""
        if self._point is not None:
            with ui.element("button").classes("m-sug-quote").props("type=button") as place:
                self._draw_words(quote)
            place.on("click", partial(self._point, quote.message_id), [])
            place.props["title"] = _("Show the message")
        else:
            with ui.link(target=f"/inbox/{self.one.conversation_id}?at={quote.message_id}").classes("m-sug-quote") as link:
                self._draw_words(quote)
            link.props["title"] = _("Show the message")

    def _draw_words(self, quote: Quote) -> None:
        Text("q", quote.quote, "m-text").props["dir"] = "auto"
        ui.label(formats.lately(quote.at)).classes("m-hint shrink-0")

    def _what_became(self, one: LeadProposal) -> str:
        by = one.decided_by.name if one.decided_by else ""
        said = {
            ProposalState.APPLIED: _("Accepted by {name}, {when}") if by else _("Done by itself, {when}"),
            ProposalState.REFUSED: _("Refused by {name}, {when}") if by else _("Refused {when}"),
            ProposalState.UNDONE: _("Undone by {name}, {when}") if by else _("Undone {when}"),
        }.get(one.state, "")
        when = one.applied_at if one.state is ProposalState.APPLIED else one.decided_at
        because = " · ".join(
            part
            for part in (labels.refusals()[one.refusal] if one.refusal else "", f"“{one.because}”" if one.because else "")
            if part
        )
        return " · ".join(part for part in (said.format(name=by, when=formats.ago(when)), because, self._after) if part)

    def _draw_record(self, one: LeadProposal) -> None:
        draw_record_act(_("How it came about"), labels.does(one), lambda: client.trace(self._api, one.id), draw_kept)

    def _draw_acts(self, one: LeadProposal) -> None:
        if not self._write:
            return
        if one.can_decide:
            with ui.element("div").classes("m-row m-near m-wrap m-sug-acts"):
                self._act(_("Accept"), self.accept, "A", "check").classes("m-sug-yes")
                self._act(_("Refuse"), self.refuse, "R", "close")
                why = button(_("Say why"), self.ask_why, kind="plain")
                why.props["title"] = _("Refuse and say why")
        elif one.can_undo:
            with ui.element("div").classes("m-row m-near m-wrap m-sug-acts"):
                self._act(_("Undo"), self.undo, "U", "undo")
                if one.undo_until is not None:
                    ui.label(_("possible until {when}").format(when=formats.moment(one.undo_until))).classes("m-hint")

    def _act(self, text: str, does: Callable[[], Awaitable[None]], key: str, symbol: str) -> ui.button:
        pressed = button(text, does, icon=symbol)
        if self._keys:
            pressed.props["aria-keyshortcuts"] = key
            with pressed:
                Text("kbd", key, "m-sug-key")
        return pressed

    # -- deciding -----------------------------------------------------------------------------------------------

    async def accept(self) -> None:
        if self.one.can_decide and (now := await self._ask(client.accept)):
            said = _("Done: {what}").format(what=labels.does(now))
            toast_undo(said, self.undo) if now.can_undo else toast(said)

    async def refuse(self, because: str = "", reason: RefusalReason | None = None) -> None:
        if self.one.can_decide and (now := await self._ask(partial(client.refuse, because=because, reason=reason))):
            if because or reason:
                toast(_heeded())
            else:
                self._offer(now, _("Refused. Only if you say why does the AI learn from it on the whole board."))

    async def undo(self) -> None:
        if self.one.can_undo and (now := await self._ask(client.undo)):
            self._offer(now, _("Taken back. Only if you say why does the AI learn from it on the whole board."))

    def _offer(self, now: LeadProposal, said: str) -> None:
        if self._why is not None:
            self._why(now)
        else:
            toast_act(said, _("Say why"), partial(_ask_reason, partial(say_why, self._api, now)))

    async def ask_why(self) -> None:
        """Refuses with a reason, from which the AI learns on this board."""

        async def save() -> None:
            box.close()
            await self.refuse(field.value.strip())

        async def choose(reason: RefusalReason) -> None:
            box.close()
            await self.refuse(field.value.strip(), reason)

        with dialog(_("Why not?"), _("The AI reads this before it proposes something on this board again.")) as box:
            reasons(choose)
            field = text_field(
                _("Or in your own words"),
                placeholder=_("For example: asking for the price is no order"),
                limit=200,
                on_enter=save,
            )
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Refuse"), save, kind="primary")
        box.open()

    async def _ask(self, does: Callable[[ApiClient, UUID], Awaitable[LeadProposal]]) -> LeadProposal | None:
        """One press at a time; None where it was not done, and why was said."""
        if self._busy:
            return None
        self._busy = True
        try:
            now = await does(self._api, self.one.id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            if isinstance(error, ApiProblem) and error.status in (404, 409):
                await self._decided(None)
            return None
        finally:
            self._busy = False
        if self.element.is_deleted:
            self.one = now
        else:
            self.set(now)
        await self._decided(now)
        return now


def _heeded() -> str:
    return _("The AI reads why before it proposes something on this board again.")


def reasons(choose: Callable[[RefusalReason], Awaitable[Any]], *, keys: bool = False) -> None:
    """The fixed reasons to refuse, each a press; `keys` shows the numbers that stand for them."""
    with ui.element("div").classes("m-row m-near m-wrap m-sug-reasons").props("role=group") as group:
        group.props["aria-label"] = _("Why not?")
        for number, (reason, name) in enumerate(labels.refusals().items(), 1):
            pressed = button(name, partial(choose, reason))
            if keys:
                pressed.props["aria-keyshortcuts"] = str(number)
                with pressed:
                    Text("kbd", str(number), "m-sug-key")


async def say_why(api: ApiClient, one: LeadProposal, reason: RefusalReason) -> None:
    """Of what was refused or undone."""
    try:
        await client.say_why(api, one.id, reason)
    except (ApiProblem, Offline) as error:
        problems.show(error)
        return
    toast(_heeded())


def _ask_reason(said: Callable[[RefusalReason], Awaitable[Any]]) -> None:
    async def choose(reason: RefusalReason) -> None:
        box.close()
        await said(reason)

    with dialog(_("Why not?"), _("The AI reads this before it proposes something on this board again.")) as box:
        reasons(choose)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
    box.open()
