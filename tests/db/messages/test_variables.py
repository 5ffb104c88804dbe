import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.messages.variables import (
    MAX_VALUE,
    Literal,
    Problem,
    ProblemCode,
    Variable,
    clean_value,
    first_name,
    parse,
    problems,
    render,
)


def test_parse() -> None:
    assert parse("Oi {{ first_name | cliente }}, {{custom.city}}!") == [
        Literal("Oi "),
        Variable("first_name", 3, "cliente"),
        Literal(", "),
        Variable("custom.city", 31),
        Literal("!"),
    ]
    assert parse("") == []
    assert parse("a { b } }} c") == [Literal("a { b } }} c")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oi {{name|você}} {{custom.city|aí}}", []),
        ("Oi {{name", [Problem(ProblemCode.UNCLOSED, "", 3)]),
        ("Oi {{na{{name|a}}", [Problem(ProblemCode.UNCLOSED, "", 3)]),
        ("{{name|a}}{{", [Problem(ProblemCode.UNCLOSED, "", 10)]),
        ("Oi {{ }}", [Problem(ProblemCode.EMPTY_NAME, "", 3)]),
        ("{{nme|a}}", [Problem(ProblemCode.UNKNOWN_FIELD, "nme", 0)]),
        ("a {{custom.age|a}}", [Problem(ProblemCode.UNKNOWN_FIELD, "custom.age", 2)]),
        ("a {{name}}", [Problem(ProblemCode.NO_FALLBACK, "name", 2)]),
        ("a {{name| }}", [Problem(ProblemCode.NO_FALLBACK, "name", 2)]),
        ("a {{name|\n\t\u200b}}", [Problem(ProblemCode.NO_FALLBACK, "name", 2)]),
        (f"{{{{name|{'a' * MAX_VALUE}}}}}", []),
        (f"{{{{name|{'a' * (MAX_VALUE + 1)}}}}}", [Problem(ProblemCode.VALUE_TOO_LONG, "name", 0)]),
    ],
)
def test_problems_of_a_text(text: str, expected: list[Problem]) -> None:
    assert problems(text, {"city"}) == expected


def test_render() -> None:
    parts = parse("Oi {{first_name|cliente}} de {{custom.city|longe}}")
    assert render(parts, {"first_name": "Ana", "custom.city": "Rio"}) == "Oi Ana de Rio"
    assert render(parts, {"first_name": " \n", "custom.city": None}) == "Oi cliente de longe"
    assert render(parts, {"first_name": "{{custom.city}}", "custom.city": "R\nJ"}) == "Oi {{custom.city}} de R J"


def test_parts_can_be_stored() -> None:
    parts = parse("Oi {{name|você}}")
    assert msgspec.json.decode(msgspec.json.encode(parts), type=list[Literal | Variable]) == parts


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text(alphabet="{}|a. \n", max_size=30), st.text())
def test_no_text_and_no_value_breaks_a_message(text: str, value: str) -> None:
    parts = parse(text)
    assert all(text.startswith("{{", problem.position) for problem in problems(text, set()))
    render(parts, {"a": value}).encode()
    cleaned = clean_value(value)
    assert not set(cleaned) & set("\n\t\r\0")
    assert "  " not in cleaned
    assert len(cleaned) <= MAX_VALUE
    assert clean_value(cleaned) == cleaned


def test_hostile_values() -> None:
    assert clean_value("a\0b\ud800c\u202ed") == "abcd"
    assert clean_value("👨‍👩‍👧 ❤️") == "👨‍👩‍👧 ❤️"
    assert len(clean_value("x" * 1_000_000)) == MAX_VALUE


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("MARIA DA SILVA", "Maria"),
        ("joão", "João"),
        ("João Silva", "João"),
        ("Dr. João Silva", "João"),
        ("Sra Ana", "Ana"),
        ("ANA-PAULA souza", "Ana-Paula"),
        ("McDonald Jr", "McDonald"),
        ("d'Ávila", "d'Ávila"),
        ("Silva, Maria", "Maria"),
        ("🌸 Ana 🌸", "Ana"),
        ("🌸Ana", "Ana"),
        ("J. Silva", "Silva"),
        ("11987654321", ""),
        ("", ""),
        ("...", ""),
        ("\ud800", ""),
        ("José,", "José"),
        ("E\u0301rica", "E\u0301rica"),
    ],
)
def test_first_name(name: str, first: str) -> None:
    assert first_name(name) == first
