"""Calls that people take: whether one takes them oneself, who else does, who waits, and whom the team still owes something."""

from functools import partial

from nicegui import ui

from api.contract.base import Page
from api.contract.call_queue import CallAgent, CallAgentPut, CallQueue, CallQueuePut, CallTransfer, Overflow
from api.contract.enums import Permission
from api.contract.events import CallQueueChanged
from ui import formats, live, session
from ui.client import call_queue as client
from ui.client.base import ApiProblem
from ui.components import call_dialog, problems
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.forms import filled, form, number_field, select_field, switch_field, text_field
from ui.components.frame import frame
from ui.components.listing import Listing
from ui.components.query import Filter, Query
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import Text, badge, dot
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import call_queue as labels
from ui.routing import page


@page("/calls", permission=Permission.CONVERSATIONS_READ)
def calls() -> None:
    with frame(_("Calls"), _("Who takes calls that virtual agents hand over, and who still waits for us.")):
        _Calls()


class _Calls:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._me = me.api, me.me.user_id
        self._write, self._may_set = me.may(Permission.CONVERSATIONS_WRITE), me.may(Permission.TEAM_WRITE)
        with ui.element("div").classes("m-split m-queue"):
            with ui.element("div").classes("m-col"), card(_("People who asked for somebody"), flush=True):
                views = Filter("view", _("State"), {"owed": _("Still to do"), "open": _("On the line now")})
                self._list = Listing(self._fetch, self._draw, self._blank, chips=(views, _("All")), classes="m-queue-list")
            self._mine: Loader[CallAgentPut] | None = None
            if self._write:
                with ui.element("div").classes("m-col m-first"):
                    self._mine = load(self._fetch_mine, self._draw_mine, lambda: skeleton_list(3))
            with ui.element("div").classes("m-col"):
                self._agents = load(lambda: client.agents(self._api), self._draw_agents, lambda: skeleton_list(3))
                load(lambda: client.queue(self._api), self._draw_queue, lambda: skeleton_list(2))
        throttle = Throttle(self._again, 1.0)
        live.on(CallQueueChanged, lambda _event: throttle.poke())
        live.on_reset(self._again)

    async def _again(self) -> None:
        await self._list.refresh()
        await self._agents.refresh(only_changes=True)
        if self._mine is not None:
            await self._mine.refresh(only_changes=True)

    async def _fetch_mine(self) -> CallAgentPut:
        """Without whether one speaks: a call of one's own takes nothing away that is being typed."""
        mine = next((one for one in await client.agents(self._api) if one.user_id == self._me), None)
        if mine is None:
            return CallAgentPut(available=False)
        return CallAgentPut(available=mine.available, phone=mine.phone, skills=mine.skills)

    async def _fetch(self, query: Query) -> Page[CallTransfer]:
        return await client.transfers(self._api, query.filters.get("view", "all"), query.limit)

    def _draw(self, found: Page[CallTransfer]) -> None:
        for one in found.items:
            self._draw_transfer(one)

    def _blank(self) -> None:
        text = _("When somebody on the line asks for a person, it stands here, with what became of it.")
        empty("phone_in_talk", _("Nobody asked for a person yet"), text)

    def _draw_transfer(self, one: CallTransfer) -> None:
        with item() as row:
            row.classes("m-queue-row")
            with ui.element("div").classes("m-col m-tight m-grow"):
                with ui.element("div").classes("m-row m-near m-wrap items-center"):
                    ui.link(one.contact_name or formats.phone(one.address), f"/calls/{one.call_id}").classes("m-strong m-link")
                    badge(*labels.standing(one))
                when = formats.ago(one.requested_at)
                Text("span", " · ".join(part for part in (when, one.user_name or "", one.reason) if part), "m-hint")
                if one.summary:
                    Text("span", one.summary, "m-sub")
            if one.owed is not None and one.settled_at is None and self._write:
                with ui.element("div").classes("m-row m-near"):
                    if one.owed is Overflow.CALLBACK and one.contact_id is not None:
                        button(labels.owed(one.owed), partial(call_dialog.ask, one.contact_id), icon="call")
                    elif one.owed is Overflow.VOICEMAIL:
                        button(labels.owed(one.owed), to=f"/calls/{one.call_id}", icon="voicemail")
                    elif one.contact_id is not None:
                        button(labels.owed(one.owed), to=f"/contacts/{one.contact_id}", icon="chat")
                    button(_("Done"), partial(self._settle, one), kind="plain", icon="check")

    async def _settle(self, one: CallTransfer) -> None:
        await client.settle(self._api, one.id)
        await self._list.refresh()

    def _draw_agents(self, found: list[CallAgent]) -> None:
        with card(_("Who takes calls")):
            others = [one for one in found if one.available]
            if not others:
                empty("headset_off", _("Nobody takes calls now"), _("Callers are offered what is set below."))
            for one in others:
                with ui.element("div").classes("m-row m-near items-center"):
                    dot("warn" if one.busy else "ok")
                    Text("span", one.name, "m-strong")
                    Text("span", ", ".join(one.skills), "m-hint")
                    if one.busy:
                        badge(_("Has a call"), "warn")

    def _draw_mine(self, mine: CallAgentPut) -> None:
        hint = _("Calls ring here, on every page. When you take one, your phone rings.")
        with card(_("I take calls"), hint=hint):
            self._on = switch_field(_("I am available"), mine.available)
            self._phone = text_field(_("Phone"), mine.phone or "", kind="tel", placeholder="+5511987654321", autocomplete="tel")
            skills = ", ".join(mine.skills)
            hint = _("Words with commas. Agents may ask for one of them, as for a team.")
            self._skills = text_field(_("What I am good at"), skills, hint=hint, limit=400)
            form(self._say, _("Save"))

    async def _say(self) -> None:
        skills = [skill.strip() for skill in self._skills.value.split(",") if skill.strip()]
        phone = "".join(self._phone.value.split()) or None
        try:
            await client.say(self._api, CallAgentPut(available=bool(self._on.value), phone=phone, skills=skills))
        except ApiProblem as error:
            problems.show_in({"phone": self._phone, "skills": self._skills}, error)
            return
        toast(_("You take calls now.") if self._on.value else _("You take no calls now."))
        await self._again()

    def _draw_queue(self, found: CallQueue) -> None:
        with card(_("How calls ring")) as place:
            self._seconds = number_field(_("Seconds at each person"), found.ring_seconds, low=5, high=60)
            self._most = number_field(_("People who are asked"), found.most_rings, low=1, high=10)
            offers = {one.value: labels.overflow(one) for one in Overflow}
            self._overflow = select_field(_("When nobody takes it"), offers, found.overflow.value)
            if self._may_set:
                form(self._set, _("Save"))
            else:
                place.props["inert"] = True

    async def _set(self) -> None:
        if not filled([self._seconds, self._most, self._overflow]):
            return
        body = CallQueuePut(
            ring_seconds=int(self._seconds.value or 0),
            most_rings=int(self._most.value or 0),
            overflow=Overflow(self._overflow.value),
        )
        try:
            await client.set_queue(self._api, body)
        except ApiProblem as error:
            problems.show_in({"ring_seconds": self._seconds, "most_rings": self._most, "overflow": self._overflow}, error)
            return
        toast(_("Saved."))
