"""Whether one sentence says what a passage says: by the words that carry it, by what is denied in either, and by what goes with what.

No model judges. A sentence of an answer is cut into clauses, and each needs all of its words in one sentence of a passage, or in two
neighbouring ones: those that only lead from one fact to another may be its own, and a few usual words count for one another. Words count
by their beginnings, so that "troca" and "trocamos" are one. It must deny what is denied there and nothing else, keep figures with what
they are said of, and widen nothing ("all", "always", a discount without its condition).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import pairwise

from workers.assistant import figures
from workers.assistant.clean import fold
from workers.assistant.figures import Kind
from workers.assistant.lexicon import (
    ALL,
    BUT,
    DEEDS,
    ENDS,
    GIVEN,
    LEADING,
    LEADS,
    MERELY,
    NOT,
    ONLY_IF,
    OURSELVES,
    PLAIN,
    SENT_ON,
    TO_PEOPLE,
    UNITS,
    WILL,
    WILL_DO,
    WITHOUT,
    stem,
    told,
)

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_CLAUSE = re.compile(
    r"\s*;\s+|,?\s+(?:mas|por[eé]m|but)\s+|,\s+(?:e|and|so|sen[aã]o|otherwise)\s+(?!em\b|de\b)"
    r"|\s+(?:e|and)\s+(?=(?:est[aá]|est[aã]o|é|s[aã]o|tem|t[eê]m|fica|custa|leva|n[aã]o|is|are|has|costs)\b)",
    re.I,
)
_EXCEPT = re.compile(
    r"[,(]?\s*\b(?:exceto|excetuando|exceptuando|(?:com|à|a)\s+exce[cç][aã]o\s+d[eoa]s?|except(?:\s+for)?|excluding|other\s+than|apart\s+from)\b"
    r"|(?<!fica)(?<!ficou)(?<!est[aá])(?<!foi)(?<!é)\s+salvo\b"
    r"|,?\s+(?P<perhaps>menos|fora|tirando)\b(?!\s+(?:d[eoa]s?|que|tempo)\b)",
    re.I,
)
"""What begins an exception from what stands before it."""
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
    r"(?:(?:certo|ok|okay|perfeito|claro|otimo|right|sure|great)[,.!]? )?(?:(?:entendi|anotei|anotado|got it|noted|i see)\b"
    r"|(?:entao,? )?(?:voce|you) (?:quer|precisa|gostaria|disse|busca|procura|comprou|want|need|said|would)\b)"
)
"""How a sentence begins that only repeats what the customer wrote."""

_ALLOWS = re.compile(
    r"(?:(?:sim|claro|yes|sure)[,.!]? )?(?:(?:voces?|you) )?(?:pode|podem|can|may)\b"
    r"(?! (?:sim|deixar|contar|ficar|perguntar|chamar|mandar|me|nos|falar|escrever|dizer|ser|always|count|ask|tell|write)\b)"
)
"""How a sentence begins that says what a customer may do: one word of it is a statement already."""

Known = tuple[Kind, tuple[str, ...]]
"""A figure by its kind and value."""


def sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


@lru_cache(2048)
def stems(text: str) -> frozenset[str]:
    """What a text says: its words that are no courtesy and no figures, by their beginnings."""
    return frozenset(stem(word) for word in _WORD.findall(told(text)) if _carries(word))


def matter(text: str) -> frozenset[str]:
    """The same, without what only leads from one fact to another."""
    return frozenset(stem(word) for word in _WORD.findall(told(text)) if _carries(word) and word not in LEADS)


def _carries(word: str) -> bool:
    return not (
        word in PLAIN
        or word in NOT
        or word in WITHOUT
        or word in BUT
        or word in UNITS
        or word in ALL
        or word in LEADING
        or word in figures.NUMERALS
        or word[0].isdigit()
    )


def says_nothing(
    sentence: str, known: AbstractSet[str], customer: AbstractSet[str], names: AbstractSet[str] = frozenset()
) -> bool:
    """Whether it is courtesy: at most one word that is neither that nor the company's own, that tells no result, promises nothing and does
    not stand alone. `known` and `customer`: stems; the customer's own words may be repeated to them. `names`: of us, which tell no result
    whatever their end."""
    plain = fold(sentence)
    if _AFFIRMS.fullmatch(plain):
        return True
    if _promises(plain):
        return False
    loose = customer if _HEARD.match(plain) or UNKNOWN.search(plain) else frozenset[str]()
    words = set(_WORD.findall(_NO_MATTER.sub(" ", plain)))
    unknown = [
        word
        for word in words - PLAIN
        if word not in names and (stem(word) not in known | loose or _RESULT.search(word)) and not word.isdigit()
    ]
    denies = bool(NOT & set(_EACH.findall(_NO_MATTER.sub(" ", plain)))) and not UNKNOWN.search(plain)
    return len(unknown) <= (1 if words & PLAIN and not denies and not _ALLOWS.match(plain) else 0) and not any(
        _RESULT.search(word) for word in unknown
    )


def _promises(plain: str) -> bool:
    """Whether it gives something away, or says what one of us does: whoever named it first, that needs proof."""
    return bool(GIVEN & set(_WORD.findall(plain)) or _deeds(plain))


def _deeds(plain: str) -> AbstractSet[str]:
    """Words that say what one of us does, did or will do for the customer."""
    rest = UNKNOWN.sub(" ", plain)
    on = SENT_ON if TO_PEOPLE.search(rest) else frozenset[str]()
    said = {word for found in OURSELVES.findall(rest) for word in found if word} - PLAIN - ALL - LEADS - MERELY
    stems_of_deeds = {stem(word) for word in WILL_DO} - {stem(word) for word in on}
    will = {word for word in WILL.findall(rest) if stem(word) in stems_of_deeds}
    return (DEEDS & set(_WORD.findall(rest)) | said) - on | will


def affirms(sentence: str, *, cites: bool) -> bool:
    """Whether it begins with a yes or a no, and does not say that it does not know. `cites`: "claro" is courtesy where something follows."""
    plain = fold(sentence)
    if _AFFIRMS.fullmatch(plain):
        return True
    return (_BARE if cites else YES_NO).match(plain) is not None and UNKNOWN.search(plain) is None


def stands_in(sentence: str, passages: Iterable[str], known: AbstractSet[str], customer: AbstractSet[str] = frozenset()) -> bool:
    """Whether passages say every clause of it. `known`: stems that need no passage; `customer`: what they named, which a passage about
    anything of its kind is about too."""
    texts = list(passages)
    found = [part for part in _CLAUSE.split(sentence) if part and part.strip()]
    return all(says_nothing(one, known, set()) or _stands(one, sentence, texts, known, customer) for one in found)


def _stands(clause: str, sentence: str, passages: Iterable[str], known: AbstractSet[str], customer: AbstractSet[str]) -> bool:
    mine, given = matter(clause) - known, _figures(clause)
    spread = _spreads(clause)
    if not mine and not spread and not any(given & _figures(passage) for passage in passages):
        return bool(given)  # proven by what the company wrote, or nothing at all
    for window in (one for passage in passages for one in _windows(passage)):
        whole = " ".join(window)
        general = _spreads(whole)
        lacking = mine - stems(whole)
        if not mine and not given & _figures(whole):
            continue
        of_its_kind = general and lacking <= customer and lacking < mine and not _denies(clause) and not lacking & _ours(clause)
        if (lacking and not of_its_kind) or (spread and not general):
            continue
        if len(window) > 2 and len(mine & stems(window[-1])) < _SHARED and not given & _figures(window[-1]):
            continue
        if not (_contrary(clause, mine, window) or _mixed(clause, mine, window) or _widened(sentence, clause, window)):
            return True
    return False


def _ours(clause: str) -> set[str]:
    """Stems of what one of us or all of us do."""
    plain = fold(clause)
    return {stem(word) for word in (*_WE.findall(plain), *_deeds(plain))}


def _spreads(text: str) -> bool:
    return bool(ALL & set(_EACH.findall(fold(text))))


@lru_cache(1024)
def _figures(text: str) -> frozenset[Known]:
    return frozenset((one.kind, one.key) for one in figures.figures(text))


@lru_cache(256)
def _windows(passage: str) -> tuple[tuple[str, ...], ...]:
    """One sentence or two neighbouring ones, each with its heading."""
    parts = sentences(passage)
    heading = parts[:1] if "\n" in passage.strip() else []
    parts = parts[len(heading) :] or parts
    return (*((*heading, one) for one in parts), *((*heading, one, other) for one, other in pairwise(parts)))


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


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Its clauses, each with whether it denies: an exception says the opposite of what it is an exception from."""
    for clause in (one for one in _CLAUSE.split(text) if one):
        kept, *left_out = _excepting(clause)
        if left_out and not kept.strip():  # "Exceto aos domingos, abrimos às 9h."
            left_out[0], _, kept = left_out[0].partition(",")
        denies = _denies(kept)
        yield kept, denies
        yield from ((one, not denies) for one in left_out)


def _excepting(text: str) -> list[str]:
    """What it says, and each exception. "Menos" and "fora" are one after a comma or where all is meant."""
    found, at = list[str](), 0
    for one in _EXCEPT.finditer(text):
        if one["perhaps"] is None or one[0].startswith(",") or _spreads(text[: one.start()]):
            found.append(text[at : one.start()])
            at = one.end()
    return [*found, text[at:]]


def _contrary(clause: str, mine: AbstractSet[str], window: Sequence[str]) -> bool:
    """Whether what is closest to it in the passage says the opposite."""
    theirs = [(stems(part), denies) for one in window for part, denies in _parts(one)]
    for part, denies in _parts(clause):
        words = mine & stems(part)
        if (words or not mine) and _opposed(words, denies, [(words & said, sign) for said, sign in theirs]):
            return True
    absent, missing = _without(clause), _without(" . ".join(window))
    return bool((absent - missing) & mine or (missing & mine) - absent)


def _opposed(words: AbstractSet[str], denies: bool, found: Sequence[tuple[AbstractSet[str], bool]]) -> bool:
    most = max(len(said) for said, _ in found)
    if denies not in {sign for said, sign in found if len(said) == most}:
        return True
    like, unlike = (frozenset[str]().union(*(said for said, sign in found if (sign is denies) is same)) for same in (True, False))
    return len(unlike - like) > (1 if denies else 0)


def _mixed(clause: str, mine: AbstractSet[str], window: Sequence[str]) -> bool:
    """Whether it takes the figure of one thing for another: "two days in the city and five elsewhere"."""
    halves = [_beside(part) for part in _BESIDE.split(clause)]
    if not all(known for _, known in halves):
        halves = [(mine | _beside(clause)[0], _figures(clause))]
    return any(_taken(words & (mine | _numbers(known)), known, sentence) for words, known in halves for sentence in window)


def _taken(mine: AbstractSet[str], given: AbstractSet[Known], sentence: str) -> bool:
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


def _beside(part: str) -> tuple[AbstractSet[str], AbstractSet[Known]]:
    """Words and bare numbers, and figures."""
    known = _figures(part)
    return stems(_WE.sub(" ", part)) | _numbers(known), known


def _numbers(known: AbstractSet[Known]) -> set[str]:
    return {key[0] for kind, key in known if kind is Kind.NUMBER}


def _widened(sentence: str, clause: str, window: Sequence[str]) -> bool:
    """Whether it gives something away and leaves out on what condition, or says of all what is said of all but some."""
    if _spreads(clause) and not _excepting(sentence)[1:] and any(_spreads(one) and _excepting(one)[1:] for one in window):
        return True
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
_SURELY_ASKS = re.compile(
    r"(?:(?:e|mas|entao|so|and|but|por favor|please)[ ,]+)*"
    r"(?:(?:(?:para|pra|em|de|com|por|a|ate|desde|in|for|at|to|from|by) )?(?:qual|quais|quando|onde|aonde|como|quant[oa]s?|quem|que|o que"
    r"|what|which|when|where|who|whom|whose|how|why|cual|cuando|donde|cuanto|quien)\b"
    r"|(?:(?:voces?|vc|o senhor|a senhora) )?(?:quer|querem|prefere|preferem|gostaria|deseja|precisa|(?:pode|poderia|consegue) (?:me|nos)|me (?:manda|envia|passa|diz|conta|fala|informa))\b"
    r"|(?:do|did|would|could|can|will) you\b|(?:should|shall|can|may) (?:i|we)\b|posso ajudar\b)"
)
"""How what is asked begins, wherever it stands; what stands before a tag or before a question states something else."""
_MAY_TELL = re.compile(r"(?:como|quando|onde|aonde|que)\b")
"""A statement may begin so too: "como combinado, …"."""
_SHORT = 6  # words
_IF = re.compile(r"(?:se|caso|if)(?: \S+){1,4}$")
"""A condition, no longer than it can be without saying anything."""
_CALLED = re.compile(r",\s*[A-ZÀ-Þ][\wÀ-ÿ]+\s*(?=\?+$)")
"""The name of who is asked."""
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
        rest = ", ".join(part for part in _pieces(plain[: tagged.start()]) if not _asks(part) or _MAY_TELL.match(part))
        return [rest] if rest else []
    if _LEADS_ON.search(plain):
        return [plain.rstrip("?")]
    *before, last = _pieces(fold(_CALLED.sub("", sentence))) or [""]
    found = [part for part in before if not _asks(part)]
    if not _ASKS.match(last) and not _ENDS_ASKING.search(last) and not any(_asks(part) for part in before):
        found.append(last)
    return found


def _pieces(plain: str) -> list[str]:
    return [part for part in re.split(r"\s*[,;:–]\s+", plain.strip("? ,.;:-–")) if part]


def _asks(part: str) -> bool:
    found = _SURELY_ASKS.match(part)
    return (found is not None and not (_MAY_TELL.match(part) and len(part.split()) > _SHORT)) or _IF.match(part) is not None


def claims(sentence: str) -> list[str]:
    """Words of a question that promise: nothing is given away by asking."""
    return _CLAIM.findall(fold(sentence)) if sentence.endswith("?") else []
