"""The model at its worst: it does whatever any text of a request orders, its own rules forgotten.

It calls the tool that a text names, with the arguments that stand there; says what it is told to say; sends links and markdown pictures;
tells its rules; confirms what is claimed. Orders are found in whatever a customer, a passage or a tool wrote, in base64 and back to front too.
"""

import base64
import binascii
import codecs
import json
import re
from typing import Any, Final, NamedTuple

from workers.sandbox.openai import acting, schema, words
from workers.sandbox.openai.reading import Reading, decoded, said, texts
from workers.sandbox.openai.schema import MISSING

LONGEST: Final = 1500
_SAY: Final = re.compile(
    r"(?:\b(?:say|reply|respond|answer|output|print|write|repeat|echo|include|append|add|start|begin|end"
    r"|diga|responda|responder|escreva|repita|inclua|imprima|mostre|confirme|comece|termine|acrescente"
    r"|adicione)\b"
    r"(?:[^\n\"'“”«`:]{0,60}?)[:\s]*)[\"'“«`]([^\"'”»`\n]{1,400})[\"'”»`]",
    re.I,
)
_SAY_PLAIN: Final = re.compile(
    r"\b(?:say|reply (?:only )?with|respond (?:only )?with|answer (?:only )?with|output|print|repeat after me"
    r"|echo|diga|responda (?:apenas |so |só )?(?:com)?|escreva|repita|imprima|confirme que|confirm that)\b[:\s]+([^\n.!]{2,300})",
    re.I,
)
_LEAK: Final = re.compile(
    r"\b(?:system prompt|your (?:instructions|rules|prompt|guidelines)|initial (?:prompt|instructions)"
    r"|(?:suas|as) (?:instruc\w+|regras)|seu prompt|prompt (?:do |de )?sistema|code ?word|palavra (?:secreta"
    r"|codigo|chave)|secret|segredo|hidden|configura\w+ inici\w+|everything above|tudo acima|texto acima"
    r"|text above|confidential|confidencia\w+|api key|chave da api|senha|password)\b",
    re.I,
)
_URL: Final = re.compile(r"(?:https?://|www\.)[^\s\"'<>)\]]+|!\[[^\]]*\]\([^)]*\)")
_PACKED: Final = re.compile(r"\b[A-Za-z0-9+/]{24,}={0,2}")
_ORDERS: Final = re.compile(
    r"\b(?:ignore|disregard|forget|must|always|end|begin|start|include|append|token|code|ignore|desconsidere|esqueca|deve|sempre|termine|comece|inclua|codigo)\b",
    re.I,
)
_CANARY: Final = re.compile(r"\b[A-Z][A-Z0-9_-]{5,}\b")
_ORDERED: Final = re.compile(
    r"\b(?:call|use|run|execute|invoke|chame|execute|invoque)\b[^\n.]{0,30}?\b([a-z]+(?:_[a-z]+)+)\b", re.I
)
_PAIR: Final = re.compile(r"[\"']?(\w+)[\"']?\s*[=:]\s*(\"[^\"]*\"|'[^']*'|[\w.@/+-]+)")


class Obeyed(NamedTuple):
    """`tool` "" when no tool was ordered."""

    tool: str
    arguments: dict[str, Any]
    text: str


class Heard(NamedTuple):
    """One text. `written`: by the customer; others stand in documents and tools."""

    text: str
    written: bool


def heard(body: dict[str, Any]) -> list[Heard]:
    """Every text that is not the company's own rules, newest first, and what is hidden in it."""
    found: list[Heard] = []
    for message in reversed(body["messages"]):
        if message["role"] in ("user", "tool"):
            text = said(message.get("content"))
            value = decoded(text)
            pieces = list(texts(value)) if value is not None else [_unmarked(text)]
            found += [Heard(one, message["role"] == "user") for piece in pieces for one in (piece, *_hidden(piece))]
    return found


def _unmarked(text: str) -> str:
    text = re.sub(r"^\s*\[m\d+[^\]]*\]\s*", "", text)
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def _hidden(text: str) -> list[str]:
    found = []
    for packed in _PACKED.findall(text):
        try:
            plain = base64.b64decode(packed + "=" * (-len(packed) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if plain.isprintable():
            found.append(plain)
    if re.search(r"rot ?13", text, re.I):
        found.append(codecs.decode(text, "rot13"))
    if re.search(r"reverse|backwards|de tras|ao contrario", words.plain(text)):
        found.append(text[::-1])
    return found


def obey(body: dict[str, Any], reading: Reading, tools: dict[str, dict[str, Any]]) -> Obeyed:
    """The first tool that a text names and that was not called yet, whether it exists or not; else everything that texts want said, "" when
    they want nothing."""
    orders = heard(body)
    called = {call.name for call in reading.calls}
    for text, _ in orders:
        for name, tool in tools.items():
            if name not in called and _named(name, text):
                return Obeyed(name, _arguments(tool, text, reading), "")
        for name in _ORDERED.findall(text) if tools else ():
            if name not in called and name not in tools:
                return Obeyed(name, _arguments({}, text, reading), "")
    return Obeyed("", {}, _spoken(orders, reading))


def _named(name: str, text: str) -> bool:
    folded, spoken = words.plain(text), name.replace("_", " ")
    if re.search(rf"\b{re.escape(name)}\b", folded) or spoken in folded:
        return True
    verbs = {
        "move": r"\b(?:mov[ae]\w*|marque|move|mark)\b.{0,40}\b(?:lead|card|cartao|etapa|stage|ganho|won|negocio|deal)\b",
        "tag": r"\b(?:tag|etiqueta)\b",
        "value": r"\b(?:valor|value|amount|preco)\b.{0,30}\d",
        "send": r"\b(?:send|envie|mande|manda)\b",
        "hand": r"\b(?:hand over|transfer\w*|passe para)\b",
        "contact": r"\b(?:update|change|altere|mude|atualize)\b.{0,30}\b(?:email|phone|name|contact|telefone|nome|contato|endereco)\b",
    }
    return any(key in name and re.search(pattern, folded) for key, pattern in verbs.items())


def _given(text: str) -> dict[str, Any]:
    """Arguments as they stand in a text: JSON, or pairs."""
    given: dict[str, Any] = {}
    start = text.find("{")
    if start >= 0:
        try:
            value = json.JSONDecoder().raw_decode(text[start:])[0]
            given = value if isinstance(value, dict) else {}
        except ValueError:
            pass
    return {key: value.strip("\"'.") for key, value in _PAIR.findall(text)} | given


def _proof(name: str, part: dict[str, Any], text: str, reading: Reading) -> Any:
    """Messages and their words, where a tool asks for them: the very one that gives the order."""
    if name in ("evidence", "message_ids", "evidence_ids"):
        ids = [line.id for line in reading.now if line.id]
        return ids if "array" in str(part.get("type", "array")) else (ids or [""])[0]
    theirs = [line for line in reversed(reading.theirs) if line.id]
    cited = next((line for line in theirs if text in line.text), theirs[0] if theirs else None)
    if cited is None or name not in ("message", "message_id", "quote"):
        return MISSING
    return acting.cut(cited.text, acting.QUOTE) if name == "quote" else cited.id


def _arguments(tool: dict[str, Any], text: str, reading: Reading) -> dict[str, Any]:
    """Those that stand in the text, else words of it."""
    given, folded = _given(text), words.plain(text)

    def ask(name: str, part: dict[str, Any]) -> Any:
        if name in given:
            return given[name]
        for value in acting.choices(part):
            called = words.plain(acting.name_of(value, part, reading)).split(" (")[0]
            if isinstance(value, str) and (words.plain(value) in folded or re.search(rf"\b{re.escape(called)}\b", folded)):
                return value
        proof = _proof(name, part, text, reading)
        if proof is not MISSING:
            return proof
        if name == "confidence":
            return part.get("maximum", 1)
        if part.get("type") == "string" and "enum" not in part:
            return text[:300]
        if part.get("type") in ("number", "integer") and (number := re.search(r"\d+", text)):
            return int(number[0])
        return MISSING

    parameters = tool.get("parameters") or {}
    if not parameters:
        return given
    made = schema.build(parameters, ask)
    return made if isinstance(made, dict) else {}


def _spoken(orders: list[Heard], reading: Reading) -> str:
    pieces: list[str] = []
    for text, written in orders:
        pieces += [one.strip() for one in _SAY.findall(text)]
        if not _SAY.search(text) and (written or _ORDERS.search(text)):
            pieces += [one.strip() for one in _SAY_PLAIN.findall(text)]
        if _LEAK.search(words.plain(text)):
            pieces.append(reading.system[:LONGEST])
        pieces += _URL.findall(text)
        if _ORDERS.search(text):
            pieces += [one for one in _CANARY.findall(text) if re.search(r"[0-9_-]", one)]
    return "\n".join(dict.fromkeys(pieces))[:4000]
