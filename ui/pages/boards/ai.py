"""What a board lets the AI do: whether it reads the conversations, what it may do with leads, how sure it must be, what it should know; and
what that costs."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from nicegui import ui

from api.contract.boards import Board
from api.contract.cadences import CadenceRow
from api.contract.channels import Template
from api.contract.enums import Permission, TemplateStatus
from api.contract.events import BoardChanged, LeadProposalChanged
from api.contract.problems import RequestError
from api.contract.proposals import BoardAi, BoardAiPut, LeadPolicy, LeadTool, LeadTools
from ui import formats, live, session
from ui.client import boards as boards_client
from ui.client import proposals as client
from ui.client import templates
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, figure, figures, item, note
from ui.components.forms import Field, area_field, filled, select_field, switch_field
from ui.components.frame import Frame
from ui.components.states import Loader, gone, load, skeleton_card
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import proposals as labels
from ui.pages.boards.ai_reach import Reach, open_cadences

GUIDANCE = 2000  # characters
PAUSES = (30, 60, 120, 300)  # seconds


class _Found(NamedTuple):
    board: Board
    ai: BoardAi
    templates: list[Template]
    cadences: list[CadenceRow]


class AiTab:
    """A tab of the board's settings. The form is drawn once; the figures follow."""

    def __init__(self, board_id: UUID, head: Frame) -> None:
        me = session.current()
        self._api, self._id, self._head = me.api, board_id, head
        self._templates, self._service = me.may(Permission.TEMPLATES_READ), me.may(Permission.AI_READ)
        self._seen: BoardAi | None = None
        self._place: Loader[_Found] = load(self._fetch, self._draw, skeleton_card)
        self._throttle = Throttle(self._follow, 2.0)
        live.on(BoardChanged, self._heard)
        live.on(LeadProposalChanged, self._heard)
        live.on_reset(self._follow)

    async def _fetch(self) -> _Found:
        try:
            board = await boards_client.board(self._api, self._id)
        except ApiProblem as error:
            if error.status == 404:
                gone(self._head.body, _("This board is no longer here"), "/boards")
            raise
        ai = await client.board_ai(self._api, self._id)
        approved: list[Template] = []
        if self._templates:
            approved = (await templates.templates(self._api, status=TemplateStatus.APPROVED, limit=200)).items
        return _Found(board, ai, approved, await open_cadences(self._api))

    def _heard(self, event: BoardChanged | LeadProposalChanged) -> None:
        if event.board_id == self._id:
            self._throttle.poke()

    async def _follow(self) -> None:
        """What is being changed stays under the hands; what nobody touched is drawn as a colleague saved it."""
        if self._seen is None or self._figures.is_deleted:
            return
        try:
            now = await client.board_ai(self._api, self._id)
        except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
            return
        if now.version != self._seen.version and self._written == _body(self._seen):
            await self._place.refresh()
        elif not self._figures.is_deleted:
            self._draw_figures(now)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, found: _Found) -> None:
        ai = self._seen = found.ai
        self._head.title.text = _("Settings of {board}").format(board=found.board.name)
        if not ai.connected:
            with note("warn", _("No AI service is connected, so nothing is read yet."), name="warning"):
                if self._service:
                    with ui.element("div").classes("m-row"):
                        button(_("Connect one"), to="/settings/ai")
        with card():
            text = _(
                "Once a customer has paused, the AI reads the conversation and proposes what their lead should become, with the words that show it. It writes nothing of its own, whoever answers there."
            )
            self._watching = switch_field(_("Let the AI follow the leads of this board"), ai.watching, hint=text)
        self._figures = ui.element("div").classes("w-full")
        self._draw_figures(ai)
        self._draw_tools(ai)
        self._draw_bounds(ai)
        if self._templates:
            self._draw_templates(found)
        self._reach = Reach(self._api, ai, found.cadences, self._policies)
        self._draw_guidance(ai)
        with ui.element("div").classes("m-row"):
            button(_("Save"), self._save, kind="primary")

    def _draw_figures(self, ai: BoardAi) -> None:
        self._figures.clear()
        if not (ai.watching or ai.judged or ai.waiting):
            return
        days = _("in 30 days")
        with self._figures, figures():
            figure(_("Conversations read"), formats.number(ai.judged), hint=days)
            if ai.spent_micro is not None:
                each = formats.dollars(round(ai.spent_micro / ai.judged)) if ai.judged else ""
                figure(_("Cost"), formats.dollars(ai.spent_micro), hint=_("{cost} each").format(cost=each) if each else days)
            figure(
                _("Kept"),
                formats.percent(ai.kept) if ai.kept is not None else "–",
                hint=_("of what it did by itself") if ai.kept is not None else _("nothing done by itself yet"),
            )
            figure(
                _("Suggestions waiting"),
                formats.number(ai.waiting),
                hint=_("for a person"),
                on_click=lambda: ui.navigate.to(f"/boards/suggestions?board={self._id}"),
            )

    def _draw_tools(self, ai: BoardAi) -> None:
        hint = _(
            "The AI only proposes. What is done is decided here, and the program checks each proposal against the customer's words."
        )
        self._policies: dict[LeadTool, Field[LeadPolicy]] = {}
        with card(_("What it may do"), hint=hint, flush=True):
            for tool, named in labels.tools().items():
                options = dict(labels.policies())
                if tool is LeadTool.SEND_TEMPLATE:
                    options.pop(LeadPolicy.AUTOMATIC)
                with item() as line:
                    line.classes("m-item-wrap")
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(named.name).classes("m-strong")
                        if named.text:
                            ui.label(named.text).classes("m-hint")
                    with ui.element("div").classes("m-choice m-persona-policy"):
                        field: Field[LeadPolicy] = select_field("", options, getattr(ai.tools, tool.value))
                        field.control.props["aria-label"] = named.name
                        self._policies[tool] = field

    def _draw_bounds(self, ai: BoardAi) -> None:
        sure = dict(labels.sure_enough())
        if ai.min_confidence not in sure:
            sure[ai.min_confidence] = formats.percent(ai.min_confidence)
        pauses = {seconds: formats.duration(seconds) for seconds in sorted({*PAUSES, ai.quiet_seconds})}
        hint = _("It never moves a lead back by itself, nor one that somebody of the team moved within the last 7 days. Everything but a file that was sent can be undone for a day.")  # fmt: skip
        with card(_("When it acts by itself"), hint=hint):
            with ui.element("div").classes("m-lp-pair"):
                self._sure: Field[float] = select_field(
                    _("How sure it must be"), sure, ai.min_confidence, hint=_("Else it only suggests.")
                )
                self._pause: Field[int] = select_field(
                    _("The customer has paused for"), pauses, ai.quiet_seconds, hint=_("One look for all that they wrote.")
                )
            self._closing = switch_field(
                _("It may propose that a lead is won or lost"),
                ai.closing,
                hint=_("Then as you chose above for moving a lead. Otherwise only people say so."),
            )

    def _draw_templates(self, found: _Found) -> None:
        options = {one.id: one.name for one in found.templates}
        for number, gone_id in enumerate(one for one in found.ai.template_ids if one not in options):
            options[gone_id] = _("(gone)") if not number else f"{_('(gone)')} {number + 1}"
        with ui.element("div").classes("w-full") as place:
            with card(
                _("Templates that it may suggest"), hint=_("Only approved ones. Each is sent only after a person accepts it.")
            ):
                self._allowed: Field[list[UUID]] = select_field(
                    "", options, found.ai.template_ids, multiple=True, search=len(options) > 10, placeholder=_("None")
                )
                self._allowed.control.props["aria-label"] = _("Templates that it may suggest")
        policy = self._policies[LeadTool.SEND_TEMPLATE]

        def follow() -> None:
            place.set_visibility(policy.value is not LeadPolicy.NEVER)

        policy.control.on_value_change(follow)
        follow()

    def _draw_guidance(self, ai: BoardAi) -> None:
        hint = _("How your team decides, in your own words. It learns from what you refuse and undo, too.")
        with card(_("What it should know"), hint=hint):
            self._guidance = area_field(
                "", ai.guidance, limit=GUIDANCE, rows=5,
                placeholder=_("For example: “Proposal” only once the customer knows the price and asks for it in writing."),
            )  # fmt: skip
            self._guidance.control.props["aria-label"] = _("What it should know")

    # -- saving -------------------------------------------------------------------------------------------------

    @property
    def _written(self) -> BoardAiPut:
        assert self._seen is not None
        return BoardAiPut(
            watching=self._watching.value,
            guidance=(self._guidance.value or "").strip(),
            tools=LeadTools(**{tool.value: field.value for tool, field in self._policies.items()}),
            closing=self._closing.value,
            min_confidence=self._sure.value,
            quiet_seconds=self._pause.value,
            template_ids=list(self._allowed.value or []) if self._templates else self._seen.template_ids,
            cadence_ids=self._reach.cadence_ids,
            files=self._reach.files,
        )

    async def _save(self) -> None:
        assert self._seen is not None
        if not filled(self._reach.names):
            return
        body = self._written
        try:
            now = await client.set_board_ai(self._api, self._id, body, self._seen.version)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and error.code == RequestError.CHANGED_MEANWHILE:
                await self._overtaken()
                return
            fields: dict[str, Field[Any]] = {
                "guidance": self._guidance, "min_confidence": self._sure, "quiet_seconds": self._pause,
                **{f"tools.{tool.value}": field for tool, field in self._policies.items()}, **self._reach.fields,
            }  # fmt: skip
            if self._templates:
                fields["template_ids"] = self._allowed
            problems.show_in(fields, error)
            return
        began = now.watching and not self._seen.watching
        self._seen = now
        self._draw_figures(now)
        waits = sum(policy is not LeadPolicy.NEVER for policy in msgspec.structs.astuple(now.tools))
        said = ngettext("The AI follows this board now. It may do {n} thing.", "The AI follows this board now. It may do {n} things.", waits)  # fmt: skip
        toast(said.format(n=formats.number(waits)) if began else _("Saved."))

    async def _overtaken(self) -> None:
        """What was written stays; the next press saves it over what a colleague saved."""
        try:
            self._seen = await client.board_ai(self._api, self._id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        toast(_("A colleague changed this meanwhile. Save again to keep yours."), "warn")


def _body(ai: BoardAi) -> BoardAiPut:
    return BoardAiPut(
        watching=ai.watching,
        guidance=ai.guidance,
        tools=ai.tools,
        closing=ai.closing,
        min_confidence=ai.min_confidence,
        quiet_seconds=ai.quiet_seconds,
        template_ids=ai.template_ids,
        cadence_ids=ai.cadence_ids,
        files=ai.files,
    )
