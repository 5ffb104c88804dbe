"""Which sentences of the passages answer a question: words in common, rare ones counting more (BM25 over the sentences at hand)."""

import math
import re
from collections import Counter
from typing import Final, NamedTuple

from workers.sandbox.openai import words
from workers.sandbox.openai.reading import Passage

ENOUGH: Final = 0.34
"""Share of the question's weight that a passage must cover to answer it."""
CLOSE: Final = 0.6
"""A second sentence is taken when it says this much of what the first does."""
QUOTE: Final = 200
_ANSWER: Final = re.compile(r"^(?:resposta|answer|r|a)\s*:\s*", re.I)
"""How a text of questions and answers marks an answer."""


class Found(NamedTuple):
    passage: Passage
    sentence: str
    cover: float
    """Share of the question's weight that the sentence and the title of its passage hold."""


def best(question: str, passages: list[Passage], most: int = 2) -> list[Found]:
    """Up to `most` sentences, as they stand in the passages; none when nothing says enough about the question, or not of the code that it names."""
    asked = set(words.content(question))
    candidates = [(one, number, sentence) for one in passages for number, sentence in enumerate(words.sentences(one.text))]
    if not asked or not candidates:
        return []
    bags = [Counter(words.content(sentence)) for _, _, sentence in candidates]
    weight = {word: _idf(len(bags), sum(word in bag for bag in bags)) for word in asked}
    total = sum(weight.values())
    codes = {word for word in asked if len(word) >= 4 and any(char.isdigit() for char in word)}
    scored = []
    for at, (passage, number, sentence) in enumerate(candidates):
        if sentence.rstrip().endswith("?"):
            continue
        around = set(words.content(passage.title))
        before = candidates[at - 1] if number else None
        if before is not None and before[2].rstrip().endswith("?"):  # a question and its answer
            around |= set(bags[at - 1])
        if codes - around - bags[at].keys() and codes - set(words.content(passage.text)):
            continue
        own = sum(weight[word] for word in asked & bags[at].keys())
        near = sum(weight[word] for word in asked & around - bags[at].keys())
        length = sum(bags[at].values()) or 1
        scored.append(((own + 0.9 * near) * (1 - 0.002 * min(length, 60)), (own + near) / total, at, own))
    scored.sort(key=lambda one: (-one[0], one[2]))
    chosen = [one for one in scored if one[1] >= ENOUGH and one[0] > 0]
    if not chosen:
        return []
    first = chosen[0]
    kept = [first] + [one for one in chosen[1:] if one[0] >= CLOSE * first[0] and one[3] > 0]
    in_order = sorted(kept[:most], key=lambda one: one[2])
    return [Found(candidates[at][0], _ANSWER.sub("", candidates[at][2]), cover) for _, cover, at, _ in in_order]


def _idf(all_: int, holding: int) -> float:
    """As if eight more sentences were known, of which two hold the word: a handful says little about how rare it is."""
    return math.log(1 + (all_ - holding + 8.5) / (holding + 2.5))


def quote(found: Found) -> str:
    """The words of the passage that are cited, at most 200 characters."""
    return found.sentence[:QUOTE].strip()
