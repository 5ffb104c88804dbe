"""Every form shows what is wrong in the same way: all at once, and it leads to the first."""

import ast
from typing import Any

import pytest
from nicegui.testing import User

from api.contract.base import FieldError
from tests.architecture.tree import nodes, python_files
from ui.client.base import ApiProblem
from ui.components import forms, problems
from ui.components.forms import filled, text_field
from ui.labels.channels import provider_words

WHILE_TYPING = {
    "ui/pages/campaigns/step_rules.py": "hours that end before they begin are marked while a draft keeps itself",
    "ui/pages/contacts/segment_rows.py": "a condition is no field of a form: what it compares with is marked in its row",
    "ui/pages/contacts/suppressions.py": "addresses are pasted or come from a file: an empty field alone is not wrong",
    "ui/pages/campaigns/step_template.py": "a variable without a text is marked as soon as it is empty",
    "ui/pages/campaigns/step_when.py": "a moment that is over is marked while it is chosen",
    "ui/pages/channels/connect.py": "a pasted key is looked at when the field is left",
    "ui/pages/gallery/page.py": "shows the look",
    "ui/pages/personas/character.py": "an address that is none is marked while a draft keeps itself",
    "ui/pages/personas/numbers.py": "a number out of bounds is marked while a draft keeps itself",
    "ui/pages/personas/silence.py": "hours out of bounds are marked while a draft keeps itself",
    "ui/pages/inbox/places.py": "what the browser refused is unsaid while it is asked again",
    "ui/pages/imports/mend.py": "why a row was not taken stands at its cells from the start",
}


def test_no_form_marks_its_fields_by_itself() -> None:
    """What was refused is shown by `filled`, `mark` and `problems.show_in` only."""
    by_hand = {
        str(path)
        for path in python_files("ui")
        if path.parts[1] == "pages"
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "error"
    }
    assert by_hand == set(WHILE_TYPING)


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Where the reader was led, and what was said."""
    found: list[tuple[int, str]] = []
    monkeypatch.setattr(forms, "lead_to", lambda element, said: found.append((element.id, said)))
    return found


async def test_all_that_is_missing_or_wrong_is_marked_at_once(user: User, led: list[tuple[int, str]]) -> None:
    await user.open("/_gallery?tab=states")
    with user:
        name, phone, word = text_field("Nome", "Ana"), text_field("Telefone"), text_field("Senha", "curta")
        assert not filled([name, phone, word], {word: "Curta demais.", name: ""})
    await user.should_see("Preencha este campo.")
    await user.should_see("Curta demais.")
    assert led == [(phone.element.id, "Telefone: Preencha este campo. Senha: Curta demais.")]


async def test_what_the_api_refuses_is_marked_in_the_order_of_the_form(user: User, led: list[tuple[int, str]]) -> None:
    await user.open("/_gallery?tab=states")
    errors = [
        FieldError(field="examples[1]", code="examples_needed", message="m"),
        FieldError(field="body", code="variable_at_edge", message="m"),
        FieldError(field="name", code="too_long", message="m", params={"max": 1512}),
        FieldError(field="elsewhere", code="required", message="m"),
    ]
    with user:
        fields: dict[str, Any] = {"name": text_field("Nome"), "body": text_field("Texto"), "examples": text_field("Exemplos")}
        assert not problems.show_in(fields, ApiProblem(422, "template_invalid", "x", errors))
    await user.should_see("no máximo 1.512 caracteres")
    await user.should_see("O WhatsApp não aceita variável no começo nem no fim")
    await user.should_see("Dê um exemplo para cada variável")
    assert [element for element, _ in led] == [fields["name"].element.id]


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("name_not_found graph.facebook.com", "O endereço graph.facebook.com não foi encontrado."),
        ("not_owned", "Este número não está na conta."),
        ("(#131031) Account locked", "(#131031) Account locked"),
    ],
)
def test_our_own_words_about_a_channel_are_in_the_readers_language(detail: str, shown: str) -> None:
    assert provider_words(detail).startswith(shown)
