"""Roles: what each may do, as a matrix to read; the company's own are made and changed here by whoever may change the team."""

from functools import partial

from nicegui import ui

from api.contract.accounts import TeamRole, TeamRoleCreate, TeamRolePatch
from api.contract.enums import Permission, Role
from api.contract.events import TeamChanged
from api.contract.problems import AccountError
from ui import live, session
from ui.client import accounts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item, note
from ui.components.collection import Collection, Form
from ui.components.confirm import dialog
from ui.components.forms import filled, select_field, text_field
from ui.components.frame import frame
from ui.components.rights import Matrix
from ui.components.states import empty
from ui.components.text import icon
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels.accounts import role_hint, role_name
from ui.labels.rights import summary
from ui.routing import page

PATH = "/team/roles"


@page(PATH, permission=Permission.TEAM_READ)
def roles() -> None:
    view = _Roles()
    text = _("What each role may see and change. Your company can make roles of its own.")
    with frame(_("Roles"), text, breadcrumbs=[(_("Team"), "/team")]) as head:
        with head.actions:
            if view.may_write:
                button(_("New role"), view.create, kind="primary", icon="add")
        view.draw()


def key(role: TeamRole) -> str:
    """One sign for each, in lists to choose from."""
    return str(role.id or role.role.value)


def may_give(role: TeamRole) -> bool:
    """What the API would refuse is not offered."""
    me = session.current().me
    return set(role.permissions) <= set(me.permissions) and (role.role is not Role.OWNER or me.role is Role.OWNER)


class _Roles:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._mine = me.api, me.me.permissions
        self.may_write = me.may(Permission.TEAM_WRITE)
        self._known: list[TeamRole] = []

    def draw(self) -> None:
        self._kept = Collection[TeamRole](lambda: accounts.roles(self._api), self._draw)
        live.on(TeamChanged, lambda event: self._kept.refresh())

    def _draw(self, found: list[TeamRole]) -> None:
        self._known = found
        own = [role for role in found if role.id is not None]
        with card(_("Roles of your company"), flush=bool(own)):
            if own:
                for role in own:
                    self._draw_role(role)
            else:
                said = _("For example somebody who answers people, and does not see campaigns.")
                if self.may_write:
                    empty("badge", _("No roles of your own yet"), said, action=_("New role"), on_click=self.create)
                else:
                    empty("badge", _("No roles of your own yet"), said)
        with card(_("Roles that every company has"), hint=_("They cannot be changed."), flush=True):
            for role in found:
                if role.id is None:
                    self._draw_role(role)

    def _draw_role(self, role: TeamRole) -> None:
        name = role_name(role.role, role.name)
        with item():
            icon("badge")
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(name).classes("m-strong").props["dir"] = "auto"
                ui.label(role_hint(role.role) if role.id is None else summary(role.permissions)).classes("m-hint")
                ui.label(_who(role)).classes("m-hint")
            if self.may_write and role.id is not None and may_give(role):
                icon_button("edit", _("Change {name}").format(name=name), partial(self._edit, role))
                icon_button("delete", _("Delete {name}").format(name=name), partial(self._delete, role))
            else:
                icon_button("visibility", _("What {name} may do").format(name=name), partial(self._look, role))

    def _look(self, role: TeamRole) -> None:
        with dialog(role_name(role.role, role.name), _who(role), wide=True) as box, ui.element("div").classes("m-col"):
            Matrix(role.permissions)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), box.close, kind="primary")
        box.open()

    def create(self) -> None:
        def form() -> Form:
            name = text_field(_("Name"), limit=60, placeholder=_("For example: reception"))
            name.control.props["autofocus"] = True
            patterns = {"": _("Nothing")} | {key(role): role_name(role.role, role.name) for role in self._known}
            like = select_field(_("Start from"), patterns, "", on_change=lambda: fill())
            matrix = Matrix([], self._mine)

            def fill() -> None:
                matrix.fill(next((role.permissions for role in self._known if key(role) == like.value), []))

            async def write(version: int | None) -> None:
                await accounts.create_role(self._api, TeamRoleCreate(name=name.value.strip(), permissions=matrix.picked))

            return Form({"name": name}, ["name"], write, {AccountError.ROLE_EXISTS.value: "name"})

        self._kept.edit(_("New role"), None, form, wide=True)

    def _edit(self, role: TeamRole) -> None:
        def form() -> Form:
            name = text_field(_("Name"), role.name or "", limit=60)
            if role.people or role.invited:
                with note("info", _("It holds for them at once, also where they are signed in."), name="info"):
                    ui.label(_who(role)).classes("m-hint")
            matrix = Matrix(role.permissions, self._mine)

            async def write(version: int | None) -> None:
                assert role.id is not None
                body = TeamRolePatch(name=name.value.strip(), permissions=matrix.picked)
                await accounts.change_role(self._api, role.id, body, version or 0)

            return Form({"name": name}, ["name"], write, {AccountError.ROLE_EXISTS.value: "name"})

        self._kept.edit(_("Change role"), role, form, wide=True)

    async def _delete(self, role: TeamRole) -> None:
        assert role.id is not None
        heading = _("Delete the role “{name}”?").format(name=role.name)
        if not (role.people or role.invited):
            await self._kept.delete(
                role, heading, _("Nobody has it."), partial(accounts.delete_role, self._api, role.id, role.version)
            )
            return
        self._replace(role, heading)

    def _replace(self, role: TeamRole, heading: str) -> None:
        """Whoever has it gets another one in the same step."""
        others = {key(other): other for other in self._known if other.id != role.id and may_give(other)}
        named = {sign: role_name(other.role, other.name) for sign, other in others.items()}

        async def delete() -> None:
            if not filled([instead]):
                return
            assert role.id is not None
            try:
                await accounts.delete_role(self._api, role.id, role.version, others[instead.value])
            except ApiProblem as error:
                if error.status == 412:
                    toast(_("A colleague changed this meanwhile. Look at it, then delete it if it still has to go."), "warn")
                elif error.status != 404:
                    problems.show_in({"move_to": instead, "move_to_id": instead}, error)
                    return
            box.close()
            await self._kept.refresh()

        with dialog(heading, _who(role)) as box, ui.element("div").classes("m-col"):
            instead = select_field(_("They get this role instead"), named)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain").props("autofocus")
                button(_("Delete"), delete, kind="danger-solid")
        box.open()


def _who(role: TeamRole) -> str:
    """Who has it, by name."""
    if not role.people:
        parts = [_("Nobody has it.")]
    elif role.people > len(role.names):
        names = ", ".join(role.names)
        parts = [_("{names} and {n} more have it.").format(names=names, n=role.people - len(role.names))]
    else:
        parts = [ngettext("{names} has it.", "{names} have it.", role.people).format(names=", ".join(role.names))]
    if role.invited:
        parts.append(
            ngettext("{n} person is invited to it.", "{n} people are invited to it.", role.invited).format(n=role.invited)
        )
    return " ".join(parts)
