"""Whether one sentence says what a passage says: by the words that carry it, and by what is denied in either.

No model judges. Words count by their first letters, so that "troca" and "trocas" are one; a sentence of an answer needs the greater part
of its words in one or two neighbouring sentences of one passage, and must deny nothing that stands there nor affirm what is denied there.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from workers.assistant.clean import fold

_words = re.compile(r"\S+").findall
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_WORD = re.compile(r"[a-z0-9]{3,}")
_EACH = re.compile(r"[a-z0-9']+|[.,;:!?]")
_STEM = 5
_SHARE = 0.6
"""So much of what a sentence says must stand in the passage."""
_DENIED = 2
"""So many words after a "not" are what it denies."""
_NOT = frozenset(
    _words(
        "nao nunca jamais sem nem nenhum nenhuma not never without no neither nor cannot dont doesnt isnt arent wont cant tampoco nunca"
    )
)
_UNITS = frozenset(_words("reais real centavos custa custam sai fica vale preco cento percent dollars euros costs price"))
"""They say no more than the figure beside them."""
_FREE = re.compile(
    r"\bsem (?:nenhum |nenhuma )?(?:custo|cobranca|taxa)s?(?: (?:nenhum|nenhuma|algum|alguma|adicional|extra))?\b|\bfree of charge\b|\bgratuit[oa]s?\b|\bde graca\b|\bgratuitamente\b"
)
YES_NO = re.compile(
    r"(?:sim|nao|claro|com certeza|temos|fazemos|aceitamos|entregamos|vendemos|yes|no|sure|we do|we have)\b[^?]*$"
)
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
PLAIN = frozenset(
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
        " anotei anotado feliz fico ficamos feliz alegria imagina bem-vindo bem vindo vinda ate logo breve abraco beijo espero ajudado conte comigo"
        " verificar verifico confirmar confirmo explicar detalhes detalhe precisa preciso precisar lamento transtorno paciencia responder retorno"
        " volte sempre disposicao qualquer ficar entrar contato atender continuar chamo passo aguarde combinado beleza show maravilha poxa"
        " agreed happy glad enjoy wait reply noted continue need anything else see soon bye"
    )
)  # fmt: skip


def sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def stems(text: str) -> set[str]:
    """What a text says: its words that are no courtesy and no figures, by their beginnings."""
    words = _WORD.findall(_FREE.sub("gratis", fold(text)))
    return {
        word[:_STEM] for word in words if word not in PLAIN and word not in _NOT and word not in _UNITS and not word.isdigit()
    }


def says_nothing(sentence: str, known: set[str], customer: set[str]) -> bool:
    """Whether it is courtesy: at most one word that is neither that nor the company's own, and that tells no result. `known` and
    `customer`: stems; the customer's own words may be repeated to them."""
    plain = fold(sentence)
    loose = customer if _HEARD.match(plain) or UNKNOWN.search(plain) else set[str]()
    unknown = [
        word
        for word in set(_WORD.findall(plain)) - PLAIN
        if word[:_STEM] not in known and (word[:_STEM] not in loose or _RESULT.search(word)) and not word.isdigit()
    ]
    return len(unknown) <= 1 and not any(_RESULT.search(word) for word in unknown)


def affirms(sentence: str, *, cites: bool) -> bool:
    """Whether it begins with a yes or a no, and does not say that it does not know. `cites`: "claro" is courtesy where something follows."""
    plain = fold(sentence)
    return (_BARE if cites else YES_NO).match(plain) is not None and UNKNOWN.search(plain) is None


def stands_in(sentence: str, passages: Iterable[str], known: set[str]) -> bool:
    """Whether one or two neighbouring sentences of a passage say it. `known`: stems that need no passage."""
    mine = stems(sentence) - known
    yes, no = _polarity(sentence)
    for window in (one for passage in passages for one in _windows(passage)):
        if len(mine & stems(window)) < _SHARE * len(mine):
            continue
        theirs, denied = _polarity(window)
        contrary = (no - yes) & (theirs - denied) or (yes - no) & (denied - theirs)
        if not contrary and (denied or not no):
            return True
    return False


def _windows(passage: str) -> Iterator[str]:
    parts = sentences(passage)
    yield from parts
    yield from (f"{one} {other}" for one, other in pairwise(parts))
    if len(parts) > 2:  # what stands under a heading
        yield from (f"{parts[0]} {one}" for one in parts[2:])


def _polarity(text: str) -> tuple[set[str], set[str]]:
    """Stems that a text affirms, and those that it denies."""
    yes: set[str] = set()
    no: set[str] = set()
    left = 0
    for word in _EACH.findall(_FREE.sub("gratis", fold(text)).replace("n't", " not")):
        if word in ".,;:!?" or word in ("mas", "porem", "but"):
            left = 0
        elif word in _NOT:
            left = _DENIED
        elif len(word) >= 3 and word not in PLAIN and not word.isdigit():
            (no if left else yes).add(word[:_STEM])
            left = max(0, left - 1)
    return yes, no


_TAG = re.compile(
    r"(?:^|[,.;:–-]\s*|\s)(?:combinado|ta|ta bom|ta bem|tudo bem|ok|okay|certo|beleza|blz|viu|ne|nao e|nao e mesmo|pode ser|fechado|entendeu|right|alright|deal|isn't it|is that ok|sim)\s*\?+\s*$"
)
_ASKS = re.compile(
    r"(?:(?:e|mas|entao|so|and|but|por favor|please)[ ,]+)*"
    r"(?:(?:para|pra|em|de|com|por|a|ate|desde|in|for|at|to|from|by) )?(?:qual|quais|quando|onde|aonde|como|quant[oa]s?|quem|que|o que"
    r"|voces?|vc|quer|querem|prefere|pode|podemos|poderia|gostaria|posso|precisa|deseja|ja|tem|teria|seria|ha|algum|alguma|algo|mais|se|caso|tudo"
    r"|what|which|when|where|who|whom|whose|how|why|do|does|did|can|could|will|would|are|is|was|were|have|has|had|may|shall|should|any|anything|if"
    r"|que|cual|cuando|donde|como|cuanto|quien|puede|quiere|usted)\b"
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
