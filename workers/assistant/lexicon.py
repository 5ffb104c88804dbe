"""Words by what they carry, in Portuguese, English and some Spanish: courtesy, what only leads from one fact to another, denials, and words
that count for one another. Folded as `fold` does."""

import re
from functools import lru_cache

from workers.assistant.clean import fold

_words = re.compile(r"\S+").findall
_STEM = 5  # letters

_ENDINGS = tuple(
    sorted(
        _words(
            "imento amento mente agem acoe acao icoe icao coe cao oe ao ada ado ida ido amo emo imo"
            " aram eram iram avam ando endo indo arem erem irem aria eria iria ava ar er ir am em ou eu iu a o e ing ied ed ly"
        ),
        key=len,
        reverse=True,
    )
)
_SAME = {
    "parce": "vez", "cober": "cobr", "abert": "abr", "atend": "abr", "util": "ute", "utei": "ute", "envi": "entre", "remes": "entre",
    "gravi": "gesta",
}  # fmt: skip
"""Beginnings that count as others."""
PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (
            r"\bsem (?:nenhum |nenhuma )?(?:custo|cobranca|taxa)s?(?: (?:nenhum|nenhuma|algum|alguma|adicional|extra))?\b",
            "gratis",
        ),
        (
            r"\bfree of charge\b|\bgratuit[oa]s?\b|\bde graca\b|\bgratuitamente\b|\b(?:por|e) nossa conta\b|\bpor conta da loja\b",
            "gratis",
        ),
        (
            r"\bnao (?:se )?(?:paga|cobra)\w* (?:(?:nada|a|o|as|os|pel[ao]s?|nenhum|nenhuma|taxa|de) )*(?!e\b|em\b|mas\b)([a-z]{3,})",
            r"\1 gratis",
        ),
        (r"\bfechad[oa]s?\b", "nao abrimos"),
        (
            r"\b(?:sem|no) problem(?:as?)?\b|\bnao (?:so|apenas)\b|\bnot only\b|\bnao se preocupe\b|\bdon't worry\b|\bnao (?:deixe|esqueca) de\b|\bnao (?:tem|ha) problemas?\b",
            " ",
        ),
        (r"(?<=\d)\s?x\b", " vezes"),
        (r"\bcannot\b|\bcan't\b", "can not"),
        (r"n't\b|\b(?<=there is )no\b|\b(?<=there are )no\b|\b(?<=we have )no\b|^no(?= \w+s\b)", " not"),
    )
)
"""What says the same in other words."""
NOT = frozenset(
    _words(
        "nao nunca jamais nem nenhum nenhuma not never neither nor tampoco proibido proibida proibidos proibidas proibimos proibe proibem vedado vedada"
        " vedados vedadas recusamos recusa recusam recusado recusada recusados recusadas forbidden prohibited prohibit refuse refused"
    )
)
BUT = frozenset(_words("exceto salvo exceptuando excetuando excecao tirando except excluding exception"))
"""What follows them is left out of what stands before."""
WITHOUT = frozenset(_words("sem without sin"))
ENDS = frozenset(_words("e ou and or no na nos nas em com para in on at for with . , ; : ! ?"))
"""What follows them is absent no more."""
ALL = frozenset(
    _words(
        "todo toda todos todas qualquer quaisquer sempre all every any always unlimited ilimitado ilimitada ilimitados ilimitadas cualquier siempre"
    )
)
GIVEN = frozenset(_words("gratis desconto descontos free discount discounts isento isenta brinde bonus cashback cortesia"))
"""What is given away."""
ONLY_IF = re.compile(
    r"\b(?:acima|partir|minim[oa]|primeir[oa]s?|apenas|somente|so|exceto|over|above|from|minimum|first|only|except)\b"
)
UNITS = frozenset(
    _words(
        "reais real centavos custa custam custo sai saem fica ficam vale valem valor preco cento percent dollars euros costs cost price"
        " dia dias hora horas minuto minutos semana semanas mes meses ano anos day days hour hours minute minutes week weeks month months year years"
    )
)
"""They say no more than the figure beside them."""
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
        " agreed happy glad enjoy wait reply noted continue need anything else see soon bye opa eba parabens abracos oba hey course pena infelizmente unfortunately lembrando fofo fofa atencao attention lembrete"
    )
)  # fmt: skip


DEEDS = frozenset(
    _words(
        "devolvo dou faco mando envio entrego libero cancelo garanto reservo aprovo aceito mudo altero separo guardo agendo remarco acrescento abato parcelo cubro"
        " substituo reponho autorizo prometo asseguro ofereco concedo dei fiz"
    )
)
"""What one of us does about the customer's matter: a promise, whoever named it first."""
WILL_DO = DEEDS | frozenset(
    _words(
        "troco reembolso estorno pago credito desconto dar refund ship send replace cancel approve offer give grant credit discount reserve waive exchange"
    )
)
"""The same after "I will": their beginnings count."""
WILL = re.compile(
    r"\b(?:vou|vamos|irei|iremos|i'll|i will|we'll|we will|let me)\s+(?:(?:te|lhe|ja|just|now|agora|tambem|entao)\s+)?(?!dar uma olhada)([a-z]{3,})"
)
OURSELVES = re.compile(
    r"(?:^|[,.;:!–-]\s*|\b(?:eu|ja|te|lhe)\s+)([a-z]{3,}o)(?=\s+(?:[oa]s?|uma?|seus?|suas?|isso|tudo|voce|esse|essa)\b)|\b([a-z]{3,}ei)\b"
    r"|(?:^|[,.;!–-]\s*|\b(?:eu|ja|te|lhe|sim|claro|certo)\s+)(reembolso|estorno|conserto|troco|pago|credito|marco)\b"
)
"""What one of us does or did: "conserto a peça", "cancelei"."""
MERELY = frozenset(
    _words(  # They bind nobody.
        "anoto consulto encaminho procuro peco aguardo vejo transfiro registro repasso pergunto olho digo falo conto busco agradeco adoro acho lamento sinto segundo"
        " achei localizei consultei verifiquei busquei procurei olhei perguntei encaminhei passei falei gostei adorei errei fiquei cheguei registrei"
    )
)
TO_PEOPLE = re.compile(r"\b(?:equipe|time|colegas?|atendentes?|pessoas?|team|colleagues?|person)\b")
SENT_ON = frozenset(_words("envio mando send"))
"""No promise where it goes to people of ours."""


@lru_cache(8192)
def stem(word: str) -> str:
    """Its beginning, without the usual endings."""
    kept = word[:-1] if len(word) > 3 and word[-1] == "s" else word
    for ending in _ENDINGS:
        if kept.endswith(ending) and len(kept) - len(ending) >= 3:
            kept = kept[: -len(ending)]
            break
    if len(kept) > 4 and kept[-1] == kept[-2] and kept[-1] not in "rs":
        kept = kept[:-1]
    kept = kept[:_STEM]
    return _SAME.get(kept, kept)


LEADS = frozenset(
    _words(  # What leads from one fact to another and is none by itself: these words, not every word that begins like them.
        "poder podem podera ter tem temos tenho tenha tenham ter tinha haver haja fazer faz fazem fazemos feito feita feitos feitas faco ficar fica"
        " ficam ficamos fique levar leva levam demorar demora demoram chegar chega chegam chegue sair vir vem dar dao entrar entre entra encontrar"
        " encontra achar acha acessar acesse basta bastam trazer traz traga trazendo mandar manda mande usar usa use usando existir existe"
        " prazo prazos periodo tempo valores precos total pouco pouca muito muita bem cada mesmo apenas somente sendo caso desde conforme assim entao"
        " depois antes apos durante ate dentro acima abaixo receber recebe recebemos menos pelo pela pelos pelas enquanto porque pois opcao opcoes forma formas jeito"
        " maneira cor cores tecido tamanho tamanhos loja lojas horario horarios data funcionar funciona funcionam funcionamos funcionamento trabalhar"
        " trabalhamos trabalha importante lembre lembrando lembrar ganhar ganha ganhe aproveite preferir prefere preferida favor realizada realizado"
        " estao sao seja sejam vao avise avisar ainda local endereco localizada estamos passar passa pegar pega baixe baixar clique menu"
        " gente cuidar outro outra outros outras esse essa desses dessas nesse nessa neste nesta deste desta dele dela este esta uso itens item produto"
        " produtos vista via preciso necessario deve devem dever escolher escolha comigo conosco voce sera serao"
        " aceitar aceita aceitamos aceitam accept accepts accepted get gets take takes need needs make makes made keep keeps mind note available only also within about around after before during until from than"
        " then per each while because long option options way color colour size total open located works work use using like want its they them those these"
        " there comes come goes must should choose"
    )
)
LEADING = frozenset(
    _words("abrir abra abre entrar partir pagamento pagar pague cobrar cobrada cobradas cobrado cobrados cobramos")
)
"""The same, in passages too."""


_DAYS = ("segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo")
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = re.compile(rf"\b({'|'.join((*_DAYS, *_WEEK))})s?(?:-feira)? (?:a|ate|to|through|until) ({'|'.join((*_DAYS, *_WEEK))})")


def _days(found: re.Match[str]) -> str:
    """Every day from one to the other."""
    week = _DAYS if found[1] in _DAYS else _WEEK
    if found[2] not in week:
        return found[0]
    start, end = week.index(found[1]), week.index(found[2])
    return " ".join(week[place % 7] for place in range(start, (end if end >= start else end + 7) + 1))


@lru_cache(1024)  # the same passages are compared with one sentence after the other
def told(text: str) -> str:
    """Folded, what says the same in the same words, and days that are between others by their names."""
    plain = _SPAN.sub(_days, fold(text))
    for pattern, said in PHRASES:
        plain = pattern.sub(said, plain)
    return plain
