"""What the model does for people of the company: summaries, rewriting, labels, the next step. Recognised by what the rules ask for."""

import base64
import binascii
import io
import re
from typing import Any, Final

from PIL import Image

from workers.sandbox.openai import intents, words
from workers.sandbox.openai.reading import Reading, texts
from workers.sandbox.openai.words import Language

_ASKED: Final[dict[str, re.Pattern[str]]] = {
    "translate": re.compile(r"\b(?:translat\w+|traduz\w*|traducao)\b"),
    "shorter": re.compile(r"\b(?:shorter|shorten\w*|more concise|mais curt[oa]|encurt\w+|resumid[oa])\b"),
    "friendlier": re.compile(r"\b(?:friendlier|friendly|warmer|mais (?:amigavel|simpatic[oa]|gentil|cordial))\b"),
    "formal": re.compile(r"\b(?:more formal|formally|mais formal)\b"),
    "correct": re.compile(r"\b(?:correct|fix) (?:the )?(?:spelling|grammar|typos|mistakes|errors)|\bcorrij\w+\b|\bcorrig\w+\b"),
    "labels": re.compile(r"\b(?:labels?|etiquetas?|tags?)\b"),
    "next_step": re.compile(r"\b(?:next step|proximo passo|what to do next)\b"),
    "explain": re.compile(r"\b(?:(?:explain|describe) (?:the |this )?(?:customer|contact|person)|three lines|tres linhas|who (?:the |this )?(?:customer|contact|person) is|quem e (?:o|a) (?:cliente|pessoa|contato))\b"),
    "summarise": re.compile(r"\b(?:summar\w+|resum[aoi]\w*)\b"),
    "picture": re.compile(r"\b(?:describe|descrev\w+)\b.{0,40}\b(?:picture|image|photo|imagem|foto)\b"),
}  # fmt: skip
_REWRITES: Final = ("translate", "shorter", "friendlier", "formal", "correct")
_SENTENCE: Final = re.compile(r"(?<=[.!?:;])\s+|\n+")
_ORDER: Final = re.compile(
    r"\b(?:write|rewrite|reescrev\w+|make|summar\w+|resum[ae]\w*|translat\w+|traduz\w*|shorten|explain"
    r"|describe|suggest|propose|choose|pick|correct|fix|sugir\w+|propo\w+|escolh\w+|diga|list|you (?:summar"
    r"|rewrit|translat|suggest|label|describ)\w+|encurt\w+|corrij\w+|escreva|explique|descreva|what|qual"
    r"|which)\b"
)
_PHRASES: Final = (
    ("ola", "hello"), ("oi", "hi"), ("bom dia", "good morning"), ("boa tarde", "good afternoon"), ("boa noite", "good evening"),
    ("obrigado", "thank you"), ("obrigada", "thank you"), ("muito obrigado", "thank you very much"), ("de nada", "you're welcome"),
    ("tudo bem", "how are you"), ("ate logo", "see you soon"), ("sim", "yes"), ("nao", "no"), ("como posso ajudar", "how can I help"),
    ("qual o prazo de entrega", "what is the delivery time"), ("quanto custa", "how much is it"), ("tenho interesse", "I am interested"),
    ("nao tenho interesse", "I am not interested"), ("seu pedido foi enviado", "your order was sent"), ("um momento", "one moment"),
    ("um momento, por favor", "one moment, please"), ("desculpe pela demora", "sorry for the delay"),
    ("entregamos em todo o brasil", "we deliver all over Brazil"), ("aceitamos cartao", "we accept cards"),
    ("posso ajudar em algo mais", "can I help with anything else"), ("pode me enviar seu cep", "can you send me your postal code"),
)  # fmt: skip
_TO_ENGLISH: Final = dict(_PHRASES)
_TO_PORTUGUESE: Final = {
    words.plain(english): portuguese
    for english, portuguese in (
        ("hello", "olá"), ("hi", "oi"), ("good morning", "bom dia"), ("good afternoon", "boa tarde"), ("good evening", "boa noite"),
        ("thank you", "obrigado"), ("thanks", "obrigado"), ("thank you very much", "muito obrigado"), ("you're welcome", "de nada"),
        ("yes", "sim"), ("no", "não"), ("how can i help", "como posso ajudar"), ("how much is it", "quanto custa"),
        ("i am interested", "tenho interesse"), ("i am not interested", "não tenho interesse"), ("one moment", "um momento"),
        ("one moment, please", "um momento, por favor"), ("sorry for the delay", "desculpe pela demora"),
        ("what is the delivery time", "qual o prazo de entrega"), ("your order was sent", "seu pedido foi enviado"),
        ("we deliver all over brazil", "entregamos em todo o Brasil"), ("we accept cards", "aceitamos cartão"),
        ("can i help with anything else", "posso ajudar em algo mais"),
    )
}  # fmt: skip


def recognised(reading: Reading) -> str:
    """What the rules order in a sentence of their own, "" when it is no task of these. Who sends a picture alone wants it described."""
    if reading.images and not reading.lines:
        return "picture"
    for sentence in _SENTENCE.split(words.plain(reading.system)):
        if _ORDER.search(sentence):
            for name, pattern in _ASKED.items():
                if pattern.search(sentence):
                    return name
    return ""


def wanted_language(system: str) -> Language | None:
    """The language that the rules name."""
    found = re.findall(
        r"\b(?:in|into|to|em|para(?: o)?|in brazilian) (?:brazilian )?(portuguese|english|portugues|ingles|pt-br|en)\b",
        words.plain(system),
    )
    return None if not found else "pt" if found[-1].startswith("p") else "en"


def done(task: str, reading: Reading, language: Language) -> str:
    """The text that the task makes."""
    if task in _REWRITES:
        return rewritten(task, reading.lines[-1].text if reading.lines else "", reading.system, language)
    match task:
        case "summarise":
            return summary(reading, language)
        case "explain":
            return "\n".join(explained(reading, language))
        case "next_step":
            return next_step(reading, language)
        case "picture":
            return picture(reading, language)
        case _:
            return ", ".join(labels(reading, []))


def rewritten(task: str, text: str, system: str, language: Language) -> str:
    pieces = words.sentences(text)
    match task:
        case "shorter":
            return pieces[0] if len(pieces) > 1 else text.strip()
        case "friendlier":
            hello = re.match(r"(?:oi|ola|bom dia|boa tarde|boa noite|hi|hello|hey|good)\b", words.plain(text))
            opening = "" if hello else "Oi! " if language == "pt" else "Hi! "
            closing = " Qualquer dúvida, é só chamar!" if language == "pt" else " Just write if you have any question!"
            return f"{opening}{text.strip()}{closing}"
        case "formal":
            return f"{'Prezado(a) cliente,' if language == 'pt' else 'Dear customer,'}\n{text.strip()}"
        case "correct":
            return " ".join(piece[:1].upper() + piece[1:] for piece in pieces)
        case _ if _OTHER.search(words.plain(system)):
            return _untranslated(text, words.language(text) or "pt")
        case _:
            return translated(text, wanted_language(system) or ("en" if words.language(text) == "pt" else "pt"))


_OTHER: Final = re.compile(r"\b(?:into|to|para(?: o)?) (?:spanish|espanhol)\b")


def translated(text: str, to: Language) -> str:
    """Phrases that are known, one by one; a text with another one stays as it is, which is said."""
    known = _TO_ENGLISH if to == "en" else _TO_PORTUGUESE
    made = []
    for piece in words.sentences(text):
        bare = piece.rstrip(".!?…, ")
        found = known.get(words.plain(bare))
        if found is None:
            return text if words.language(text) == to else _untranslated(text, to)
        made.append(found[:1].upper() + found[1:] + piece[len(bare) :].rstrip())
    return " ".join(made)


def _untranslated(text: str, to: Language) -> str:
    english, portuguese = "(simulator: only a real model translates this)", "(simulador: só um modelo de verdade traduz isto)"
    return f"{text.strip()} {english if to == 'en' else portuguese}"


def _theirs(reading: Reading) -> list[str]:
    """What the customer said, without greetings and thanks where there is more."""
    said = [piece for line in reading.theirs for piece in words.sentences(line.text)]
    return [one for one in said if not words.is_greeting(one) and not intents.says_nothing_new(one)] or said


def summary(reading: Reading, language: Language) -> str:
    """What the customer began with, what we said last, and where it ends."""
    said = _theirs(reading)
    if not said:
        return "Ainda não há conversa." if language == "pt" else "There is no conversation yet."
    who, ours, last = ("Cliente", "Resposta", "Por último") if language == "pt" else ("Customer", "Answer", "Last")
    answers = [piece for line in reading.lines if line.role == "assistant" for piece in words.sentences(line.text)]
    parts = [f"{who}: {said[0]}"]
    if answers:
        parts.append(f"{ours}: {answers[-1]}")
    if len(said) > 1:
        parts.append(f"{last}: {said[-1]}")
    return "\n".join(parts)


def explained(reading: Reading, language: Language) -> list[str]:
    """Three lines: who, what they want, where it stands."""
    said = _theirs(reading)
    known = [text for value in reading.facts for text in _facts(value)]
    portuguese = language == "pt"
    who = ", ".join(dict.fromkeys(known)) or ("Ainda sem dados." if portuguese else "Nothing known yet.")
    wish = said[0] if said else ("Ainda não escreveu." if portuguese else "Has not written yet.")
    return [who, ("Quer: " if portuguese else "Wants: ") + wish, next_step(reading, language)]


def _facts(value: Any) -> list[str]:
    """`name: value` of what tools told, but for the talk itself."""
    if isinstance(value, list):
        return [one for part in value for one in _facts(part)]
    if not isinstance(value, dict) or any(isinstance(value.get(key), str) for key in ("text", "body", "content")):
        return []
    own = [
        f"{key}: {one}"
        for key, one in value.items()
        if isinstance(one, (str, int, float)) and key not in ("id", "before") and str(one)
    ]
    return own + [one for part in value.values() for one in _facts(part)]


def next_step(reading: Reading, language: Language) -> str:
    portuguese = language == "pt"
    found = intents.of(reading.lines)
    intent = intents.last(found, "buy", "quote", "leave", "think", "later", "person", "angry")
    open_question = next((line.text for line in reversed(reading.now) if words.is_question(line.text)), "")
    said = {
        "buy": ("Combinar o pagamento e fechar o pedido.", "Agree on the payment and close the order."),
        "quote": ("Enviar o orçamento.", "Send the quote."),
        "leave": ("Agradecer e encerrar a conversa.", "Say thanks and close the conversation."),
        "think": ("Esperar e perguntar daqui a alguns dias.", "Wait, and ask in a few days."),
        "later": ("Chamar na hora que a pessoa pediu.", "Write at the time that they asked for."),
        "person": ("Uma pessoa da equipe deve responder.", "Somebody of the team should answer."),
        "angry": ("Pedir desculpas e resolver o problema.", "Apologise and solve the problem."),
    }
    if intent is not None and intent.name in said:
        return said[intent.name][not portuguese]
    if open_question:
        return f"{'Responder' if portuguese else 'Answer'}: {open_question}"
    return "Perguntar como pode ajudar." if portuguese else "Ask how you can help."


def labels(reading: Reading, choices: list[str]) -> list[str]:
    """Of the choices those that the customer spoke of; without choices, of the labels that the request names in a list."""
    said = {stem for line in reading.theirs for stem in words.content(line.text)}
    names = choices or [text for value in reading.facts for text in texts(value) if len(text) < 40] or _listed(reading.system)
    return [name for name in dict.fromkeys(names) if (wanted := set(words.content(name))) and wanted <= said][:5]


def _listed(system: str) -> list[str]:
    found = re.search(r"(?:labels|etiquetas|tags)[^:\n]*:\s*(.+?)(?:\n\n|$)", system, re.I | re.DOTALL)
    return [one.strip(" -*•\"'.") for one in re.split(r"[,;\n]", found[1])] if found else []


def picture(reading: Reading, language: Language) -> str:
    """How large it is: the sandbox's model sees no more."""
    for url in reading.images:
        packed = url.partition(",")[2]
        try:
            with Image.open(io.BytesIO(base64.b64decode(packed, validate=True))) as opened:
                size = f"{opened.width} x {opened.height}"
        except (OSError, ValueError, binascii.Error, Image.DecompressionBombError):
            continue
        return f"Uma imagem de {size} pontos." if language == "pt" else f"A picture of {size} pixels."
    return "Uma imagem." if language == "pt" else "A picture."
