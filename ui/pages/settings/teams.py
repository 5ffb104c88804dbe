"""Teams of the inbox: who is in them, which channels' conversations go to them, and who of them gets each."""

import asyncio
from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.accounts import Member
from api.contract.channels import Channel
from api.contract.conversations import AssignmentStrategy, Team, TeamCreate, TeamPatch
from api.contract.enums import Permission
from api.contract.problems import ConversationError
from ui import session
from ui.client import accounts, channels
from ui.client import inbox as client
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item
from ui.components.collection import Collection, Form
from ui.components.forms import area_field, select_field, switch_field, text_field
from ui.components.states import empty
from ui.components.text import avatar
from ui.components.week import WeekField
from ui.i18n import _
from ui.labels import conversations as labels


def draw_teams() -> None:
    _Teams()


class _Teams:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._me = me.api, me.me.user_id
        self._write = me.may(Permission.TEAM_WRITE)
        self._people: list[Member] = []
        self._channels: list[Channel] = []
        self._teams: list[Team] = []
        self._kept = Collection[Team](self._fetch, self._draw)

    async def _fetch(self) -> list[Team]:
        may = session.current().may
        if may(Permission.TEAM_READ):
            self._people = await accounts.everybody(self._api)
        teams, self._channels = await asyncio.gather(client.teams(self._api), self._all_channels(may(Permission.CHANNELS_READ)))
        return teams

    async def _all_channels(self, may: bool) -> list[Channel]:
        return await channels.channels(self._api) if may else []

    def _draw(self, found: list[Team]) -> None:
        self._teams = found
        if not found:
            text = _("A team shares the conversations of some channels, for example sales and support.")
            with card():
                if self._write:
                    start = partial(self._edit, None)
                    empty("groups", _("No teams yet"), text, action=_("New team"), on_click=start)
                else:
                    empty("groups", _("No teams yet"), text)
            return
        new = partial(button, _("New team"), partial(self._edit, None), kind="primary", icon="add")
        hint = _("Conversations of a team's channels go to it when they open.")
        with card(_("Teams"), hint=hint, actions=new if self._write else None, flush=True):
            for one in found:
                self._draw_team(one)

    def _draw_team(self, one: Team) -> None:
        names = {channel.id: channel.name for channel in self._channels}
        over = [names[channel_id] for channel_id in one.channel_ids if channel_id in names]
        with item():
            avatar(one.name)
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(one.name).classes("m-strong m-clip").props["dir"] = "auto"
                people = ", ".join(member.name for member in one.members) or _("Nobody is in it yet")
                ui.label(people).classes("m-hint")
                parts = [labels.strategy(one.strategy)[0], ", ".join(over) or _("no channel of its own")]
                parts += [_("hours of its own")] if one.hours is not None else []
                ui.label(" · ".join(parts)).classes("m-hint")
            if self._write:
                icon_button("edit", _("Change {name}").format(name=one.name), partial(self._edit, one))
                icon_button("delete", _("Delete {name}").format(name=one.name), partial(self._delete, one))

    def _edit(self, one: Team | None) -> None:
        def form() -> Form:
            suggestion = "" if self._teams else _("Support")
            name = text_field(_("Name"), one.name if one else suggestion, limit=80)
            name.control.props["autofocus"] = True
            mine = [self._me] if self._me and not self._teams else []
            people = {member.user_id: member.name for member in self._people if member.answers}
            people |= {member.id: member.name for member in one.members} if one else {}
            inside = [member.id for member in one.members] if one else mine
            members = select_field(_("Members"), people, inside, multiple=True, search=True)
            strategies = {each: labels.strategy(each)[0] for each in AssignmentStrategy}
            strategy = select_field(
                _("Who gets a new conversation"),
                strategies,
                one.strategy if one else AssignmentStrategy.MANUAL,
                on_change=lambda: explain(),
            )
            over = select_field(
                _("Channels"),
                self._offered(one),
                [channel.id for channel in self._channels if one and channel.id in one.channel_ids],
                multiple=True,
                hint=_("Their conversations go to this team when they open. A channel has one team."),
            )

            own = switch_field(
                _("Hours of its own"),
                bool(one and one.hours is not None),
                hint=_("Off: the office hours of the company count. Its holidays count either way."),
                on_change=lambda on: show_hours(on),
            )
            week = WeekField(one.hours if one else None, inactive=not own.value)
            away = area_field(
                _("Automatic answer outside of these hours"),
                one.away_text if one else "",
                limit=1000,
                rows=2,
                hint=_("Empty: what the company says then."),
            )
            away.hide(not own.value)

            def show_hours(on: bool) -> None:
                week.hide(not on)
                away.hide(not on)

            def explain() -> None:
                strategy.note(labels.strategy(strategy.value)[1])

            explain()

            async def write(version: int | None) -> None:
                values = {
                    "name": name.value.strip(),
                    "strategy": strategy.value,
                    "member_ids": list(members.value or []),
                    "channel_ids": list(over.value or []),
                    "hours": week.value if own.value else None,
                    "away_text": away.value.strip() if own.value else "",
                }
                if one is None or version is None:
                    await client.create_team(self._api, TeamCreate(**values))
                else:
                    await client.change_team(self._api, one.id, TeamPatch(**values), version)

            return Form(
                {
                    "name": name,
                    "member_ids": members,
                    "strategy": strategy,
                    "channel_ids": over,
                    "hours": week,
                    "away_text": away,
                },
                ["name", "hours"],
                write,
                {ConversationError.TEAM_EXISTS.value: "name"},
            )

        heading = _("Change team") if one else _("New team")
        self._kept.edit(heading, one, form, wide=True)

    def _offered(self, one: Team | None) -> dict[UUID, str]:
        """The channels, with the team from which each would be taken."""
        owners = {channel: team.name for team in self._teams if one is None or team.id != one.id for channel in team.channel_ids}
        taken = _("{channel} (now with {team})")
        return {
            channel.id: taken.format(channel=channel.name, team=owners[channel.id]) if channel.id in owners else channel.name
            for channel in self._channels
        }

    async def _delete(self, one: Team) -> None:
        heading = _("Delete the team “{name}”?").format(name=one.name)
        text = _("Its conversations stay with those who have them, and have no team any more. Nobody leaves the company.")
        await self._kept.delete(one, heading, text, lambda: client.delete_team(self._api, one.id, one.version))
