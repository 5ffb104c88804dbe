"""Connecting a number in the provider's own window: one press, and every way in which it ends said in words.

The window must open in the press itself, or the browser blocks it: so it is opened by the page's script, while the attempt to which
its answer is bound is started here.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from msgspec import ValidationError, convert, structs
from nicegui import events, ui

from api.contract.enums import SignupState
from api.contract.events import ChannelChanged
from api.contract.kinds import Kind
from api.contract.problems import SignupFailure
from api.contract.signups import ChannelSignup, ChannelSignupFinish
from ui import kinds, live, session
from ui.client import channels as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.text import Text, badge
from ui.i18n import _

_EVENT = "signup"  # of app.js
_NAMES = {"account_id": "waba_id", "external_id": "phone_number_id", "portfolio_id": "business_id"}


class SignupCard:
    """The button, what happens meanwhile, and why it failed."""

    def __init__(self, kind: Kind) -> None:
        assert kind.signup is not None
        self._kind, self._api = kind, session.current().api
        self._attempt: ChannelSignup | None = None
        self._started = asyncio.Event()
        vendor = kind.vendor
        with card(_("Connect in {vendor}'s window").format(vendor=vendor)):
            if kind.signup.sandbox:
                with ui.element("div").classes("m-row m-near m-wrap items-center"):
                    badge(_("Simulator"), "info")
                    ui.label(_("It plays this window. What you connect here reaches nobody.")).classes("m-hint")
            with ui.element("ol").classes("m-guide-todo"):
                for text in (
                    _("{vendor} opens a window. Sign in with the account that runs your company's pages and ads."),
                    _("Choose or make your business, its {kind} account and the number. You need the phone to receive a code."),
                    _("Allow everything that is asked, and finish. We do the rest."),
                ):
                    Text("li", text.format(vendor=vendor, kind=kinds.text(kind.label)))
            self._place = ui.element("div").classes("w-full")
            self._place.props["aria-live"] = "polite"
            with ui.element("div").classes("m-row"):
                opener = button(_("Open {vendor}'s window").format(vendor=vendor), kind="primary", icon="open_in_new")
                given = json.dumps(structs.asdict(kind.signup)).replace("<", "\\u003c")
                opener.on("click", js_handler=f"() => masteria.signup({given})")
        ui.context.client.layout.on(_EVENT, self._told)
        live.on(ChannelChanged, self._heard)
        live.on_reset(self._look)

    async def _start(self) -> None:
        self._attempt = None
        self._started.clear()
        self._busy(_("Go on in the window. This page notices when you are done."))
        try:
            self._attempt = await client.start_signup(self._api, self._kind.kind)
        except (ApiProblem, Offline) as error:
            self._failed(problems.sentence(error))
        self._started.set()

    async def _told(self, event: events.GenericEventArguments) -> None:
        told: Mapping[str, Any] = event.args if isinstance(event.args, dict) else {}
        if told.get("event") == "opened":
            await self._start()
            return
        if told.get("event") != "finish":
            self._failed(_ended(str(told.get("event")), self._kind.vendor), str(told.get("detail") or ""))
            return
        given = told.get("data")
        data: Mapping[str, Any] = given if isinstance(given, dict) else {}
        ids = {name: data[theirs] for name, theirs in _NAMES.items() if data.get(theirs)}
        if "external_id" not in ids:
            self._failed(problems.said(SignupFailure.NO_NUMBER))
            return
        await self._started.wait()
        if self._attempt is None:
            return  # it was said why
        self._busy(_("Done there. We are setting the number up…"))
        try:
            body = convert({"code": told.get("code"), **ids}, ChannelSignupFinish)
            self._attempt = await client.finish_signup(self._api, self._attempt.id, body)
        except ValidationError:
            self._failed(problems.said(SignupFailure.NO_NUMBER))
        except (ApiProblem, Offline) as error:
            self._failed(problems.sentence(error))
        else:
            await self._look()  # it may be over already

    async def _heard(self, event: ChannelChanged) -> None:
        if self._attempt is not None and event.channel_id == self._attempt.channel_id:
            await self._look()

    async def _look(self) -> None:
        if self._attempt is None or self._attempt.state != SignupState.EXCHANGING:
            return
        found = await client.signup(self._api, self._attempt.id)
        self._attempt = found
        if found.state == SignupState.CONNECTED:
            ui.navigate.to(f"/channels/{found.channel_id}")
        elif found.state == SignupState.FAILED and found.failure is not None:
            self._failed(problems.said(found.failure), found.detail or "")

    def _busy(self, text: str) -> None:
        self._place.clear()
        with self._place, ui.element("div").classes("m-row m-near items-center"):
            ui.spinner(size="18px")
            ui.label(text).classes("m-sub")

    def _failed(self, text: str, detail: str = "") -> None:
        self._attempt = None
        self._place.clear()
        with self._place, note("bad", text, name="error"):
            if detail:
                ui.label(detail).classes("m-hint m-text")


def _ended(event: str, vendor: str) -> str:
    """How the window ended without a number, and the way out."""
    return {
        "closed": _("The window was closed before it was done. Nothing was connected; start again whenever you like."),
        "blocked": _("Your browser blocked the window. Allow pop-ups for this page, then press the button again."),
        "no_script": _(
            "{vendor}'s script did not load. A blocker may hold it back: allow it for this page and reload, or follow the guide."
        ),
        "no_number": problems.said(SignupFailure.NO_NUMBER),
    }.get(event, _("{vendor} ended it with an error. Start again; what it said stands below.")).format(vendor=vendor)
