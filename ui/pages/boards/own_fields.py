"""What a board keeps about its leads beside the usual: the fields of one lead, and the card of settings that says which there are."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.boards import LeadField, LeadFieldCreate, LeadFieldPatch
from api.contract.enums import LeadFieldKind
from ui import formats
from ui.client import boards as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item
from ui.components.confirm import confirm, dialog
from ui.components.forms import Field, area_field, filled, mark, select_field, switch_field, text_field
from ui.components.states import Loader, load, skeleton_list
from ui.i18n import _
from ui.labels import boards as labels

_VALUES = "values."  # in front of the key, as the API names what is wrong


def values_of(fields: Sequence[LeadField], values: Mapping[str, str]) -> dict[str, str]:
    """What a form of these fields shows of a lead, by `values.key`."""
    return {f"{_VALUES}{one.key}": values.get(one.key, "") for one in fields}


def patch_of(changed: Mapping[str, Any]) -> dict[str, Any]:
    """What was changed in a form, as the API takes it: what is called `values.key` as one of `values`."""
    own = {name.removeprefix(_VALUES): value for name, value in changed.items() if name.startswith(_VALUES)}
    rest = {name: value for name, value in changed.items() if not name.startswith(_VALUES)}
    return {**rest, "values": own} if own else rest


class OwnFields:
    """The fields of a lead, drawn where it is made. `fields` are by `values.key`."""

    def __init__(self, known: Sequence[LeadField], values: Mapping[str, str], currency: str) -> None:
        self._known, self._currency = {f"{_VALUES}{one.key}": one for one in known}, currency
        self.fields: dict[str, Field[Any]] = {
            name: _control(one, values.get(one.key, ""), currency) for name, one in self._known.items()
        }

    @property
    def written(self) -> tuple[Any, ...]:
        """As it stands in the fields."""
        return tuple(field.value for field in self.fields.values())

    def read(self) -> dict[str, str] | None:
        """As the API takes it, by `values.key`; None when something is wrong, which is marked."""
        found: dict[str, str] = {}
        for name, field in self.fields.items():
            value = (field.value or "").strip()
            if self._known[name].kind is LeadFieldKind.MONEY:
                try:
                    cents = formats.minor(value, self._currency)
                except ValueError:
                    example = formats.amount(123450, self._currency)
                    mark({field: _("Write an amount, such as {amount}.").format(amount=example)})
                    return None
                value = "" if cents is None else str(cents)
            found[name] = value
        return found


def _control(one: LeadField, value: str, currency: str) -> Field[Any]:
    match one.kind:
        case LeadFieldKind.CHOICE:
            return select_field(one.label, {"": "–", **{choice: choice for choice in (*one.choices, value) if choice}}, value)
        case LeadFieldKind.BOOLEAN:
            return select_field(one.label, {"": "–", **labels.yes_or_no()}, value)
        case LeadFieldKind.DATE:
            return text_field(one.label, value, kind="date")
        case LeadFieldKind.MONEY:
            field = text_field(one.label, formats.amount(int(value), currency) if value else "")
            field.control.props.update({"inputmode": "decimal", "prefix": formats.symbol(currency)})
            return field
        case _:
            return text_field(one.label, value, limit=500)


class FieldsCard:
    """Which fields a board has, for who may change it."""

    def __init__(self, api: ApiClient, board_id: UUID) -> None:
        self._api, self._id = api, board_id
        self._place: Loader[list[LeadField]] = load(
            lambda: client.lead_fields(api, board_id), self._draw, lambda: skeleton_list(2)
        )

    async def refresh(self) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, found: list[LeadField]) -> None:
        add = partial(button, _("New field"), partial(self._edit, None), icon="add")
        with card(_("Fields"), hint=_("What you keep about each lead beside the usual."), actions=add, flush=True):
            for one in found:
                with item():
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(one.label).classes("m-strong m-clip")
                        facts = [labels.field_kinds()[one.kind], *([_("on the card")] if one.on_card else [])]
                        ui.label(" · ".join(facts)).classes("m-hint")
                    icon_button("edit", _("Change {name}").format(name=one.label), partial(self._edit, one))
                    icon_button("delete", _("Delete {name}").format(name=one.label), partial(self._delete, one))

    async def _edit(self, one: LeadField | None) -> None:
        """A new field, or another name, other choices and another place of one that is there."""

        async def save() -> None:
            choosing = kind.value == LeadFieldKind.CHOICE
            if not filled([name, *([choices] if choosing else [])]):
                return
            offered = [line.strip() for line in (choices.value or "").splitlines() if line.strip()]
            label, on_card = name.value.strip(), bool(shown.value)
            try:
                if one is None:
                    body = LeadFieldCreate(label=label, kind=LeadFieldKind(kind.value), choices=offered, on_card=on_card)
                    await client.create_lead_field(self._api, self._id, body)
                else:
                    patch = LeadFieldPatch(label=label, on_card=on_card)
                    if choosing:
                        patch.choices = offered
                    await client.change_lead_field(self._api, self._id, one.id, patch)
            except ApiProblem as error:
                if error.code == "field_name_taken":
                    mark({name: problems.sentence(error)})
                else:
                    problems.show_in({"label": name, "choices": choices}, error)
                return
            except Offline as error:
                problems.show(error)
                return
            box.close()
            await self._place.refresh()

        with dialog(_("Change field") if one else _("New field")) as box, ui.element("div").classes("m-col"):
            name = text_field(_("Name"), one.label if one else "", limit=80)
            kind = select_field(
                _("Kind"),
                labels.field_kinds(),
                one.kind if one else LeadFieldKind.TEXT,
                on_change=lambda: choices.hide(kind.value != LeadFieldKind.CHOICE),
            )
            kind.hide(one is not None)
            choices = area_field(_("Choices"), "\n".join(one.choices) if one else "", placeholder=_("One on each line"), rows=4)
            choices.hide(kind.value != LeadFieldKind.CHOICE)
            shown = switch_field(_("Show on the card"), one.on_card if one else False)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    async def _delete(self, one: LeadField) -> None:
        text = _("What the leads have in it goes for good.")
        if await confirm(_("Delete the field “{name}”?").format(name=one.label), text, yes=_("Delete"), danger=True):
            await client.delete_lead_field(self._api, self._id, one.id)
            await self._place.refresh()
