"""What counts as done for a campaign: chosen at any time, and counted anew."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.enums import CampaignGoalKind, Permission
from api.contract.reports import CampaignGoal
from ui import formats, session
from ui.client import boards, campaigns, incoming
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import number_field, select_field
from ui.i18n import _, ngettext


def kinds() -> dict[CampaignGoalKind, str]:
    return {
        CampaignGoalKind.STAGE: _("A lead moved on the board"),
        CampaignGoalKind.TAG: _("The person got a tag"),
        CampaignGoalKind.HOOK: _("Another system told of the person"),
    }


def goal_name(goal: CampaignGoal) -> str:
    """What is counted, in a line."""
    within = ngettext("within {n} day", "within {n} days", goal.days).format(n=formats.number(goal.days))
    return f"{kinds()[goal.kind]}, {within}"


async def stages() -> dict[UUID, str]:
    """Stages of all boards by their names; none for who may not see boards."""
    if not session.current().may(Permission.BOARDS_READ):
        return {}
    found = await boards.boards(session.current().api)
    return {
        stage.id: stage.name if len(found) == 1 else f"{board.name} · {stage.name}" for board in found for stage in board.stages
    }


async def _choices(kind: CampaignGoalKind) -> dict[str, str]:
    api, me = session.current().api, session.current()
    if kind is CampaignGoalKind.STAGE:
        return {str(stage_id): name for stage_id, name in (await stages()).items()}
    if kind is CampaignGoalKind.TAG and me.may(Permission.CONTACTS_READ):
        return {str(tag.id): tag.name for tag in await campaigns.tags(api)}
    if kind is CampaignGoalKind.HOOK:
        return {str(hook.id): hook.name for hook in await incoming.hooks(api)}
    return {}


class Goal:
    """The dialog. `saved()` is called once it is kept."""

    def __init__(self, campaign_id: UUID, goal: CampaignGoal, saved: Callable[[], Awaitable[Any]]) -> None:
        self._id, self._goal, self._saved = campaign_id, goal, saved
        with dialog(
            _("What counts as done"), _("People are counted once, when it happens after the message was sent to them.")
        ) as self._box:
            self._kind = select_field(_("What happens"), kinds(), goal.kind, on_change=self._draw)
            self._place = ui.element("div").classes("w-full")
            self._days = number_field(_("Within how many days"), goal.days, low=1, high=90, suffix=_("days"))
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), self._box.close, kind="plain")
                button(_("Save"), self._save, kind="primary")

    def open(self) -> None:
        self._box.open()
        ui.timer(0, self._draw, once=True)

    async def _draw(self) -> None:
        kind = CampaignGoalKind(self._kind.value)
        try:
            options = await _choices(kind)
        except ApiProblem as problem:
            if problem.status not in {403, 404}:
                raise
            options = {}
        names = {
            CampaignGoalKind.STAGE: _("In one of these stages"),
            CampaignGoalKind.TAG: _("One of these tags"),
            CampaignGoalKind.HOOK: _("One of these incoming addresses"),
        }
        known = [str(one) for one in self._goal.ids if str(one) in options] if kind == self._goal.kind else []
        self._place.clear()
        with self._place:
            self._ids = select_field(
                names[kind], options, known, search=len(options) > 8, multiple=True, clearable=True,
                hint=_("None chosen: any stage.") if kind is CampaignGoalKind.STAGE else "",
            )  # fmt: skip

    async def _save(self) -> None:
        body = CampaignGoal(
            kind=CampaignGoalKind(self._kind.value),
            ids=[UUID(one) for one in self._ids.value or []],
            days=int(self._days.value or 7),
        )
        try:
            await campaigns.set_goal(session.current().api, self._id, body)
        except ApiProblem as problem:
            problems.show_in({"ids": self._ids, "days": self._days}, problem)
            return
        self._box.close()
        await self._saved()
