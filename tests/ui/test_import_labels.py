"""The names of new fields."""

import pytest

from db.contacts import fields
from db.contacts.mapping import called
from ui import i18n
from ui.labels import imports, templates


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_no_field_can_be_called_like_what_every_contact_has(language: str) -> None:
    """Whatever the screens call it, in both languages."""
    i18n.set_request_preferences(language, None)
    try:
        shown = {
            key: name for key, name in imports.targets().items() if key not in {"custom", "ignore", "opt_out", "second_phone"}
        }
        names = {*shown.values(), *templates.names([]).values()}
        assert {name for name in names if called(name) not in fields._OF_EVERY_CONTACT} == set()
    finally:
        i18n.set_request_preferences(None, None)
