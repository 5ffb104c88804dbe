"""What is typed into a form is kept in the browser until it is sent, and never comes over what was typed since."""

import asyncio
import json
from typing import Any

import pytest
from nicegui import ui
from nicegui.events import GenericEventArguments
from nicegui.testing import User

from tests.ui.interactions import true_of, until
from ui.components.forms import Field, text_field
from ui.components.kept import Kept


class Form:
    """One field on an open page, and what the browser was told of it."""

    def __init__(self, told: list[str]) -> None:
        self.told = told
        self.field: Field[str] = text_field("Nome", on_change=self.changed)
        self.kept = Kept("form", lambda: {"name": self.field.value}, self.fill)

    def changed(self) -> None:
        self.kept.changed()

    def fill(self, values: dict[str, Any]) -> None:
        self.field.value = str(values.get("name", ""))

    def found(self, text: str) -> None:
        """The browser had this from another time."""
        element = self.field.element
        self.kept._found(GenericEventArguments(sender=element, client=element.client, args=text))

    @property
    def stored(self) -> list[str]:
        return [code for code in self.told if "setItem" in code]


@pytest.fixture
async def form(ana: User, monkeypatch: pytest.MonkeyPatch) -> Form:
    await ana.open("/team")
    told: list[str] = []
    with ana:
        monkeypatch.setattr(ui, "run_javascript", told.append)
        return Form(told)


async def test_every_change_is_kept_until_it_is_sent(form: Form) -> None:
    form.field.value = "promo"
    await until(lambda: true_of(lambda: len(form.stored) == 1))
    key, values = form.stored[0].removeprefix("localStorage.setItem(").removesuffix(")").split(", ", 1)
    assert json.loads(json.loads(values)) == {"name": "promo"}
    assert json.loads(key).startswith("draft:form:")  # what sign-out forgets (ui/theme/app.js)
    form.field.value = ""
    await until(lambda: true_of(lambda: len(form.stored) == 2))
    form.field.value = "outra"
    form.kept.forget()
    assert form.told[-1] == f"localStorage.removeItem({key})"
    await asyncio.sleep(0.4)  # a change that was waiting is not kept after all
    assert len(form.stored) == 2


async def test_a_form_that_only_opened_keeps_nothing(form: Form) -> None:
    """Nor does it empty what was kept and has not come yet."""
    form.changed()
    await asyncio.sleep(0.1)
    assert form.stored == []
    form.found('{"name": "promo"}')
    assert form.field.value == "promo"


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"name": "' + "x" * 200_000 + '"}'])
async def test_what_no_form_of_ours_kept_is_left_alone(form: Form, text: str) -> None:
    form.found(text)
    assert not form.field.value


async def test_what_comes_late_is_not_put_over_what_was_typed(form: Form) -> None:
    form.field.value = "promo_verao"
    form.found('{"name": "promo"}')
    assert form.field.value == "promo_verao"
