import pytest

from db.contacts import opt_out
from db.contacts.opt_out import Words, intent
from db.errors import Conflict, Invalid, NotFound
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read


async def words(actor: Actor) -> Words:
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await opt_out.words(r, actor.company_id)


@pytest.fixture
async def known(owner: Actor) -> Words:
    return await words(owner)


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
def test_out(text: str, known: Words) -> None:
    assert intent(text, known) == "out"


@pytest.mark.parametrize("text", ["VOLTAR", "start", "UNSTOP", "Quero voltar!", "opt-in", "Quero receber 😀"])
def test_back_in(text: str, known: Words) -> None:
    assert intent(text, known) == "in"


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
def test_neither(text: str, known: Words) -> None:
    assert intent(text, known) is None


async def test_every_phrase_means_itself(owner: Actor, known: Words) -> None:
    assert len(known.out) > 80
    assert known.out.isdisjoint(known.back)
    assert all(intent(phrase.upper(), known) == "out" for phrase in known.out)
    assert all(intent(phrase.upper(), known) == "in" for phrase in known.back)
    ours = await opt_out.listed(owner)
    assert all(one.source and one.language in ("pt", "en") and opt_out.plain(one.word) == one.word for one in ours)


async def test_a_company_adds_words_and_takes_only_its_own_out(owner: Actor, stranger: Actor) -> None:
    added = await opt_out.add(owner, "  Tô FORA! ", "manual da loja")
    assert (added.word, added.means, added.source) == ("to fora", "out", "manual da loja")
    assert intent("tô fora", await words(owner)) == "out"
    assert intent("tô fora", await words(stranger)) is None
    assert [one.word for one in await opt_out.listed(owner) if one.id] == ["to fora"]
    for taken in ("to fora", "SAIR", "voltar"):
        with pytest.raises(Conflict):
            await opt_out.add(owner, taken, "")
    with pytest.raises(Invalid):
        await opt_out.add(owner, "!? 🙂", "")
    courteous = await opt_out.add(owner, "Por favor, já basta. Obrigada!", "manual da loja")
    assert courteous.word == "ja basta"
    assert intent("já basta, por favor", await words(owner)) == "out"
    with pytest.raises(Invalid):
        await opt_out.add(owner, "Por favor, X", "")
    assert added.id is not None
    with pytest.raises(NotFound):
        await opt_out.remove(stranger, added.id)
    await opt_out.remove(owner, added.id)
    assert intent("tô fora", await words(owner)) is None
