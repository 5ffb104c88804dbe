"""The keys and names of new fields."""

import pytest

from db.contacts import fields
from ui import i18n
from ui.labels import imports, templates
from ui.pages.imports.page import _key, _unique
from workers.imports.mapping import field_key


def test_a_fields_key_is_made_as_the_importer_makes_it() -> None:
    for label in ("Data de nascimento", "CPF/CNPJ", "1ª compra", "Região", "x" * 60):
        assert _key(label) == field_key(label)
    taken: set[str] = set()
    assert [_unique("cidade", taken) for _ in range(3)] == ["cidade", "cidade_2", "cidade_3"]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_no_field_can_be_called_like_what_every_contact_has(language: str) -> None:
    """Whatever the screens call it, in both languages."""
    i18n.set_request_preferences(language, None)
    try:
        shown = {key: name for key, name in imports.targets().items() if key not in {"custom", "ignore", "opt_out"}}
        names = {*shown.values(), *templates.names([]).values()}
        assert {name for name in names if fields._called(name) not in fields._OF_EVERY_CONTACT} == set()
    finally:
        i18n.set_request_preferences(None, None)
