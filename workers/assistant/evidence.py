"""Whether an answer's statements stand in what it cites: decided by looking at the texts, never by how alike they are.

A quote must be a part of its passage, letter by letter (but for case, accents and white space). A figure or a name that an answer states
must stand in a cited passage, or be known from the persona, from tools or from the customer; amounts of money, percentages and dates
never from the customer, who could otherwise set our prices. The strictness is meant: what is refused becomes "I do not know".
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from db.personas.enums import RuleCheck
from workers.assistant.clean import fold

_words = re.compile(r"\S+").findall
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_MONEY = re.compile(
    r"(?:r\$|us\$|\$|€|brl|usd)\s*\d[\d.,]*|\b\d[\d.,]*\s*(?:reais|real|dolares|dolar|dollars?|euros?|centavos|cents)\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\d[\d.,]*\s*(?:%|por cento\b|percent\b)|\bdesconto de \d[\d.,]*", re.IGNORECASE)
_DATE = re.compile(
    r"\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}(?::\d{2}|\s?h(?:\d{2})?)\b"
    r"|\b\d{1,2}\s+de\s+(?:janeiro|fevereiro|marco|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro)\b"
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+\d{1,2}\b"
    r"|\b\d+\s+(?:dias?|horas?|semanas?|mes(?:es)?|days?|hours?|weeks?|months?)\b",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w/])\+?\d[\d\s().-]{7,17}\d(?!\w)")
_CPF = re.compile(r"\b\d{3}\.?\d{3}\.?\d{3}-?\d{2}\b|\b\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}\b")
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_PAID = re.compile(
    r"\b(?:pagamento|pix|boleto|transferencia|deposito|payment)\b.{0,40}\b(?:confirmad[oa]|aprovad[oa]|recebid[oa]|compensad[oa]|caiu"
    r"|confirmed|received|approved)\b|\b(?:recebemos|confirmamos|confirmo|recebi)\b.{0,30}\b(?:pagamento|pix|boleto|transferencia|deposito)\b"
    r"|\b(?:received|confirm(?:ed)?)\b.{0,20}\bpayment\b",
)
_NAME = re.compile(r"(?<![.!?…:\n\"'(]\s)(?<!^)(?<![\w@.])([A-ZÀ-Þ][\wÀ-ÿ-]{2,})")
_WORD = re.compile(r"[a-z0-9]{3,}")
_YES_NO = re.compile(
    r"(?:sim|nao|claro|com certeza|temos|fazemos|aceitamos|entregamos|vendemos|yes|no|sure|we do|we have)\b[^?]*$"
)
_UNKNOWN = re.compile(
    r"\bnao (?:sei|encontrei|achei|tenho (?:essa|esta|a|nenhuma)? ?(?:informacao|certeza|resposta)|consigo|posso|localizei)\b"
    r"|\b(?:do not|don't|dont|could not|couldn't|cannot|can't) (?:know|find|have|confirm|help|say)\b"
)
_COMMON = frozenset(_words("whatsapp pix cep cpf cnpj sms email brasil brazil instagram google maps qr url iphone android"))
_PLAIN = frozenset(
    _words(  # What may be said without a passage: courtesy, and words that carry no fact.
        "oi ola nada tranquilo combinado ok okay entendido bom boa dia tarde noite tudo bem obrigado obrigada grato grata disponha prazer claro certo perfeito otimo otima legal sim nao"
        " desculpe desculpa sinto muito entendi entendo compreendo pode posso podemos ajudar ajudo ajuda aqui estou estamos voce voces seu sua"
        " seus suas meu minha nosso nossa para por com que como quando onde qual quais mais mas uma uns umas dos das nos nas pelo pela isso esse"
        " essa este esta ele ela eles elas ser estar ter sou sao era foi vai vou vamos assistente virtual duvida duvidas informacao informacoes"
        " favor gentileza momento instante pessoa equipe time colega atendente alguem agora hoje ainda tambem so apenas quer queria gostaria"
        " mensagem conversa chamar passar falar dizer contar saber encontrei encontrar sei algo mais alguma coisa qualquer sobre isto"
        " hello good morning afternoon evening thanks thank you welcome sure right perfect great yes not sorry can could help here with that"
        " this your yours our and the for what when where which who how are was were will would have has had been being any some more just"
        " please moment person team colleague someone virtual assistant question questions information know find found let ask tell about"
        " hola buenos buenas dias tardes noches gracias claro perdon puedo ayudar"
    )
)


class Quote(NamedTuple):
    """What an answer cites: the id of the passage in the prompt, and the words of it."""

    passage: str
    quote: str


class Sources(NamedTuple):
    """`passages`: texts of what a search found, by id. `trusted`: of the company and of tools. `customer`: what they wrote themselves."""

    passages: dict[str, str]
    trusted: Sequence[str]
    customer: Sequence[str]


def stands(quote: str, passage: str) -> bool:
    """Whether a quote is a part of a passage."""
    wanted = fold(quote).strip(" .…\"'“”")
    return len(wanted) >= 2 and wanted in fold(passage)


def valid(citations: Iterable[Quote], passages: dict[str, str]) -> list[Quote]:
    """Those whose quote stands in the passage that they name; one of each."""
    found = [one for one in citations if one.passage in passages and stands(one.quote, passages[one.passage])]
    return list(dict.fromkeys(found))


def sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def unproven(texts: Sequence[str], cited: Sequence[Quote], sources: Sources, *, asked: bool) -> list[str]:
    """What the answer states and nothing proves: figures, names, and whole sentences where it cites nothing at all. `asked`: the customer
    asked something, so that a bare yes or no is a statement too."""
    evidence = [sources.passages[name] for name in dict.fromkeys(one.passage for one in cited)]
    firm, loose = _Known([*evidence, *sources.trusted]), _Known([*evidence, *sources.trusted, *sources.customer])
    missing: list[str] = []
    for sentence in (one for text in texts for one in sentences(text)):
        for figure in _figures(sentence):
            if not (firm if figure.strict else loose).has(figure.text):
                missing.append(figure.text)
        if sentence.endswith("?"):
            continue
        missing += [name for name in _names(sentence) if not loose.word(name) and fold(name) not in _COMMON]
        if not cited and (not _says_nothing(sentence, firm) or (asked and _affirms(sentence))):
            missing.append(sentence)
    return list(dict.fromkeys(missing))


class _Figure(NamedTuple):
    text: str
    strict: bool  # the customer's word for it is not enough


def _figures(sentence: str) -> list[_Figure]:
    found: list[_Figure] = []
    rest = fold(sentence)
    for pattern in (_MONEY, _PERCENT, _DATE):
        found += [_Figure(match.rstrip(".,"), True) for match in pattern.findall(rest)]
        rest = pattern.sub(" ", rest)
    return found + [_Figure(match, False) for match in _NUMBER.findall(rest)]


def _names(sentence: str) -> list[str]:
    """Words with a capital that do not begin a sentence."""
    return _NAME.findall(sentence)


def _says_nothing(sentence: str, known: "_Known") -> bool:
    """Whether it is courtesy: at most one word that is neither that nor the company's own."""
    words = set(_WORD.findall(fold(sentence))) - _PLAIN
    return len([word for word in words if not known.word(word)]) <= 1


def admits(texts: Sequence[str]) -> bool:
    """Whether an answer says that it does not know."""
    return any(_UNKNOWN.search(fold(text)) for text in texts)


def _affirms(sentence: str) -> bool:
    """Whether it begins with a yes or a no, and does not say that it does not know."""
    plain = fold(sentence)
    return _YES_NO.match(plain) is not None and _UNKNOWN.search(plain) is None


class _Known:
    """Texts in which a figure or a word may stand."""

    def __init__(self, texts: Sequence[str]) -> None:
        folded = " ".join(fold(text) for text in texts)
        self._numbers = {_plain(match) for match in _NUMBER.findall(folded)}
        self._words = set(re.findall(r"[a-z0-9]+", folded))

    def has(self, figure: str) -> bool:
        numbers = [_plain(match) for match in _NUMBER.findall(figure)]
        return all(number in self._numbers for number in numbers)

    def word(self, name: str) -> bool:
        return all(part in self._words for part in re.findall(r"[a-z0-9]+", fold(name)))


def _plain(number: str) -> str:
    """One spelling of a number: 1.299,90 and 1299.90 are the same, and so are 10 and 10,00."""
    whole, mark, part = number.rpartition("," if "," in number and number.rfind(",") > number.rfind(".") else ".")
    if not mark or len(part) == 3:
        return re.sub(r"[.,]", "", number)
    digits, part = re.sub(r"[.,]", "", whole), part.rstrip("0")
    return f"{digits}.{part}" if part else digits


_CHECKS = {
    RuleCheck.PRICES: _MONEY,
    RuleCheck.DISCOUNTS: _PERCENT,
    RuleCheck.DATES: _DATE,
    RuleCheck.PHONES: _PHONE,
}


def forbidden(text: str, checks: frozenset[RuleCheck], sources: Sources) -> RuleCheck | None:
    """The first check of the persona that an answer fails: it says what stands in no passage and in nothing that a tool said."""
    known, plain = _Known([*sources.passages.values(), *sources.trusted]), fold(text)
    for check, pattern in _CHECKS.items():
        if check in checks and any(not known.has(match) for match in pattern.findall(plain)):
            return check
    return RuleCheck.PAYMENTS if RuleCheck.PAYMENTS in checks and _PAID.search(plain) else None


def strangers(text: str, sources: Sources) -> list[str]:
    """Numbers of persons and mail addresses that stand nowhere: somebody else's, or invented."""
    known = " ".join(fold(one) for one in (*sources.passages.values(), *sources.trusted, *sources.customer))
    digits = re.sub(r"\D", "", known)
    found = [one for one in MAIL.findall(text) if fold(one).rstrip(".") not in known]
    return found + [one for one in _CPF.findall(text) if re.sub(r"\D", "", one) not in digits]
