"""What the simulator's model saw: each request as a talk, newest first; and how the model is to behave."""

import json
import re
from typing import Final

from nicegui import ui

from api.contract.base import Page
from api.contract.enums import Permission
from api.contract.events import ConversationChanged, MessageReceived, ModelRequestsChanged
from api.contract.sandbox import ModelBehaviour, ModelMessage, ModelRequest
from ui import formats, live, session
from ui.client import sandbox as client
from ui.client.base import ApiProblem, Offline
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import select_field, switch_field
from ui.components.frame import frame
from ui.components.states import empty, load, skeleton_card, skeleton_list
from ui.components.text import Text, badge
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import sandbox as labels
from ui.routing import page

_MARKED: Final = re.compile(r'^\[\w+[^\]]*\] "?(.*?)"?$', re.DOTALL)
"""A message under its id, in quotes."""


@page("/sandbox/model", permission=Permission.AI_READ)
def model() -> None:
    shown = _("Each request to the simulator's language model, as it read it. Keys are never shown.")
    with frame(_("What the model saw"), shown, breadcrumbs=[(_("Simulator"), "/sandbox")], active="/sandbox"):
        with ui.element("div").classes("m-model"):
            _Requests()
            load(lambda: client.model_behaviour(session.current().api), _Behaves, lambda: skeleton_card(4))


class _Requests:
    """The list. A line is drawn once: one that was opened stays open while others come."""

    def __init__(self) -> None:
        self._api = session.current().api
        self._lines: dict[int, ui.element] = {}
        with ui.element("section").classes("m-card m-card-flush") as self._card:
            self._loader = load(lambda: client.model_requests(self._api), self._draw, skeleton_list)
        self._fetching = Throttle(self._fetch, 2.0)
        live.on(ModelRequestsChanged, self._came)
        live.on(MessageReceived, lambda _event: self._fetching.poke())
        live.on(ConversationChanged, lambda _event: self._fetching.poke())
        live.on_reset(self._loader.refresh)
        self._fetching.poke()

    async def _fetch(self) -> None:
        """Has the newest ones fetched. Who uses no simulator has none."""
        try:
            await client.fetch_model_requests(self._api)
        except (ApiProblem, Offline):
            return

    async def _came(self, _event: ModelRequestsChanged) -> None:
        if not self._lines:
            await self._loader.refresh()
            return
        try:
            found = await client.model_requests(self._api)
        except (ApiProblem, Offline):
            return
        if self._card.is_deleted or self._list.is_deleted:
            return
        kept = {one.number for one in found.items}
        for number in [number for number in self._lines if number not in kept]:
            self._lines.pop(number).delete()
        with self._list:
            for one in reversed(found.items):
                if one.number not in self._lines:
                    self._line(one).move(target_index=0)

    def _draw(self, found: Page[ModelRequest]) -> None:
        self._lines = {}
        if not found.items:
            text = _("Once an assistant of yours answers on the simulator, everything that its model read stands here.")
            empty("visibility", _("Nothing asked yet"), text, action=_("Simulator"), to="/sandbox")
            return
        with ui.element("div").classes("w-full") as self._list:
            for one in found.items:
                self._line(one)

    def _line(self, one: ModelRequest) -> ui.element:
        def opened() -> None:
            if not inside.default_slot.children:
                with inside:
                    _talk(one)

        with ui.element("details").classes("m-unfold m-model-line") as line:
            with Text("summary", ""):
                ui.label(formats.clock(one.at, seconds=True)).classes("m-num m-hint")
                ui.label(labels.kind(one.kind)).classes("m-strong")
                ui.label(_last(one)).classes("m-clip m-grow")
                if one.problem:
                    badge(str(one.status), "bad")
            inside = ui.element("div").classes("m-model-talk")
        line.on("toggle", opened, [])
        self._lines[one.number] = line
        return line


def _last(one: ModelRequest) -> str:
    """What it was asked: the last words of somebody outside."""
    said = next((message.text for message in reversed(one.messages) if message.role == "user"), "")
    return _MARKED.sub(r"\1", said)


def _talk(one: ModelRequest) -> None:
    with ui.element("div").classes("m-row m-near m-wrap m-facts m-hint"):
        ui.label(one.model).classes("m-mono")
        ui.label(formats.moment(one.at))
        ui.label(f"{formats.number(one.milliseconds)} ms")
        if one.input_tokens is not None:
            read = _("{count} tokens read").format(count=formats.number(one.input_tokens))
            cached = _("{count} of them cached").format(count=formats.number(one.cached_tokens or 0))
            ui.label(f"{read}, {cached}")
        if one.output_tokens is not None:
            ui.label(_("{count} tokens written").format(count=formats.number(one.output_tokens)))
        if one.tools:
            ui.label(_("May call: {tools}").format(tools=", ".join(one.tools)))
    for message in one.messages:
        _message(labels.role(message.role), message)
    if one.answer is not None:
        _message(_("Answer"), one.answer, answer=True)
    if one.problem:
        with ui.element("div").classes("m-note m-bad"):
            ui.label(one.problem)


def _message(name: str, message: ModelMessage, *, answer: bool = False) -> None:
    with ui.element("div").classes("m-model-said" + (" m-model-answer" if answer else "")):
        ui.label(name).classes("m-label")
        if message.text:
            ui.label(_readable(message.text)).classes("m-text")
        for call in message.calls:
            ui.label(f"{call.name} {_readable(call.arguments)}").classes("m-mono m-text")


def _readable(text: str) -> str:
    """JSON over several lines, other texts as they are."""
    if text[:1] not in "{[":
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


class _Behaves:
    """How the model behaves towards this company."""

    def __init__(self, behaviour: ModelBehaviour) -> None:
        may = session.current().may(Permission.AI_WRITE)
        self._api = session.current().api
        with card(_("How the model behaves"), hint=_("For trying out what your assistants do when it goes wrong.")):
            self._trick = select_field(_("What goes wrong"), labels.tricks(), behaviour.trick)
            times = {0: _("Always"), 1: _("The next request"), 3: _("The next three requests")}
            self._times = select_field(_("How often"), times, behaviour.times if behaviour.times in times else 0)
            waits = {0.0: _("At once"), 5.0: _("After five seconds"), 30.0: _("After half a minute")}
            self._slow = select_field(_("Answers"), waits, behaviour.slow_seconds if behaviour.slow_seconds in waits else 0.0)
            hint = _("It obeys every order that it reads, in messages and documents: the worst that a model can do.")
            self._gullible = switch_field(_("Gullible"), behaviour.gullible, hint=hint)
            if may:
                button(_("Apply"), self._apply, kind="primary").classes("m-end")

    async def _apply(self) -> None:
        wanted = ModelBehaviour(
            trick=self._trick.value, times=self._times.value, gullible=bool(self._gullible.value), slow_seconds=self._slow.value
        )
        try:
            await client.behave_model(self._api, wanted)
        except ApiProblem as problem:
            if problem.status != 404:
                raise
            toast(_("This company uses no simulated model."), "warn")
            return
        toast(_("The model behaves like this from now on."))
