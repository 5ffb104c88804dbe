"""Lists of opt-outs as other systems write them."""

import pytest

from ui.pages.contacts.address_list import decoded, found_in

_TABLE = (
    'Nome;Telefone;CPF;Data;E-mail\n"Ana; a dona";11 98765-4321 / 11 91234-5678;12345678909;12/05/2026;ana@\nBia;;98765432100;;\n'
)


@pytest.mark.parametrize(
    ("text", "found", "wrong"),
    [
        ("(11) 98765-4321\n\n ana@exemplo.com.br \n", ["(11) 98765-4321", "ana@exemplo.com.br"], []),
        ("11987654321, 11912345678; bia@x.com", ["11987654321", "11912345678", "bia@x.com"], []),
        (_TABLE, ["11 98765-4321", "11 91234-5678", "ana@"], ["Bia;;98765432100;;"]),
        ('e-mail,fone\n"ana@x.com","+55 (11) 98765-4321"\n', ["ana@x.com", "+55 (11) 98765-4321"], []),
        ("Ana\t11987654321\t2026-05-12\t123.456.789-09", ["11987654321"], []),
        ("sair\nAna Lima <ana@x.com>\nfone: 11 98765-4321 (Bia)", ["ana@x.com", "11 98765-4321"], ["sair"]),
        ("5,51E+12\n12345", [], ["5,51E+12", "12345"]),
        ('Telefone\n"aspas sem fim\n11987654321\n', ["aspas sem fim", "11987654321"], []),
        ("", [], []),
    ],
)
def test_addresses_are_found_in_any_list_and_nothing_is_dropped_in_silence(text: str, found: list[str], wrong: list[str]) -> None:
    assert found_in(text) == (found, wrong)


def test_files_of_any_program_are_read() -> None:
    text = "Ação;11987654321"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        assert decoded(text.encode(encoding)) == text
