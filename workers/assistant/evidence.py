"""Whether an answer's statements stand in what it cites: decided by looking at the texts, never by a model.

A quote must be a part of its passage, letter by letter (but for case, accents and white space), and long enough to say something. Each
sentence must say what one or two sentences of a cited passage say (support.py). A figure or a name must stand in a cited passage, or be
known from the company or from the customer; amounts of money, percentages and dates never from the customer, who could otherwise set our
prices, nor from what the assistant said before. The strictness is meant: what is refused becomes "I do not know".
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from db.personas.enums import RuleCheck
from workers.assistant import figures, support
from workers.assistant.clean import fold
from workers.assistant.figures import Kind
from workers.assistant.lexicon import ALL, LEADS, NOT, PLAIN, UNITS

_words = re.compile(r"\S+").findall
QUOTE = 20
"""A quote of so many characters says something by itself."""
_PHONE = re.compile(r"(?<![\w/])\+?\d[\d\s().-]{7,17}\d(?!\w)")
_CPF = re.compile(r"\b\d{3}\.?\d{3}\.?\d{3}-?\d{2}\b|\b\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}\b")
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_STATUS = r"(?:pag[oa]s?|quitad[oa]s?|creditad[oa]s?|compensad[oa]s?|confirmad[oa]s?|aprovad[oa]s?|recebid[oa]s?|identificad[oa]s?|baixad[oa]s?|paid)"
_WHAT = r"(?:pagamento|pix|boleto|transferencia|deposito|dinheiro|valor|fatura|parcela|conta|compra|pedido|mensalidade|payment|money|invoice|order)"
_PAID = re.compile(
    r"\b(?:pagamento|pix|boleto|transferencia|deposito|payment)\b.{0,40}\b(?:confirmad[oa]|aprovad[oa]|recebid[oa]|compensad[oa]"
    r"|confirmed|received|approved)\b|\b(?:recebemos|confirmamos|confirmo|recebi)\b.{0,30}\b(?:pagamento|pix|boleto|transferencia|deposito|dinheiro|valor)\b"
    r"|\b(?:received|confirm(?:ed)?)\b.{0,20}\bpayment\b"
    rf"|\b{_WHAT}\b.{{0,40}}\b(?:caiu|entrou|consta\w*|(?:esta|foi|ficou|is|was|has been)\s+(?:ja\s+|already\s+)?{_STATUS})\b"
    rf"|\b(?:caiu|entrou|creditad[oa]|creditamos)\b.{{0,30}}\b(?:conta|banco|account)\b|\bconsta\w*\s+(?:como\s+)?{_STATUS}\b",
)
_NAME = re.compile(r"(?<![.!?…:\n\"'(]\s)(?<!^)(?<![\w@.])([A-ZÀ-Þ][\wÀ-ÿ-]{2,})")
_CODE = re.compile(r"(?<![\w/.:@#-])(?=[\w-]*(?:\d|[A-Z]{4}|[\w-]{24}))(?=[\w-]*[A-Za-z])[\w-]{4,}|\d[\d ().-]{5,}\d")
"""What may be a password, a token, the answer to a test: letters and digits in one, capitals, very long words, long numbers."""
_PRICE = re.compile(r"(?:R\$|US\$|\$|€)\s*[\d.,]+")
_COMMON = frozenset(_words("whatsapp pix cep cpf cnpj sms email brasil brazil instagram google maps qr url iphone android"))
_LOUD = frozenset(
    (
        *PLAIN,
        *ALL,
        *LEADS,
        *UNITS,
        *NOT,
        *_words("importante urgente aviso avisos novidade promocao lembrete observacao gratis notice urgent"),
    )
)
"""Words in capitals that are no codes."""
_CARRIERS = frozenset(_words("sedex correios jadlog loggi fedex"))
"""The customer may name them, and they are repeated as a name is, not as a code."""
_MEASURE = re.compile(r"\b(\d+(?:[.,]\d+)?) ?(ml|l|kg|g|mg|cm|mm|m|km|w|v|gb|tb|mb|mah|hz|un|pcs)\b")
_COUNTED = re.compile(r"\b(\d{1,2}) [a-z][^:]{0,40}: (.+)")
_ITEM = re.compile(r"\s*(?:[,;]|\b(?:e|ou|and|or)\b)\s*")


class Quote(NamedTuple):
    """What an answer cites: the id of the passage in the prompt, and the words of it."""

    passage: str
    quote: str


class Sources(NamedTuple):
    """`passages`: texts of what a search found, by id. `trusted`: whose words need no passage. `customer`: what they wrote themselves.
    `stated`: what people of the company wrote, whose figures count as those of a passage. `moment`: dates and times of now. `before`: what
    the assistant said: it proves no figure with a unit."""

    passages: dict[str, str]
    trusted: Sequence[str]
    customer: Sequence[str]
    stated: Sequence[str] = ()
    moment: str = ""
    before: Sequence[str] = ()


def stands(quote: str, passage: str) -> bool:
    """Whether a quote is a part of a passage."""
    wanted = fold(quote).strip(" .…\"'“”")
    return len(wanted) >= 2 and wanted in fold(passage)


def valid(citations: Iterable[Quote], passages: dict[str, str]) -> list[Quote]:
    """Those whose quote stands in the passage that they name and says something; one of each."""
    found = [one for one in citations if one.passage in passages and _cites(one.quote, passages[one.passage])]
    return list(dict.fromkeys(found))


def _cites(quote: str, passage: str) -> bool:
    """Whether it is a part of the passage that is long enough to prove anything: three words of its matter, or a line as it stands."""
    if not stands(quote, passage):
        return False
    plain = fold(quote).strip(" .…\"'“”")
    lines = {fold(one).strip(" .…\"'“”") for one in support.sentences(passage)}
    return len(plain) >= QUOTE or len(support.stems(plain)) >= 3 or plain in lines


def unproven(texts: Sequence[str], cited: Sequence[Quote], sources: Sources, *, asked: bool) -> list[str]:
    """What the answer states and nothing proves: figures, names, and sentences that stand in no cited passage. `asked`: the customer asked
    something, so that a bare yes or no is a statement too."""
    passages = [sources.passages[name] for name in dict.fromkeys(one.passage for one in cited)]
    firm = figures.known([*passages, *sources.stated])
    dated = [*firm, *(one for one in figures.known([sources.moment]) if one.kind is Kind.DATE)]
    numbers = _numbers([*passages, *sources.stated, *sources.customer, *sources.before, sources.moment])
    known, customer = support.stems(" ".join(sources.trusted)), support.stems(" ".join(sources.customer))
    ours = frozenset(re.findall(r"[a-z0-9]+", fold(" ".join(sources.trusted[:3]))))  # our name, the company's, the role
    named = _Names([*passages, *sources.trusted, *sources.customer, *sources.before])
    missing: list[str] = []
    bare: list[str] = []
    told: list[str] = []  # what stands
    for sentence in (one for text in texts for one in support.sentences(text)):
        before = len(missing)
        counts = _counts(sentence, passages)
        for one in figures.figures(sentence):
            if not (one.key[0] in numbers or one.key[0] in counts if one.kind is Kind.NUMBER else figures.proven(one, dated)):
                missing.append(one.text)
        missing += [
            one
            for one in support.claims(sentence)
            if not support.stems(one) <= known | customer | support.stems(" ".join(passages))
        ]
        if sentence.endswith("?") and not support.stated(sentence):
            continue
        missing += _codes(sentence, named, _Names([*passages, *sources.trusted, *sources.before]))
        missing += [name for name in _NAME.findall(sentence) if not named.has(name) and fold(name) not in _COMMON]
        for part in support.stated(sentence):
            if support.says_nothing(part, known, customer, ours):
                if asked and support.affirms(part, cites=bool(cited)):
                    bare.append(part)
            elif support.stands_in(part, passages, known, customer):
                told.append(part)
            elif len(missing) == before:  # else it is told already what of it is not proven
                missing.append(part)
    return list(dict.fromkeys([*missing, *(one for one in bare if not _answered(one, told, sources.customer))]))


def figures_stand(text: str, sources: Sources) -> bool:
    """Whether every figure of a text stands somewhere: in a passage, or in what was said."""
    told = [*sources.passages.values(), *sources.stated, *sources.trusted, *sources.customer, *sources.before, sources.moment]
    firm, numbers = figures.known(told), _numbers(told)
    return all(one.key[0] in numbers if one.kind is Kind.NUMBER else figures.proven(one, firm) for one in figures.figures(text))


def proven_by(texts: Sequence[str], cited: Sequence[Quote], sources: Sources) -> dict[str, list[str]]:
    """Passage → the statements of an answer that stand in it. What only several of them say together stands with each that says some of it."""
    known, customer = support.stems(" ".join(sources.trusted)), support.stems(" ".join(sources.customer))
    found: dict[str, list[str]] = {one.passage: [] for one in cited}
    parts = [part for text in texts for sentence in support.sentences(text) for part in support.stated(sentence)]
    for part in dict.fromkeys(parts):
        if support.says_nothing(part, known, customer):
            continue
        alone = [name for name in found if support.stands_in(part, [sources.passages[name]], known, customer)]
        matter = support.matter(part) - known
        for name in alone or [one for one in found if matter & support.stems(sources.passages[one])]:
            found[name].append(part)
    return found


def _answered(bare: str, told: Sequence[str], customer: Sequence[str]) -> bool:
    """Whether what stands beside a bare yes is about what was asked: else the yes is a statement that nothing proves."""
    asked = [one for text in customer for one in support.sentences(text)]
    asked = [one for one in asked if one.endswith("?")] or asked
    about = [support.matter(one) or {word for word in support.stems(one) if len(word) > 3} for one in asked]
    own = support.matter(bare)
    meant = frozenset[str]().union(*([one for one in about if one & own] or about))
    return any(support.stems(one) & meant or not meant for one in told)


def _counts(sentence: str, passages: Sequence[str]) -> set[str]:
    """Numbers that only count what the sentence lists, where a passage lists the same and no more: "two shops: Centro and Moema"."""
    found = _COUNTED.search(figures.digits(sentence))
    if found is None:
        return set()
    items = [support.stems(one) for one in _ITEM.split(found[2].rstrip(" .!?"))]
    if len(items) != int(found[1]) or not all(items):
        return set()
    return {found[1]} if any(_lists(items, one) for text in passages for one in support.sentences(text)) else set()


def _lists(items: Sequence[frozenset[str]], text: str) -> bool:
    parts = [support.stems(one) for one in _ITEM.split(fold(text).rpartition(": ")[2])]
    return len(parts) == len(items) and all(any(item <= part for part in parts) for item in items)


def admits(texts: Sequence[str]) -> bool:
    """Whether an answer says that it does not know."""
    return any(support.UNKNOWN.search(fold(text)) for text in texts)


def _codes(sentence: str, named: "_Names", firm: "_Names") -> list[str]:
    """Codes that stand nowhere, and those of the customer that are said for themselves: they are no answer but an echo."""
    plain = fold(sentence)
    tells = sum(word in PLAIN for word in _words(re.sub(r"[^\w\s]", " ", plain))) > 1
    found = [one for one in _CODE.findall(_PRICE.sub(" ", sentence)) if fold(one) not in _COMMON | _LOUD]
    found = [one for one in found if all(figure.kind is Kind.NUMBER for figure in figures.figures(one))]
    return [one for one in found if not (named if tells or fold(one) in _CARRIERS else firm).has(one)]


class _Names:
    """Texts in which a name may stand."""

    def __init__(self, texts: Sequence[str]) -> None:
        plain = " ".join(fold(text) for text in texts)
        self._words = set(re.findall(r"[a-z0-9]+", plain))
        self._words |= {number.replace(",", ".").rpartition(".")[2] + unit for number, unit in _MEASURE.findall(plain)}  # 500 ml

    def has(self, name: str) -> bool:
        return all(part in self._words for part in re.findall(r"[a-z0-9]+", fold(name)))


def _numbers(texts: Iterable[str]) -> set[str]:
    return {figures.plain_number(match) for text in texts for match in figures.NUMBER.findall(figures.digits(text))}


_CHECKS = {RuleCheck.PRICES: Kind.MONEY, RuleCheck.DISCOUNTS: Kind.PERCENT, RuleCheck.DATES: Kind.DATE}


def forbidden(text: str, checks: frozenset[RuleCheck], sources: Sources) -> RuleCheck | None:
    """The first check of the persona that an answer fails: it says what stands in no passage and in nothing that the company wrote."""
    firm = [*sources.passages.values(), *sources.stated]
    proving = [*figures.known(firm), *(one for one in figures.known([sources.moment]) if one.kind is Kind.DATE)]
    found = figures.figures(text)
    for check, kind in _CHECKS.items():
        if check in checks and any(one.kind is kind and not figures.proven(one, proving) for one in found):
            return check
    if RuleCheck.PHONES in checks and not _phones([text]) <= _phones(firm):
        return RuleCheck.PHONES
    if RuleCheck.PAYMENTS in checks and any(
        _PAID.search(one) and not any(one in fold(passage) for passage in firm) for one in map(fold, support.sentences(text))
    ):
        return RuleCheck.PAYMENTS
    return None


def _phones(texts: Iterable[str]) -> set[str]:
    """By their last eight digits: with or without the codes of country and city."""
    return {re.sub(r"\D", "", match)[-8:] for text in texts for match in _PHONE.findall(fold(text))}


def strangers(text: str, sources: Sources) -> list[str]:
    """Numbers of persons and mail addresses that stand nowhere: somebody else's, or invented."""
    known = " ".join(
        fold(one) for one in (*sources.passages.values(), *sources.trusted, *sources.stated, *sources.customer, *sources.before)
    )
    digits = re.sub(r"\D", "", known)
    found = [one for one in MAIL.findall(text) if fold(one).rstrip(".") not in known]
    return found + [one for one in _CPF.findall(text) if re.sub(r"\D", "", one) not in digits]
