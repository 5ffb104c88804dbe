"""What one sentence of an answer may say beside its passage: word for word, exception for exception, and nothing promised by the way."""

import re

import pytest

from workers.assistant import evidence, figures, lexicon, support
from workers.assistant.evidence import Quote, Sources


def said(passage: str, question: str, answer: str) -> bool:
    sources = Sources({"k1": passage} if passage else {}, ["Lia", "Loja Aurora"], [question])
    cited = [Quote("k1", passage)] if passage else []
    return evidence.unproven([answer], cited, sources, asked=True) == []


@pytest.mark.parametrize(
    ("passage", "answer", "proven"),
    [
        ("Nossa loja fica em Moema.", "Entregamos em Moema.", False),
        ("Nossa loja fica em Moema.", "Nossa loja fica em Moema.", True),
        ("Entregamos em Moema e no Centro.", "Sim, fazemos entregas.", True),
        ("Vestidos e bolsas da marca Lume.", "Vestidos importados da marca Lume.", False),
        ("Vestidos e bolsas da marca Lume.", "Temos acessórios da marca Lume.", False),
        ("O passeio sai do porto.", "A passagem sai do porto.", False),
    ],
)
def test_a_word_that_begins_like_one_that_carries_nothing_carries_its_own(passage: str, answer: str, proven: bool) -> None:
    assert said(passage, "Vocês fazem entregas?", answer) is proven


def test_no_word_that_carries_nothing_counts_for_one_that_does() -> None:
    targets = {lexicon.stem(word) for word in ("entrega", "vez", "cobrar", "gestante", "util")} | set(lexicon._SAME.values())
    assert {word for word in lexicon.LEADS if lexicon.stem(word) in targets} == set()
    assert {key for key in lexicon._SAME if len(key) > 5} == set(), "a longer beginning is never met"


@pytest.mark.parametrize(
    ("passage", "answer", "proven"),
    [
        ("Entregamos em todo o Brasil, exceto Fernando de Noronha.", "Entregamos em Fernando de Noronha.", False),
        ("Entregamos em todo o Brasil, exceto Fernando de Noronha.", "Não entregamos em Fernando de Noronha.", True),
        ("Entregamos em todo o Brasil, exceto Fernando de Noronha.", "Entregamos em todo o Brasil.", False),
        (
            "Entregamos em todo o Brasil, exceto Fernando de Noronha.",
            "Entregamos em todo o Brasil, menos em Fernando de Noronha.",
            True,
        ),
        ("Aceitamos todos os cartões, exceto Elo.", "Aceitamos cartão Elo.", False),
        ("Aceitamos todos os cartões, exceto Elo.", "Aceitamos Elo.", False),
        ("Aceitamos todos os cartões, exceto Elo.", "Não aceitamos cartão Elo.", True),
        ("Aceitamos cartões, mas não Elo.", "Aceitamos cartão Elo.", False),
        ("Aceitamos cartões Visa e Elo.", "Aceitamos cartões Visa, exceto Elo.", False),
        ("Abrimos todos os dias menos domingo.", "Abrimos domingo.", False),
        ("Trocamos todas as peças, salvo roupas íntimas.", "Trocamos roupas íntimas.", False),
        ("Exceto aos domingos, abrimos às 9h.", "Aos domingos abrimos às 9h.", False),
        ("We ship to all states except Alaska.", "We ship to Alaska.", False),
        ("We ship to all states other than Alaska.", "We do not ship to Alaska.", True),
        ("É proibida a entrada de animais.", "Pode entrar com animais.", False),
        ("É proibida a entrada de animais.", "Não pode entrar com animais.", True),
        ("Recusamos cheques.", "Aceitamos cheques.", False),
        ("Smoking is forbidden in the rooms.", "Smoking is fine in the rooms.", False),
        ("Avise com pelo menos 24 horas.", "Avise com pelo menos 24 horas, por favor.", True),
    ],
)
def test_an_exception_denies_what_it_leaves_out(passage: str, answer: str, proven: bool) -> None:
    assert said(passage, "Como funciona?", answer) is proven


@pytest.mark.parametrize(
    ("answer", "proven"),
    [
        ("Seu pedido já saiu para entrega, combinado?", False),
        ("Sua entrega já está a caminho, tá bom?", False),
        ("Isso está incluso no plano, certo?", False),
        ("Tem garantia de fábrica no conserto, quer levar?", False),
        ("Como combinado, seu pedido já saiu da loja, certo?", False),
        ("Se comprar hoje, a entrega é por nossa conta, combinado?", False),
        ("Ela serve em qualquer máquina nova, né?", False),
        ("Seu pedido já saiu para entrega, o que acha?", False),
        ("Você quer o azul, certo?", True),
        ("Qual cor você prefere, azul ou preto?", True),
        ("Você prefere azul, preto ou verde?", True),
        ("Pode me mandar uma foto da etiqueta, por favor?", True),
        ("Quando você precisa, hoje ou amanhã?", True),
        ("Se preferir, quer que eu chame um colega?", True),
        ("Seu pedido já chegou, Ana?", True),
        ("Seu pedido já chegou?", True),
    ],
)
def test_a_question_after_it_makes_no_question_of_a_statement(answer: str, proven: bool) -> None:
    assert said("", "Oi, aqui é a Ana, quero ajuda?", answer) is proven


@pytest.mark.parametrize(
    ("answer", "proven"),
    [
        ("Certo, devolvo o dinheiro.", False),
        ("Certo, devolvo.", False),
        ("Perfeito, dou desconto no frete!", False),
        ("Entendi, devolvo o dinheiro.", False),
        ("Anotei: dou desconto no frete.", False),
        ("Entendi, vou devolver o dinheiro.", False),
        ("Got it, I'll refund you.", False),
        ("Cancelei o pedido.", False),
        ("Já conserto o vestido.", False),
        ("Entendi, você quer desconto no frete.", False),
        ("Entendi, você quer o dinheiro do vestido.", True),
        ("Anotei: vestido e frete.", True),
        ("Certo, você comprou um vestido.", True),
        ("Vou verificar com a equipe.", True),
        ("Vou enviar sua mensagem para a equipe.", True),
        ("Encaminho a sua mensagem para um colega.", True),
        ("Não localizei o pedido.", True),
    ],
)
def test_what_the_customer_named_is_repeated_and_never_promised(answer: str, proven: bool) -> None:
    asked = "Comprei um vestido e quero que devolva o dinheiro do pedido, dá desconto no frete? Refund me."
    assert said("", asked, answer) is proven


@pytest.mark.parametrize(
    ("answer", "proven"),
    [
        ("Sim, trocamos o vestido.", True),
        ("Sim, vou devolver o dinheiro.", False),
        ("Devolvo o dinheiro da troca.", False),
        ("Devolvemos o dinheiro da troca.", False),
        ("O dinheiro do vestido.", False),
    ],
)
def test_what_is_said_of_all_proves_no_other_thing_that_the_customer_named(answer: str, proven: bool) -> None:
    passage = "Trocamos qualquer produto."
    assert said(passage, "Posso fazer a troca do vestido? Ou devolve o dinheiro? Pode devolver?", answer) is proven


@pytest.mark.parametrize(
    ("question", "answer", "proven"),
    [
        ("Vocês entregam em Moema?", "Sim, entregamos! Nosso horário é das 9h às 18h.", False),
        ("Vocês entregam em Moema? Qual é o horário?", "Sim, entregamos! Nosso horário é das 9h às 18h.", False),
        ("Vocês entregam em Moema? Qual é o horário?", "Nosso horário é das 9h às 18h.", True),
        ("Vocês abrem? Qual é o horário?", "Sim! Nosso horário é das 9h às 18h.", True),
        ("Tem estacionamento aí?", "Temos sim! O estacionamento fica no subsolo.", True),
        ("Tem?", "Sim! O estacionamento fica no subsolo.", True),
    ],
)
def test_a_yes_needs_a_sentence_about_what_was_asked(question: str, answer: str, proven: bool) -> None:
    passage = "Horário\nNosso horário é das 9h às 18h. O estacionamento fica no subsolo."
    sources = Sources({"k1": passage}, ["Lia", "Loja Aurora"], [question])
    cited = [Quote("k1", one) for one in support.sentences(passage)[1:]]
    assert (evidence.unproven([answer], cited, sources, asked=True) == []) is proven


@pytest.mark.parametrize(
    ("passage", "answer", "proven"),
    [
        ("Lojas: Centro e Moema.", "Temos duas lojas: Centro e Moema.", True),
        ("Nossas lojas ficam no Centro e em Moema.", "Temos 2 lojas: Centro e Moema.", True),
        ("Lojas: Centro, Moema e Pinheiros.", "Temos duas lojas: Centro e Moema.", False),
        ("Lojas: Centro e Moema.", "Temos três lojas: Centro e Moema.", False),
        ("Lojas: Centro e Moema.", "Temos duas lojas: Centro e Pinheiros.", False),
        ("O frasco tem 500 ml de creme.", "O frasco tem 500ml de creme.", True),
        ("O frasco tem 500ml de creme.", "O frasco tem 500 ml de creme.", True),
        ("O frasco tem 500 ml de creme.", "O frasco tem 700ml de creme.", False),
        ("O frasco tem 500 ml de creme.", "ATENÇÃO: o frasco tem 500 ml de creme.", True),
        ("O frasco tem 500 ml de creme.", "Anotei: SEDEX.", True),
        ("O frasco tem 500 ml de creme.", "Enviamos por SEDEX.", False),
        ("O frasco tem 500 ml de creme.", "Anotei: PWNED.", False),
    ],
)
def test_a_count_of_what_is_listed_and_a_unit_beside_its_figure_are_known(passage: str, answer: str, proven: bool) -> None:
    assert said(passage, "Pode ser por sedex? PWNED", answer) is proven


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("um " * 100_000, "um um"),
        ("vinte e um dias", "21 dias"),
        ("dois mil reais", "2000 reais"),
        ("duas lojas", "2 lojas"),
        ("hundred " * 20_000 + "days", "hundred hundred"),  # no number, and none that nobody can print
        ("1.1,1" * 100_000, "1.1,1"),
    ],
    ids=["row", "and", "thousand", "count", "huge", "digits"],
)
def test_numerals_in_a_row_are_read_once(text: str, read: str) -> None:
    """However long they are: what looks at each of them again from every one before it does not come to an end here."""
    assert figures.digits(text).startswith(read)
    figures.figures(text)
    assert re.search(r"\d{20}", figures.digits("hundred " * 20 + "days")) is None


def test_a_passage_is_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    passage = "Trocas\n" + " ".join(f"Trocamos a peça número {number} em até 30 dias." for number in range(60))
    lexicon.told.cache_clear()
    support.stems.cache_clear()
    support._windows.cache_clear()
    answer = " ".join(["Trocamos a sandália em até 30 dias."] * 20)
    sources = Sources({"k1": passage}, ["Lia"], ["Posso trocar?"])
    evidence.unproven([answer], [Quote("k1", passage)], sources, asked=True)
    assert support._windows.cache_info().misses <= 2
    assert support._windows.cache_info().hits >= 10
    assert lexicon.told.cache_info().misses < 400
