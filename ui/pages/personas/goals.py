"""What a persona finds out of customers, and where it is kept."""

import re
import unicodedata
from collections.abc import Callable, Mapping

from nicegui import ui

from api.contract.contacts import CustomFieldCreate
from api.contract.enums import CustomFieldKind, GoalKind, Permission
from api.contract.personas import GOAL_KEY, Goal
from ui import session
from ui.client import contacts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.cards import card
from ui.components.forms import filled, mark, select_field, text_field
from ui.i18n import _
from ui.labels import personas as labels
from ui.pages.personas.context import Context
from ui.pages.personas.rows import Read, Rows

_TALK, _NEW = "", "+"
_LOOKS = {
    CustomFieldKind.NUMBER: GoalKind.NUMBER,
    CustomFieldKind.DATE: GoalKind.DATE,
    CustomFieldKind.BOOLEAN: GoalKind.YES_NO,
}


def goal_key(label: str, taken: set[str]) -> str:
    """A short name of its own: "CEP de entrega" → cep_de_entrega."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_").lstrip("0123456789_")[:36] or "dado"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    return key


class _Line:
    """One fact. Kept with the contact its key is that of the field; else it has one of its own, which follows the label until that is left."""

    def __init__(self, it: Context, goal: Goal | None, changed: Callable[[], None]) -> None:
        self._doc, self._fields, self._changed = it.doc, it.names.fields, changed
        places = self._places()
        kept = goal.key if goal is not None and goal.key in places else _TALK
        self._own, self._named = (goal.key, True) if goal is not None and kept == _TALK else ("", False)
        self._kept = kept
        self._label = text_field(
            "", goal.label if goal else "", limit=120, placeholder=_("Postcode for delivery"), on_change=changed
        )
        self._label.control.on("blur", self._leave)
        self._look = select_field("", labels.goal_kinds(), goal.kind if goal else GoalKind.TEXT, on_change=changed)
        self._look.control.props["aria-label"] = _("What it looks like")
        if session.current().may(Permission.CONTACTS_READ):
            self._where = select_field("", places, kept, on_change=self._choose)
            self._where.control.props["aria-label"] = _("Where it is kept")
        self._needed = ui.checkbox(_("Needed"), value=goal.required if goal else True, on_change=changed)
        self._needed.tooltip(
            _("It asks for this before it gives a time or closes, and before it hands over for a reason of its own.")
        )
        self._lock_look()

    def _places(self) -> Mapping[str, str]:
        """Where a fact may be kept, by key."""
        own = {field.key: field.label for field in self._fields if re.match(GOAL_KEY, field.key)}
        found = {_TALK: _("Only in this talk"), "name": _("Name"), "email": _("E-mail")} | own
        if session.current().may(Permission.CONTACTS_WRITE):
            found[_NEW] = _("A new field of contacts")
        return found

    def _leave(self) -> None:
        self._named = self._named or bool((self._label.value or "").strip())

    async def _choose(self) -> None:
        chosen = self._where.value
        if chosen == self._kept:
            return
        if chosen == _NEW:
            chosen = await self._make()
            if chosen is None:
                self._where.value = self._kept
                return
        self._kept = chosen
        field = next((one for one in self._fields if one.key == chosen), None)
        if not (self._label.value or "").strip() and chosen != _TALK:
            self._label.value = self._places()[chosen]
        if field is not None:
            self._look.value = _LOOKS.get(field.kind, self._look.value)
        elif chosen in ("name", "email"):
            self._look.value = GoalKind.EMAIL if chosen == "email" else GoalKind.TEXT
        self._lock_look()
        self._changed()

    def _lock_look(self) -> None:
        """What a field says of itself is not said again."""
        field = next((one for one in self._fields if one.key == self._kept), None)
        fixed = self._kept in ("name", "email") or (field is not None and field.kind is not CustomFieldKind.TEXT)
        self._look.control.enabled = not fixed  # type: ignore[attr-defined]

    async def _make(self) -> str | None:
        """A field of contacts that is called as the fact; its key."""
        label = (self._label.value or "").strip()[:60]
        if not filled([self._label]):
            return None
        looks = {look: kind for kind, look in _LOOKS.items()}
        kind = looks.get(self._look.value, CustomFieldKind.TEXT)
        try:
            made = await contacts.create_field(session.current().api, CustomFieldCreate(label=label, kind=kind))
        except ApiProblem as error:
            mark({self._label: problems.sentence(error)})
            return None
        self._fields.append(made)
        self._where.control.set_options(dict(self._places()), value=made.key)  # type: ignore[attr-defined]
        return made.key

    def read(self) -> Goal | None:
        text = (self._label.value or "").strip()
        if not text:
            return None
        if self._kept == _TALK and not (self._named and self._own):  # while it is being typed, the key follows
            taken = {one.key for one in self._doc.config.goals} - {self._own} | set(self._places())
            self._own = goal_key(text, taken)
        key = self._own if self._kept == _TALK else self._kept
        return Goal(key=key, label=text, kind=self._look.value, required=bool(self._needed.value))


def draw_goals(it: Context) -> None:
    def line(goal: Goal | None, changed: Callable[[], None]) -> Read[Goal]:
        return _Line(it, goal, changed).read

    hint = _(
        "It asks for one thing at a time, and never for what is known. What is kept with the contact fills an empty field, where the "
        "customer's own words say it, and is not asked again in the next talk."
    )
    with card(_("What it finds out"), hint=hint):
        Rows(
            it.doc.config.goals, line, lambda goals: it.doc.change(goals=goals),
            add=_("Add a fact"), remove=_("Take this fact away"), most=20, look="goals",
        )  # fmt: skip
