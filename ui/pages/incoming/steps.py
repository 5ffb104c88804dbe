"""What happens with what comes: values of a delivery are pressed into the fields of contact, tags, card and message; a try-out says what
would come of it before it is saved."""

from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from nicegui import ui

from api.contract.boards import Board, LeadField
from api.contract.cadences import CadenceRow
from api.contract.campaigns import CampaignRow
from api.contract.channels import Template
from api.contract.contacts import CustomField
from api.contract.enums import CadenceState, CampaignState, LeadChoice, Permission, TemplateStatus
from api.contract.incoming import (
    AddTags,
    EnrolInCadence,
    EnrolInCampaign,
    HookStep,
    IncomingHook,
    IncomingHookPatch,
    IncomingPayload,
    IncomingTried,
    PutLead,
    UpsertContact,
    Value,
    WriteTemplate,
)
from ui import session
from ui.client import boards, cadences, campaigns, contacts, templates
from ui.client import incoming as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.confirm import dialog
from ui.components.forms import Field, area_field, mark, select_field, switch_field, text_field
from ui.components.states import Loader, empty, load, skeleton_card, skeleton_list
from ui.components.text import Text, pressable
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import cadences as cadence_labels
from ui.labels import campaigns as campaign_labels
from ui.labels import incoming as labels
from ui.labels import templates as template_labels
from ui.pages.incoming.fields import OwnFields, Target, gaps, hidden_until
from ui.pages.incoming.log import MOST_VALUES, said

SAMPLE = (
    '{\n  "nome": "Ana Lima",\n  "telefone": "11 98765-4321",\n  "email": "ana@example.com",\n  "produto": "Bolo de festa"\n}'
)
_OPEN = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED)
"""Campaigns that take people in."""


class _Known(NamedTuple):
    fields: list[CustomField]
    boards: list[Board]
    templates: list[Template]
    campaigns: list[CampaignRow]
    cadences: list[CadenceRow]


class Steps:
    def __init__(self, hook: IncomingHook, changed: Any) -> None:
        me = session.current()
        self._api, self._me, self._hook, self._changed = me.api, me, hook, changed
        self._write = me.may(Permission.INCOMING_WRITE)
        self._target = Target()
        self._delivery: UUID | None = None
        with ui.element("div").classes("m-split m-stays"):
            with ui.element("div").classes("m-col m-loose"):
                load(self._fetch, self._draw, partial(skeleton_card, 6))
            with ui.element("div").classes("m-col m-loose m-first"):
                self._values: Loader[IncomingPayload | None] = load(self._newest, self._draw_values, partial(skeleton_list, 3))

    async def _fetch(self) -> _Known:
        approved = TemplateStatus.APPROVED
        return _Known(
            await contacts.fields(self._api) if self._me.may(Permission.CONTACTS_READ) else [],
            await boards.boards(self._api) if self._me.may(Permission.BOARDS_READ) else [],
            (await templates.templates(self._api, status=approved, limit=200)).items
            if self._me.may(Permission.TEMPLATES_READ)
            else [],
            (await campaigns.campaigns(self._api, states=_OPEN, limit=200)).items
            if self._me.may(Permission.CAMPAIGNS_READ)
            else [],
            [one for one in (await cadences.cadences(self._api)).items if one.state is not CadenceState.ENDED]
            if self._me.may(Permission.CAMPAIGNS_READ)
            else [],
        )

    async def came(self) -> None:
        """Something came: shown where nothing was yet; what somebody looks at stays."""
        if self._delivery is None:
            await self._values.refresh()

    async def _newest(self) -> IncomingPayload | None:
        found = await client.deliveries(self._api, self._hook.id, limit=20)
        newest = next((one for one in found.items if one.has_payload), None)
        return await client.payload(self._api, self._hook.id, newest.id) if newest is not None else None

    def _draw_values(self, found: IncomingPayload | None) -> None:
        self._delivery = found.delivery.id if found is not None else None
        sample = partial(button, _("Write a sample"), self._sample, kind="plain")
        if found is None:
            with card():
                text = _("Send something from your form or shop to the address of this webhook. Or write a sample here.")
                empty(
                    "webhook",
                    _("Nothing came yet"),
                    text,
                    action=_("Write a sample") if self._write else "",
                    on_click=self._sample,
                )
            return
        hint = _("Press a value: it goes into the field that has the cursor.")
        with card(_("What came last"), hint=hint, actions=sample if self._write else None, flush=True):
            for value in found.values[:MOST_VALUES]:
                with ui.element("div").classes("m-item") as row:
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(value.path).classes("m-mono m-hint m-clip")
                        ui.label(value.text or "–").classes("m-clip")
                pressable(row, partial(self._put, value.path), _("Put {path} into the field").format(path=value.path))

    def _put(self, path: str) -> None:
        name = self._target.put(path)
        toast(_("Put into “{name}”.").format(name=name) if name else _("Put the cursor into a field first."))

    def _sample(self) -> None:
        async def post() -> None:
            try:
                tree = msgspec.json.decode(text.value or "", type=dict[str, Any])
            except msgspec.MsgspecError:
                mark({text: _("This is no JSON object. Compare the brackets, quotes and commas.")})
                return
            try:
                await client.test(self._api, self._hook.id, tree)
            except ApiProblem as error:
                problems.show_in({"payload": text}, error)
                return
            box.close()
            await self._values.refresh()

        said = _("It is carried out as if it had come, by the steps that are saved.")
        with dialog(_("Post a sample"), said, wide=True) as box:
            text = area_field(_("JSON"), SAMPLE, rows=9)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Post"), post, kind="primary")
        box.open()

    def _draw(self, known: _Known) -> None:
        self._known = known
        steps = {type(step): step for step in self._hook.steps}
        self._draw_contact(steps.get(UpsertContact))  # type: ignore[arg-type]
        self._draw_tags(steps.get(AddTags))  # type: ignore[arg-type]
        self._draw_lead(steps.get(PutLead))  # type: ignore[arg-type]
        self._draw_letter(steps.get(WriteTemplate))  # type: ignore[arg-type]
        self._draw_campaign(steps.get(EnrolInCampaign))  # type: ignore[arg-type]
        self._draw_cadence(steps.get(EnrolInCadence))  # type: ignore[arg-type]
        self._result = ui.element("div").classes("m-col w-full").props("aria-live=polite")
        if self._write:
            with ui.element("div").classes("m-row m-near m-wrap"):
                button(_("Save"), self._save, kind="primary")
                button(_("Try it out"), self._try, icon="play_arrow")

    def _draw_contact(self, step: UpsertContact | None) -> None:
        step = step or UpsertContact()
        with card(
            _("Contact"), hint=_("Found by your own id, phone or e-mail, or made. A name that stands there already stays.")
        ):
            self._phone = self._target.watch(
                text_field(_("Phone"), step.phone, placeholder="{{telefone}}", limit=500), first=True
            )
            self._email = self._target.watch(text_field(_("E-mail"), step.email, placeholder="{{email}}", limit=500))
            self._name = self._target.watch(text_field(_("Name"), step.name, placeholder="{{nome}}", limit=500))
            self._id = self._target.watch(
                text_field(
                    _("Your own id"),
                    step.external_id,
                    hint=_("By which your shop or system knows this person."),
                    placeholder="{{cliente.id}}",
                    limit=500,
                )
            )
            names = {one.key: one.label for one in self._known.fields}
            self._own = OwnFields(_("Own fields"), names, step.fields, self._target)

    def _draw_tags(self, step: AddTags | None) -> None:
        with card():
            self._tagged = switch_field(_("Add tags"), step is not None)
            with ui.element("div").classes("m-col") as inside:
                text = ", ".join(step.tags) if step else ""
                self._tags = self._target.watch(text_field(_("Tags"), text, placeholder="site, {{produto}}", limit=500))
            hidden_until(self._tagged, inside)

    def _draw_lead(self, step: PutLead | None) -> None:
        names = {one.id: one.name for one in self._known.boards}
        with card():
            self._led = switch_field(_("Put a card on a board"), step is not None)
            with ui.element("div").classes("m-col") as inside:
                chosen = step.board_id if step and step.board_id in names else next(iter(names), None)
                self._board: Field[UUID] = select_field(_("Board"), names, chosen, on_change=self._of_board)
                self._stage: Field[UUID] = select_field(_("Stage"), {}, None)
                self._choice: Field[LeadChoice] = select_field(
                    _("When there is one already"), labels.choices(), step.choice if step else LeadChoice.MOVE
                )
                self._title = self._target.watch(
                    text_field(_("Title of the card"), step.title if step else "", placeholder="{{produto}}", limit=500)
                )
                self._value = self._target.watch(
                    text_field(_("Value"), step.value if step else "", placeholder="{{total}}", limit=500)
                )
                self._lead_fields = ui.element("div").classes("m-col")
                self._lead_own: OwnFields | None = None
            self._lead_step = step
            hidden_until(self._led, inside)
            self._pick_stages(step.stage_id if step else None)
            if step is not None or self._led.value:
                ui.timer(0, self._of_board, once=True)

    def _pick_stages(self, chosen: UUID | None) -> None:
        board = next((one for one in self._known.boards if one.id == self._board.value), None)
        stages = {one.id: one.name for one in board.stages if one.kind != "lost"} if board else {}
        self._stage.control.set_options(stages, value=chosen if chosen in stages else next(iter(stages), None))  # type: ignore[attr-defined]

    async def _of_board(self) -> None:
        self._pick_stages(self._stage.value)
        if self._board.value is None:
            return
        found: list[LeadField] = await boards.lead_fields(self._api, self._board.value)
        self._lead_fields.clear()
        with self._lead_fields:
            values = self._lead_step.fields if self._lead_step else []
            names = {one.key: one.label for one in found}
            self._lead_own = OwnFields(_("Own fields"), names, values, self._target) if names else None

    def _draw_letter(self, step: WriteTemplate | None) -> None:
        names = {one.id: f"{one.name} · {one.channel_name}" for one in self._known.templates}
        self._gaps: dict[str, Field[str]] = {}

        def pick() -> None:
            template = next((one for one in self._known.templates if one.id == self._template.value), None)
            place.clear()
            with place:
                values = step.values if step and template and step.template_id == template.id else []
                self._gaps = gaps(template_labels.to_fill(template), values, self._target) if template else {}

        with card():
            hint = _("Never to who asked for no more messages.")
            self._lettered = switch_field(_("Write to the contact with a template"), step is not None, hint=hint)
            with ui.element("div").classes("m-col") as inside:
                chosen = step.template_id if step and step.template_id in names else None
                self._template: Field[UUID] = select_field(_("Template"), names, chosen, search=len(names) > 10, on_change=pick)
                place = ui.element("div").classes("m-col")
                pick()
            hidden_until(self._lettered, inside)

    def _draw_campaign(self, step: EnrolInCampaign | None) -> None:
        names = {one.id: f"{one.name} · {campaign_labels.campaign_state(one.state)[0]}" for one in self._known.campaigns}
        with card():
            hint = _(
                "Everybody once. One that has started writes to them too; a draft takes them in where its audience is a list."
            )
            self._enrolled = switch_field(_("Put the contact into a campaign"), step is not None, hint=hint)
            with ui.element("div").classes("m-col") as inside:
                chosen = step.campaign_id if step and step.campaign_id in names else None
                self._campaign: Field[UUID] = select_field(_("Campaign"), names, chosen, search=len(names) > 10)
            hidden_until(self._enrolled, inside)

    def _draw_cadence(self, step: EnrolInCadence | None) -> None:
        names = {one.id: f"{one.name} · {cadence_labels.state(one.state)[0]}" for one in self._known.cadences}
        with card():
            hint = _("Once. Who is in it already, or asked for no more messages, stays as they are.")
            self._sequenced = switch_field(_("Put the contact into a sequence"), step is not None, hint=hint)
            with ui.element("div").classes("m-col") as inside:
                chosen = step.cadence_id if step and step.cadence_id in names else None
                self._cadence: Field[UUID] = select_field(_("Sequence"), names, chosen, search=len(names) > 10)
            hidden_until(self._sequenced, inside)

    def _steps(self) -> tuple[list[HookStep], dict[str, Field[Any]]] | None:
        """The steps as they stand, and their fields by the places that the API names; None where one is not filled in."""
        steps: list[HookStep] = [
            UpsertContact(
                external_id=self._id.value.strip(),
                phone=self._phone.value.strip(),
                email=self._email.value.strip(),
                name=self._name.value.strip(),
                fields=self._own.values,
            )
        ]
        places: dict[str, Field[Any]] = {
            "steps[0]": self._phone, "steps[0].phone": self._phone, "steps[0].email": self._email, "steps[0].name": self._name,
            "steps[0].external_id": self._id,
            **self._own.at("steps[0]", "fields"),
        }  # fmt: skip
        if self._tagged.value:
            places[f"steps[{len(steps)}].tags"] = self._tags
            steps.append(AddTags(tags=[tag.strip() for tag in self._tags.value.split(",") if tag.strip()]))
        if self._led.value:
            if self._board.value is None:
                mark({self._board: self._board.asks})
                return None
            at = f"steps[{len(steps)}]"
            own = self._lead_own
            places |= {
                at: self._board, f"{at}.board_id": self._board, f"{at}.stage_id": self._stage, f"{at}.title": self._title,
                f"{at}.value": self._value, **(own.at(at, "fields") if own else {}),
            }  # fmt: skip
            steps.append(
                PutLead(
                    board_id=self._board.value,
                    stage_id=self._stage.value,
                    choice=self._choice.value,
                    title=self._title.value.strip(),
                    value=self._value.value.strip(),
                    fields=own.values if own else [],
                )
            )
        if self._lettered.value:
            if self._template.value is None:
                mark({self._template: self._template.asks})
                return None
            at = f"steps[{len(steps)}]"
            places |= {at: self._template, f"{at}.template_id": self._template, f"{at}.values": self._template}
            places |= {f"{at}.values[{number}].text": field for number, field in enumerate(self._gaps.values())}
            steps.append(WriteTemplate(template_id=self._template.value, values=_values(self._gaps)))
        if self._enrolled.value:
            if self._campaign.value is None:
                mark({self._campaign: self._campaign.asks})
                return None
            places |= dict.fromkeys((f"steps[{len(steps)}]", f"steps[{len(steps)}].campaign_id"), self._campaign)
            steps.append(EnrolInCampaign(campaign_id=self._campaign.value))
        if self._sequenced.value:
            if self._cadence.value is None:
                mark({self._cadence: self._cadence.asks})
                return None
            places |= dict.fromkeys((f"steps[{len(steps)}]", f"steps[{len(steps)}].cadence_id"), self._cadence)
            steps.append(EnrolInCadence(cadence_id=self._cadence.value))
        return steps, places

    async def _save(self) -> None:
        found = self._steps()
        if found is None:
            return
        try:
            self._hook = await client.change(self._api, self._hook, IncomingHookPatch(steps=found[0]))
        except ApiProblem as error:
            problems.show_in(found[1], error)
            return
        self._changed(self._hook)
        toast(_("Saved. From now on it is done with everything that comes."))

    async def _try(self) -> None:
        found = self._steps()
        if found is None:
            return
        if self._delivery is None:
            toast(_("Nothing came yet. Write a sample first."), "warn")
            return
        try:
            tried = await client.try_out(self._api, self._hook.id, self._delivery, found[0])
        except ApiProblem as error:
            problems.show_in(found[1], error)
            return
        self._result.clear()
        with self._result:
            self._draw_tried(tried)

    def _draw_tried(self, tried: IncomingTried) -> None:
        if tried.contact_name is None and tried.problems:
            with note("bad", _("Nothing would be done with what came last:"), name="error"):
                for one in tried.problems:
                    Text("p", said(one), "m-sub")
            return
        with note("ok", _("With what came last this would happen. Nothing was changed."), name="check_circle"):
            who = tried.contact_name or _("a contact without a name")
            Text(
                "p",
                (_("A new contact: {name}") if tried.contact_made else _("The contact {name} is found")).format(name=who),
                "m-sub",
            )
            if tried.lead_title is not None and tried.lead_done is not None:
                line = f"{tried.lead_title} · {tried.stage} ({labels.lead_done(tried.lead_done)})"
                Text("p", _("Card: {text}").format(text=line), "m-sub")
            if tried.text is not None:
                Text("p", _("Message: {text}").format(text=tried.text), "m-sub m-text")
            if tried.campaign is not None:
                Text("p", _("Campaign: {name}").format(name=tried.campaign), "m-sub")
            if tried.cadence is not None:
                Text("p", _("Sequence: {name}").format(name=tried.cadence), "m-sub")
            for one in tried.problems:
                Text("p", said(one), "m-sub")


def _values(fields: dict[str, Field[str]]) -> list[Value]:
    return [Value(key=name, text=(field.value or "").strip()) for name, field in fields.items()]
