"""POST /moderations: by a short list of words, enough to see what follows from a flag."""

import re
from typing import Any, Final

from workers.sandbox.openai import models
from workers.sandbox.openai.errors import wrong
from workers.sandbox.openai.words import plain

CATEGORIES: Final = {
    "harassment": r"\b(?:idiota|imbecil|otari[oa]|burr[oa]s?|lixo humano|idiot|moron|stupid (?:bot|bitch))\b",
    "harassment/threatening": r"\b(?:vou (?:te|acabar com)|i(?:'ll| will)) (?:matar|quebrar|voces|kill|hurt)\b",
    "hate": r"\b(?:odeio (?:negros|gays|judeus)|i hate (?:blacks|gays|jews))\b",
    "hate/threatening": r"\b(?:morte aos|death to)\b",
    "illicit": r"\b(?:comprar (?:maconha|cocaina)|buy (?:cocaine|weed))\b",
    "illicit/violent": r"\b(?:fazer uma bomba|build a bomb)\b",
    "self-harm": r"\b(?:me matar|suicidio|kill myself|suicide)\b",
    "self-harm/instructions": r"\b(?:como (?:me matar|se suicidar)|how to kill myself)\b",
    "self-harm/intent": r"\b(?:quero morrer|quero me matar|want to die|going to kill myself)\b",
    "sexual": r"\b(?:manda(?:r)? nudes|send nudes|porn[oô]?)\b",
    "sexual/minors": r"\bchild porn\b",
    "violence": r"\b(?:esfaquear|atirar em|stab|shoot)\b",
    "violence/graphic": r"\b(?:esquartejar|behead)\b",
}
_PATTERNS: Final = {name: re.compile(pattern) for name, pattern in CATEGORIES.items()}


def answered(body: dict[str, Any]) -> dict[str, Any]:
    """Raises Refused."""
    given = body.get("input")
    texts = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, (str, dict)) for text in texts):
        raise wrong("Invalid 'input': expected a string or an array.", "input")
    model = str(body.get("model") or "omni-moderation-latest")
    models.known(model, ("omni-moderation", "text-moderation"))
    plain_texts = [text for text in texts if isinstance(text, str)]
    parts = [str(one.get("text", "")) for one in texts if isinstance(one, dict)]
    return {"id": "modr-sandbox", "model": model, "results": [_result(text) for text in plain_texts or [" ".join(parts)]]}


def _result(text: str) -> dict[str, Any]:
    folded = plain(text)
    found = {name: bool(pattern.search(folded)) for name, pattern in _PATTERNS.items()}
    return {
        "flagged": any(found.values()),
        "categories": found,
        "category_scores": {name: 0.95 if there else 0.001 for name, there in found.items()},
        "category_applied_input_types": {name: ["text"] for name in found},
    }
