"""Words as the sandbox's model knows them: without accents and case, cut to their beginnings, in Portuguese or English."""

import re
import unicodedata
from functools import lru_cache
from typing import Final, Literal

Language = Literal["pt", "en"]
STEM: Final = 6
_ACCENT: Final = re.compile("[\u0300-\u036f]")
_WORD: Final = re.compile(r"[^\W_]+(?:[-.][^\W_]+)*")
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|\n+")
# fmt: off
PORTUGUESE: Final = frozenset((
    "a", "o", "e", "as", "os", "um", "uma", "de", "do", "da", "dos", "das", "em", "no", "na", "nos", "nas", "por", "para", "pra", "pro",
    "com", "que", "se", "eu", "voce", "voces", "vc", "vcs", "meu", "minha", "seu", "sua", "nao", "sim", "ja", "tem", "tenho", "ter", "ser",
    "sao", "foi", "esta", "estou", "estao", "ao", "aos", "mas", "ou", "como", "qual", "quais", "quanto", "quanta", "quantos", "quando",
    "onde", "porque", "isso", "isto", "esse", "essa", "este", "aqui", "la", "ele", "ela", "eles", "elas", "me", "te", "lhe", "muito",
    "mais", "tambem", "so", "ate", "sobre", "oi", "ola", "bom", "boa", "dia", "tarde", "noite", "obrigado", "obrigada", "quero", "queria",
    "gostaria", "pode", "posso", "podem", "faz", "fazem", "favor", "q", "tb", "pq", "qdo", "qto", "ta", "vou", "vai", "amanha", "hoje",
    "comprar", "fechar", "preco", "valor", "prazo", "entrega", "frete", "interesse", "agora", "depois", "pedido", "loja",
))
ENGLISH: Final = frozenset((
    "the", "a", "an", "of", "to", "in", "on", "at", "for", "with", "and", "or", "but", "is", "are", "was", "were", "be", "been", "am", "do",
    "does", "did", "have", "has", "had", "i", "you", "he", "she", "it", "we", "they", "my", "your", "his", "her", "our", "their", "me",
    "this", "that", "these", "those", "there", "here", "what", "which", "who", "when", "where", "why", "how", "much", "many", "can",
    "could", "will", "would", "should", "not", "yes", "no", "please", "thanks", "thank", "hi", "hello", "hey", "good", "morning",
    "afternoon", "evening", "want", "need", "like", "about", "from", "by", "if", "so", "some", "any", "also", "just", "let", "buy",
    "price", "order", "shipping", "delivery", "tomorrow", "today", "now", "later", "store",
))
_EMPTY: Final = frozenset((
    "a", "o", "e", "as", "os", "um", "uma", "uns", "umas", "de", "do", "da", "dos", "das", "em", "no", "na", "nos", "nas", "por", "para",
    "pra", "pro", "com", "sem", "que", "se", "eu", "voce", "voces", "vc", "vcs", "meu", "minha", "seu", "sua", "seus", "suas", "nao", "sim",
    "ja", "tem", "tenho", "ter", "ser", "sao", "foi", "esta", "estou", "estao", "ao", "aos", "mas", "ou", "como", "qual", "quais",
    "quanto", "quanta", "quantos", "quantas", "quando", "onde", "porque", "isso", "isto", "esse", "essa", "este", "aqui", "la", "ele",
    "ela", "me", "te", "muito", "mais", "tambem", "so", "ate", "sobre", "oi", "ola", "bom", "boa", "dia", "tarde", "noite", "obrigado",
    "obrigada", "quero", "queria", "gostaria", "pode", "posso", "podem", "faz", "fazem", "fazer", "favor", "q", "tb", "pq", "qdo", "qto",
    "ta", "vou", "vai", "saber", "e", "sua", "ha", "oque", "gente", "alguma", "algum", "fica", "ficam", "seria", "pelo", "pela", "num",
    "the", "an", "of", "to", "in", "on", "at", "for", "with", "and", "or", "but", "is", "are", "was", "were", "be", "been", "am", "does",
    "did", "have", "has", "had", "i", "you", "he", "she", "it", "we", "they", "my", "your", "his", "her", "our", "their", "this", "that",
    "these", "those", "there", "here", "what", "which", "who", "when", "where", "why", "how", "much", "many", "can", "could", "will",
    "would", "should", "not", "yes", "please", "thanks", "thank", "hi", "hello", "hey", "good", "morning", "afternoon", "evening", "want",
    "need", "like", "know", "about", "from", "by", "if", "some", "any", "also", "just", "let", "get", "tell", "long",
))
# fmt: on
"""Words that say nothing about what is asked."""
_SAME: Final = {
    "valor": "preco", "custa": "preco", "custam": "preco", "preco": "preco", "precos": "preco", "cost": "price", "costs": "price",
    "celular": "telefo", "fone": "telefo", "abre": "horari", "abrem": "horari", "fecha": "horari", "fecham": "horari",
    "funciona": "horari", "atendem": "horari", "atende": "horari", "atendimento": "horari", "open": "hours", "close": "hours",
    "pagar": "pagame", "parcelar": "vezes", "vezes": "vezes", "parcela": "vezes", "parcelas": "vezes", "parcelam": "vezes", "parcelado": "vezes", "x": "vezes", "trocam": "troca", "devolver": "devolu", "devolvo": "devolu", "trocar": "troca",
    "troco": "troca", "trocas": "troca", "entregam": "entreg", "chega": "entreg", "chegar": "entreg", "demora": "prazo", "demoram": "prazo",
    "prazos": "prazo", "delivery": "deliver", "delivered": "deliver", "ship": "shippi", "return": "return", "returns": "return",
    "refund": "refund", "refunds": "refund", "endereco": "endere", "fica": "endere", "localizacao": "endere", "address": "addres",
}  # fmt: skip
"""Words that ask for the same thing."""


def plain(text: str) -> str:
    """Lower case, without accents."""
    return text.lower() if text.isascii() else _ACCENT.sub("", unicodedata.normalize("NFKD", text.casefold()))


def words(text: str) -> list[str]:
    return _WORD.findall(plain(text))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    if word in _SAME:
        return _SAME[word]
    if any(char.isdigit() for char in word):
        return word
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word[:STEM]


@lru_cache(maxsize=10_000)
def content(text: str) -> tuple[str, ...]:
    """Stems of the words that say what a text is about, in order. The same passages are read again and again."""
    return tuple(stem(word) for word in words(text) if word not in _EMPTY)


def language(*texts: str) -> Language | None:
    """By the stop words of the first text that has more of one language than of the other."""
    for text in texts:
        found = words(text)
        portuguese = sum(word in PORTUGUESE for word in found) + len(re.findall(r"[ãõçáéíóúâêô]", text.casefold()))
        english = sum(word in ENGLISH for word in found)
        if portuguese != english:
            return "pt" if portuguese > english else "en"
    return None


def sentences(text: str) -> list[str]:
    """Verbatim pieces of a text that each say one thing."""
    return [piece.strip() for piece in _SENTENCE.split(text) if piece.strip()]


_ASKS: Final = re.compile(
    r"^(?:(?:oi|ola|bom dia|boa tarde|boa noite|hi|hello|hey|e|mas|and|but)[\s,.!]+)*"
    r"(?:qual|quais|quanto|quanta|quantos|quantas|quando|onde|como|quem|por ?que|pq|qto|qdo|o que|tem |tem$|voces? |vcs? |aceita|posso|pode |podem "
    r"|da (?:pra|para)|existe|fazem|faz |entregam|entrega |queria saber|quero saber|gostaria de saber|sabe "
    r"|what|which|when|where|who|how|why|do you|does|is there|are there|can |could|is it|are you|i(?: would|'d) like to know|tell me)"
)
_THANKS: Final = re.compile(r"\b(?:obrigad[oa]s?|brigad[oa]|valeu|vlw|agradec\w+|thank(?:s| you)|thx|cheers)\b")
_GREETINGS: Final = frozenset((
    "oi", "oie", "ola", "opa", "bom", "boa", "dia", "tarde", "noite", "tudo", "bem", "e", "ai", "alo", "hi", "hello", "hey", "good",
    "morning", "afternoon", "evening", "there", "how", "are", "you",
))  # fmt: skip


def is_question(text: str) -> bool:
    folded = plain(text)
    return "?" in folded or any(_ASKS.match(piece) for piece in sentences(folded))


def is_thanks(text: str) -> bool:
    return bool(_THANKS.search(plain(text)))


def is_greeting(text: str) -> bool:
    found = words(text)
    return bool(found) and all(word in _GREETINGS for word in found)
