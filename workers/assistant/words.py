"""What the assistant says by itself, and what it recognises, without a model: in Portuguese, English and Spanish."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from workers.assistant.clean import fold
from workers.assistant.prompt import Brief, Line

_words = re.compile(r"\S+").findall
Saying = Literal["unknown", "handover", "trouble", "later", "write"]

_SAYINGS: dict[str, dict[Saying, str]] = {
    "pt": {
        "unknown": "Não encontrei essa informação por aqui. Pode me contar um pouco mais sobre o que você precisa?",
        "handover": "Vou chamar uma pessoa da equipe para continuar com você.",
        "trouble": "Estou com um problema técnico neste momento. Já avisei a equipe, e uma pessoa vai responder por aqui.",
        "later": "A equipe volta {when}.",
        "write": "Não consegui ouvir seu áudio. Pode me escrever?",
    },
    "en": {
        "unknown": "I could not find that here. Can you tell me a little more about what you need?",
        "handover": "I will ask somebody of the team to go on with you.",
        "trouble": "I have a technical problem at the moment. I told the team, and somebody will answer you here.",
        "later": "The team is back {when}.",
        "write": "I could not listen to your voice message. Can you write it?",
    },
    "es": {
        "unknown": "No encontré esa información aquí. ¿Me cuentas un poco más sobre lo que necesitas?",
        "handover": "Voy a llamar a una persona del equipo para que siga contigo.",
        "trouble": "Tengo un problema técnico en este momento. Ya avisé al equipo, y una persona te va a responder por aquí.",
        "later": "El equipo vuelve {when}.",
        "write": "No pude escuchar tu audio. ¿Me lo puedes escribir?",
    },
}
_DAYS = {
    "pt": ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
_WHEN = {
    "pt": ("hoje às {time}", "amanhã às {time}", "{day}, {date}, às {time}"),
    "en": ("today at {time}", "tomorrow at {time}", "on {day}, {date}, at {time}"),
    "es": ("hoy a las {time}", "mañana a las {time}", "el {day} {date} a las {time}"),
}
_TELLING = {
    "pt": frozenset(
        _words(
            "oi ola bom boa dia tarde noite voce vc voces quero queria nao sim tem qual quanto onde como obrigado obrigada para uma"
        )
    ),
    "en": frozenset(
        _words("hi hello good morning the you want would not yes have what how much where when thanks thank please do is are can")
    ),
    "es": frozenset(
        _words("hola buenos buenas dias tardes noches usted quiero quisiera si tiene cual cuanto donde como gracias para una")
    ),
}
_PERSON = re.compile(
    r"\b(?:falar|conversar|atendimento|atendente|quero|chama\w*|passa\w*)\b.{0,40}\b(?:pessoa|humano|humana|atendente|alguem|gerente|vendedor\w*)\b"
    r"|\batendente\b|\b(?:talk|speak|chat)\b.{0,20}\b(?:person|human|someone|somebody|agent|manager)\b|\breal person\b"
    r"|\bhablar\b.{0,20}\b(?:persona|humano|alguien|agente)\b"
)


def _code(language: str) -> str:
    code = language[:2].lower()
    return code if code in _SAYINGS else "pt" if not code else "en"


def say(what: Saying, language: str, **values: str) -> str:
    """In the language (a tag like pt-BR); English where there is no text in it."""
    return _SAYINGS[_code(language)][what].format(**values)


def back_at(opens_at: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    """When people are there again, as a sentence."""
    code, local = _code(language), opens_at.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    time = f"{local:%H:%M}" if code != "pt" else f"{local.hour}h{local:%M}".removesuffix("00")
    form = _WHEN[code][min(max(days, 0), 2)]
    date = f"{local:%d/%m}" if code != "en" else f"{local:%B} {local.day}"
    return say("later", language, when=form.format(time=time, day=_DAYS[code][local.weekday()], date=date))


def moment(brief: Brief) -> str:
    """What the prompt tells of the time, as far as an answer may repeat it."""
    local = brief.now.astimezone(ZoneInfo(brief.time_zone))
    return f"{local:%Y-%m-%d %d/%m/%Y %H:%M} {local.day} {_DAYS['pt'][local.weekday()]} {_DAYS['en'][local.weekday()]}"


def language_of(lines: Iterable[Line]) -> str:
    """Of what somebody wrote, by its most usual words; Portuguese where nothing tells."""
    said = re.findall(r"[a-z]+", " ".join(fold(line.text) for line in lines))
    counts = {code: sum(word in telling for word in said) for code, telling in _TELLING.items()}
    best = max(counts, key=lambda code: counts[code])
    return {"pt": "pt-BR", "en": "en", "es": "es"}[best] if counts[best] > counts["pt"] else "pt-BR"


def asks_for_person(lines: Iterable[Line]) -> bool:
    """Whether somebody asks for a person, in whatever words are usual."""
    return any(_PERSON.search(fold(line.text)) for line in lines)
