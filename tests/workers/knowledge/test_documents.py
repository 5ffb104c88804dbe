"""What is read from each kind of file, and what is said about one that is not."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from db.knowledge.errors import SourceFailure
from db.knowledge.passages import MOST, Piece, Section, cut, sections
from db.knowledge.source_files import TYPES
from tests.workers.knowledge import files
from workers.knowledge import caged, child
from workers.knowledge.frames import Document, Taken
from workers.knowledge.unreadable import Unreadable

HTML = """<html><head><title>Ajuda &amp; trocas</title><script>var x = "nada"</script></head><body><nav><a href="/menu">Menu</a></nav>
<main><h1>Trocas</h1><p>Trocamos em até <b>30 dias</b>, com a nota.</p><h2>Defeitos</h2><ul><li>Tela</li><li>Bateria</li></ul>
<table><tr><th>Peça</th><th>Prazo</th></tr><tr><td>Tela</td><td>90 dias</td></tr></table><a href="frete?x=1#topo">Frete</a></main>
<footer>Direitos reservados</footer></body></html>"""


def read(tmp_path: Path, name: str, content: bytes, url: str | None = None) -> Taken:
    file = tmp_path / name
    file.write_bytes(content)
    return child.take(Document(str(file), TYPES[name.rpartition(".")[2]], name, url, 0, 0, 0))


def failure(tmp_path: Path, name: str, content: bytes) -> tuple[SourceFailure, dict[str, str | int]]:
    with pytest.raises(Unreadable) as caught:
        read(tmp_path, name, content)
    return caught.value.failure, caught.value.params


def test_a_pdf_keeps_its_pages_and_says_which_are_pictures(tmp_path: Path) -> None:
    taken = read(
        tmp_path,
        "Manual_da loja.pdf",
        files.pdf(["Garantia de um ano.\nVale para a bate-\nria.", None, None, "Assistência técnica."]),
    )
    assert [(piece.heading, piece.page) for piece in taken.pieces] == [("Manual da loja", 1), ("Manual da loja", 4)]
    assert "Vale para a bateria." in taken.pieces[0].body
    assert taken.pieces[1].body == "Assistência técnica."
    assert (taken.pages, taken.empty_pages) == (4, [2, 3])


def test_a_scanned_pdf_is_told_apart_from_an_empty_a_locked_and_a_broken_one(tmp_path: Path) -> None:
    assert failure(tmp_path, "a.pdf", files.pdf([None, None])) == (SourceFailure.SCANNED, {"pages": "1-2"})
    assert failure(tmp_path, "a.pdf", files.pdf([""])) == (SourceFailure.EMPTY, {})
    assert failure(tmp_path, "a.pdf", files.locked(files.pdf(["Oi"]))) == (SourceFailure.LOCKED, {})
    assert failure(tmp_path, "a.pdf", files.pdf(["x"] * 501)) == (SourceFailure.TOO_MANY_PAGES, {"most": 500})


def test_a_word_file_keeps_its_headings_in_any_language_and_the_rows_of_its_tables(tmp_path: Path) -> None:
    blocks: list[Any] = [
        ("", "Como atendemos."),
        ("Ttulo1", "Garantia"),
        ("", "Um ano."),
        ("Ttulo2", "Prazos"),
        ("", "Conserto em dez dias."),
        [["Peça", "Preço"], ["Tela", "R$ 300"], ["Bateria", ""]],
        ("Ttulo1", "Contato"),
        ("", "Pelo WhatsApp."),
    ]
    taken = read(tmp_path, "manual.docx", files.docx(blocks))
    assert [(piece.heading, piece.body) for piece in taken.pieces] == [
        ("manual", "Como atendemos."),
        ("Garantia", "Um ano."),
        ("Garantia > Prazos", "Conserto em dez dias."),
        ("Garantia > Prazos", "Peça: Tela\nPreço: R$ 300"),
        ("Garantia > Prazos", "Peça: Bateria"),
        ("Contato", "Pelo WhatsApp."),
    ]


def test_each_row_of_a_sheet_is_a_passage_with_the_names_of_its_columns(tmp_path: Path) -> None:
    sheets = {"Preços": [["Produto", "Valor"], ["Camisa", 49.9], [None, None], ["Calça", 120]], "Lojas": [["Cidade"], ["Santos"]]}
    taken = read(tmp_path, "tabela.xlsx", files.xlsx(sheets))
    assert [(piece.heading, piece.body) for piece in taken.pieces] == [
        ("tabela > Preços", "Produto: Camisa\nValor: 49.9"),
        ("tabela > Preços", "Produto: Calça\nValor: 120"),
        ("tabela > Lojas", "Cidade: Santos"),
    ]
    taken = read(tmp_path, "tabela.csv", "Produto;Valor\nCal\xe7a;120\n".encode("latin-1"))
    assert [piece.body for piece in taken.pieces] == ["Produto: Calça\nValor: 120"]


def test_of_a_page_the_text_is_read_and_what_stands_on_every_page_is_not(tmp_path: Path) -> None:
    taken = read(tmp_path, "a.html", HTML.encode(), "https://example.com/ajuda/")
    assert [(piece.heading, piece.url) for piece in taken.pieces] == [
        ("Trocas", "https://example.com/ajuda/"),
        ("Trocas > Defeitos", "https://example.com/ajuda/"),
    ]
    text = "\n".join(piece.body for piece in taken.pieces)
    assert "até 30 dias , com a nota." in text.replace("dias,", "dias ,")
    assert "Tela | 90 dias" in text
    assert not {"Menu", "nada", "Direitos"} & set(text.split())
    assert taken.title == "Ajuda & trocas"
    assert taken.links == ["https://example.com/menu", "https://example.com/ajuda/frete?x=1"]
    assert failure(tmp_path, "a.html", b"<html><body><script>x</script></body></html>") == (SourceFailure.EMPTY, {})


def test_text_is_read_in_any_encoding(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-16", "cp1252"):
        taken = read(tmp_path, "a.txt", "Atenção: às terças não há exposição.".encode(encoding))
        assert taken.pieces == [Piece("a", "Atenção: às terças não há exposição.")]


async def test_a_file_that_unfolds_to_far_more_than_it_is_is_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "bomb.docx"
    file.write_bytes(files.bomb())
    with pytest.raises(Unreadable) as caught:
        await caged.take(file, TYPES["docx"], "bomb.docx")
    assert caught.value.failure is SourceFailure.TOO_LARGE


async def test_a_reader_is_bounded_and_its_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"oi " * 10_000_000)
    monkeypatch.setattr(caged, "MEMORY", 120 << 20)
    with pytest.raises(Unreadable) as caught:
        await caged.take(file, TYPES["txt"], "a.txt")
    assert caught.value.failure in (SourceFailure.BROKEN, SourceFailure.UNREADABLE)
    file.write_bytes(b"%PDF-1.4 nothing of the kind")
    with pytest.raises(Unreadable) as caught:
        await caged.take(file, TYPES["pdf"], "a.pdf")
    assert caught.value.failure is SourceFailure.BROKEN


def test_passages_are_of_a_length_that_a_model_reads_and_lose_nothing() -> None:
    words = [f"Palavra{n}" for n in range(3000)]
    text = (
        "# Um\n" + " ".join(words[:900]) + ".\n\n## Dois\n" + ". ".join(" ".join(words[n : n + 9]) for n in range(900, 3000, 9))
    )
    pieces = list(cut(sections(text)))
    assert all(len(piece.body) <= MOST for piece in pieces)
    assert {piece.heading for piece in pieces} == {"Um", "Um > Dois"}
    assert {word.strip(".") for piece in pieces for word in piece.body.split()} == set(words)
    long_row = list(cut([Section("Coluna: " + "x " * 1000, whole=True)]))
    assert len(long_row) == 2
    overlap = [piece.body for piece in pieces if piece.heading == "Um > Dois"]
    assert all(after.startswith(before.rsplit(". ", 1)[-1]) for before, after in itertools.pairwise(overlap))
