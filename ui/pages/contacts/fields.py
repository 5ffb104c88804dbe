"""The fields that a company keeps about its contacts: what they are called, who has a value, where they are used."""

from functools import partial

from nicegui import ui

from api.contract.contacts import CustomField, CustomFieldCreate, CustomFieldPatch
from api.contract.enums import CampaignState, CustomFieldKind, Permission
from api.contract.events import ContactsChanged
from api.contract.problems import ContactError
from ui import formats, live, session
from ui.client import contacts as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item
from ui.components.confirm import confirm, dialog
from ui.components.forms import area_field, filled, mark, select_field, text_field
from ui.components.frame import frame
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import contacts as contact_labels
from ui.routing import page

MOST = 200
_LIMIT = 60  # characters of a name


@page("/contacts/fields", permission=Permission.CONTACTS_READ)
def fields() -> None:
    text = _("What you keep about people beside name, phone and e-mail")
    with frame(_("Fields"), text, breadcrumbs=[(_("Contacts"), "/contacts")], active="/contacts") as head:
        view = _Fields()
        if session.current().may(Permission.CONTACTS_WRITE):
            with head.actions:
                button(_("New field"), view.new, kind="primary", icon="add")


class _Fields:
    def __init__(self) -> None:
        self._api = session.current().api
        self._write = session.current().may(Permission.CONTACTS_WRITE)
        self._shown: list[CustomField] = []
        self._place: Loader[list[CustomField]] = load(
            lambda: client.counted_fields(self._api), self._draw, lambda: skeleton_list(5)
        )
        self._throttle = Throttle(self._place.refresh, 10.0)  # to count reads everybody
        live.on(ContactsChanged, lambda event: self._throttle.poke() if event.contact_id is None else None)
        live.on_reset(self._place.refresh)

    def _draw(self, found: list[CustomField]) -> None:
        self._shown = found
        if not found:
            text = _("For example city, plan or birthday. A list that you import brings its own.")
            if self._write:
                empty("dataset", _("No fields yet"), text, action=_("New field"), on_click=self.new)
            else:
                empty("dataset", _("No fields yet"), text)
            return
        count = _("{n} of {most} fields").format(n=formats.number(len(found)), most=formats.number(MOST))
        full = _("That is as many as there can be; delete one that nobody needs to make room.")
        with card(_("Your fields"), hint=f"{count}. {full}" if len(found) >= MOST else count, flush=True):
            for one in found:
                self._draw_field(one)

    def _draw_field(self, one: CustomField) -> None:
        with item():
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(one.label).classes("m-strong m-text").props["dir"] = "auto"
                with ui.element("div").classes("m-row m-near m-facts"):
                    offered = f": {', '.join(one.choices)}" if one.choices else ""
                    ui.label(contact_labels.field_kind(one.kind) + offered).classes("m-hint m-text")
                    ui.label(_people(one.contacts or 0)).classes("m-hint")
                    ui.label(one.key).classes("m-hint m-mono").tooltip(_("The name that texts and partners use"))
            if self._write:
                icon_button("edit", _("Change {name}").format(name=one.label), partial(self._edit, one))
                icon_button("delete", _("Delete {name}").format(name=one.label), partial(self._delete, one))

    # -- changing -----------------------------------------------------------------------------------------------

    def new(self) -> None:
        if len(self._shown) >= MOST:
            toast(problems.said(ContactError.TOO_MANY_FIELDS, {"most": MOST}), "bad")
            return

        self._edit(None)

    def _edit(self, one: CustomField | None) -> None:
        """A new field, or another name and other choices of one that is there: what it holds stays the same kind."""

        async def save() -> None:
            choosing = kind.value == CustomFieldKind.CHOICE
            if not filled([name, *([choices] if choosing else [])]):
                return
            offered = [line.strip() for line in (choices.value or "").splitlines() if line.strip()] if choosing else []
            label = name.value.strip()
            try:
                if one is None:
                    body = CustomFieldCreate(label=label, kind=CustomFieldKind(kind.value), choices=offered)
                    kept = await client.create_field(self._api, body)
                else:
                    patch = CustomFieldPatch(label=label)
                    if choosing:
                        patch.choices = offered
                    kept = await client.change_field(self._api, one.id, patch)
            except ApiProblem as error:
                if error.code == "field_name_taken":
                    mark({name: problems.sentence(error)})
                else:
                    problems.show_in({"label": name, "choices": choices}, error)
                return
            box.close()
            kept.contacts = one.contacts if one else 0
            await self._place.show(_sorted([*(other for other in self._shown if other.id != kept.id), kept]))

        text = _("Texts that use it go on working.") if one else ""
        with dialog(_("Change field") if one else _("New field"), text) as box, ui.element("div").classes("m-col"):
            name = text_field(_("Name"), one.label if one else "", limit=_LIMIT, placeholder=_("City"), on_enter=save)
            name.control.props["autofocus"] = True
            kinds = {each.value: contact_labels.field_kind(each) for each in CustomFieldKind}
            kind = select_field(
                _("Kind"),
                kinds,
                one.kind.value if one else CustomFieldKind.TEXT.value,
                on_change=lambda: choices.hide(kind.value != CustomFieldKind.CHOICE),
            )
            kind.hide(one is not None)
            choices = area_field(
                _("Choices"),
                "\n".join(one.choices) if one else "",
                placeholder=_("One on each line"),
                rows=4,
                hint=_("Contacts keep a choice that you take out here.") if one else "",
            )
            choices.hide(kind.value != CustomFieldKind.CHOICE)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    async def _delete(self, one: CustomField) -> None:
        lines = []
        if session.current().may(Permission.CAMPAIGNS_READ):
            for use in await client.field_uses(self._api, one.id):
                planned = use.state is CampaignState.SCHEDULED
                said = _("The scheduled campaign “{name}” uses it.") if planned else _("The draft “{name}” uses it.")
                lines.append(said.format(name=use.name))
        text = _("Nobody has a value in it.")
        if one.contacts:
            text = ngettext(
                "The value of {n} contact goes for good.", "The values of {n} contacts go for good.", one.contacts
            ).format(n=formats.number(one.contacts))
        heading = _("Delete the field “{name}”?").format(name=one.label)
        if await confirm(heading, text, more=lines, yes=_("Delete"), danger=True):
            await client.delete_field(self._api, one.id)
            await self._place.show([other for other in self._shown if other.id != one.id])


def _people(count: int) -> str:
    return ngettext("{n} contact", "{n} contacts", count).format(n=formats.number(count))


def _sorted(found: list[CustomField]) -> list[CustomField]:
    return sorted(found, key=lambda one: one.label.casefold())
