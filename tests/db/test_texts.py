"""What a name and an e-mail address may look like, wherever one is given."""

import re

import pytest

from db import texts


@pytest.mark.parametrize("name", ["Ana", "João d'Ávila & Filhos", "  Loja 24h", "李雷", "مريم", "🙂", "Ana\u200dBia"])
def test_a_name_has_something_to_see(name: str) -> None:
    assert re.search(texts.NAME, name)
    assert re.search(texts.NAME_OR_NOTHING, name)


@pytest.mark.parametrize(
    "name",
    [
        "\u200b",
        "\u200b \u200b",
        "\u3164",
        "\u2800",
        "Ana\nBia",
        "Ana\n",
        "Ana\x00",
        "\u202eanA",
        "Ana\u2066",
        "\ufeffAna",
        "Ana\x7f",
    ],
)
def test_what_nobody_sees_or_what_turns_the_line_is_no_name(name: str) -> None:
    assert not re.search(texts.NAME, name)
    assert not re.search(texts.NAME_OR_NOTHING, name)


@pytest.mark.parametrize("name", ["", " ", "\u3000"])
def test_nothing_is_no_name_but_may_be_left_out(name: str) -> None:
    assert not re.search(texts.NAME, name)
    assert re.search(texts.NAME_OR_NOTHING, name)


@pytest.mark.parametrize(
    "address", ["ana@example.com", "a.b+c_d-e@sub.example.com.br", "joão@exämple.de", f"{'a' * 64}@example.com"]
)
def test_an_address_as_people_have_them(address: str) -> None:
    assert re.search(texts.EMAIL, address)


@pytest.mark.parametrize(
    "address",
    [
        "ana", "ana@", "@example.com", "ana@example", "ana@@example.com", "a b@example.com", "ana@exa mple.com", "ana@example..com",
        ".ana@example.com", "a..b@example.com", "ana.@example.com", "ana@-example.com", "ana@example-.com", "ana@example.c",
        "ana@example.com\n", "ana\x00@example.com", "ana\x07@example.com", "ana@exam\x1fple.com", "ana\u0085@example.com",
        "<ana@example.com>", '"ana"@example.com', "ana@example.com,bia@example.com", f"{'a' * 65}@example.com", f"ana@{'a' * 64}.com",
    ],
)  # fmt: skip
def test_what_a_mail_server_or_a_header_would_stumble_over_is_no_address(address: str) -> None:
    assert not re.search(texts.EMAIL, address)
