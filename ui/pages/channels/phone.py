"""Buying a number and setting it up for calls: what it costs before it is bought, each step with its state, on again after a failure, back step
by step."""

from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.enums import NumberType, Permission, SetupAccess, SetupState, SetupStep, StepState
from api.contract.events import PhoneSetupChanged
from api.contract.phone_setups import (
    PhoneContinue,
    PhoneOffer,
    PhoneOrder,
    PhoneSearch,
    PhoneSetup,
    PhoneSetupStart,
    PhoneStep,
)
from api.contract.problems import SetupFailure
from ui import formats, kinds, live, session
from ui.client import phone_setups as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, item, note
from ui.components.confirm import confirm
from ui.components.forms import Field, filled, form, password_field, select_field, switch_field, text_field
from ui.components.frame import frame
from ui.components.states import Loader, empty, gone, load, skeleton_card, skeleton_list
from ui.components.text import Text, badge, icon
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import costs
from ui.labels import phone_setups as labels
from ui.routing import page

PATH = "/channels/numbers"
_COUNTRIES = ("BR", "US", "PT", "AR", "CL", "CO", "MX", "ES", "GB")
_SECRETS = {SetupFailure.CARRIER_REFUSED: "carrier_secret", SetupFailure.VOICE_REFUSED: "voice_secret"}


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Channels"), "/channels"), (_("Numbers for calls"), PATH)]


@page(PATH, permission=Permission.CHANNELS_WRITE)
def numbers() -> None:
    with frame(
        _("Numbers for calls"), _("Bought at Twilio, spoken over by Retell"), breadcrumbs=_crumbs()[:1], active="/channels"
    ):
        _Start()


class _Start:
    """The numbers that were begun, and another one."""

    def __init__(self) -> None:
        self._api = session.current().api
        with ui.element("div").classes("m-col m-loose w-full"):
            self._list = load(lambda: client.setups(self._api), self._draw, lambda: skeleton_list(2))
            self._form()
        throttle = Throttle(self._list.refresh, 1.0)
        live.on(PhoneSetupChanged, lambda _event: throttle.poke())
        live.on_reset(self._list.refresh)

    def _draw(self, found: list[PhoneSetup]) -> None:
        if not found:
            return
        with card(_("Begun here"), flush=True):
            for one in found:
                with item(to=f"{PATH}/{one.id}"):
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(one.name).classes("m-strong m-clip")
                        ui.label(formats.phone(one.number) if one.number else _("No number yet")).classes("m-hint m-clip")
                    if one.sandbox:
                        badge(_("Simulator"), "info")
                    badge(*labels.state(one.state), live=one.state in (SetupState.WORKING, SetupState.UNDOING))

    def _form(self) -> None:
        kind = next(one for one in kinds.every() if one.set_up_here)
        self._kind = kind.kind
        hint = _("You see what a number costs before anything is bought. Every step can be taken back.")
        with card(_("Set up a number"), hint=hint):
            self._name = text_field(_("Name"), placeholder=_("How your team calls this number"), limit=80)
            self._sandbox = switch_field(
                _("Only rehearse it"),
                False,
                hint=_("The simulator plays Twilio and Retell. Nothing is bought, and nobody is called."),
                on_change=self._rehearse,
            )
            with ui.element("div").classes("m-col m-gap w-full") as self._accounts:
                self._account = text_field(
                    _("Account SID"), placeholder="AC…", hint=_("On the first page of the Twilio console."), limit=34
                )
                self._carrier = password_field(_("Auth Token"), hint=_("It stands below the Account SID there."))
                self._voice = password_field(
                    _("API key of Retell"), hint=_("The one with the webhook badge: Retell signs with it.")
                )
                ways = {one.value: labels.access(one) for one in SetupAccess}
                self._access = select_field(
                    _("How Twilio knows that Retell calls"),
                    ways,
                    SetupAccess.CREDENTIALS.value,
                    hint=_("The password is the safe way. By addresses, anybody calling from Retell's network passes."),
                )
                with note("info", _("Secrets are sealed and never shown again.")):
                    pass
            form(self._submit, _("Go on"))

    def _rehearse(self, on: bool) -> None:
        self._accounts.set_visibility(not on)

    async def _submit(self) -> None:
        played = bool(self._sandbox.value)
        asked: list[Field[Any]] = [self._name] if played else [self._name, self._account, self._carrier, self._voice]
        if not filled(asked):
            return
        body = PhoneSetupStart(kind=self._kind, name=self._name.value, sandbox=played)
        if not played:
            body.access = SetupAccess(self._access.value)
            body.account_id, body.carrier_secret, body.voice_secret = (
                str(field.value).strip() for field in (self._account, self._carrier, self._voice)
            )
        fields: dict[str, Field[Any]] = {
            "name": self._name,
            "account_id": self._account,
            "carrier_secret": self._carrier,
            "voice_secret": self._voice,
        }
        try:
            made = await client.start(self._api, body)
        except ApiProblem as error:
            problems.show_in(fields, error)
            return
        ui.navigate.to(f"{PATH}/{made.id}")


@page(PATH + "/{setup_id:uuid}", permission=Permission.CHANNELS_WRITE)
def number(setup_id: UUID) -> None:
    with frame(_("Set up a number"), breadcrumbs=_crumbs(), active="/channels"):
        _Setup(setup_id)


class _Setup:
    def __init__(self, setup_id: UUID) -> None:
        self._api, self._id = session.current().api, setup_id
        self._place = ui.element("div").classes("m-col m-loose w-full")
        with self._place:
            self._loader: Loader[PhoneSetup] = load(
                self._fetch, self._draw, lambda: skeleton_card(6), classes="m-col m-loose w-full"
            )
        throttle = Throttle(self._again, 0.5)
        live.on(PhoneSetupChanged, lambda event: throttle.poke() if event.setup_id == setup_id else None)
        live.on_reset(self._again)

    async def _again(self) -> None:
        await self._loader.refresh(only_changes=True)

    async def _fetch(self) -> PhoneSetup:
        try:
            return await client.setup(self._api, self._id)
        except ApiProblem as error:
            if error.status == 404:
                gone(self._place, _("This number is not being set up any more"), PATH)
            raise

    def _draw(self, one: PhoneSetup) -> None:
        with card(one.name, hint=formats.phone(one.number) if one.number else _("No number yet"), actions=lambda: self._top(one)):
            if one.price_cents is not None:
                cost = formats.money(one.price_cents, one.currency or "USD")
                Text("p", _("Costs {cost} a month at Twilio, calls apart.").format(cost=cost), "m-sub")
            if one.state == SetupState.DONE:
                with note("ok", _("The number is ready. Calls go out and come in over it.")):
                    with ui.element("div").classes("m-row"):
                        button(_("Open the channel"), kind="primary", to=f"/channels/{one.channel_id}")
        if one.state == SetupState.CHOOSING:
            self._choose(one)
        else:
            self._steps(one)

    def _top(self, one: PhoneSetup) -> None:
        if one.sandbox:
            badge(_("Simulator"), "info")
        badge(*labels.state(one.state), live=one.state in (SetupState.WORKING, SetupState.UNDOING))
        if one.state == SetupState.CHOOSING:
            button(_("Remove"), self._forget, kind="plain", icon="delete")

    # -- choosing ----------------------------------------------------------------------------------------------

    def _choose(self, one: PhoneSetup) -> None:
        if one.failure is not None:
            self._failure(one.failure, one.detail or "")
        if not one.agents and one.failure is None and not one.searching:
            with note("warn", _("Your account at Retell has no agent yet. Make one there, then look again."), name="error"):
                with ui.element("div").classes("m-row"):
                    button(_("Look again"), partial(self._go_on, {}), icon="refresh")
        known = one.search
        with card(_("Find a number"), hint=_("Prices are those of your account at Twilio.")):
            with ui.element("div").classes("m-grid"):
                countries = {code: costs.country(code) for code in _COUNTRIES}
                self._country = select_field(_("Country"), countries, known.country if known else "BR")
                types = {kind.value: labels.number_type(kind) for kind in NumberType}
                self._type = select_field(_("Kind of number"), types, (known.type if known else NumberType.LOCAL).value)
                self._contains = text_field(
                    _("Digits in it"), known.contains if known else "", placeholder="11", limit=10, kind="tel"
                )
            with ui.element("div").classes("m-row"):
                button(_("Search"), self._search, icon="search", kind="quiet" if one.offers else "primary")
        if one.searching:
            skeleton_list(4)
        else:
            self._offers(one)

    def _offers(self, one: PhoneSetup) -> None:
        if not one.offers:
            if one.searched_at is not None:
                heading = _("No number found") if one.search else _("Your account has no number for calls yet")
                text = _("Try another kind or other digits.") if one.search else _("Search for one to buy.")
                with ui.element("div").classes("m-card"):
                    empty("dialpad", heading, text)
            return
        self._agent: Field[str] | None = None
        if one.agents:
            names = {agent.id: agent.name for agent in one.agents}
            with card(_("Who speaks over it"), hint=_("It can be changed later at Retell.")):
                self._agent = select_field(_("Agent"), names, one.agents[0].id, search=len(names) > 10)
        with card(_("Choose one"), flush=True):
            for offer in one.offers:
                self._offer(offer)

    def _offer(self, offer: PhoneOffer) -> None:
        with item():
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(formats.phone(offer.number)).classes("m-strong m-clip")
                parts = [offer.place, _("wants an address at Twilio") if offer.papers else ""]
                ui.label(" · ".join(part for part in parts if part)).classes("m-hint m-clip")
            if offer.owned:
                badge(_("In your account"), "ok")
            elif offer.price_cents is not None:
                cost = formats.money(offer.price_cents, offer.currency)
                ui.label(_("{cost} a month").format(cost=cost)).classes("m-sub")
            if offer.owned or offer.price_cents is not None:
                text = _("Use it") if offer.owned else _("Buy")
                chosen = button(text, partial(self._order, offer), kind="quiet")
                chosen.props["aria-label"] = f"{text} {formats.phone(offer.number)}"

    async def _search(self) -> None:
        body = PhoneSearch(
            country=self._country.value, type=NumberType(self._type.value), contains=(self._contains.value or "").strip()
        )
        try:
            await client.search(self._api, self._id, body)
        except ApiProblem as error:
            problems.show_in({"contains": self._contains}, error)
            return
        await self._again()

    async def _order(self, offer: PhoneOffer) -> None:
        agent = self._agent.value if self._agent is not None else ""
        if not agent:
            toast(_("Choose who speaks over it first."), "bad")
            return
        number = formats.phone(offer.number)
        if offer.owned:
            text = _("Its calls go over a new line at Twilio from then on. Messages by SMS stay as they are.")
            sure = await confirm(_("Set {number} up?").format(number=number), text, yes=_("Set up"))
        else:
            cost = formats.money(offer.price_cents, offer.currency)
            heading = _("Buy {number} for {cost} a month?").format(number=number, cost=cost)
            text = _("Twilio takes it from your account now and every month, until you give the number back.")
            sure = await confirm(heading, text, yes=_("Buy for {cost} a month").format(cost=cost))
        if not sure:
            return
        body = PhoneOrder(
            number=offer.number,
            agent_id=agent,
            price_cents=None if offer.owned else offer.price_cents,
            currency=None if offer.owned else offer.currency,
        )
        await self._do(client.order(self._api, self._id, body))

    async def _forget(self) -> None:
        if await confirm(_("Remove this number?"), _("Nothing of it is left at Twilio or Retell."), yes=_("Remove")):
            await client.forget(self._api, self._id)
            ui.navigate.to(PATH)

    # -- steps -------------------------------------------------------------------------------------------------

    def _steps(self, one: PhoneSetup) -> None:
        failed = next((step for step in one.steps if step.failure is not None), None)
        if one.state == SetupState.STOPPED:
            if failed is not None and failed.failure is not None:
                self._failure(failed.failure, failed.detail or "")
            else:
                with note("info", _("It stands still, as you took steps back.")):
                    with ui.element("div").classes("m-row"):
                        button(_("Go on"), partial(self._go_on, {}), kind="primary", icon="play_arrow")
        rests = one.state in (SetupState.STOPPED, SetupState.DONE)
        last = max((at for at, step in enumerate(one.steps) if step.state != StepState.WAITING), default=-1)
        with card(_("Steps"), flush=True, actions=lambda: self._undo_all(one, last) if rests and last > 0 else None):
            with ui.element("div").classes("w-full").props("role=list"):
                for at, step in enumerate(one.steps):
                    self._step(at, step, undo=rests and at == last)

    def _step(self, at: int, step: PhoneStep, *, undo: bool) -> None:
        heading, why = labels.step(step.step)
        now = step.state not in (StepState.WAITING, StepState.DONE)
        mark = " m-todo-done" if step.state == StepState.DONE else " m-todo-now" if now else ""
        with ui.element("div").classes("m-row m-todo" + mark).props("role=listitem"):
            with ui.element("div").classes("m-todo-no"):
                icon("check") if step.state == StepState.DONE else Text("span", str(at + 1))
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(heading).classes("m-strong")
                found = step.state == StepState.DONE and not step.ours
                ui.label(_("It was there already, and is used.") if found else why).classes("m-hint")
                if step.state == StepState.UNKNOWN and step.failure is not None:
                    Text("span", problems.said(step.failure), "m-sub")
            with ui.element("div").classes("m-col m-near items-end shrink-0"):
                if step.state != StepState.WAITING:
                    on = step.state in (StepState.DOING, StepState.UNDOING, StepState.UNKNOWN)
                    badge(*labels.step_state(step.state), live=on)
                if undo:
                    back = button(_("Undo"), partial(self._undo, step, heading), kind="plain", icon="undo")
                    back.props["aria-label"] = f"{_('Undo')}: {heading}"

    def _undo_all(self, one: PhoneSetup, last: int) -> None:
        button(_("Undo everything"), partial(self._undo_whole, one, last), kind="plain", icon="undo")

    async def _undo(self, step: PhoneStep, heading: str) -> None:
        text = labels.undoing(step.step, ours=step.ours)
        if await confirm(_("Undo “{step}”?").format(step=heading), text, yes=_("Undo"), danger=step.step == SetupStep.NUMBER):
            await self._do(client.undo(self._api, self._id, step.step))

    async def _undo_whole(self, one: PhoneSetup, last: int) -> None:
        done = reversed(one.steps[: last + 1])
        more = [f"{labels.step(step.step)[0]}: {labels.undoing(step.step, ours=step.ours)}" for step in done]
        heading, text = _("Undo everything?"), _("The last step first. It stops where something does not work.")
        if await confirm(heading, text, yes=_("Undo everything"), danger=True, more=more):
            await self._do(client.undo(self._api, self._id, SetupStep.NUMBER))

    # -- both --------------------------------------------------------------------------------------------------

    def _failure(self, failure: SetupFailure, detail: str) -> None:
        """Why it stands still, and the way on; a secret that was refused is written anew."""
        with note("bad", problems.said(failure), name="error"):
            if detail:
                ui.label(detail).classes("m-hint m-text")
            field: Field[str] | None = None
            if failure in _SECRETS:
                name = _("Auth Token") if failure is SetupFailure.CARRIER_REFUSED else _("API key of Retell")
                field = password_field(name)

            async def again() -> None:
                if field is not None and not filled([field]):
                    return
                await self._go_on({} if field is None else {_SECRETS[failure]: field.value})

            with ui.element("div").classes("m-row"):
                button(_("Try again"), again, kind="primary", icon="refresh")

    async def _go_on(self, secrets: dict[str, str]) -> None:
        await self._do(client.go_on(self._api, self._id, PhoneContinue(**secrets)))

    async def _do(self, asked: Any) -> None:
        try:
            await asked
        except ApiProblem as error:
            toast(problems.sentence(error), "bad")
        await self._again()
