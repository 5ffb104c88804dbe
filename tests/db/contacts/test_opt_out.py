import pytest

from db.contacts.opt_out import IN_PHRASES, OUT_PHRASES, intent


@pytest.mark.parametrize(
    "text",
    [
        "SAIR",
        "Sair!!",
        "  parar. ",
        "PARE",
        "Cancelar",
        "DESCADASTRAR",
        "remover",
        "STOP",
        "StopAll",
        "unsubscribe",
        "CANCEL",
        "end",
        "Quit",
        "REVOKE",
        "OPTOUT",
        "opt-out",
        "quero sair",
        "Não quero mais receber",
        "nao quero receber mais!",
        '"SAIR"',
        "sair 🙏",
        "🛑 stop 🛑",
        "S\u200bAIR",
        "sai\u0301r",
        "ＳＡＩＲ",
        "sair\n",
        "Por favor, sair",
        "sair por favor",
        "Me tira da lista",
        "Pare de mandar mensagem",
    ],
)
def test_out(text: str) -> None:
    assert intent(text) == "out"


@pytest.mark.parametrize("text", ["VOLTAR", "start", "UNSTOP", "Quero voltar!", "opt-in", "Quero receber 😀"])
def test_back_in(text: str) -> None:
    assert intent(text) == "in"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "🙂",
        "!!!",
        "vou sair para almoçar",
        "não quero sair",
        "posso cancelar depois?",
        "sim",
        "yes",
        "ok",
        "pararei",
        "the end of it",
        "quero voltar amanhã para ver o carro",
        "sair " * 100,
        "\ud800",
        "\0",
    ],
)
def test_neither(text: str) -> None:
    assert intent(text) is None


def test_every_phrase_means_itself() -> None:
    assert OUT_PHRASES.isdisjoint(IN_PHRASES)
    assert all(intent(phrase.upper()) == "out" for phrase in OUT_PHRASES)
    assert all(intent(phrase.upper()) == "in" for phrase in IN_PHRASES)
