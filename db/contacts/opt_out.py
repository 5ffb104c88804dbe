"""Whether a reply asks to be left alone, or to be written to again.

The whole trimmed message must be the word (docs/contracts/twilio.md, inbound) or one of a few short phrases, in Portuguese or
English, whatever the case, accents, punctuation or emoji. Refuses to interpret longer text: "vou sair para almoçar" is
no opt-out. YES and SIM are no words back in: as replies to a campaign they mean something else; and "quero cancelar" is
about an order as often as about messages."""

import re
import unicodedata
from typing import Literal

_OUT = """
sair | pare | parar | para | cancelar | cancela | cancele | descadastrar | descadastre | descadastro | remover
remova | remove | excluir | exclua | bloquear | desinscrever | quero sair | desejo sair | gostaria de sair
quero sair da lista | sair da lista | quero parar | quero me descadastrar | quero descadastrar | me descadastra
me descadastre | descadastre me | descadastrar me | quero ser removido | quero ser removida | me remova | me remove
remova me | me tira | me tire | me tira da lista | me tire da lista | me tira dessa lista | me tire dessa lista
me remova da lista | me remove da lista | remover da lista | remover meu numero | remova meu numero
tira meu numero | tire meu numero | pare de enviar | pare de mandar | parem de enviar | parem de mandar
para de mandar mensagem | pare de mandar mensagem | pare de enviar mensagem | pare de mandar mensagens
pare de enviar mensagens | parar de receber | quero parar de receber | nao quero receber | nao quero mais receber
nao quero receber mais | nao quero mais receber mensagens | nao quero receber mensagens | nao desejo receber
nao desejo mais receber | nao me mande mais mensagem | nao me mande mais mensagens | nao envie mais
nao enviar mais | nao mande mais | nao me envie mais | nao me mande mais | cancelar inscricao | cancelar recebimento
cancelar envio
stop | stopall | stop all | unsubscribe | cancel | end | quit | revoke | optout | opt out | remove me
unsubscribe me | please stop | stop please | stop messaging me | stop texting me | no more messages
"""
_IN = """
voltar | quero voltar | voltar a receber | quero receber | quero voltar a receber | cadastrar | recadastrar | reativar
retomar | inscrever | start | unstop | resume | subscribe | opt in | optin
"""


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in re.split(r"[|\n]", text) if phrase.strip())


OUT_PHRASES = _phrases(_OUT)
IN_PHRASES = _phrases(_IN)
_POLITE = frozenset(("por favor", "pfv", "pf", "obrigado", "obrigada", "please"))
_LONGEST = 80


def intent(text: str) -> Literal["out", "in"] | None:
    """What an inbound text asks for, if it is only that."""
    if len(text) > _LONGEST:
        return None
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = (char if char.isalnum() else " " for char in letters if not _silent(char))
    words = " ".join("".join(kept).split())
    for polite in _POLITE:
        words = words.removesuffix(f" {polite}").removeprefix(f"{polite} ")
    if words in OUT_PHRASES:
        return "out"
    return "in" if words in IN_PHRASES else None


def _silent(char: str) -> bool:
    """Accents, and marks that join or hide inside a word: they part no words."""
    return unicodedata.category(char) in ("Mn", "Cf", "Me")
