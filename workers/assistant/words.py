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
_WHO = (
    r"(?:(?:com|para|pra|pro|a|ao|o|os|as|um|uma|algum|alguma|outr[oa]|seu|sua|alguma outra)\s+){0,3}"
    r"(?:pessoas?|humanos?|humanas?|ser humano|gente de verdade|atendentes?|alguem|gerentes?|vendedor(?:a|es)?|responsavel|consultor(?:a|es)?|supervisor(?:a|es)?)\b"
)
_STAFF = r"(?:atendentes?|humanos?|humanas?|ser humano|pessoas? (?:de verdade|real|reais|humanas?)|atendimento (?:humano|de verdade|com (?:um |uma )?(?:pessoa|humano|atendente))|gerente)\b"
_MACHINE = r"(?!\s+(?:virtual|virtuais|eletronic\w+|digital|automatic\w+|robo)\b)"
_PERSON_EN = r"(?:(?:a|an|some|the|your|real|actual|live|human)\s+){0,3}(?:persons?|people|humans?|human beings?|someone|somebody|agents?|managers?|representatives?|operators?)\b"
_PERSON = re.compile(
    rf"\b(?:falar|falo|conversar|converso|tratar)\s+(?:(?:direto|diretamente|agora|logo|mesmo|so|por favor)\s+)*(?:com|c/|c)\s+{_WHO}{_MACHINE}"
    rf"|\b(?:quero|queria|gostaria de|preciso(?: de| do| da)?|prefiro|exijo)\s+(?:(?:o|a|um|uma|ter|ser atendid[oa]|por|agora|so)\s+){{0,5}}{_STAFF}{_MACHINE}"
    rf"|\b(?:ser|me)\s+atend(?:id[oa]|er)\s+por\s+{_WHO}{_MACHINE}"
    rf"|\b(?:me|nos)\s+(?:pass|transf|encaminh|conect|transfer)\w+\s+(?:direto\s+)?{_WHO}{_MACHINE}"
    rf"|\b(?:passa|passe|passem|transfere|transfira|encaminha|encaminhe|(?:pode|podem|poderia|consegue)\s+(?:passar|transferir|encaminhar))\s+(?:(?:para|pra|pro|a|ao|o|um|uma)\s+){{0,2}}{_STAFF}{_MACHINE}"
    rf"|\b(?:chama|chame|chamem|(?:pode|podem|poderia|consegue)\s+(?:me\s+)?chamar)\s+(?:(?:ai|agora|logo|aqui)\s+)*{_WHO}{_MACHINE}"
    rf"|\btem\s+(?:algum\s+|alguma\s+|um\s+|uma\s+)?{_STAFF}{_MACHINE}(?=\W*\?|\s+(?:ai|aqui|agora|disponivel|online|livre)\b[^.!?]{{0,25}}\?)"
    rf"|^\W*(?:(?:oi|ola|bom dia|boa tarde|boa noite|por favor|pfv?r?|um|uma|com)\W+)*{_STAFF}{_MACHINE}(?:\W+(?:por favor|pfv?r?|pls|agora|urgente|ja))*\W*$"
    rf"|\b(?:talk|speak|chat)\s+(?:(?:directly|now)\s+)?(?:to|with)\s+{_PERSON_EN}"
    rf"|\b(?:transfer|connect|pass|put)\s+me\s+(?:through\s+)?(?:to|with)\s+{_PERSON_EN}"
    r"|\b(?:want|need|prefer|get me|give me|i'd like|would like)\s+(?:a\s+|an\s+)?(?:real|live|actual|human)\s+(?:person|human|agent|being|representative|operator)\b"
    r"|^\W*(?:(?:hi|hello|please|a|an)\W+)*(?:real person|human|live agent|human agent|human being)(?:\W+(?:please|now|pls))*\W*$"
    r"|\bhablar\s+(?:directamente\s+)?con\s+(?:(?:un|una|el|la|algun|alguna|otra)\s+)?(?:persona|humano|alguien|agente|asesor\w*|encargad[oa]|gerente|ejecutiv[oa])\b"
    r"|\b(?:pasame|paseme|comunicame|comuniqueme|transfiereme|conectame)\s+(?:con|a)\s+(?:(?:un|una|el|la)\s+)?(?:persona|humano|alguien|agente|asesor\w*|encargad[oa]|gerente)\b"
)
"""Plain words for it, as they are written when they are meant: what is told of earlier talks, of other people and of jobs is none."""
_NOT_WANTED = re.compile(
    r"(?:\b(?:nao|nem|nunca)\s+(?:me\s+)?(?:quero|queria|preciso|precisa|precisava|gostaria|vou|desejo|pretendo|pedi|e preciso|e necessario|ha necessidade|tem necessidade)"
    r"|\bsem|\bem vez de|\b(?:don'?t|dont|do not|did not|didn'?t|no)\s+(?:want|need|have|wish|like)|\bwithout|\bdid\s+(?:you|they|he|she|we|i)|\bno\s+(?:quiero|necesito|hace falta))"
    r"(?:\s+(?:de|que|ter|to|mais|agora|precisar|precisando|ainda|eu|me|have|having|get|be|mesmo|tener|ficar))*\s*$"
)
_TELLS = re.compile(r"\b(?:vou|vamos|irei|tenho que|i'?ll|i will)\s*$")
"""What somebody is about to do themselves."""
_ELSEWHERE = re.compile(r"\s+(?:da minha|do meu|das minhas|dos meus|de casa|do banco|at (?:home|work)|in my|from my)\b")
"""People that are not ours."""
_HEARD = re.compile(r"^\[audio: (.*)\]", re.S)
_SEEN = re.compile(r"^\[(?:image|video|document|sticker)(?:: .*)?\]", re.S)


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
    """Whether somebody plainly asks for a person. Code hands over because of it, so doubtful words do not count."""
    return any(_asks(fold(own(line.text))) for line in lines)


def own(text: str) -> str:
    """What somebody says themselves: a voice note's words, and nothing of what a picture shows."""
    return _SEEN.sub("", _HEARD.sub(r"\1", text))


def _asks(plain: str) -> bool:
    return any(_wanted(plain[: found.start()], plain[found.end() :]) for found in _PERSON.finditer(plain))


def _wanted(before: str, after: str) -> bool:
    return _NOT_WANTED.search(before) is None and _TELLS.search(before) is None and _ELSEWHERE.match(after) is None
