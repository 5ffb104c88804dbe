"""Every msgid is simple English and has its Portuguese twin."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from selectolax.lexbor import LexborHTMLParser

from ui import formats, i18n

UI = Path(i18n.__file__).parent
PORTUGUESE = re.compile(
    r"[ãõçáéíóúâêôà]|\b(não|para|você|uma|com|seu|sua|enviar|salvar|senha|contatos?|campanhas?)\b", re.IGNORECASE
)
PLACE = re.compile(r"\{\w*\}")


Message = tuple[str | None, str | tuple[str, ...]]
"""A context, and a msgid with its plural where it has one."""


@cache
def msgids() -> dict[Message, str]:
    found: dict[Message, str] = {}
    for path in sorted(UI.rglob("*.py")):
        for _line, message, _comments, context in extract_from_file(
            "python", str(path), keywords={"_": None, "ngettext": (1, 2), "translated": (2,), "pgettext": ((1, "c"), 2)}
        ):
            found[context, message] = path.name
    return found


def catalogue() -> dict[Message, str | tuple[str, ...]]:
    entries: dict[Message, str | tuple[str, ...]] = {}
    for path in i18n.catalogues("pt_BR"):
        with path.open("rb") as file:
            entries |= {(message.context, message.id): message.string for message in read_po(file) if message.id}  # type: ignore[misc]
    return entries


def test_every_message_has_its_portuguese_twin() -> None:
    known = catalogue()
    missing = {message: file for message, file in msgids().items() if not known.get(message) or not all(known[message])}
    assert not missing


def test_no_msgid_is_portuguese() -> None:
    texts = [text for _context, message in msgids() for text in ([message] if isinstance(message, str) else message)]
    assert not [text for text in texts if PORTUGUESE.search(text)]


def test_translations_keep_their_places() -> None:
    for (_context, message), translation in catalogue().items():
        pairs = zip(message, translation, strict=True) if isinstance(message, tuple) else [(message, translation)]
        for source, target in pairs:
            assert sorted(PLACE.findall(source)) == sorted(PLACE.findall(str(target))), source


def test_no_catalogue_says_a_message_twice() -> None:
    """Merges join catalogues line by line; of two translations one would win by chance."""
    for path in i18n.catalogues("pt_BR"):
        heads = re.findall(r'^(?:msgctxt ".*"\n)?msgid "(?!"$).*"$', path.read_text("utf-8"), re.MULTILINE)
        assert sorted(heads) == sorted(set(heads)), path.name


def test_catalogues_do_not_contradict_each_other() -> None:
    said: dict[object, set[str]] = {}
    for path in i18n.catalogues("pt_BR"):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id:
                    said.setdefault((message.context, message.id), set()).add(str(message.string))
    assert {message: texts for message, texts in said.items() if len(texts) > 1} == {}


@pytest.mark.parametrize(
    ("language", "word", "many", "number"), [("pt-BR", "Salvar", "2 dias", "1.234,5"), ("en", "Save", "2 days", "1,234.5")]
)
def test_the_language_of_the_request_decides(language: str, word: str, many: str, number: str) -> None:
    i18n.set_request_preferences(language, None)
    try:
        assert i18n._("Save") == word
        assert i18n.ngettext("{n} day", "{n} days", 2).format(n=2) == many
        assert i18n.ngettext("{n} day", "{n} days", 0).format(n=0) == many.replace("2", "0"), "nothing is plural"
        assert formats.number(1234.5, 1) == number
    finally:
        i18n.set_request_preferences(None, None)


def test_the_same_english_words_may_mean_several_things() -> None:
    assert i18n.pgettext("message", "Failed") == "Falhou"  # a message; a campaign is "Com falha"
    assert i18n._("Failed") == "Com falha"
    assert i18n.pgettext("nobody said so", "Save") == "Save"


def test_unknown_language_and_theme_fall_back() -> None:
    i18n.set_request_preferences("xx", "pink")
    assert i18n.preferences() == i18n.DEFAULTS


def test_the_page_without_a_connection_has_every_text_in_both_languages() -> None:
    page = LexborHTMLParser((UI / "static" / "offline.html").read_text("utf-8"))
    (main,) = page.css("main")
    said = [node for node in main.traverse() if (node.text(deep=False) or "").strip()]
    assert len(said) == 3
    for node in said:
        assert node.attributes["data-en"] not in {None, "", node.text().strip()}
