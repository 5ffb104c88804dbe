"""Every reason for which a row or a file is refused has a sentence on the screen."""

from db.contacts.reasons import Reason
from db.contacts.reasons_pt import WARNINGS, sentence
from ui.labels import imports as import_labels
from ui.pages.imports.page import _key, _unique
from workers.imports.mapping import field_key
from workers.imports.unreadable import _SENTENCES


def test_every_reason_is_said_on_the_screen_and_in_the_download() -> None:
    known = import_labels.reasons()
    assert {reason.value for reason in Reason} | set(WARNINGS) <= set(known)
    for code in known:
        assert sentence(code, portuguese=True) != code
        assert sentence(code) != code


def test_every_problem_of_a_file_is_said() -> None:
    source = import_labels.file_problem.__code__.co_consts
    named = {name for constant in source for name in (constant if isinstance(constant, tuple) else (constant,))}
    assert set(_SENTENCES) <= named


def test_a_fields_key_is_made_as_the_importer_makes_it() -> None:
    for label in ("Data de nascimento", "CPF/CNPJ", "1ª compra", "Região", "x" * 60):
        assert _key(label) == field_key(label)
    taken: set[str] = set()
    assert [_unique("cidade", taken) for _ in range(3)] == ["cidade", "cidade_2", "cidade_3"]
