"""The conditions of a segment as rows that a person fills in, inside groups inside groups. Knows no API: it takes what can be chosen, and tells
when something changed."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

from nicegui import ui

from api.contract.contacts import CustomField
from api.contract.enums import CustomFieldKind
from api.contract.segments import (
    Allows,
    AnyCondition,
    Contacted,
    FieldIs,
    Group,
    HasTags,
    InStage,
    Made,
    OfImport,
    Reachable,
    Received,
    RecordedConsent,
    Wrote,
)
from ui.components.buttons import button, icon_button
from ui.components.forms import Field, number_field, select_field, text_field
from ui.i18n import _
from ui.labels import segments as labels

DEEPEST = 3
"""Groups inside one another that the screen makes; it shows what a partner made deeper."""
_FIELD = "field:"
_PLAIN = frozenset(("filled", "empty", "yes", "no", "ever", "never"))


class Value(NamedTuple):
    """What a row holds, complete or not."""

    subject: str = "tags"
    op: str = "any"
    many: tuple[str, ...] = ()
    text: str = ""
    days: int | None = 30
    kept: Received | None = None  # with what this screen does not ask for


def read(one: AnyCondition) -> Value:
    """A condition as its row."""
    match one:
        case HasTags():
            return Value("tags", one.op, tuple(map(str, one.tags)))
        case FieldIs():
            op = {"true": "yes", "false": "no"}.get(one.value, one.op) if one.op == "is" else one.op
            ahead = int(one.value) if one.op == "birthday" and one.value.isdigit() else 30
            return Value(_FIELD + one.key, op, (), one.value, ahead)
        case Allows():
            return Value("consent", labels.consent_op(one))
        case RecordedConsent():
            return Value("recorded_consent", one.said, (one.category or "", one.channel or "", one.op), "", one.days)
        case Reachable():
            return Value("reachable", one.by)
        case Made():
            return Value("created", one.op, (), "", one.days)
        case OfImport():
            return Value("import", "", (str(one.import_id),))
        case Contacted():
            return Value("contacted", one.op, (), "", one.days)
        case Wrote():
            return Value("wrote", one.op, (), "", one.days)
        case Received():
            return Value("campaign", one.result, (str(one.campaign_id),), kept=one)
        case InStage():
            return Value("stage", "", tuple(map(str, one.stages)))


def written(value: Value, kind: CustomFieldKind | None = None) -> AnyCondition | None:
    """The condition that a row says; None while something is missing."""
    op: Any = value.op
    if value.subject == "recorded_consent":
        return _recorded(value)
    ids = [UUID(one) for one in value.many]
    days = int(value.days or 0)
    span = days >= 1 or op in _PLAIN
    if value.subject.startswith(_FIELD):
        return _about_field(value, kind)
    made: dict[str, Callable[[], AnyCondition | None]] = {
        "tags": lambda: HasTags(op=op, tags=ids) if ids else None,
        "consent": lambda: Allows(opted_out=op.startswith("out"), category=op.partition("_")[2] or None),
        "reachable": lambda: Reachable(by=op),
        "created": lambda: Made(op=op, days=days) if days >= 1 else None,
        "import": lambda: OfImport(import_id=ids[0]) if ids else None,
        "contacted": lambda: Contacted(op=op, days=max(days, 1)) if span else None,
        "wrote": lambda: Wrote(op=op, days=max(days, 1)) if span else None,
        "campaign": lambda: _received(value, ids[0]) if ids else None,
        "stage": lambda: InStage(stages=ids) if ids else None,
    }
    return made[value.subject]()


_WHATEVER = ("", "", "ever")
"""About everything, in any way, whenever."""


def _recorded(value: Value) -> RecordedConsent | None:
    category, channel, when = value.many or _WHATEVER
    timed = value.op != "never" and when != "ever"
    if timed and not value.days:
        return None
    span: Any = when if timed else "ever"
    about: Any = category or None
    days = int(value.days or 0) if timed else 30
    return RecordedConsent(said=cast(Any, value.op), category=about, channel=channel or None, op=span, days=days)


def _received(value: Value, campaign_id: UUID) -> Received:
    """What a partner asked for beside it stays as long as the campaign and the result do."""
    made = Received(campaign_id=campaign_id, result=cast(Any, value.op))
    kept = value.kept
    return kept if kept is not None and (kept.campaign_id, kept.result) == (made.campaign_id, made.result) else made


def _about_field(value: Value, kind: CustomFieldKind | None) -> FieldIs | None:
    key, op, text = value.subject.removeprefix(_FIELD), value.op, value.text.strip()
    if op in ("yes", "no") and kind is CustomFieldKind.BOOLEAN:
        return FieldIs(key=key, op="is", value="true" if op == "yes" else "false")
    if op == "birthday":
        return FieldIs(key=key, op="birthday", value=str(int(value.days))) if value.days else None
    if op in ("filled", "empty"):
        return FieldIs(key=key, op=cast(Literal["filled", "empty"], op))
    return FieldIs(key=key, op=cast(Any, op), value=text) if text else None


class Row:
    """One condition. `changed()` after each move; `condition()` is None while something is missing."""

    def __init__(self, value: Value, names: labels.Names, changed: Callable[[], Any], remove: Callable[["Row"], Any]) -> None:
        self.value, self._names, self._changed = value, names, changed
        with ui.element("div").classes("m-rule") as self.element:
            self._controls = ui.element("div").classes("m-rule-parts")
            icon_button("close", _("Take this condition out"), lambda: remove(self))
        self._last: Field[Any] | None = None
        self._draw()

    @property
    def _field(self) -> CustomField | None:
        return self._names.fields.get(self.value.subject.removeprefix(_FIELD)) if self.value.subject.startswith(_FIELD) else None

    def condition(self) -> AnyCondition | None:
        field = self._field
        return written(self.value, field.kind if field else None)

    def mark(self) -> None:
        """Says at the control what is missing."""
        if self._last is not None:
            self._last.error(_("Fill this in."))

    def _set(self, **changes: Any) -> None:
        self.value = self.value._replace(**changes)
        self._changed()

    def _subjects(self) -> dict[str, str]:
        there = {
            name: label
            for name, label in labels.subjects().items()
            if name == self.value.subject or {"campaign": self._names.campaigns, "stage": self._names.stages, "import": self._names.imports}.get(name, True)
        }  # fmt: skip
        own = {_FIELD + key: field.label for key, field in self._names.fields.items()}
        if self.value.subject.startswith(_FIELD) and self.value.subject not in own:
            own[self.value.subject] = _("A field that is gone")
        return there | own

    def _choose(self, subject: str) -> None:
        field = self._names.fields.get(subject.removeprefix(_FIELD)) if subject.startswith(_FIELD) else None
        ways = labels.ops("field" if field else subject, field.kind if field else None)
        self.value = Value(subject, next(iter(ways), ""))
        self._draw()
        self._changed()

    def _way(self, op: str) -> None:
        self.value = self.value._replace(op=op)
        self._draw()
        self._changed()

    def _draw(self) -> None:
        value, field = self.value, self._field
        self._controls.clear()
        self._last = None
        with self._controls:
            subjects = self._subjects()
            first_own = next((name for name in subjects if name.startswith(_FIELD)), "")
            what = select_field(
                "", subjects, value.subject, search=len(subjects) > 14, headings={first_own: _("Own fields")} if first_own else None,
                on_change=lambda: self._choose(what.value),
            )  # fmt: skip
            _called(what, _("What the condition is about"))
            ways = labels.ops("field" if value.subject.startswith(_FIELD) else value.subject, field.kind if field else None)
            if value.subject.startswith(_FIELD) and value.op not in ways:  # made over the API
                ways = {**ways, value.op: labels.way(field.kind if field else None, value.op)}
            if ways:
                how = select_field(
                    "", ways, value.op if value.op in ways else next(iter(ways)), on_change=lambda: self._way(how.value)
                )
                _called(how, _("How"))
            self._draw_value(field)

    def _draw_value(self, field: CustomField | None) -> None:
        value = self.value
        known: dict[str, tuple[Any, bool]] = {
            "tags": (self._names.tags, True),
            "stage": (self._names.stages, True),
            "campaign": (self._names.campaigns, False),
            "import": (self._names.imports, False),
        }
        if value.subject == "recorded_consent":
            self._draw_recorded()
        elif value.subject in known:
            options, many = known[value.subject]
            self._draw_choice(options, many=many)
        elif value.op == "birthday" or (value.subject in ("wrote", "contacted", "created") and value.op not in _PLAIN):
            self._last = number_field(
                "", value.days, low=1, high=366 if value.op == "birthday" else 3650, suffix=_("days"), on_change=lambda: self._set(days=self._number()),
            )  # fmt: skip
            self._last.element.classes("m-rule-days")
            _called(self._last, _("How many days"))
        elif field is not None and field.kind is CustomFieldKind.CHOICE and value.op in ("is", "is_not"):
            offered = {one: one for one in (*field.choices, value.text) if one}
            chosen = select_field(
                "", offered, value.text or None, search=len(offered) > 8, placeholder=_("Choose"),
                on_change=lambda: self._set(text=chosen.value or ""),
            )  # fmt: skip
            _called(chosen, _("Value"))
            self._last = chosen
        elif value.subject.startswith(_FIELD) and value.op not in _PLAIN:
            dated = field is not None and field.kind is CustomFieldKind.DATE and value.op in ("from", "until")
            self._last = text_field(
                "", value.text, limit=500, kind="date" if dated else "text", placeholder="" if dated else _("Value"),
                on_change=lambda: self._set(text=self._written()),
            )  # fmt: skip
            _called(self._last, _("Value"))

    def _draw_recorded(self) -> None:
        """About what, over what, and when: the parts beside what was said."""
        many = list(self.value.many or _WHATEVER)

        def part(place: int, options: dict[str, str], name: str) -> None:
            def chosen() -> None:
                many[place] = field.value
                self.value = self.value._replace(many=tuple(many))
                if place == 2:
                    self._draw()
                self._changed()

            field = select_field(
                "", options if many[place] in options else {**options, many[place]: many[place]}, many[place], on_change=chosen
            )
            _called(field, name)

        part(0, labels.said_about(), _("About what"))
        part(1, labels.said_over(), _("Over what it was said"))
        if self.value.op != "never":
            part(2, labels.said_when(), _("When"))
            if many[2] != "ever":
                self._last = number_field(
                    "", self.value.days, low=1, high=3650, suffix=_("days"), on_change=lambda: self._set(days=self._number())
                )
                self._last.element.classes("m-rule-days")
                _called(self._last, _("How many days"))

    def _draw_choice(self, options: dict[str, str], *, many: bool) -> None:
        gone = {one: _("Gone") for one in self.value.many if one not in options}
        shown = list(self.value.many) if many else next(iter(self.value.many), None)
        chosen = select_field(
            "", {**options, **gone}, shown, search=len(options) > 8, multiple=many, placeholder=_("Choose"),
            on_change=lambda: self._set(many=tuple(chosen.value or ()) if many else (chosen.value,) if chosen.value else ()),
        )  # fmt: skip
        _called(chosen, _("Which"))
        self._last = chosen

    def _number(self) -> int | None:
        assert self._last is not None
        return int(self._last.value) if self._last.value else None

    def _written(self) -> str:
        assert self._last is not None
        return self._last.value or ""


def _called(field: Field[Any], name: str) -> None:
    field.control.props["aria-label"] = name


class GroupBox:
    """A group with its rows and the groups in it; `remove` is None for the outermost."""

    def __init__(
        self,
        group: Group,
        names: labels.Names,
        changed: Callable[[], Any],
        *,
        depth: int = 1,
        remove: Callable[["GroupBox"], Any] | None = None,
    ) -> None:
        self._names, self._changed, self._depth = names, changed, depth
        self._parts: list[Row | GroupBox] = []
        with ui.element("section").classes("m-rules" + ("" if depth == 1 else " m-rules-in")) as self.element:
            with ui.element("div").classes("m-rules-head"):
                self._match = select_field("", labels.matches(), group.match, on_change=changed)
                _called(self._match, _("How the conditions go together"))
                if remove is not None:
                    icon_button("close", _("Take this group out"), lambda: remove(self))
            self._place = ui.element("div").classes("m-rules-list")
            with ui.element("div").classes("m-row m-near"):
                button(_("Condition"), self._add_row, icon="add")
                if depth < DEEPEST:
                    button(_("Group"), self._add_group, kind="plain", icon="add_box")
        for one in group.conditions:
            self._put_row(read(one))
        for inner in group.groups:
            self._put_group(inner)

    def _put_row(self, value: Value) -> None:
        with self._place:
            self._parts.append(Row(value, self._names, self._changed, self._take_out))

    def _put_group(self, group: Group) -> None:
        with self._place:
            self._parts.append(GroupBox(group, self._names, self._changed, depth=self._depth + 1, remove=self._take_out))

    def _add_row(self) -> None:
        self._put_row(Value() if self._names.tags else Value("wrote", "within"))
        self._changed()

    def _add_group(self) -> None:
        self._put_group(Group(match="any"))
        inner = self._parts[-1]
        assert isinstance(inner, GroupBox)
        inner._add_row()

    def _take_out(self, part: "Row | GroupBox") -> None:
        self._parts.remove(part)
        part.element.delete()
        self._changed()

    def group(self) -> Group | None:
        """What the whole says; None while something is missing, or nothing is asked."""
        found = Group(match=self._match.value)
        for part in self._parts:
            made = part.condition() if isinstance(part, Row) else part.group()
            if made is None:
                return None
            if isinstance(made, Group):
                found.groups.append(made)
            else:
                found.conditions.append(made)
        return found if self._parts else None

    def mark(self) -> bool:
        """Says at the rows what is missing; whether anything is."""
        missing = not self._parts
        for part in self._parts:
            if isinstance(part, GroupBox):
                missing |= part.mark()
            elif part.condition() is None:
                part.mark()
                missing = True
        return missing
