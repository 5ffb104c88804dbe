"""A call that goes on: hearing it, telling the virtual agent something, taking it, ending it, as far as its provider offers that."""

import json
from functools import partial
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments

from api.contract.base import Page
from api.contract.calls import CallDetail, CallOrder, CallOrderKind, CallOrderOutcome
from api.contract.enums import Permission
from ui import formats, session
from ui.client import calls as client
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.confirm import confirm
from ui.components.forms import filled, form, text_field
from ui.components.states import Loader, load, skeleton_list
from ui.components.text import Text, badge
from ui.components.toast import toast
from ui.i18n import _, pgettext
from ui.labels import calls as labels

SHOWN = 8


class Live:
    """What the team does with a running call. It stays as it is while words come, so that nothing is lost that is being typed."""

    def __init__(self, call_id: UUID) -> None:
        me = session.current()
        self._api, self._id, self._may = me.api, call_id, me.may(Permission.CONVERSATIONS_WRITE)
        self._orders: Loader[Page[CallOrder]] | None = None
        self._wanted: UUID | None = None  # an order to listen of which nothing is told yet
        self._on = False
        with ui.element("div").classes("m-col m-loose") as self._place:
            pass
        ui.on("listened", self._listened)

    async def show(self, one: CallDetail) -> None:
        """The call as it is now."""
        live = self._may and one.stage == "talking"
        if not live:
            if self._on:
                ui.run_javascript("masteria.listen.stop()")
            self._on, self._orders = False, None
            self._place.clear()
        elif not self._on:
            self._on = True
            with self._place:
                self._draw(one)
        elif self._orders is not None:
            await self._orders.refresh(only_changes=True)

    def _draw(self, one: CallDetail) -> None:
        offered = set(one.orders)
        with card(_("On the line now"), hint=self._missing(one)):
            with ui.element("div").classes("m-row m-near m-wrap"):
                if CallOrderKind.LISTEN in offered:
                    self._listen = button(_("Listen"), self._hear, icon="hearing")
                    self._quiet = button(_("Stop listening"), self._hush, icon="hearing_disabled")
                    self._quiet.set_visibility(False)
                if CallOrderKind.TAKE_OVER in offered:
                    button(_("Take over"), self._take, icon="phone_forwarded")
                if CallOrderKind.HANG_UP in offered:
                    button(_("End the call"), self._end, icon="call_end", kind="danger")
            if CallOrderKind.HINT in offered:
                hint = _("The person does not hear this. The agent uses it in its next sentence.")
                self._hint = text_field(
                    _("Tell the agent"), hint=hint, limit=500, placeholder=_("Offer free delivery until Friday")
                )
                form(self._tell, pgettext("hint", "Tell it"))
            self._orders = load(partial(client.orders, self._api, self._id), self._draw_orders, lambda: skeleton_list(1))

    def _missing(self, one: CallDetail) -> str:
        if not one.orders:
            return _("The provider of this number offers nothing while a call goes on. Here you read along.")
        if CallOrderKind.LISTEN not in one.orders:
            text = _("The provider plays the sound of calls in its own panel only. Here you read along.")
            if CallOrderKind.TAKE_OVER in one.orders:
                text += " " + _("To take a call over, your agent there needs the tool that asks for a person.")
            return text
        return ""

    def _draw_orders(self, found: Page[CallOrder]) -> None:
        for one in found.items[:SHOWN]:
            with ui.element("div").classes("m-col m-tight"):
                with ui.element("div").classes("m-row m-near m-wrap items-center"):
                    Text("span", labels.order(one.kind), "m-strong")
                    badge(*labels.order_outcome(one.outcome))
                Text("span", " · ".join(part for part in (one.user_name or "", formats.ago(one.created_at)) if part), "m-hint")
                if one.text:
                    Text("span", one.text, "m-sub").props["dir"] = "auto"
        self._begin(found.items)

    def _begin(self, items: list[CallOrder]) -> None:
        """Plays the call once there is an address for it."""
        mine = next((one for one in items if one.id == self._wanted and one.outcome is not None), None)
        if mine is None:
            return
        self._wanted = None
        if mine.outcome is CallOrderOutcome.DONE and mine.listen_url is not None:
            ui.run_javascript(f"masteria.listen.start({json.dumps(mine.listen_url)})")
        else:
            toast(_("The call cannot be heard: {why}").format(why=labels.order_outcome(mine.outcome)[0]), "bad")

    async def _ask(self, kind: CallOrderKind, text: str = "") -> CallOrder:
        made = await client.order(self._api, self._id, kind, text)
        if self._orders is not None:
            await self._orders.refresh()
        return made

    async def _hear(self) -> None:
        made = await client.order(self._api, self._id, CallOrderKind.LISTEN)
        self._wanted = made.id
        if self._orders is not None:
            await self._orders.refresh()

    def _hush(self) -> None:
        ui.run_javascript("masteria.listen.stop()")
        self._sounds(False)

    def _listened(self, event: GenericEventArguments) -> None:
        if self._on:
            self._sounds(event.args == "begins")
            if event.args == "failed":
                toast(_("The sound of the call broke off. Try again, or read along."), "bad")

    def _sounds(self, on: bool) -> None:
        self._listen.set_visibility(not on)
        self._quiet.set_visibility(on)

    async def _tell(self) -> None:
        if not filled([self._hint]):
            return
        await self._ask(CallOrderKind.HINT, self._hint.value)
        self._hint.value = ""
        toast(_("It is being told to the agent."))

    async def _take(self) -> None:
        text = _("The agent puts the person through, and your phone rings. If nobody takes it there, the agent goes on speaking.")
        if await confirm(_("Take over this call?"), text, yes=_("Take over")):
            await self._ask(CallOrderKind.TAKE_OVER)
            toast(_("Your phone rings in a moment."))

    async def _end(self) -> None:
        if await confirm(_("End this call?"), _("The line is cut at once."), yes=_("End the call"), danger=True):
            await self._ask(CallOrderKind.HANG_UP)
