"""Bodies as they come: JSON, forms, garbage; and places in them."""

from typing import Any

import pytest

from db.incoming.errors import IncomingField
from db.incoming.paths import fill, holes, leaves, look, parse, path_of
from db.incoming.payload import MASK, MAX_VALUES, Unreadable
from db.incoming.payload import parse as read

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "----WebKitFormBoundaryAbC"
PARTS = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="Seu nome"\r\n\r\nJoão Luís\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="foto"; filename="eu.png"\r\nContent-Type: image/png\r\n\r\n\x00\x01\r\n'
    f"--{BOUNDARY}--\r\n"
).encode()


@pytest.mark.parametrize(
    ("body", "kind", "tree"),
    [
        (b'{"a": {"b": [1, true, null]}}', "application/json; charset=utf-8", {"a": {"b": [1, True, None]}}),
        (b'\xef\xbb\xbf[{"a": "x"}]', "text/plain", [{"a": "x"}]),
        (b"nome=Jo%C3%A3o&cor=azul&cor=verde&vazio=", FORM, {"nome": "João", "cor": ["azul", "verde"], "vazio": ""}),
        (b"nome=Jo%E3o", FORM, {"nome": "Jo\ufffdo"}),
        (PARTS, f"multipart/form-data; boundary={BOUNDARY}", {"Seu nome": "João Luís", "foto": "eu.png"}),
        (b'{"a": "x\\u0000y"}', "application/json", {"a": "xy"}),
        (b'{"b": 123456789012345678901234567890}', "application/json", {"b": None}),
        (
            b'{"senha": "s3gredo", "access_token": "t", "conta": {"password": "p", "cvv": 123}, "pass": "", "passo": "2"}',
            "application/json",
            {"senha": MASK, "access_token": MASK, "conta": {"password": MASK, "cvv": MASK}, "pass": "", "passo": "2"},
        ),
    ],
)
def test_what_is_read(body: bytes, kind: str, tree: Any) -> None:
    assert read(body, kind) == tree


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", "application/json", IncomingField.UNREADABLE),
        (b"oi", "application/json", IncomingField.UNREADABLE),
        (b"7", "application/json", IncomingField.UNREADABLE),
        (b"\xff\xfe", "", IncomingField.UNREADABLE),
        (b"{}", "application/json", IncomingField.BODY_EMPTY),
        (b"", FORM, IncomingField.BODY_EMPTY),
        (b"[" * 60_000 + b"]" * 60_000, "application/json", IncomingField.BODY_TOO_DEEP),
        (b"[" * 30 + b"]" * 30, "application/json", IncomingField.BODY_TOO_DEEP),
        (b"[" + b"1," * MAX_VALUES + b"1]", "application/json", IncomingField.BODY_TOO_DEEP),
        (b"a=1&" * (MAX_VALUES + 1), FORM, IncomingField.BODY_TOO_DEEP),
        (PARTS, "multipart/form-data", IncomingField.UNREADABLE),
        (PARTS[:90], f"multipart/form-data; boundary={BOUNDARY}", IncomingField.UNREADABLE),
    ],
)
def test_what_is_not(body: bytes, kind: str, code: IncomingField) -> None:
    with pytest.raises(Unreadable) as unread:
        read(body, kind)
    assert unread.value.code is code


@pytest.mark.parametrize(
    "tokens",
    [
        ("a",), ("a", "b", 0, "c"), (0, "a"), ("Seu nome",), ("customer[name]",), ("a.b", 'com "aspas"', "{{x}}"), (" borda ",), ("a|b",), ("é",),
    ],
)  # fmt: skip
def test_a_place_is_read_as_it_is_written(tokens: tuple[str | int, ...]) -> None:
    assert parse(path_of(tokens)) == tokens
    assert holes(f"oi {{{{{path_of(tokens)}|x}}}}")[0].tokens == tokens or "}}" in path_of(tokens)


@pytest.mark.parametrize("path", ["", " ", "a..b", "a[", "a[x]", "[0]a", "a.", '["x]', "a{b"])
def test_what_is_no_place(path: str) -> None:
    assert parse(path) is None


def test_texts_are_filled() -> None:
    tree = {
        "cliente": {"nome": " Ana ", "novo": True},
        "itens": [{"nome": "Bolo"}, {"nome": "Pão"}],
        "cores": ["azul", 2],
        "total": 12.5,
    }
    assert look(tree, ("itens", 1, "nome")) == "Pão"
    assert fill("{{cliente.nome}} quer {{itens[0].nome}}: {{cores}}", tree).text == "Ana quer Bolo: azul, 2"
    assert fill("{{cliente.cpf|sem CPF}} {{cliente.novo}} {{total}}", tree).text == "sem CPF true 12.5"
    missing = fill("{{cliente.cpf}}{{itens}}", tree)
    assert (missing.text, missing.missing) == ("", ["cliente.cpf", "itens"])
    assert fill("sem lugar { {{}} }", tree).text == "sem lugar {  }"


def test_the_values_of_a_tree_are_where_their_places_say() -> None:
    tree = {"a": {"b c": [1, 2], "d": [{"e": None}, {"e": "x"}]}, "f.g": True}
    found = leaves(tree)
    assert found == [("a.b c", "1, 2"), ("a.d[0].e", ""), ("a.d[1].e", "x"), ('["f.g"]', "true")]
    assert all(fill(f"{{{{{path}|}}}}", tree).text == text for path, text in found)
    assert leaves(["x", "y"]) == [("[0]", "x"), ("[1]", "y")]
