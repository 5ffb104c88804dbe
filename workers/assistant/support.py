"""Whether one sentence says what a passage says: by the words that carry it, by what is denied in either, and by what goes with what.

No model judges. A sentence of an answer is cut into clauses, and each needs all of its words in one sentence of a passage, or in two
neighbouring ones: those that only lead from one fact to another may be its own, and a few usual words count for one another. Words count
by their beginnings, so that "troca" and "trocamos" are one. It must deny what is denied there and nothing else, keep figures with what
they are said of, and widen nothing ("all", "always", a discount without its condition).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from workers.assistant import figures
from workers.assistant.clean import fold
from workers.assistant.figures import Kind
from workers.assistant.lexicon import ALL, ENDS, GIVEN, LEADING, LEADS, NOT, ONLY_IF, PLAIN, UNITS, WITHOUT, stem, told

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_CLAUSE = re.compile(
    r"\s*;\s+|,?\s+(?:mas|por[eé]m|but)\s+|,\s+(?:e|and|so|sen[aã]o|otherwise)\s+(?!em\b|de\b)"
    r"|\s+(?:e|and)\s+(?=(?:est[aá]|est[aã]o|é|s[aã]o|tem|t[eê]m|fica|custa|leva|n[aã]o|is|are|has|costs)\b)",
    re.I,
)
_WORD = re.compile(r"[a-z0-9]{3,}")
_EACH = re.compile(r"[a-z0-9]+|[.,;:!?]")
_SHARED = 2
"""So many words of a clause must stand in the second of two sentences, unless its figure does."""
_AFTER = 3
"""So many words after a "without" are what it denies."""
_WE = re.compile(r"\b\w+mos\b", re.I)
_BESIDE = re.compile(r",?\s+(?:e|and)\s+|;\s+")
YES_NO = re.compile(
    r"(?:sim|nao|claro|com certeza|temos|fazemos|aceitamos|entregamos|vendemos|yes|no|sure|we do|we have)\b[^?]*$"
)
_AFFIRMS = re.compile(
    r"(?:(?:sim|com certeza|pode|podem|da|tem|ha|temos|fazemos|aceitamos|entregamos|vendemos|atendemos|abrimos|trocamos|yes|we do|we have|you can)[\s,]*)"
    r"{1,3}(?:sim|claro|sure)?[\s.!]*"
)
"""A yes and no more."""
_NO_MATTER = re.compile(r"\bnao (?:se preocupe|(?:tem|ha) problemas?)\b|\b(?:sem|no) problem(?:as?)?\b|\bque pena\b")
_BARE = re.compile(r"(?:sim|nao|com certeza|yes|no)\b")
UNKNOWN = re.compile(
    r"\bnao (?:sei|encontrei|achei|tenho (?:essa|esta|a|nenhuma)? ?(?:informacao|certeza|resposta)|consigo|posso|localizei)\b"
    r"|\b(?:do not|don't|dont|could not|couldn't|cannot|can't) (?:know|find|have|confirm|help|say)\b"
)
_RESULT = re.compile(
    r"^(?!vestid|pedid|tecid|comid|bebid|medid|partid|mercad|calcad|feriad|sabad|estad|lado|need).*(?:ad[oa]s?|id[oa]s?|vel|veis|gratis|amos|emos|imos|ed|able|free|pag[oa]s?|feit[oa]s?)$"
)
"""How words end that say what was done, what is so, or what the company does: one of them is a statement already."""
_HEARD = re.compile(
    r"(?:(?:entendi|anotei|anotado|certo|ok|perfeito|got it|noted|i see)\b|(?:entao )?(?:voce|you) (?:quer|precisa|gostaria|disse|busca|procura|comprou|want|need|said|would)\b)"
)
"""How a sentence begins that only repeats what the customer wrote."""

Known = tuple[Kind, tuple[str, ...]]
"""A figure by its kind and value."""


def sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def stems(text: str) -> set[str]:
    """What a text says: its words that are no courtesy and no figures, by their beginnings."""
    return {stem(word) for word in _WORD.findall(told(text)) if _carries(word)}


def _carries(word: str) -> bool:
    return not (
        word in PLAIN
        or word in NOT
        or word in WITHOUT
        or word in UNITS
        or word in ALL
        or word in LEADING
        or word in figures.NUMERALS
        or word[0].isdigit()
    )


def says_nothing(sentence: str, known: set[str], customer: set[str], names: frozenset[str] = frozenset()) -> bool:
    """Whether it is courtesy: at most one word that is neither that nor the company's own, that tells no result and does not stand alone.
    `known` and `customer`: stems; the customer's own words may be repeated to them. `names`: of us, which tell no result whatever their end."""
    plain = fold(sentence)
    if _AFFIRMS.fullmatch(plain):
        return True
    loose = customer if _HEARD.match(plain) or UNKNOWN.search(plain) else set[str]()
    words = set(_WORD.findall(_NO_MATTER.sub(" ", plain)))
    unknown = [
        word
        for word in words - PLAIN
        if word not in names and (stem(word) not in known | loose or _RESULT.search(word)) and not word.isdigit()
    ]
    denies = bool(NOT & set(_EACH.findall(_NO_MATTER.sub(" ", plain)))) and not UNKNOWN.search(plain)
    return len(unknown) <= (1 if words & PLAIN and not denies else 0) and not any(_RESULT.search(word) for word in unknown)


def affirms(sentence: str, *, cites: bool) -> bool:
    """Whether it begins with a yes or a no, and does not say that it does not know. `cites`: "claro" is courtesy where something follows."""
    plain = fold(sentence)
    if _AFFIRMS.fullmatch(plain):
        return True
    return (_BARE if cites else YES_NO).match(plain) is not None and UNKNOWN.search(plain) is None


def stands_in(sentence: str, passages: Iterable[str], known: set[str], customer: frozenset[str] | set[str] = frozenset()) -> bool:
    """Whether passages say every clause of it. `known`: stems that need no passage; `customer`: what they named, which a passage about
    anything of its kind is about too."""
    texts = list(passages)
    found = [part for part in _CLAUSE.split(sentence) if part and part.strip()]
    return all(says_nothing(one, known, set()) or _stands(one, sentence, texts, known, customer) for one in found)


def _stands(clause: str, sentence: str, passages: Iterable[str], known: set[str], customer: frozenset[str] | set[str]) -> bool:
    mine, given = stems(clause) - known - LEADS, _figures(clause)
    spread = _spreads(clause)
    if not mine and not spread and not any(given & _figures(passage) for passage in passages):
        return bool(given)  # proven by what the company wrote, or nothing at all
    for window in (one for passage in passages for one in _windows(passage)):
        whole = " ".join(window)
        general = _spreads(whole)
        lacking = mine - stems(whole)
        if not mine and not given & _figures(whole):
            continue
        if (lacking and not (general and lacking <= customer and not _denies(clause))) or (spread and not general):
            continue
        if len(window) > 2 and len(mine & stems(window[-1])) < _SHARED and not given & _figures(window[-1]):
            continue
        if not (_contrary(clause, mine, window) or _mixed(clause, mine, window) or _widened(sentence, clause, window)):
            return True
    return False


def _spreads(text: str) -> bool:
    return bool(ALL & set(_EACH.findall(fold(text))))


def _figures(text: str) -> set[Known]:
    return {(one.kind, one.key) for one in figures.figures(text)}


def _windows(passage: str) -> Iterator[tuple[str, ...]]:
    """One sentence or two neighbouring ones, each with its heading."""
    parts = sentences(passage)
    heading = parts[:1] if "\n" in passage.strip() else []
    parts = parts[len(heading) :] or parts
    yield from ((*heading, one) for one in parts)
    yield from ((*heading, one, other) for one, other in pairwise(parts))


def _denies(clause: str) -> bool:
    return bool(NOT & set(_EACH.findall(told(clause))))


def _without(text: str) -> set[str]:
    """Stems of what is absent: "without a receipt"."""
    found: set[str] = set()
    left = 0
    for word in _EACH.findall(told(text)):
        if word in ENDS:
            left = 0
        elif word in WITHOUT:
            left = _AFTER
        elif left and len(word) >= 3:
            left -= 1
            found |= {stem(word)} if _carries(word) else set()
    return found


def _contrary(clause: str, mine: set[str], window: tuple[str, ...]) -> bool:
    """Whether what is closest to it in the passage says the opposite."""
    found = [(mine & stems(part), _denies(part)) for one in window for part in _CLAUSE.split(one) if part]
    parts = [(len(words), denies) for words, denies in found]
    most = max(count for count, _ in parts)
    sign = _denies(clause)
    if sign not in {denies for count, denies in parts if count == most}:
        return True
    like, unlike = (set[str]().union(*(words for words, denies in found if (denies is sign) is same)) for same in (True, False))
    if len(unlike - like) > 1:
        return True
    absent, theirs = _without(clause), _without(" . ".join(window))
    return bool((absent - theirs) & mine or (theirs & mine) - absent)


def _mixed(clause: str, mine: set[str], window: tuple[str, ...]) -> bool:
    """Whether it takes the figure of one thing for another: "two days in the city and five elsewhere"."""
    halves = [_beside(part) for part in _BESIDE.split(clause)]
    if not all(known for _, known in halves):
        halves = [(mine | _beside(clause)[0], _figures(clause))]
    return any(_taken(words & (mine | _numbers(known)), known, sentence) for words, known in halves for sentence in window)


def _taken(mine: set[str], given: set[Known], sentence: str) -> bool:
    parts = [_beside(part) for part in _BESIDE.split(sentence)]
    for figure in given:
        if figure[0] is Kind.NUMBER:
            continue
        near = set[str]().union(*(words for words, known in parts if figure in known))
        far = set[str]().union(
            *(words for words, known in parts if figure not in known and figure[0] in {kind for kind, _ in known})
        )
        if near and len(mine & far - near) > len(mine & near - far):
            return True
    return False


def _beside(part: str) -> tuple[set[str], set[Known]]:
    """Words and bare numbers, and figures."""
    known = _figures(part)
    return stems(_WE.sub(" ", part)) | _numbers(known), known


def _numbers(known: set[Known]) -> set[str]:
    return {key[0] for kind, key in known if kind is Kind.NUMBER}


def _widened(sentence: str, clause: str, window: tuple[str, ...]) -> bool:
    """Whether it gives something away and leaves out on what condition."""
    given = GIVEN & set(_EACH.findall(told(clause)))
    for one in (one for one in window if given & set(_EACH.findall(told(one)))):
        asked = set(ONLY_IF.findall(fold(one)))
        numbers = {figure.key for figure in figures.figures(one)}
        if (
            asked
            and not asked & set(ONLY_IF.findall(fold(sentence)))
            and not numbers & {f.key for f in figures.figures(sentence)}
        ):
            return True
    return False


_TAG = re.compile(
    r"(?:^|[,.;:–-]\s*|\s)(?:combinado|ta|ta bom|ta bem|tudo bem|ok|okay|certo|beleza|blz|viu|ne|nao e|nao e mesmo|pode ser|fechado|entendeu|right|alright|deal|isn't it|is that ok|sim)\s*\?+\s*$"
)
_ASKS = re.compile(
    r"(?:(?:e|mas|entao|so|and|but|por favor|please)[ ,]+)*"
    r"(?:(?:para|pra|em|de|com|por|a|ate|desde|in|for|at|to|from|by) )?(?:qual|quais|quando|onde|aonde|como|quant[oa]s?|quem|que|o que"
    r"|voces?|vc|quer|querem|prefere|pode|podemos|poderia|gostaria|posso|precisa|deseja|ja|tem|teria|seria|ha|algum|alguma|algo|mais|se|caso|tudo"
    r"|what|which|when|where|who|whom|whose|how|why|do|does|did|can|could|will|would|are|is|was|were|have|has|had|may|shall|should|any|anything|if"
    r"|ela|ele|elas|eles|[oa]s? (?:seu|sua)s?|seus?|suas?|isso|conseguiu|deu|funcionou|serviu|ficou|gostou|resolveu|this|that|it|they|there|your|que|cual|cuando|donde|como|cuanto|quien|puede|quiere|usted)\b"
)
_ENDS_ASKING = re.compile(r"\b(?:quem|qual|quais|quant[oa]s?|o que|que)\b(?:\W+\w+){0,3}\W*$")
_LEADS_ON = re.compile(r"\b(?:sabia|sabe|sabiam|know|knew|lembr\w+|viu) (?:que|that)\b")
_CLAIM = re.compile(
    r"\b(?:gratis|gratuit\w+|desconto\w*|aprovad\w+|confirmad\w+|garanti\w+|free|discount\w*|approved|guarante\w+)\b"
)


def stated(sentence: str) -> list[str]:
    """What a sentence states, without what it only asks: a question is none, its tag ("combinado?") makes none of what stands before."""
    if not sentence.endswith("?"):
        return [sentence]
    plain = fold(sentence)
    tagged = _TAG.search(plain)
    if tagged is not None:
        rest = plain[: tagged.start()].strip(" ,.;:-–")
        return [rest] if rest and not _ASKS.match(rest) else []
    if _LEADS_ON.search(plain):
        return [plain.rstrip("?")]
    *before, last = [part for part in re.split(r"\s*[,;:–]\s+", plain.rstrip("? ")) if part]
    found = [part for part in before if not _ASKS.match(part)]
    if not _ASKS.match(last) and not _ENDS_ASKING.search(last) and not any(_ASKS.match(part) for part in before):
        found.append(last)
    return found


def claims(sentence: str) -> list[str]:
    """Words of a question that promise: nothing is given away by asking."""
    return _CLAIM.findall(fold(sentence)) if sentence.endswith("?") else []
