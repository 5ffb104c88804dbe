"""Third step: the text, and others that are tried beside it; how the better one is found."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import structs
from nicegui import ui

from api.contract.campaigns import CampaignTrial, CampaignVariant
from api.contract.channels import Channel, Template
from api.contract.contacts import CustomField, Tag
from api.contract.enums import TrialMetric, Unsure
from ui import kinds
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import number_field, select_field
from ui.components.picks import Picks
from ui.components.text import Text
from ui.i18n import _
from ui.labels import trials as labels
from ui.pages.campaigns.draft import Draft
from ui.pages.campaigns.step_call import CallStep
from ui.pages.campaigns.step_fallback import FallbackCard, beside
from ui.pages.campaigns.step_sms import SmsStep
from ui.pages.campaigns.step_template import TemplateStep


class MessageStep:
    """Draws the open text; `change(…)` as the draft takes it, `look()` when another one is shown. `around`: what is hidden while a template is written."""

    def __init__(
        self,
        draft: Draft,
        channel: Channel | None,
        choices: tuple[list[CustomField], list[Template], list[Tag], list[Channel], dict[UUID, str]],
        change: Callable[..., Any],
        look: Callable[[], Any],
        around: Sequence[ui.element],
    ) -> None:
        self._draft, self._channel, self._change, self._look, self._around = draft, channel, change, look, around
        self._custom, self._templates, self._tags, self._channels, self._stages = choices
        self.variant = 0
        self.sms: SmsStep | None = None
        self.templates: TemplateStep | None = None
        with ui.element("div").classes("m-col m-gap"):
            self._tabs = ui.element("div").classes("m-trial-tabs")
            self._place = ui.element("div").classes("w-full")
            self._rules = ui.element("div").classes("w-full")
            self._instead = ui.element("div").classes("w-full")
            by_code = channel is not None and kinds.of(channel.kind).paired
            content = kinds.can(channel.kind).campaign_content if channel is not None else None
            if channel is not None and (by_code or content in {"template", "call"}):
                others = beside(self._channels, channel.sandbox, by_template=by_code or content == "call")
                around = (*self._around, self._tabs, self._place, self._rules)
                with self._instead:
                    FallbackCard(
                        draft.value("fallback"), others, change,
                        by_code=by_code, calls=content == "call", templates=self._templates, custom=self._custom, around=around,
                    )  # fmt: skip
        self._draw()

    @property
    def _trial(self) -> CampaignTrial | None:
        found: CampaignTrial | None = self._draft.value("trial")
        return found

    def _set(self, trial: CampaignTrial | None) -> None:
        self._change(trial=trial)

    def _draw(self) -> None:
        self._draw_tabs()
        self._draw_text()
        self._draw_rules()

    # -- texts --------------------------------------------------------------------------------------------------

    def _draw_tabs(self) -> None:
        trial = self._trial
        self._tabs.clear()
        with self._tabs:
            if trial is None:
                button(_("Try another text beside this one"), self._add, icon="science")
                return
            with ui.element("div").classes("m-tabs").props("role=tablist") as tabs:
                tabs.props["aria-label"] = _("Texts of this campaign")
                for place in range(len(trial.variants) + 1):
                    on = place == self.variant
                    with ui.element("button").classes("m-tab m-tab-on" if on else "m-tab").props("type=button role=tab") as tab:
                        ui.label(labels.text_name(labels.LETTERS[place]))
                    tab.props["aria-selected"] = "true" if on else "false"
                    tab.on("click", partial(self._show, place), [])
            if len(trial.variants) < len(labels.LETTERS) - 1:
                button(_("One more"), self._add, kind="plain", icon="add")
            if self.variant:
                name = labels.text_name(labels.LETTERS[self.variant])
                button(_("Remove {name}").format(name=name), self._remove, kind="plain", icon="delete")

    def _show(self, place: int) -> None:
        self.variant = place
        self._draw_tabs()
        self._draw_text()
        self._look()

    def _add(self) -> None:
        trial = self._trial or CampaignTrial(variants=[])
        count = len(trial.variants) + 2
        value = self._draft.value
        new = CampaignVariant(share=1, template_id=value("template_id"), body=value("body"), bindings=value("bindings"))
        shared = [structs.replace(one, share=100 // count) for one in (*trial.variants, new)]
        self._set(structs.replace(trial, variants=shared))
        self.variant = count - 1
        self._draw()
        self._look()

    def _remove(self) -> None:
        trial = self._trial
        assert trial is not None
        left = [one for place, one in enumerate(trial.variants, 1) if place != self.variant]
        self._set(structs.replace(trial, variants=left) if left else None)
        self.variant = 0
        self._draw()
        self._look()

    def _draw_text(self) -> None:
        variant = self.variant
        trial = self._trial
        one = trial.variants[variant - 1] if variant and trial is not None else None

        def change(**fields: Any) -> None:
            known = self._trial
            if one is not None and "header_file_id" in fields:  # the texts share one file at the head
                head = fields.pop("header_file_id")
                if "template_id" not in fields or (head is not None and self._draft.value("header_file_id") is None):
                    self._change(header_file_id=head)
                if not fields:
                    return
            if one is None or known is None:
                self._change(**fields)
                return
            others = list(known.variants)
            others[variant - 1] = structs.replace(others[variant - 1], **fields)
            self._set(structs.replace(known, variants=others))

        value = self._draft.value if one is None else partial(getattr, one)
        self._place.clear()
        with self._place:
            content = kinds.can(self._draft.campaign.channel_kind if self._draft.campaign else None).campaign_content
            if content == "call":
                self.templates = self.sms = None
                body, over = value("body") or "", self._draft.campaign.channel_id if self._draft.campaign else None
                CallStep(over, body, self._draft.value("settings"), self._custom, change, self._change)
                return
            if content == "text":
                self.templates, self.sms = None, SmsStep(value("body") or "", self._custom, change)
                return
            template_id: UUID | None = value("template_id")
            chosen = next((found for found in self._templates if found.id == template_id), None)
            around = (*self._around, self._tabs, self._rules, self._instead)
            head, bindings = self._draft.value("header_file_id"), value("bindings")
            self.templates = TemplateStep(self._templates, chosen, head, bindings, self._custom, change, self._channel, around)

    # -- how the better one is found ----------------------------------------------------------------------------

    def _draw_rules(self) -> None:
        self._rules.clear()
        if self._trial is None:
            return
        hint = _("Who gets which text is drawn at random. Nobody gets two.")
        with self._rules, card(_("How the better text is found"), hint=hint), ui.element("div").classes("m-col m-gap"):
            self._draw_metric()
            self._draw_shares()
            self._draw_end()

    def _replace(self, **fields: Any) -> None:
        known = self._trial
        if known is not None:
            self._set(structs.replace(known, **fields))

    def _draw_metric(self) -> None:
        trial = self._trial
        assert trial is not None
        reads = kinds.can(self._draft.campaign.channel_kind if self._draft.campaign else None).reports_read
        names = {metric: labels.metric(metric) for metric in TrialMetric if reads or metric is not TrialMetric.READ}

        def chosen() -> None:
            self._replace(metric=metric.value)
            goal.set_visibility(metric.value is TrialMetric.CONVERTED)

        metric = select_field(
            _("Better is what brings more"), names, trial.metric if trial.metric in names else None, on_change=chosen
        )
        with ui.element("div").classes("m-col m-gap w-full") as goal:
            self._draw_goal(trial)
        goal.set_visibility(trial.metric is TrialMetric.CONVERTED)

    def _draw_goal(self, trial: CampaignTrial) -> None:
        """A tag, or a stage of a board."""
        tags = {tag.id: tag.name for tag in self._tags}

        def kind(found: str) -> None:
            tag.element.set_visibility(found == "tag")
            stage.element.set_visibility(found == "stage")
            self._replace(tag_id=tag.value if found == "tag" else None, stage_id=stage.value if found == "stage" else None)

        chosen = "stage" if trial.stage_id is not None and self._stages else "tag"
        if self._stages:
            picks = Picks(_("A conversion is"), chosen, kind)
            picks.described("tag", "label", _("The person gets a tag"), _("By your team, a rule of a board, a hook or the API."))
            picks.described(
                "stage", "view_kanban", _("A lead of the person comes to a stage"), _("Moved by hand, a rule or the AI.")
            )
        hint = _("Who has it already is no part of the test.")
        tag = select_field(
            _("Which tag"),
            tags,
            trial.tag_id if trial.tag_id in tags else None,
            search=len(tags) > 10,
            hint=hint,
            on_change=lambda: self._replace(tag_id=tag.value, stage_id=None),
        )
        stage = select_field(
            _("Which stage"),
            self._stages,
            trial.stage_id if trial.stage_id in self._stages else None,
            search=len(self._stages) > 10,
            hint=_("Who has a lead there already is no part of the test."),
            on_change=lambda: self._replace(tag_id=None, stage_id=stage.value),
        )
        tag.element.set_visibility(chosen == "tag")
        stage.element.set_visibility(chosen == "stage")

    def _draw_shares(self) -> None:
        trial = self._trial
        assert trial is not None

        def share(place: int, field: Any) -> None:
            known = self._trial
            if known is None or field.value is None or not 1 <= field.value <= 98:
                return
            others = list(known.variants)
            others[place] = structs.replace(others[place], share=round(field.value))
            self._set(structs.replace(known, variants=others))
            first.text = labels.first_share(100 - sum(one.share for one in others))

        with ui.element("div").classes("m-shares"):
            for place, one in enumerate(trial.variants):
                field = number_field(
                    _("Share of {name}").format(name=labels.text_name(labels.LETTERS[place + 1])),
                    one.share,
                    low=1,
                    high=98,
                    suffix="%",
                )
                field.control.on_value_change(lambda _event, place=place, field=field: share(place, field))
        first = ui.label(labels.first_share(100 - sum(one.share for one in trial.variants))).classes("m-hint")

        def tested() -> None:
            if percent.value is not None and 1 <= percent.value <= 100:
                self._replace(test_percent=round(percent.value))
                self._end.set_visibility(round(percent.value) < 100)

        percent = number_field(
            _("People in the test"),
            trial.test_percent,
            low=1,
            high=100,
            suffix="%",
            hint=_("The others wait and get the better text. 100: everybody gets one of the texts, and nobody waits."),
            on_change=tested,
        )
        percent.element.classes("m-short")

    def _draw_end(self) -> None:
        trial = self._trial
        assert trial is not None

        def read() -> None:
            self._replace(hours=round(hours.value) if hours.value is not None and 1 <= hours.value <= 168 else None)
            for element in (question, picks.element):
                element.set_visibility(hours.value is not None)

        with ui.element("div").classes("m-col m-near w-full") as self._end:
            hours = number_field(
                _("Decide after"),
                trial.hours,
                low=1,
                high=168,
                suffix=_("hours"),
                hint=_("Counted from when the last of the test went out. Empty: you decide by hand."),
                on_change=read,
            )
            hours.element.classes("m-short")
            question = Text("p", _("If nobody can be sure then"), "m-label")
            picks = Picks(_("If nobody can be sure then"), trial.unsure, lambda key: self._replace(unsure=key))
            picks.described(
                Unsure.LEADING, "trending_up", _("Send the one that is ahead"), _("The page says that it was not sure.")
            )
            picks.described(Unsure.WAIT, "back_hand", _("Wait for me"), _("The others get nothing until you decide."))
            for element in (question, picks.element):
                element.set_visibility(trial.hours is not None)
        self._end.set_visibility(trial.test_percent < 100)
