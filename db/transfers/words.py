"""What the virtual agent is told to do next: it speaks, so these are words for it, in the company's language. Each end has one."""

from db.transfers.enums import Overflow, TransferState
from db.transfers.ringing import Standing

Words = dict[str, str]

TAKEN: Words = {
    "pt-BR": "Uma pessoa da equipe aceitou. Diga que vai passar a ligação e transfira agora para este número. Se cair em caixa postal, volte e peça de novo.",
    "en": "Somebody of the team accepted. Say that you put the call through, and transfer it to this number now. If a voicemail answers, come back and ask again.",
}
RINGING: Words = {
    "pt-BR": "A equipe ainda está sendo chamada. Peça mais um momento e peça uma pessoa de novo.",
    "en": "The team is still being rung. Ask for another moment, then ask for a person again.",
}
GONE: Words = {
    "pt-BR": "Ninguém pode atender agora, e o número de quem liga não é conhecido. Peça desculpas e diga para ligar de novo mais tarde; não prometa retorno.",
    "en": "Nobody can take the call now, and the caller's number is not known. Apologise, and ask them to call again later; do not promise to call back.",
}
OFFERS: dict[Overflow, Words] = {
    Overflow.CALLBACK: {
        "pt-BR": "Ninguém pode atender agora. Peça desculpas, diga que a equipe liga de volta e pergunte o melhor horário.",
        "en": "Nobody can take the call now. Apologise, say that the team calls back, and ask for the best time.",
    },
    Overflow.WHATSAPP: {
        "pt-BR": "Ninguém pode atender agora. Peça desculpas e diga que a equipe continua a conversa pelo WhatsApp, neste número.",
        "en": "Nobody can take the call now. Apologise, and say that the team goes on by WhatsApp, at this number.",
    },
    Overflow.VOICEMAIL: {
        "pt-BR": "Ninguém pode atender agora. Peça desculpas e ofereça anotar um recado; deixe a pessoa falar sem interromper.",
        "en": "Nobody can take the call now. Apologise, and offer to take a message; let the person speak without interrupting.",
    },
}


def of(standing: Standing | None, language: str) -> str:
    """None: the call is not known here (a hidden number, or too early): nothing is noted, so nothing is promised."""
    if standing is None:
        return GONE[language]
    match standing.state:
        case TransferState.ACCEPTED:
            return TAKEN[language]
        case TransferState.ENDED:
            return OFFERS[standing.owed or Overflow.CALLBACK][language]
        case _:
            return RINGING[language]
