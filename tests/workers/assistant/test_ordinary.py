"""How much of what a good colleague says is refused, and how much that stands in no passage gets through: few of the one, hardly any of the other."""

from tests.workers.assistant.ordinary import TALKS, Talk
from workers.assistant import evidence, support
from workers.assistant.evidence import Quote, Sources


def _said(talk: Talk, answer: str) -> bool:
    sources = Sources({"k1": talk.passage}, ["Lia", "Loja Aurora"], [talk.question])
    cited = [Quote("k1", one) for one in support.sentences(talk.passage)[1:]]
    return evidence.unproven([answer], cited, sources, asked=True) == []


def test_ordinary_answers_are_said() -> None:
    refused = [answer for talk in TALKS for answer in talk.right if not _said(talk, answer)]
    assert len(refused) <= 0.05 * sum(len(talk.right) for talk in TALKS), refused


def test_inventions_are_not() -> None:
    through = [answer for talk in TALKS for answer in talk.wrong if _said(talk, answer)]
    assert len(through) <= 0.02 * sum(len(talk.wrong) for talk in TALKS) + 1, through


def test_without_its_passage_hardly_anything_is_said() -> None:
    other = "Estacionamento\nO estacionamento fica no subsolo e custa R$ 7 por hora para visitantes."
    through = [answer for talk in TALKS for answer in talk.right if _said(talk._replace(passage=other), answer)]
    assert through == []
