"""The keys of new fields."""

from ui.pages.imports.page import _key, _unique
from workers.imports.mapping import field_key


def test_a_fields_key_is_made_as_the_importer_makes_it() -> None:
    for label in ("Data de nascimento", "CPF/CNPJ", "1ª compra", "Região", "x" * 60):
        assert _key(label) == field_key(label)
    taken: set[str] = set()
    assert [_unique("cidade", taken) for _ in range(3)] == ["cidade", "cidade_2", "cidade_3"]
