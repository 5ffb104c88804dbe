"""The fields of one lead as a form: what it shows, what was written in it, what it saves."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.boards import Lead, LeadField
from ui import formats
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.contact_field import ContactField
from ui.components.forms import Field, filled, mark, select_field, text_field
from ui.i18n import _, pgettext
from ui.pages.boards.own_fields import OwnFields, values_of


def _values(lead: Lead, fields: Sequence[LeadField]) -> dict[str, Any]:
    """What the form writes of a lead, by the names of LeadPatch; own fields as `values.key`."""
    return {
        "title": lead.title,
        "value_cents": lead.value_cents,
        "due_on": lead.due_on,
        "owner_id": lead.owner.id if lead.owner else None,
        "contact_id": lead.contact.id if lead.contact else None,
        "tags": lead.tags,
        **values_of(fields, lead.values),
    }


Save = Callable[[dict[str, Any], dict[str, Field[Any]]], Awaitable[None]]


class LeadForm:
    """The fields of a lead. It saves only what was changed in it, so that what somebody else changes meanwhile is not written over."""

    def __init__(
        self,
        api: ApiClient,
        lead: Lead,
        people: Sequence[tuple[UUID, str]],
        currency: str,
        fields: Sequence[LeadField],
        save: Save | None,
    ) -> None:
        self._currency, self._known, self._save = currency, fields, save
        self._base = self._told = _values(lead, fields)  # as it was drawn; as the person knows of it
        owners: dict[UUID | None, str] = {None: _("Nobody"), **dict(people)}
        if lead.owner is not None:
            owners.setdefault(lead.owner.id, lead.owner.name)
        self._title = text_field(_("Title"), lead.title, limit=200)
        with ui.element("div").classes("m-lp-pair"):
            self._value = text_field(_("Value"), formats.amount(lead.value_cents, currency))
            self._value.control.props.update({"inputmode": "decimal", "prefix": formats.symbol(currency)})
            self._due = text_field(_("Due"), lead.due_on.isoformat() if lead.due_on else "", kind="date")
        self._owner = select_field(
            pgettext("lead", "Owner"), owners, lead.owner.id if lead.owner else None, search=len(owners) > 10
        )
        self._contact = ContactField(api, lead.contact, write=save is not None)
        self._tags = text_field(_("Tags"), ", ".join(lead.tags), hint=_("Separated by commas"), limit=400)
        self._own = OwnFields(fields, lead.values, currency)
        self._fields: dict[str, Field[Any]] = {
            **self._own.fields,
            "title": self._title,
            "value_cents": self._value,
            "due_on": self._due,
            "owner_id": self._owner,
            "contact_id": self._contact.field,
            "tags": self._tags,
        }
        self._before = self.written
        if save is None:
            for field in self._fields.values():
                field.control.props("disable")
        else:
            with ui.element("div").classes("m-row"):
                button(_("Save"), self._press, kind="primary")

    @property
    def written(self) -> tuple[Any, ...]:
        fields = (self._title, self._value, self._due, self._owner, self._tags)
        return (*(field.value for field in fields), self._contact.value, *self._own.written)

    @property
    def touched(self) -> bool:
        return self.written != self._before

    def overtaken(self, changed: dict[str, Any], now: Lead) -> bool:
        """Whether somebody else gave one of the changed fields another value, of which the person was not told."""
        values = _values(now, self._known)
        return any(values[name] not in (self._told[name], value) for name, value in changed.items())

    def told(self, now: Lead) -> None:
        self._told = _values(now, self._known)

    def saved(self, changed: dict[str, Any], sent: tuple[Any, ...], now: Lead) -> None:
        """`changed` is saved; what was written since `sent` is still to be saved."""
        values = _values(now, self._known)
        self._base = {**self._base, **changed}
        self._told = {**self._told, **{name: values[name] for name in changed}}
        self._before = sent

    async def _press(self) -> None:
        if self._save is None or not filled([self._title]):
            return
        try:
            cents = formats.minor(self._value.value or "", self._currency)
        except ValueError:
            mark({self._value: _("Write an amount, such as {amount}.").format(amount=formats.amount(123450, self._currency))})
            return
        own = self._own.read()
        if own is None:
            return
        written = {
            **own,
            "title": self._title.value.strip(),
            "value_cents": cents,
            "due_on": date.fromisoformat(self._due.value) if self._due.value else None,
            "owner_id": self._owner.value,
            "contact_id": self._contact.value,
            "tags": [tag.strip() for tag in (self._tags.value or "").split(",") if tag.strip()],
        }
        changed = {name: value for name, value in written.items() if value != self._base[name]}
        await self._save(changed, self._fields)
