"""Making and changing one rule of a stage: when, in which stage, what. Everything is chosen from menus."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.board_rules import (
    AddTag,
    Assign,
    Move,
    Notify,
    RemoveTag,
    RuleAction,
    SendTemplate,
    SendText,
    SetDue,
    SlotBinding,
    StageRule,
    StageRuleCreate,
    StageRulePatch,
    WriteNote,
)
from api.contract.boards import Board
from api.contract.channels import Channel, Template
from api.contract.contacts import CustomField
from api.contract.enums import RuleOccasion, StageKind
from ui.client import board_rules as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import Field, area_field, filled, number_field, select_field, text_field
from ui.components.text import Text
from ui.i18n import _, pgettext
from ui.labels import board_rules as labels
from ui.labels import templates as template_labels
from ui.labels.boards import offered

_NOBODY_IN_PARTICULAR = "team:"  # in front of a team's id, among people


class RuleEditor:
    """A dialog. `saved` is called when the rule is kept."""

    def __init__(
        self,
        api: ApiClient,
        board: Board,
        names: labels.Names,
        templates: Sequence[Template],
        channels: Sequence[Channel],
        fields: list[CustomField],
        rule: StageRule | None,
        saved: Callable[[], Awaitable[None]],
    ) -> None:
        self._api, self._board, self._names, self._rule, self._saved = api, board, names, rule, saved
        self._templates = {one.id: one for one in templates}
        self._channels, self._custom = channels, fields
        self._read: Callable[[], RuleAction] = lambda: AddTag(tag="")
        self._needed: list[Field[Any]] = []
        self._fields: dict[str, Field[Any]] = {}
        kinds = labels.kinds()
        with dialog(_("Change rule") if rule else _("New rule"), wide=True) as self._box:
            with ui.element("div").classes("m-lp-pair"):
                self._occasion = select_field(
                    _("When"), labels.occasions(), rule.occasion if rule else RuleOccasion.ENTER, on_change=self._when
                )
                stages = offered(board.stages, rule.stage_id if rule else None)
                self._stage = select_field(_("Stage"), stages, rule.stage_id if rule else next(iter(stages)))
            self._days: Field[float | None] = number_field(
                _("Days without a move"), (rule.days if rule else None) or 3, low=1, high=365
            )
            self._kind = select_field(
                pgettext("rule", "Then"), {kind.__name__: name for kind, name in kinds.items()},
                type(rule.action).__name__ if rule else AddTag.__name__, on_change=self._what,
            )  # fmt: skip
            self._place = ui.element("div").classes("m-col w-full")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), self._box.close, kind="plain")
                button(_("Save"), self._save, kind="primary")
        self._when()
        self._what()
        self._box.open()

    def _when(self) -> None:
        self._days.hide(self._occasion.value is not RuleOccasion.STAY)

    async def _save(self) -> None:
        needed = [*self._needed, *([self._days] if self._occasion.value is RuleOccasion.STAY else [])]
        if not filled(needed):
            return
        days = int(self._days.value or 1) if self._occasion.value is RuleOccasion.STAY else None
        try:
            if self._rule is None:
                body = StageRuleCreate(stage_id=self._stage.value, occasion=self._occasion.value, days=days, action=self._read())
                await client.create(self._api, self._board.id, body)
            else:
                patch = StageRulePatch(stage_id=self._stage.value, occasion=self._occasion.value, days=days, action=self._read())
                await client.change(self._api, self._rule, patch)
        except (ApiProblem, Offline) as error:
            problems.show_in({"stage_id": self._stage, "days": self._days, **self._fields}, error)
            return
        self._box.close()
        await self._saved()

    # -- what it does -------------------------------------------------------------------------------------------

    def _what(self) -> None:
        """The fields of the kind that is chosen."""
        drawn: Mapping[str, Callable[[Any], None]] = {
            Assign.__name__: self._draw_assign,
            AddTag.__name__: self._draw_tag,
            RemoveTag.__name__: self._draw_tag,
            SetDue.__name__: self._draw_due,
            SendTemplate.__name__: self._draw_template,
            SendText.__name__: self._draw_text,
            WriteNote.__name__: self._draw_note,
            Move.__name__: self._draw_move,
            Notify.__name__: self._draw_notify,
        }
        known = self._rule.action if self._rule and type(self._rule.action).__name__ == self._kind.value else None
        self._fields, self._needed = {}, []
        self._place.clear()
        with self._place:
            drawn[self._kind.value](known)

    def _keep(self, read: Callable[[], RuleAction], **fields: Field[Any]) -> None:
        self._read = read
        self._fields = {f"action.{name}": field for name, field in fields.items()}
        self._needed = list(fields.values())

    def _draw_assign(self, known: Assign | None) -> None:
        options = {
            **{str(one): name for one, name in self._names.people.items()},
            **{
                f"{_NOBODY_IN_PARTICULAR}{one}": _("Team {name}, by turns").format(name=name)
                for one, name in self._names.teams.items()
            },
        }
        chosen = None
        if known is not None:
            chosen = f"{_NOBODY_IN_PARTICULAR}{known.team_id}" if known.team_id else str(known.user_id)
        whom = select_field(_("To whom"), options, chosen if chosen in options else None, search=len(options) > 10)

        def read() -> Assign:
            person, _team, team = str(whom.value).partition(_NOBODY_IN_PARTICULAR)
            return Assign(team_id=UUID(team)) if team else Assign(user_id=UUID(person))

        self._keep(read, user_id=whom)

    def _draw_tag(self, known: AddTag | RemoveTag | None) -> None:
        kind = AddTag if self._kind.value == AddTag.__name__ else RemoveTag
        tag = text_field(_("Tag"), known.tag if known else "", limit=60)
        self._keep(lambda: kind(tag=tag.value.strip()), tag=tag)

    def _draw_due(self, known: SetDue | None) -> None:
        days: Field[float | None] = number_field(_("Days from then"), known.days if known else 1, low=0, high=365)
        self._keep(lambda: SetDue(days=int(days.value or 0)), days=days)

    def _draw_note(self, known: WriteNote | None) -> None:
        body = area_field(_("Note"), known.body if known else "", limit=5000, hint=_("Only colleagues see it."))
        self._keep(lambda: WriteNote(body=body.value), body=body)

    def _draw_notify(self, known: Notify | None) -> None:
        people = dict(self._names.people)
        whom = select_field(
            _("Whom"), people, known.user_id if known and known.user_id in people else None, search=len(people) > 10,
            hint=_("In the browsers in which they allowed notifications."),
        )  # fmt: skip
        self._keep(lambda: Notify(user_id=whom.value), user_id=whom)

    def _draw_move(self, known: Move | None) -> None:
        stages = offered(self._board.stages, known.stage_id if known else None)
        lost = {stage.id for stage in self._board.stages if stage.kind is StageKind.LOST}

        def shown() -> None:
            reason.hide(target.value not in lost)
            self._needed = [target, *([reason] if target.value in lost else [])]

        target = select_field(
            _("To the stage"), stages, known.stage_id if known and known.stage_id in stages else None, on_change=lambda: shown()
        )
        reason = text_field(_("Why it is lost"), (known.lost_reason if known else None) or "", limit=120)

        def read() -> Move:
            return Move(stage_id=target.value, lost_reason=reason.value.strip() if target.value in lost else None)

        self._keep(read, stage_id=target, lost_reason=reason)
        shown()

    # -- what it writes -----------------------------------------------------------------------------------------

    def _patience(self) -> None:
        text = _(
            "It goes ten seconds after the card came, so that who moves it back takes the message back. Never to who asked for no more"
            " messages."
        )
        Text("p", text, "m-hint")

    def _draw_text(self, known: SendText | None) -> None:
        channels = {one.id: one.name for one in self._channels}
        only = next(iter(channels)) if len(channels) == 1 else None
        channel = select_field(_("Channel"), channels, known.channel_id if known and known.channel_id in channels else only)
        hint = _("WhatsApp takes free texts only within 24 hours after the contact wrote. {name} becomes the first name.").format(
            name="{{first_name|…}}"
        )
        text = area_field(_("Text"), known.text if known else "", limit=1000, hint=hint)
        self._keep(lambda: SendText(channel_id=channel.value, text=text.value), channel_id=channel, text=text)
        self._patience()

    def _draw_template(self, known: SendTemplate | None) -> None:
        options = {one.id: f"{one.name} · {one.channel_name}" for one in self._templates.values()}
        chosen = known.template_id if known and known.template_id in options else None
        template = select_field(
            _("Template"), options, chosen, search=len(options) > 10, on_change=lambda: self._draw_places(None, template, places)
        )
        places = ui.element("div").classes("m-col w-full")
        self._draw_places(known, template, places)
        self._patience()

    def _draw_places(self, known: SendTemplate | None, template: Field[Any], ground: ui.element) -> None:
        """What fills the places of the template that is chosen."""
        one = self._templates.get(template.value)
        filled_by: list[tuple[str, Field[Any], Field[str]]] = []
        ground.clear()
        with ground:
            if one is not None:
                ui.label(template_labels.body(one)).classes("m-context m-text")
                known_by = {binding.placeholder: binding for binding in known.bindings} if known else {}
                guessed = {binding.placeholder: binding for binding in template_labels.guess(one, self._custom)}
                sources = {**template_labels.names(self._custom), template_labels.CONSTANT: _("The same text for all")}
                for place in template_labels.to_fill(one):
                    start = known_by.get(place) or guessed[place]
                    mark, _around = template_labels.where(one, place)
                    with ui.element("div").classes("m-lp-pair"):
                        source = select_field(
                            _("{place} is").format(place=mark), sources, start.source if start.source in sources else template_labels.CONSTANT
                        )  # fmt: skip
                        text = text_field(_("Text, or what stands there without a value"), start.fallback, limit=500)
                    filled_by.append((place, source, text))

        def read() -> SendTemplate:
            bindings = [
                SlotBinding(placeholder=place, source=source.value, fallback=text.value.strip())
                for place, source, text in filled_by
            ]
            return SendTemplate(template_id=template.value, bindings=bindings)

        self._keep(
            read,
            template_id=template,
            **{f"bindings[{number}].fallback": text for number, (_p, _s, text) in enumerate(filled_by)},
        )
