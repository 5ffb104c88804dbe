import re

import pytest

from api.contract.contacts import FIELD_KEY
from db.contacts.enums import CustomFieldKind, ImportTarget
from db.contacts.mapping import MAX_KEY, ColumnTarget, GuessedColumn, called, checked, distinct, field_key
from db.errors import AppError
from workers.imports.mapping import guess
from workers.imports.reader import Column

PHONES = ["(11) 98765-4321", "11 98765-4322", "5511987654323"]
FIXED = ["(11) 3456-7890", "11 3456-7891"]
NAMES = ["Maria da Silva", "João Souza", "Ana Lima"]
EMAILS = ["ana@example.com", "joao@example.com"]


def _guess(*columns: tuple[str, list[str]]) -> list[GuessedColumn]:
    return guess([Column(index, name, samples) for index, (name, samples) in enumerate(columns)])


@pytest.mark.parametrize(
    ("header", "samples", "target"),
    [
        *[(header, PHONES, ImportTarget.PHONE) for header in (
            "Celular", "CELULARES", "Fone", "WhatsApp", "Tel. 1", "Telefone (com DDD)", "Nº do celular", "phone_number",
            "Mobile Phone", "telefone do cliente", "Número", "coluna x",
        )],
        *[(header, NAMES, ImportTarget.NAME) for header in (
            "Nome", "NOME COMPLETO", "Nome do cliente", "Full Name", "Cliente", "Contato",
        )],
        ("Primeiro nome", ["Ana"], ImportTarget.FIRST_NAME), ("firstName", ["Ana"], ImportTarget.FIRST_NAME),
        ("Sobrenome", ["Lima"], ImportTarget.LAST_NAME), ("Last name", ["Lima"], ImportTarget.LAST_NAME),
        *[(header, EMAILS, ImportTarget.EMAIL) for header in ("E-mail", "email", "E-mails", "Correio eletrônico", "coluna y")],
        ("Etiquetas", ["vip"], ImportTarget.TAGS), ("Tags", ["vip"], ImportTarget.TAGS), ("Grupos", ["a"], ImportTarget.TAGS),
        ("Idioma", ["pt"], ImportTarget.LANGUAGE), ("Language", ["en"], ImportTarget.LANGUAGE),
        ("Opt-out", ["sim"], ImportTarget.OPT_OUT), ("Descadastrado?", ["não"], ImportTarget.OPT_OUT), ("Não enviar", ["x"], ImportTarget.OPT_OUT),
        ("Consentimento LGPD", ["sim"], ImportTarget.CUSTOM), ("opt_in", ["1"], ImportTarget.CUSTOM),
        ("ID externo", ["12"], ImportTarget.CUSTOM), ("Código", ["12"], ImportTarget.CUSTOM), ("ID", ["7"], ImportTarget.CUSTOM),
        ("Observações", ["liga à tarde"], ImportTarget.CUSTOM), ("Obs.", ["oi"], ImportTarget.CUSTOM), ("Notes", ["hi"], ImportTarget.CUSTOM),
        ("Cidade", ["São Paulo"], ImportTarget.CUSTOM), ("CPF", ["12345678909", "98765432100"], ImportTarget.CUSTOM),
        ("Nome da empresa", ["Padaria"], ImportTarget.CUSTOM), ("Tipo de telefone", ["fixo"], ImportTarget.CUSTOM),
        ("Data de nascimento", ["1990-05-17", "17/05/1990"], ImportTarget.CUSTOM), ("C", [], ImportTarget.IGNORE),
    ],
)  # fmt: skip
def test_one_column(header: str, samples: list[str], target: ImportTarget) -> None:
    assert _guess((header, samples))[0].target is target


def test_two_phones() -> None:
    """The next best is taken where the first has none, and its column stays a field, like further ones."""
    guessed = _guess(("Telefone", FIXED), ("Nome", NAMES), ("Celular", PHONES), ("Tel. recado", FIXED))
    assert [(column.target, column.field_key) for column in guessed] == [
        (ImportTarget.SECOND_PHONE, "phone_2"),
        (ImportTarget.NAME, None),
        (ImportTarget.PHONE, None),
        (ImportTarget.CUSTOM, "phone_3"),
    ]


@pytest.mark.parametrize(
    ("telefone", "celular", "first"),
    [((FIXED, 1.0), (PHONES, 0.1), 0), ((FIXED, 1.0), (PHONES, 0.9), 1), ((["x", "?"], 1.0), (PHONES, 0.3), 1)],
    ids=["full beside two values", "mobile nearly full", "full of no phones"],
)
def test_the_phone_is_guessed_by_how_many_have_one_that_is_valid(
    telefone: tuple[list[str], float], celular: tuple[list[str], float], first: int
) -> None:
    columns = [Column(0, "Telefone", *telefone), Column(1, "Celular", *celular)]
    assert [column.target for column in guess(columns)].index(ImportTarget.PHONE) == first


def test_an_empty_phone_column_is_not_the_phone() -> None:
    assert _guess(("WhatsApp", []), ("Celular", PHONES))[1].target is ImportTarget.PHONE


def test_name_beside_surname() -> None:
    guessed = _guess(("Nome", NAMES), ("Sobrenome", ["Lima"]), ("E-mail", EMAILS))
    assert [column.target for column in guessed] == [ImportTarget.FIRST_NAME, ImportTarget.LAST_NAME, ImportTarget.EMAIL]


def test_without_headers() -> None:
    guessed = _guess(("A", ["1", "2", "3"]), ("B", NAMES), ("C", PHONES), ("D", EMAILS))
    assert [column.target for column in guessed][1:] == [ImportTarget.NAME, ImportTarget.PHONE, ImportTarget.EMAIL]


def test_the_keys_of_a_guess_are_keys_and_differ() -> None:
    columns = [("Cidade", ["a"]), ("cidade!", ["b"]), ("1ª compra", ["c"]), ("日本", ["d"]), ("x" * 200, ["e"]), ("Valor", ["1"])]
    guessed = _guess(*columns)
    assert [column.field_key for column in guessed] == [
        "cidade",
        "cidade_2",
        "field_1a_compra",
        field_key("日本"),
        "x" * 40,
        "valor",
    ]


@pytest.mark.parametrize(
    ("samples", "language", "kind"),
    [
        (["02/02/2025", "1/12/1990"], "pt-BR", CustomFieldKind.DATE),
        (["2025-02-02", "2025-02-03"], "pt-BR", CustomFieldKind.DATE),
        (["2025-02-02"], "en", CustomFieldKind.DATE),
        (["02/03/2025"], "en", CustomFieldKind.TEXT),
        (["02/02/2025", "a combinar"], "pt-BR", CustomFieldKind.TEXT),
        (["31/02/2025"], "pt-BR", CustomFieldKind.TEXT),
        (["02/02/2025 10:30"], "pt-BR", CustomFieldKind.TEXT),
        (["139,48", "50"], "pt-BR", CustomFieldKind.TEXT),
        ([], "pt-BR", CustomFieldKind.TEXT),
    ],
)
def test_a_column_of_days_holds_dates(samples: list[str], language: str, kind: CustomFieldKind) -> None:
    assert guess([Column(0, "Compra", samples)], "BR", language)[0].field_kind is kind


@pytest.mark.parametrize(
    ("columns", "codes"),
    [
        ([ColumnTarget(0, ImportTarget.PHONE), ColumnTarget(1, ImportTarget.CUSTOM, "city")], []),
        ([ColumnTarget(0, ImportTarget.SECOND_PHONE, "phone_2")], []),
        ([ColumnTarget(2, ImportTarget.PHONE)], ["columns[0].index", "columns"]),
        ([ColumnTarget(0, ImportTarget.PHONE), ColumnTarget(0, ImportTarget.NAME)], ["columns[1].index"]),
        ([ColumnTarget(0, ImportTarget.PHONE), ColumnTarget(1, ImportTarget.PHONE)], ["columns[1].target"]),
        ([ColumnTarget(0, ImportTarget.EMAIL), ColumnTarget(1, ImportTarget.CUSTOM)], ["columns[1].field_key"]),
        ([ColumnTarget(0, ImportTarget.CUSTOM, "city"), ColumnTarget(1, ImportTarget.CUSTOM, "city")], ["columns[1].field_key", "columns"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_mapping_is_marked(columns: list[ColumnTarget], codes: list[str]) -> None:
    try:
        checked(columns, ["Celular", "Cidade"])
        found = []
    except AppError as error:
        found = [field.path for field in error.fields]
    assert found == codes


def test_a_field_without_a_key_gets_one_from_its_name() -> None:
    columns = [
        ColumnTarget(0, ImportTarget.PHONE),
        ColumnTarget(1, ImportTarget.CUSTOM, "cidade"),
        ColumnTarget(2, ImportTarget.CUSTOM, None, "Cidade!"),
    ]
    made = checked(columns, ["Celular", "Cidade", "Outra", "Rua"])
    assert [(c.target, c.field_key, c.field_label) for c in made] == [
        ("phone", None, None), ("custom", "cidade", "Cidade"), ("custom", "cidade_2", "Cidade!"), ("ignore", None, None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "key"),
    [("Data de Nascimento", "data_de_nascimento"), ("Tel. 1", "tel_1"), ("", "field"), ("CPF/CNPJ", "cpf_cnpj")],
)
def test_field_key(header: str, key: str) -> None:
    assert field_key(header) == key


def test_labels_of_other_alphabets_have_keys_of_their_own() -> None:
    """Else a second list would fill the field of the first."""
    keys = [field_key(label) for label in ("Город", "Имя", "Город (1)", "都市", "%", "#", "Øre", "Are")]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(FIELD_KEY, key) for key in keys), keys
    assert field_key("ГОРОД!") == keys[0]
    assert len(field_key("Город " * 20 + "a" * 60)) <= MAX_KEY


@pytest.mark.parametrize(
    ("label", "taken", "found"),
    [
        ("Telefone", ["telefone"], "Telefone 2"),
        ("TELEFONE", ["Telefone", "telefone 2"], "TELEFONE 3"),
        ("Имя", ["Город"], "Имя"),
        ("Город", ["город"], "Город 2"),
        ("★", ["%"], "★"),
        ("a" * 60, ["a" * 60], "a" * 58 + " 2"),
    ],
)
def test_a_name_that_is_taken_gets_a_number(label: str, taken: list[str], found: str) -> None:
    names = set(map(called, taken))
    assert distinct(label, names, 60) == found
    assert called(found) in names
