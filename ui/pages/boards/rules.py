"""The rules of a board, as sentences: switched on and off, changed, tried out, with what became of each."""

import asyncio
from functools import partial
from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.board_rules import RuleTried, StageRule, StageRulePatch
from api.contract.boards import Board
from api.contract.channels import Channel, Template
from api.contract.contacts import CustomField
from api.contract.enums import RuleOccasion, RunReason, TemplateStatus
from ui import formats, kinds
from ui.client import accounts, contacts, inbox, templates
from ui.client import board_rules as client
from ui.client import boards as boards_client
from ui.client import channels as channels_client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item, log_list
from ui.components.confirm import confirm, dialog
from ui.components.forms import select_field
from ui.components.menus import Choice, more
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import badge
from ui.i18n import _
from ui.labels import board_rules as labels
from ui.pages.boards.rule_editor import RuleEditor


class Facts(NamedTuple):
    """What rules are made of on this board."""

    board: Board
    rules: list[StageRule]
    names: labels.Names
    templates: list[Template]
    channels: list[Channel]
    fields: list[CustomField]


class Rules:
    """A card of the board's settings."""

    def __init__(self, api: ApiClient, board_id: UUID) -> None:
        self._api, self._id = api, board_id
        self._place: Loader[Facts] = load(self._fetch, self._draw, lambda: skeleton_list(2))

    async def refresh(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> Facts:
        board, rules, people, teams = await asyncio.gather(
            boards_client.board(self._api, self._id),
            client.rules(self._api, self._id),
            accounts.everybody(self._api),
            inbox.teams(self._api),
        )
        approved, channels, fields = await asyncio.gather(
            templates.templates(self._api, status=TemplateStatus.APPROVED, limit=200),
            channels_client.channels(self._api),
            contacts.fields(self._api),
        )
        names = labels.Names(
            {stage.id: stage.name for stage in board.stages},
            {one.user_id: one.name for one in people},
            {team.id: team.name for team in teams},
            {one.id: one.name for one in approved.items},
        )
        return Facts(board, rules, names, approved.items, kinds.writing(channels), fields)

    def _draw(self, facts: Facts) -> None:
        def actions() -> None:
            if any(rule.enabled for rule in facts.rules):
                icon_button("science", _("Try out"), partial(self._try, facts))
            button(_("New rule"), partial(self._edit, facts, None), icon="add")

        hint = _("What happens by itself when a card enters a stage, or stays there. For cards that come from now on.")
        with card(_("Rules"), hint=hint, actions=actions, flush=True):
            if not facts.rules:
                text = _("For example: when a card enters Won, send a template.")
                empty("bolt", _("No rule yet"), text)
            for stage in facts.board.stages:
                for rule in facts.rules:
                    if rule.stage_id == stage.id:
                        self._draw_rule(facts, rule)

    def _draw_rule(self, facts: Facts, rule: StageRule) -> None:
        when, does = labels.occasion(rule, facts.names), labels.action(rule.action, facts.names)
        with item() as line:
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(f"{when} → {does}").classes("m-strong m-text")
                if rule.problem is not None:
                    with ui.element("div").classes("m-row m-near"):
                        badge(_("Stopped") if rule.problem is RunReason.LOOP else _("Does not work"), "bad")
                        ui.label(labels.problem(rule.problem)).classes("m-hint")
                elif rule.last_state is not None:
                    name, _tone = labels.state(rule.last_state)
                    why = f" · {labels.reasons()[rule.last_reason]}" if rule.last_reason else ""
                    ui.label(f"{formats.ago(rule.last_at)} · {name}{why}").classes("m-hint")
            switch = ui.switch(value=rule.enabled, on_change=lambda event: self._switch(rule, bool(event.value)))
            switch.props["aria-label"] = f"{when} → {does}"
            entries = [
                Choice(_("Change"), partial(self._edit, facts, rule), "edit"),
                Choice(_("History"), partial(self._history, rule, f"{when} → {does}"), "history"),
                Choice(_("Delete rule"), partial(self._delete, rule), "delete", danger=True),
            ]
            more(entries, _("More for {name}").format(name=does))
        line.props["data-rule"] = str(rule.id)

    async def _switch(self, rule: StageRule, on: bool) -> None:
        try:
            await client.change(self._api, rule, StageRulePatch(enabled=on))
        except (ApiProblem, Offline) as error:
            problems.show(error)
        await self._place.refresh()

    def _edit(self, facts: Facts, rule: StageRule | None) -> None:
        RuleEditor(self._api, facts.board, facts.names, facts.templates, facts.channels, facts.fields, rule, self._place.refresh)

    async def _delete(self, rule: StageRule) -> None:
        text = _("What it did stays. What it has not done yet, it will not do.")
        if await confirm(_("Delete this rule?"), text, yes=_("Delete"), danger=True):
            await client.delete(self._api, rule.id)
            await self._place.refresh()

    # -- what became of it, and what would ---------------------------------------------------------------------

    async def _history(self, rule: StageRule, sentence: str) -> None:
        found = await client.runs(self._api, rule.id)
        with dialog(_("History of the rule"), sentence, wide=True) as box:
            if not found.items:
                empty("history", _("Nothing yet"), _("No card has come to this rule."))
            with ui.element("div").classes("w-full"):
                lines = []
                for run in found.items:
                    name, tone = labels.state(run.state)
                    why = labels.reasons()[run.reason] if run.reason else ""
                    lines.append(
                        (tone, f"{run.lead_title or _('Deleted card')} · {name}", why, formats.ago(run.done_at or run.created_at))
                    )
                log_list(lines)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), box.close, kind="plain").props("autofocus")
        box.open()

    async def _try(self, facts: Facts) -> None:
        newest = await boards_client.leads(self._api, self._id, {"limit": 100})
        with_rules = {rule.stage_id for rule in facts.rules if rule.enabled}
        stages = {stage.id: stage.name for stage in facts.board.stages if stage.id in with_rules}

        async def ask() -> None:
            if lead.value is None:
                return
            try:
                found = await client.try_out(self._api, stage.value, lead.value)
            except (ApiProblem, Offline) as error:
                problems.show(error)
                return
            shown.clear()
            with shown:
                self._draw_tried(facts, found.steps)

        text = _("What would happen to a card. Nothing is changed and nothing is sent.")
        with dialog(_("Try the rules out"), text, wide=True) as box:
            if not newest.items:
                empty("view_kanban", _("No lead yet"), _("There must be a card to try with."))
            else:
                with ui.element("div").classes("m-lp-pair"):
                    options = {one.id: f"{one.title} · {one.contact.name}" if one.contact else one.title for one in newest.items}
                    lead = select_field(_("Card"), options, newest.items[0].id, search=True)
                    stage = select_field(_("Enters the stage"), stages, next(iter(stages)))
            shown = ui.element("div").classes("m-col")
            shown.props["aria-live"] = "polite"
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), box.close, kind="plain")
                if newest.items:
                    button(_("Say what would happen"), ask, kind="primary")
        box.open()

    def _draw_tried(self, facts: Facts, steps: list[RuleTried]) -> None:
        known = {rule.id: rule for rule in facts.rules}
        lines = []
        for step in steps:
            rule = known.get(step.rule_id)
            name, tone = labels.state(step.state)
            what = labels.action(rule.action, facts.names) if rule else "…"
            stage = facts.names.stages.get(step.stage_id, "")
            if rule is not None and rule.occasion is RuleOccasion.STAY:
                stage = labels.occasion(rule, facts.names)
            why = labels.reasons()[step.reason] if step.reason else (step.detail or "")
            lines.append((tone, f"{stage}: {what}", why, name))
        if lines:
            log_list(lines)
        else:
            ui.label(_("Nothing would happen.")).classes("m-hint")
