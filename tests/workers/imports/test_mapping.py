import pytest

from db.contacts.mapping import ColumnTarget, Mapping, MappingNote, Target
from workers.imports.mapping import field_key, guess, problems
from workers.imports.reader import Column

PHONES = ["(11) 98765-4321", "11 98765-4322", "5511987654323"]
FIXED = ["(11) 3456-7890", "11 3456-7891"]
NAMES = ["Maria da Silva", "João Souza", "Ana Lima"]
EMAILS = ["ana@example.com", "joao@example.com"]


def _guess(*columns: tuple[str, list[str]]) -> Mapping:
    return guess([Column(index, name, samples) for index, (name, samples) in enumerate(columns)])


@pytest.mark.parametrize(
    ("header", "samples", "target"),
    [
        *[(header, PHONES, Target.PHONE) for header in (
            "Celular", "CELULARES", "Fone", "WhatsApp", "Tel. 1", "Telefone (com DDD)", "Nº do celular", "phone_number",
            "Mobile Phone", "telefone do cliente", "Número", "coluna x",
        )],
        *[(header, NAMES, Target.NAME) for header in (
            "Nome", "NOME COMPLETO", "Nome do cliente", "Full Name", "Cliente", "Contato",
        )],
        ("Primeiro nome", ["Ana"], Target.FIRST_NAME), ("firstName", ["Ana"], Target.FIRST_NAME),
        ("Sobrenome", ["Lima"], Target.LAST_NAME), ("Last name", ["Lima"], Target.LAST_NAME),
        *[(header, EMAILS, Target.EMAIL) for header in ("E-mail", "email", "E-mails", "Correio eletrônico", "coluna y")],
        ("Etiquetas", ["vip"], Target.TAGS), ("Tags", ["vip"], Target.TAGS), ("Grupos", ["a"], Target.TAGS),
        ("Idioma", ["pt"], Target.LANGUAGE), ("Language", ["en"], Target.LANGUAGE),
        ("Opt-out", ["sim"], Target.OPT_OUT), ("Descadastrado?", ["não"], Target.OPT_OUT), ("Não enviar", ["x"], Target.OPT_OUT),
        ("Consentimento LGPD", ["sim"], Target.CONSENT), ("opt_in", ["1"], Target.CONSENT),
        ("ID externo", ["12"], Target.EXTERNAL_ID), ("Código", ["12"], Target.EXTERNAL_ID), ("ID", ["7"], Target.EXTERNAL_ID),
        ("Observações", ["liga à tarde"], Target.NOTE), ("Obs.", ["oi"], Target.NOTE), ("Notes", ["hi"], Target.NOTE),
        ("Cidade", ["São Paulo"], Target.CUSTOM), ("CPF", ["12345678909", "98765432100"], Target.CUSTOM),
        ("Nome da empresa", ["Padaria"], Target.CUSTOM), ("Tipo de telefone", ["fixo"], Target.CUSTOM),
        ("Data de nascimento", ["1990-05-17", "17/05/1990"], Target.CUSTOM), ("C", [], Target.IGNORE),
    ],
)  # fmt: skip
def test_one_column(header: str, samples: list[str], target: Target) -> None:
    assert _guess((header, samples)).columns[0].target is target


def test_two_phones() -> None:
    mapping = _guess(("Telefone", FIXED), ("Nome", NAMES), ("Celular", PHONES), ("Tel. recado", PHONES))
    assert [(column.target, column.field_key) for column in mapping.columns] == [
        (Target.CUSTOM, "phone_2"),
        (Target.NAME, None),
        (Target.PHONE, None),
        (Target.CUSTOM, "phone_3"),
    ]
    assert mapping.notes == [MappingNote("second_phone", 0, "phone_2"), MappingNote("second_phone", 3, "phone_3")]


def test_the_filled_phone_column_wins() -> None:
    mapping = _guess(("WhatsApp", []), ("Celular", PHONES))
    assert mapping.columns[1].target is Target.PHONE


def test_name_beside_surname() -> None:
    mapping = _guess(("Nome", NAMES), ("Sobrenome", ["Lima"]), ("E-mail", EMAILS))
    assert [column.target for column in mapping.columns] == [Target.FIRST_NAME, Target.LAST_NAME, Target.EMAIL]


def test_without_headers() -> None:
    mapping = _guess(("A", ["1", "2", "3"]), ("B", NAMES), ("C", PHONES), ("D", EMAILS))
    assert [column.target for column in mapping.columns][1:] == [Target.NAME, Target.PHONE, Target.EMAIL]


def test_a_guess_is_always_usable_but_for_identity() -> None:
    columns = [("Cidade", ["a"]), ("cidade!", ["b"]), ("1ª compra", ["c"]), ("日本", ["d"]), ("x" * 200, ["e"]), ("Valor", ["1"])]
    mapping = _guess(*columns)
    assert problems(mapping, len(columns)) == ["no_identity"]
    assert mapping.notes == [MappingNote("no_identity")]
    assert [column.field_key for column in mapping.columns][:4] == ["cidade", "cidade_2", "field_1a_compra", "field"]


def test_problems_of_a_corrected_mapping() -> None:
    good = [ColumnTarget(0, Target.PHONE), ColumnTarget(1, Target.CUSTOM, "city")]
    assert problems(Mapping(good), 2) == []
    assert problems(Mapping(good), 3) == ["columns_do_not_fit"]
    assert problems(Mapping([ColumnTarget(0, Target.PHONE), ColumnTarget(1, Target.PHONE)]), 2) == ["target_twice"]
    assert problems(Mapping([good[0], ColumnTarget(1, Target.CUSTOM, "Bad Key")]), 2) == ["field_key_invalid"]
    assert problems(Mapping([good[0], good[1], ColumnTarget(2, Target.CUSTOM, "city")]), 3) == ["field_key_twice"]


@pytest.mark.parametrize(("header", "key"), [("Data de Nascimento", "data_de_nascimento"), ("Tel. 1", "tel_1"), ("", "field")])
def test_field_key(header: str, key: str) -> None:
    assert field_key(header) == key
