"""POST /embeddings (contracts: OpenAI, section 5): computed here, by a real small model where it is installed.

The answer's `model` names what computed. OpenAI knows no questions and passages: a single short text counts as a question.
"""

import base64
import math
import struct
from typing import Any, Final

from workers.llm import local
from workers.sandbox.openai import models, usage
from workers.sandbox.openai.errors import no_model, wrong

LONGEST: Final = 8192
MOST_INPUTS: Final = 2048
MOST_TOKENS: Final = 300_000
QUESTION: Final = 200
"""Characters up to which one text alone counts as a question."""


def checked(body: dict[str, Any]) -> tuple[list[str], int]:
    """Texts and dimensions. Raises Refused."""
    name = body.get("model")
    full = models.EMBEDDING.get(str(name))
    if full is None:
        raise no_model(str(name))
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise wrong("Invalid 'input': expected a string or an array of strings.", "input")
    if not texts or len(texts) > MOST_INPUTS:
        raise wrong(f"Invalid 'input': array of 1 to {MOST_INPUTS} texts expected, got {len(texts)}.", "input")
    counts = [usage.tokens(text) for text in texts]
    if not all(texts):
        raise wrong("Invalid 'input': input cannot be an empty string.", "input")
    if max(counts) > LONGEST:
        text = f"This model's maximum context length is {LONGEST} tokens, however you requested {max(counts)} tokens."
        raise wrong(text, "input")
    if sum(counts) > MOST_TOKENS:
        raise wrong(f"Requested {sum(counts)} tokens, max {MOST_TOKENS} tokens per request.", "input", "max_tokens_per_request")
    if body.get("encoding_format", "float") not in ("float", "base64"):
        raise wrong("Invalid value for 'encoding_format'.", "encoding_format", "invalid_value")
    return texts, _dimensions(body.get("dimensions"), str(name), full)


def _dimensions(asked: Any, name: str, full: int) -> int:
    if asked is None:
        return full
    if not name.startswith("text-embedding-3"):
        raise wrong("This model does not support specifying dimensions.", "dimensions")
    if not isinstance(asked, int) or not 1 <= asked <= full:
        raise wrong(f"Invalid value for 'dimensions': must be between 1 and {full}.", "dimensions", "invalid_value")
    return asked


async def answered(body: dict[str, Any], texts: list[str], dims: int) -> dict[str, Any]:
    short = len(texts) == 1 and len(texts[0]) <= QUESTION
    vectors = await local.embed(texts, "query" if short else "passage")
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": number, "embedding": _packed(vector) if packed else vector}
        for number, vector in enumerate(_resized(one, dims) for one in vectors)
    ]
    count = sum(usage.tokens(text) for text in texts)
    return {
        "object": "list",
        "data": data,
        "model": local.engine().model,
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def _resized(vector: list[float], dims: int) -> list[float]:
    """Zeros behind it, which leaves angles as they are; or its beginning, of length 1 again."""
    if len(vector) <= dims:
        return vector + [0.0] * (dims - len(vector))
    kept = vector[:dims]
    length = math.sqrt(sum(value * value for value in kept)) or 1.0
    return [value / length for value in kept]


def _packed(vector: list[float]) -> str:
    """Little-endian float32 in base64, as the package asks for."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
