"""The team: who is in, what they may do, who is invited. Rights are checked by the API; here hidden what would be refused."""

from functools import partial

from nicegui import ui

from api.contract.accounts import Invitation, InvitationCreate, InvitationCreated, Member, MemberPatch, TeamRole
from api.contract.base import Page
from api.contract.enums import InvitationMail, Permission, Role
from api.contract.events import TeamChanged
from ui import formats, live, session
from ui.client import accounts
from ui.client.base import ApiClient, ApiProblem
from ui.components import problems
from ui.components.buttons import button, copy_field
from ui.components.cards import card, item, note
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled, text_field
from ui.components.frame import frame
from ui.components.menus import Choice, choices, more
from ui.components.states import Loader, load, skeleton_list
from ui.components.text import avatar, badge, icon, pressable
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels.accounts import role_hint, role_name
from ui.labels.rights import summary
from ui.pages.accounts.roles import PATH, key, may_give
from ui.routing import page


@page("/team", permission=Permission.TEAM_READ)
def team() -> None:
    view = _Team(session.current().api)
    with frame(_("Team"), _("Who works in your company and what they may do.")) as head:
        with head.actions:
            button(_("Roles"), icon="badge", to=PATH)
            if view.may_write:
                button(_("Invite"), view.invite, kind="primary", icon="person_add")
        view.draw()


class _Team:
    def __init__(self, api: ApiClient) -> None:
        me = session.current()
        self.api = api
        self.me = me.me
        self.may_write = me.may(Permission.TEAM_WRITE)
        self.roles: list[TeamRole] = []

    def draw(self) -> None:
        self.members: Loader[list[Member]] = load(self._fetch, self._draw_members, lambda: skeleton_list(4))
        self.invited: Loader[Page[Invitation]] | None = None
        if self.may_write:
            self.invited = load(lambda: accounts.invitations(self.api), self._draw_invitations, lambda: None)
        live.on(TeamChanged, lambda event: self.refresh())
        live.on_reset(self.refresh)

    async def _fetch(self) -> list[Member]:
        self.roles = await accounts.roles(self.api)
        return await accounts.everybody(self.api)

    def _choices(self) -> list[TeamRole]:
        """Roles that the person may give."""
        return [role for role in self.roles if may_give(role)]

    async def refresh(self) -> None:
        await self.members.refresh()
        if self.invited is not None:
            await self.invited.refresh()

    def _draw_members(self, members: list[Member]) -> None:
        count = ngettext("{n} person", "{n} people", len(members)).format(n=formats.number(len(members)))
        with card(_("Members"), hint=count, flush=True):
            for member in members:
                with item() as line:
                    line.classes("m-item-wrap")
                    avatar(member.name)
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        with ui.element("div").classes("m-row m-near"):
                            ui.label(member.name).classes("m-strong m-clip")
                            if member.user_id == self.me.user_id:
                                badge(_("You"), "ok")
                            if member.second_factor:
                                badge(_("Second step"), "info")
                        ui.label(member.email).classes("m-hint m-clip")
                    seen = (
                        _("Seen {when}").format(when=formats.ago(member.last_seen_at))
                        if member.last_seen_at
                        else _("Not seen yet")
                    )
                    ui.label(seen).classes("m-hint m-only-desktop")
                    self._draw_role(member)

    def _draw_role(self, member: Member) -> None:
        name = role_name(member.role, member.role_name)
        if not self.may_write or not any(_has(member, role) for role in self._choices()):
            badge(name)
            return
        with button(name, icon="keyboard_arrow_down").classes("m-choice") as shown:
            shown.props["icon-right"] = shown.props.pop("icon")
            with ui.menu():
                choices(
                    [
                        Choice(role_name(role.role, role.name), partial(self._change, member, role), on=_has(member, role))
                        for role in self._choices()
                    ]
                )
        more([Choice(_("Remove from the team"), partial(self._remove, member), "person_remove", danger=True)])

    async def _change(self, member: Member, role: TeamRole) -> None:
        if not _has(member, role):
            await accounts.change_member(self.api, member.user_id, MemberPatch(role=role.role, role_id=role.id))
            toast(_("{name} is now {role}.").format(name=member.name, role=role_name(role.role, role.name)))
            await self.members.refresh()

    async def _remove(self, member: Member) -> None:
        sure = await confirm(
            _("Remove {name}?").format(name=member.name),
            _(
                "They are signed out at once and can no longer open your company. Their API keys and open invitations end. "
                "What they did stays."
            ),
            yes=_("Remove"),
            danger=True,
        )
        if sure:
            await accounts.remove_member(self.api, member.user_id)
            toast(_("{name} was removed.").format(name=member.name))
            await self.members.refresh()

    def _draw_invitations(self, page: Page[Invitation]) -> None:
        if not page.items:
            return
        with card(_("Invited"), hint=_("They have not joined yet."), flush=True):
            for invitation in page.items:
                with item():
                    icon("mail")
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(invitation.email).classes("m-strong m-text")
                        when = _("Invited by {name} · valid until {day}").format(
                            name=invitation.invited_by, day=formats.day(invitation.expires_at)
                        )
                        ui.label(when).classes("m-hint m-text")
                    badge(role_name(invitation.role, invitation.role_name))
                    button(_("Revoke"), partial(self._revoke, invitation), kind="danger")

    async def _revoke(self, invitation: Invitation) -> None:
        await accounts.revoke_invitation(self.api, invitation.id)
        toast(_("The invitation no longer works."))
        if self.invited is not None:
            await self.invited.refresh()

    def invite(self) -> None:
        roles = self._choices()
        if not roles:
            toast(_("There is no role that you may give. Make one under Roles."), "warn")
            return
        chosen = next((role for role in roles if role.role is Role.AGENT), roles[0])
        tiles: dict[str, ui.element] = {}

        def choose(role: TeamRole) -> None:
            nonlocal chosen
            chosen = role
            for other, tile in tiles.items():
                on = other == key(role)
                tile.classes(add="m-role-on" if on else "", remove="" if on else "m-role-on")
                tile.props["aria-pressed"] = "true" if on else "false"

        async def submit() -> None:
            if not filled([email]):
                return
            try:
                created = await accounts.invite(
                    self.api, InvitationCreate(email=email.value.strip(), role=chosen.role, role_id=chosen.id)
                )
            except ApiProblem as error:
                problems.show_in({"email": email}, error)
                return
            self._show_link(created, inside, box)
            if self.invited is not None:
                await self.invited.refresh()

        with dialog(_("Invite somebody"), wide=True) as box, ui.element("div").classes("m-col") as inside:
            email = text_field(_("E-mail"), kind="email", on_enter=submit)
            ui.label(_("Role")).classes("m-label")
            with ui.element("div").classes("m-col m-near"):
                for one in roles:
                    with ui.element("div").classes("m-role") as tile, ui.element("div").classes("m-col m-tight"):
                        ui.label(role_name(one.role, one.name)).classes("m-strong")
                        ui.label(role_hint(one.role) if one.id is None else summary(one.permissions)).classes("m-hint")
                    pressable(tile, partial(choose, one))
                    tiles[key(one)] = tile
            choose(chosen)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Send invitation"), submit, kind="primary")
        box.open()

    def _show_link(self, created: InvitationCreated, inside: ui.element, box: ui.dialog) -> None:
        inside.clear()
        with inside:
            if created.mail is InvitationMail.SENT:
                with note("ok", _("We sent an e-mail to {email}.").format(email=created.invitation.email), name="check_circle"):
                    ui.label(_("You can also pass on this link yourself. It is shown only now.")).classes("m-hint")
            else:
                why = {
                    InvitationMail.VERIFY_FIRST: _(
                        "Confirm your own e-mail first, in your profile: then we mail invitations for you."
                    ),
                    InvitationMail.RECIPIENT_LIMIT: _("This address got several invitations today."),
                    InvitationMail.COMPANY_LIMIT: _("Your company sent many invitations today."),
                }[created.mail]
                with note("warn", _("The invitation is ready, but we did not mail it."), name="warning"):
                    ui.label(why).classes("m-hint")
                    ui.label(_("Pass on this link yourself. It is shown only now.")).classes("m-hint")
            copy_field(created.link, label=_("Copy link"))
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), box.close, kind="primary")


def _has(member: Member, role: TeamRole) -> bool:
    return member.role is role.role and member.role_id == role.id
