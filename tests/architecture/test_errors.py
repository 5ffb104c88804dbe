"""Every refusal carries a code of a closed list, and every code has its sentence in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from api.contract import problems
from api.contract.problems import ERROR_LISTS, FIELD_LISTS, LOCALES, OTHER_LISTS
from db.errors import AppError, Code, ErrorCode, Invalid, NotFound, RequestError, RequestField, fill
from tests.architecture.tree import nodes, python_files

LISTS: tuple[type[Code], ...] = (*ERROR_LISTS, *FIELD_LISTS, *OTHER_LISTS)
BASES = {"Code", "ErrorCode", "FieldCode"}
RAISED_ONLY_BY_CODE = {"AppError", "Field", *(kind.__name__ for kind in AppError.__subclasses__())}
MAKER = Path("db/errors.py")


def _nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in python_files("api", "db", "workers"):
        for node in nodes(path):
            yield path, node


def test_every_list_of_codes_is_in_the_contract() -> None:
    found = {
        node.name
        for path, node in _nodes()
        if isinstance(node, ast.ClassDef) and BASES & {base.id for base in node.bases if isinstance(base, ast.Name)}
    }
    assert found - BASES == {each.__name__ for each in LISTS}


def test_errors_are_made_by_their_codes() -> None:
    """No text and no code is written where an error is raised."""
    by_hand = [
        f"{path}:{node.lineno} {node.func.id}"
        for path, node in _nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in RAISED_ONLY_BY_CODE
        and path != MAKER
    ]
    assert by_hand == []


def test_every_code_is_used() -> None:
    used = {
        (node.value.id, node.attr) for _, node in _nodes() if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert [f"{each.__name__}.{code.name}" for each in LISTS for code in each if (each.__name__, code.name) not in used] == []


def test_a_code_means_one_thing() -> None:
    errors = [str(code) for each in ERROR_LISTS for code in each]
    assert len(errors) == len(set(errors)) == len(problems.ERRORS)
    fields = [str(code) for each in FIELD_LISTS for code in each]
    assert {code for code in fields if fields.count(code) > 1} == {"too_long"}  # of an imported row, and of a field
    assert problems.FIELDS["too_long"] is RequestField.TOO_LONG


def test_every_sentence_has_its_portuguese_twin() -> None:
    with (LOCALES / "pt_BR.po").open("rb") as file:
        known = {str(message.id): str(message.string) for message in read_po(file) if message.id}
    sentences = {code.sentence for each in LISTS for code in each}
    assert sentences - set(known) == set()
    assert set(known) - sentences == set()
    assert [sentence for sentence, twin in known.items() if not twin] == []


@pytest.mark.parametrize("each", LISTS, ids=lambda each: each.__name__)
def test_sentences_are_sentences(each: type[Code]) -> None:
    for code in each:
        assert code.sentence[0].isupper() or code.sentence[0] == "{", code.sentence
        assert code.sentence.endswith((".", "}", "-03:00.")), code.sentence
        if isinstance(code, ErrorCode):
            assert 400 <= code.status < 600


def test_calling_a_code_makes_its_error() -> None:
    error = RequestError.NOT_FOUND(what="channel")
    assert (type(error), error.status, error.params) == (NotFound, 404, {"what": "channel"})
    wrong = RequestError.INVALID(fields=[RequestField.TOO_SHORT("password", min=10)])
    assert type(wrong) is Invalid
    assert [(field.path, field.code, field.message) for field in wrong.fields] == [
        ("password", "too_short", "This is too short: at least 10 characters.")
    ]


def test_parameters_fill_their_places_and_variables_stay() -> None:
    assert fill("{n} of {m}, {{1}}, {{name|x}}", {"n": 3}) == "3 of {m}, {{1}}, {{name|x}}"


def test_the_screens_look_for_codes_that_exist() -> None:
    looked_for = {
        constant.value
        for path in python_files("ui")
        for node in nodes(path)
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "code"
        if isinstance(node.left.value, ast.Name) and node.left.value.id in {"error", "problem"}
        for comparator in node.comparators
        for constant in ast.walk(comparator)
        if isinstance(constant, ast.Constant)
    }
    assert len(looked_for) > 4
    assert looked_for - set(problems.ERRORS) == set()
