"""The code of the second factor, asked for where the password was right: the form stays, its other fields give way."""

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from api.contract.problems import AccountError
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.code_field import code_field, too_short
from ui.components.forms import Field, filled, mark
from ui.i18n import _


class CodeStep:
    """Drawn hidden. `ask` shows it when that is what the API wants; `code` and `trust` go with the next try."""

    def __init__(self, before: Sequence[Field[Any]], on_enter: Callable[[], Any], *, may_trust: bool = False) -> None:
        self._before, self._beside = before, list[ui.element]()
        self._field = code_field(on_enter, hint=_("Six digits from your authenticator app, or one of your recovery codes."))
        self._field.hide()
        self._trust = ui.checkbox(_("Do not ask in this browser for 30 days")).props("dense size=sm")
        self._trust.set_visibility(False)
        self._may_trust = may_trust
        self._asked = False

    def in_place_of(self, beside: ui.element) -> None:
        """Another way in, which is no way any more once the code is asked for."""
        self._beside.append(beside)

    @property
    def code(self) -> str | None:
        return self._field.value.strip() if self._asked else None

    @property
    def trust(self) -> bool:
        return self._asked and bool(self._trust.value)

    @property
    def ready(self) -> bool:
        """Whether the form may be sent, as far as the code goes; marks what is missing."""
        return not self._asked or filled([self._field], {self._field: too_short(self._field.value)})

    def show(self) -> None:
        """The code in place of the other fields."""
        self._asked = True
        for field in self._before:
            field.hide()
        for other in self._beside:
            other.set_visibility(False)
        self._field.hide(False)
        self._trust.set_visibility(self._may_trust)
        self._field.focus()

    def ask(self, error: ApiProblem) -> bool:
        """Whether the problem is one of the code, and is shown here."""
        if error.code == AccountError.SECOND_FACTOR_NEEDED:
            self.show()
            return True
        if error.code == AccountError.SECOND_FACTOR_WRONG:
            self._field.value = ""
            mark({self._field: problems.sentence(error)})
            return True
        return False
