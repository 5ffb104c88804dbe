"""What a team has for its inbox, over HTTP: labels, teams, quick replies. Thin, every rule is in db/conversations."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.conversations import (
    Label,
    LabelCreate,
    LabelPatch,
    OfficeHours,
    OfficeHoursPatch,
    PersonRef,
    QuickReply,
    QuickReplyButton,
    QuickReplyCreate,
    QuickReplyPatch,
    Team,
    TeamCreate,
    TeamPatch,
)
from api.pagination import struct
from api.versions import IfMatch
from db.conversations import labels, office_hours, quick_replies, teams
from db.conversations.hours import OfficeHours as Hours


def _label(row: labels.Label) -> Label:
    return struct(row._asdict(), Label)


def _hours(found: Hours) -> OfficeHours:
    return struct({name: value for name, value in found._asdict().items() if name != "zone"}, OfficeHours)


def _quick_reply(row: quick_replies.QuickReply) -> QuickReply:
    return struct(row._asdict(), QuickReply, buttons=[QuickReplyButton(title=title) for title in row.buttons])


def _team(row: teams.Team) -> Team:
    return struct(row._asdict(), Team, members=[PersonRef(id=each.id, name=each.name) for each in row.members])


class LabelController(Controller):
    path = "/v1/labels"
    tags = ("Conversations",)

    @get(summary="List labels", description="By name. Needs `conversations:read`.")
    async def list_labels(
        self,
        actor: Caller,
        counted: Annotated[bool, QueryParameter(description="Count the conversations that have each, up to 1000.")] = False,
    ) -> Page[Label]:
        found = await labels.labels(actor, counted=counted)
        return Page(items=[_label(row) for row in found], total=len(found))

    @post(summary="Create a label", description="Needs `conversations:write`.")
    async def create_label(self, actor: Caller, data: JSONBody[LabelCreate]) -> Label:
        return _label(await labels.create_label(actor, data.name, data.color))

    @patch("/{label_id:uuid}", summary="Change a label", opt={"versioned": True}, description="Needs `conversations:write`.")
    async def update_label(self, actor: Caller, label_id: FromPath[UUID], data: JSONBody[LabelPatch], expected: IfMatch) -> Label:
        return _label(await labels.change_label(actor, label_id, name=data.name, color=data.color, expected=expected))

    @delete("/{label_id:uuid}", summary="Delete a label", opt={"versioned": True})
    async def delete_label(self, actor: Caller, label_id: FromPath[UUID], expected: IfMatch) -> None:
        """It is taken off everywhere. Needs `conversations:write`."""
        await labels.delete_label(actor, label_id, expected=expected)


class TeamController(Controller):
    path = "/v1/teams"
    tags = ("Conversations",)

    @get(summary="List teams", description="By name. Needs `conversations:read`.")
    async def list_teams(self, actor: Caller) -> Page[Team]:
        found = await teams.teams(actor)
        return Page(items=[_team(row) for row in found], total=len(found))

    @post(summary="Create a team", description="A channel goes to one team: it is taken from another one. Needs `team:write`.")
    async def create_team(self, actor: Caller, data: JSONBody[TeamCreate]) -> Team:
        return _team(
            await teams.create_team(
                actor,
                name=data.name,
                strategy=data.strategy,
                member_ids=data.member_ids,
                channel_ids=data.channel_ids,
                hours=data.hours,
                away_text=data.away_text,
            )
        )

    @patch("/{team_id:uuid}", summary="Change a team", opt={"versioned": True})
    async def update_team(self, actor: Caller, team_id: FromPath[UUID], data: JSONBody[TeamPatch], expected: IfMatch) -> Team:
        """Lists are replaced as a whole. Needs `team:write`."""
        return _team(
            await teams.change_team(
                actor,
                team_id,
                name=data.name,
                strategy=data.strategy,
                member_ids=data.member_ids,
                channel_ids=data.channel_ids,
                hours=data.hours,
                away_text=data.away_text,
                expected=expected,
            )
        )

    @delete("/{team_id:uuid}", summary="Delete a team", opt={"versioned": True})
    async def delete_team(self, actor: Caller, team_id: FromPath[UUID], expected: IfMatch) -> None:
        """Its conversations keep their assignees. Needs `team:write`."""
        await teams.delete_team(actor, team_id, expected=expected)


class QuickReplyController(Controller):
    path = "/v1/quick-replies"
    tags = ("Conversations",)

    @get(summary="List quick replies", description="By shortcut. Needs `conversations:read`.")
    async def list_quick_replies(self, actor: Caller) -> Page[QuickReply]:
        found = await quick_replies.quick_replies(actor)
        return Page(items=[_quick_reply(row) for row in found], total=len(found))

    @post(summary="Create a quick reply", description="Needs `conversations:write`.")
    async def create_quick_reply(self, actor: Caller, data: JSONBody[QuickReplyCreate]) -> QuickReply:
        titles = [one.title for one in data.buttons]
        return _quick_reply(await quick_replies.create_quick_reply(actor, data.shortcut, data.text, titles))

    @patch("/{reply_id:uuid}", summary="Change a quick reply", opt={"versioned": True})
    async def update_quick_reply(
        self, actor: Caller, reply_id: FromPath[UUID], data: JSONBody[QuickReplyPatch], expected: IfMatch
    ) -> QuickReply:
        """Needs `conversations:write`."""
        changed = await quick_replies.change_quick_reply(
            actor,
            reply_id,
            shortcut=data.shortcut,
            text=data.text,
            buttons=UNSET if data.buttons is UNSET else [one.title for one in data.buttons],
            expected=expected,
        )
        return _quick_reply(changed)

    @delete("/{reply_id:uuid}", summary="Delete a quick reply", opt={"versioned": True})
    async def delete_quick_reply(self, actor: Caller, reply_id: FromPath[UUID], expected: IfMatch) -> None:
        """Needs `conversations:write`."""
        await quick_replies.delete_quick_reply(actor, reply_id, expected=expected)


class OfficeHoursController(Controller):
    path = "/v1/office-hours"
    tags = ("Conversations",)

    @get(summary="Read the office hours", description="Needs `conversations:read`.")
    async def read_office_hours(self, actor: Caller) -> OfficeHours:
        return _hours(await office_hours.office_hours(actor))

    @patch(summary="Change the office hours", opt={"versioned": True})
    async def update_office_hours(self, actor: Caller, data: JSONBody[OfficeHoursPatch], expected: IfMatch) -> OfficeHours:
        """Lists are replaced as a whole. Times to the first answer count the hours only. Needs `company:write`."""
        changed = await office_hours.change(
            actor,
            enabled=data.enabled,
            hours=data.hours,
            holidays=data.holidays,
            away_text=data.away_text,
            expected=expected,
        )
        return _hours(changed)
