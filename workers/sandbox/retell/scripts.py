"""What people do who are called, and what is said: one script per end that a call can have."""

import enum
from collections.abc import Sequence
from typing import Final, NamedTuple

from workers.sandbox.behaviour import chance

Line = tuple[str, str]
"""Role (agent, user) and what is said."""


class Script(enum.StrEnum):
    TALKS = "talks"
    HANGS_UP = "hangs_up"
    VOICEMAIL = "voicemail"
    MENU = "menu"
    SILENT = "silent"
    WANTS_A_PERSON = "wants_a_person"
    ASKS = "asks"
    CALL_LATER = "call_later"
    NEVER_AGAIN = "never_again"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSES = "refuses"
    WRONG_NUMBER = "wrong_number"
    NO_LINE = "no_line"
    NO_CREDIT = "no_credit"


class Course(NamedTuple):
    """How a call goes. `reason`: Retell's `disconnection_reason`; without `lines` it was never connected."""

    reason: str
    lines: tuple[Line, ...] = ()
    summary: str = ""
    sentiment: str = "Unknown"
    successful: bool = False
    voicemail: bool = False


_HELLO: Final = ("agent", "Olá! Aqui é a atendente virtual. Posso falar com você um minuto?")
QUESTION: Final = "Até que horas vocês atendem no sábado?"
COURSES: Final[dict[Script, Course]] = {
    Script.TALKS: Course(
        "agent_hangup",
        (
            _HELLO,
            ("user", "Oi, pode falar."),
            ("agent", "Liguei por causa do orçamento que você pediu. Ainda tem interesse?"),
            ("user", "Tenho sim, me manda por WhatsApp, por favor."),
            ("agent", "Combinado, envio ainda hoje. Obrigada e até logo!"),
        ),
        "A pessoa ainda tem interesse no orçamento e pediu para receber por WhatsApp.",
        "Positive",
        True,
    ),
    Script.HANGS_UP: Course("user_hangup", (_HELLO, ("user", "Agora não.")), "A pessoa desligou logo no começo.", "Negative"),
    Script.VOICEMAIL: Course(
        "voicemail_reached",
        (("user", "Deixe sua mensagem após o sinal."),),
        "A ligação caiu na caixa postal.",
        voicemail=True,
    ),
    Script.MENU: Course(
        "ivr_reached", (("user", "Para vendas, digite 1. Para suporte, digite 2."),), "Atendeu um menu automático."
    ),
    Script.SILENT: Course("inactivity", (_HELLO, ("agent", "Você ainda está aí?")), "Ninguém falou nada."),
    Script.WANTS_A_PERSON: Course(
        "agent_hangup",
        (_HELLO, ("user", "Quero falar com uma pessoa."), ("agent", "Claro, alguém da equipe retorna para você.")),
        "A pessoa quer falar com alguém da equipe.",
        "Neutral",
    ),
    Script.ASKS: Course(
        "agent_hangup",
        (_HELLO, ("user", QUESTION), ("agent", "Vou verificar, um momento.")),
        "A pessoa perguntou até que horas a loja atende.",
        "Neutral",
        True,
    ),
    Script.CALL_LATER: Course(
        "user_requested_callback",
        (_HELLO, ("user", "Estou dirigindo, me liga amanhã às dez?"), ("agent", "Ligo amanhã às dez. Até lá!")),
        "A pessoa pediu para ligar amanhã às dez.",
        "Neutral",
    ),
    Script.NEVER_AGAIN: Course(
        "user_requested_dnc",
        (_HELLO, ("user", "Não quero mais receber ligações."), ("agent", "Entendi. Não ligamos mais. Desculpe o incômodo.")),
        "A pessoa pediu para não receber mais ligações.",
        "Negative",
    ),
    Script.NO_ANSWER: Course("dial_no_answer"),
    Script.BUSY: Course("dial_busy"),
    Script.REFUSES: Course("user_declined"),
    Script.WRONG_NUMBER: Course("invalid_destination"),
    Script.NO_LINE: Course("telephony_provider_unavailable"),
    Script.NO_CREDIT: Course("no_valid_payment"),
}
_PEOPLE: Final = (
    *(Script.TALKS,) * 9,
    *(Script.NO_ANSWER,) * 5,
    *(Script.VOICEMAIL,) * 3,
    Script.HANGS_UP,
    Script.BUSY,
    Script.REFUSES,
)
_SALT: Final = 41


def heard(hint: str) -> str:
    """What the agent says once a colleague has told it something."""
    return f"Aproveito para dizer: {hint.rpartition(': ')[2]}"


def answered(passages: Sequence[str]) -> str:
    """What the agent says after its tool searched the knowledge."""
    return passages[0] if passages else "Não sei dizer. Posso chamar alguém da equipe."


def of_people(seed: int, number: int) -> Script:
    """What somebody does whom no script was given."""
    return _PEOPLE[int(chance(seed, number, _SALT) * len(_PEOPLE))]


def spoken(lines: tuple[Line, ...], seconds: float) -> list[dict[str, object]]:
    """The lines with the moments of their words, spread over the call."""
    words = sum(len(text.split()) for _, text in lines) + len(lines)
    pace = seconds / words if words else 0.0
    found: list[dict[str, object]] = []
    at = 0.0
    for role, text in lines:
        told = []
        for word in text.split():
            told.append({"word": word, "start": round(at, 3), "end": round(at + pace * 0.9, 3)})
            at += pace
        at += pace
        found.append({"role": role, "content": text, "words": told})
    return found
