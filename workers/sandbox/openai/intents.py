"""What a customer wants, by what they write: buying, leaving, thinking, a person, a call later, an amount.

A statement counts only when it is one: what is denied, meant ironically, tied to a condition, said of somebody else or ordered in the name of
the system moves nothing.
"""

import re
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from workers.sandbox.openai.reading import Line
from workers.sandbox.openai.words import is_question, is_thanks, plain

Name = Literal["buy", "quote", "leave", "think", "person", "angry", "later", "value", "paid"]


class Intent(NamedTuple):
    """`line` proves it. `amount`: in cents, of a value."""

    name: Name
    line: Line
    confidence: float
    amount: int = 0
    currency: str = "BRL"


_BUY: Final = re.compile(
    r"\b(?:(?:eu )?(?:ja )?(?:quero|queremos|vou|vamos|gostaria de|queria|pode|podemos|bora|quero sim|decidi|decidimos) (?:ja |sim |mesmo |sim,? )?"
    r"(?:comprar|fechar|levar|ficar com|contratar|assinar|encomendar|pedir|fazer o pedido|finalizar|reservar|aceitar|fechar negocio)"
    r"|(?:eu )?(?:aceito|topo|fechado|fechamos|^\W*fechou)\b(?! (?:com outr|de segunda|aos|no dom))|(?:fecho"
    r"|compro|levo)\b(?=\W*$|\W+(?:sim|agora|hoje|ja|esse|essa|isso|este|um|uma|dois|duas|tres|\d|com voces?"
    r"|o pedido)\b)|negocio fechado|pode (?:mandar|enviar|gerar) (?:o |a )?(?:link|boleto|pix|contrato"
    r"|cobranca)"
    r"|(?:me )?(?:manda|envia|passa)(?:r)? (?:o |a )?(?:link (?:de|do|para|pra) pag\w+|pix|chave pix|boleto|contrato)"
    r"|como (?:(?:faco|eu faco) (?:para|pra|o) (?:comprar|pagar|pedido|pagamento)|(?:eu )?(?:pago|posso pagar))"
    r"|i(?: want| would like|'d like| am ready|'m ready) to (?:buy|order|purchase|close|sign|proceed|go ahead)"
    r"|i(?: will|'ll| ll) (?:take|buy|order) (?:it|them|one|two|this|that|the)|let'?s (?:close|do it|go ahead|proceed)|(?:it'?s a )?deal!?$|sign me up"
    r"|send me the (?:payment link|contract|invoice))\b"
)
_QUOTE: Final = re.compile(
    r"\b(?:(?:quero|queria|preciso de|gostaria de|pode(?:m|ria)? (?:me )?(?:fazer|mandar|enviar|passar)|faz|manda|me passa) (?:receber )?(?:um |o |uma |a )?(?:orcamento|proposta|cotacao)"
    r"|(?:send|give|make) me (?:a |the )?(?:quote|proposal|estimate)|(?:i )?(?:need|want|would like) a (?:quote|proposal|estimate))\b"
)
_LEAVE: Final = re.compile(
    r"\b(?:(?:nao (?:tenho|temos)(?: mais)?(?: nenhum)? interesse|sem interesse|perdi o interesse|nao (?:me )?interessa(?: mais)?"
    r"|nao (?:quero|vou querer|preciso|precisamos|queremos)(?: mais)?(?: (?:comprar|fechar|nada|isso|o produto|contratar|levar|continuar))?"
    r"|nao (?:vou|vamos) (?:mais )?(?:comprar|levar|fechar|querer|contratar)|mudei de ideia|desisti(?:mos"
    r"|r)?|vou desistir|ja (?:comprei|fechei|contratei) (?:em|com|de|na|no|da|do) outr[oa]|comprei (?:em"
    r"|na|no|com) outr[oa]|pode cancelar(?: o (?:pedido|orcamento))?"
    r"|(?:not|no longer|isn't|am not|i'm not|not really) interested|(?:i )?(?:don'?t|do not) (?:want|need) (?:it|this|that|to buy|anything)(?: any ?more)?"
    r"|changed my mind|(?:already )?bought (?:it |one )?(?:elsewhere|somewhere else|from (?:another|someone))|no,? thanks?))\b"
)
_STAYS: Final = re.compile(
    r"\bnao (?:quero|vou querer) (?:mais )?(?:receber|perder|cancelar|desistir|deixar|sair|ficar sem|esperar|demorar|nem pensar em perder)|\bnao e que (?:eu )?nao|\bnao que (?:eu )?nao"
    r"|\bnao preciso (?:de nota|pensar|esperar)|\b(?:don'?t|do not) want to (?:lose|miss|cancel|wait)|\bit'?s not that i'?m not"
    r"|\bnao desisti|\bnot that i'?m not"
)
_ASIDE: Final = re.compile(
    r"\b(?:nao (?:tenho|temos)(?: mais)? interesse|nao quero|nao preciso|not interested|(?:don'?t|do not) (?:want|need))(?: mais)? (?:em|n[oa]s?|de|d[oa]s?|in|the|a|o) "
    r"(?!produto|proposta|compra|comprar|oferta|nada|negocio|servico|buying|it\b|this|that|anything|offer)"
)
"""No interest in something beside the matter."""
_THINK: Final = re.compile(
    r"\b(?:(?:vou|preciso|deixa(?: eu)?|quero|tenho que|vamos) (?:pensar|ver|analisar|avaliar|conversar com"
    r"|falar com|consultar|dar uma (?:olhada|pensada)|decidir)|talvez|quem sabe|depois (?:eu )?(?:vejo"
    r"|decido|falo|te falo|volto)"
    r"|ainda (?:nao (?:sei|decidi)|estou (?:pensando|vendo|em duvida))|estou (?:pensando|em duvida|so olhando"
    r"|so pesquisando)|so (?:estou )?(?:olhando|pesquisando)|mais pra frente|qualquer coisa (?:eu )?(?:aviso"
    r"|chamo|volto)"
    r"|(?:let me|i(?:'ll| will| need to| have to)) think|maybe|not sure|still (?:deciding|thinking)|just (?:looking|browsing)|i'?ll get back to you)\b"
)
_FOR_NOW: Final = re.compile(
    r"\b(?:agora|por enquanto|por ora|hoje|ainda|este mes|esse mes|no momento|right now|for now|now|yet|today|this month)\b"
)
_DENIED: Final = re.compile(
    r"\b(?:nao|nunca|jamais|nem|never|not|don'?t|won'?t|wouldn'?t|cannot|can'?t)\b(?:[^\w,.;!?]+\w+){0,3}?[^\w,.;!?]+(?:quero"
    r"|vou|vamos|queremos|comprar|compro|fechar|fecho|fechado|fechamos|levar|levo|aceito|topo|contratar"
    r"|assinar|want|buy|order|take|close)\b"
)
_IRONY: Final = re.compile(
    r"k{3,}|\b(?:(?:ha){2,}|(?:he){2,}|(?:rs){2,}|lol|lmao|sqn|so que nao|ate parece|aham|uhum sei|ta bom que"
    r"|imagina se|conta outra|me engana|yeah,? right|as if|in your dreams|sure,? jan|not)\b\W*$|\b(?:so que nao"
    r"|ate parece|sqn|yeah,? right|as if|in your dreams|nem morto|nem em sonho)\b"
    r"|[🙄😏🤡😒]"
)
_LAUGH: Final = re.compile(r"k{3,}|\b(?:ha){2,}|\b(?:rs){2,}|[😂🤣]")
_IF: Final = re.compile(
    r"\b(?:se (?:baixar|abaixar|fizer|fizerem|tiver|tiverem|der|chegar|for|eu|voces?|vcs?|o|a|conseguir"
    r"|parcelar|sobrar)|\d[\d.,]* (?:mil |k |reais )?e (?:eu )?(?:ja )?(?:fecho|compro|levo)|qualquer (?:desconto|descontinho|abatimento)|quando (?:eu )?(?:receber|sair|cair|puder|voltar)|so (?:compro|fecho|levo) se|compraria"
    r"|fecharia|levaria"
    r"|mas (?:ta|esta|e|so|nao|achei|o|a|primeiro|antes|preciso|tenho)|porem|so que|if (?:you|the|it|i|there)|unless|any (?:little |small )?discount|but (?:it|the|i|first|not)|would buy|when i get paid)\b"
)
_OTHERS: Final = re.compile(
    r"\b(?:minha (?:irma|mae|esposa|mulher|amiga|filha|prima|tia|chefe|vizinha|socia|namorada|sogra)|meu (?:irmao"
    r"|pai|marido|amigo|filho|primo|tio|chefe|vizinho|socio|namorado)|um amigo|uma amiga|(?:ele|ela|eles"
    r"|elas|meu \w+|minha \w+) (?:quer|vai|disse|falou|pediu)"
    r"|(?:my|a) (?:sister|mother|mom|wife|friend|daughter|boss|brother|father|dad|husband|son|neighbor|partner|cousin) (?:wants?|will|said|is|would)|(?:he|she|they) (?:wants?|said|will))\b"
)
_ELSEWHERE: Final = re.compile(
    r"\b(?:outr[oa]s? (?:loja|lugar|site|empresa|produto|modelo|vendedor)|concorren\w+|mercado livre|amazon|shopee|other (?:store|shop|place|company)|competitor)\b"
)
_INJECTED: Final = re.compile(
    r"\b(?:ignor[ea]\w*|desconsidere|esqueca|disregard|forget|override)\b.{0,40}\b(?:instruc\w+|regras|prompt|anterior\w*|instructions|rules|previous|above|all)\b"
    r"|\b(?:system|sistema|admin\w*|developer|desenvolvedor|assistant)\s*[:>\]]|<\s*/?\s*(?:system|instructions?"
    r"|admin)|\b(?:call|chame|use|execute|invoque) (?:the |a |o )?(?:tool|function|ferramenta|funcao)\b"
    r"|\b(?:move_lead|set_value|add_tag|hand_over|create_lead|update_contact|send_template|send_file|add_to_cadence|book_slot)\b"
    r"|\b(?:mova|mover|move|marque) (?:o |this |the |meu |my )?(?:lead|card|cartao|negocio)\b"
    r"|\b(?:marque|adicione|coloque|add|put|apply)\b.{0,25}\b(?:etiqueta|tag|label)\b|\b(?:voce agora e|you are now|modo (?:dev|debug|desenvolvedor)|developer mode|jailbreak|\bdan\b)\b"
)
_PERSON: Final = re.compile(
    r"\b(?:(?:falar|conversar|quero|queria|preciso|passa\w*|chama\w*|transfer\w*)\b.{0,30}\b(?:pessoa|humano"
    r"|humana|atendente|alguem|gerente|vendedor\w*|supervisor\w*)|(?:quero|preciso de|cade o|tem algum) atendente"
    r"|atendimento humano"
    r"|(?:talk|speak|chat|connect me|transfer me)\b.{0,25}\b(?:person|human|someone|somebody|agent|manager|representative)|real person|human (?:agent|please))\b"
)
_ANGRY: Final = re.compile(
    r"\b(?:absurdo|palhacada|vergonha|descaso|pessim[oa]|horrivel|ridiculo|procon|reclame ?aqui|processar|golpe|nunca mais|raiva|revoltad[oa]|incompetent\w+|enganad[oa]|to puto|furios[oa]"
    r"|terrible|awful|horrible|worst|scam|ridiculous|furious|unacceptable|lawsuit|sue you|rip ?off)\b"
)
_LATER: Final = re.compile(
    r"\b(?:(?:me |nos )(?:chama|chame|chamar|liga|ligue|ligar|escreve|escreva|procura|procure|retorna|retorne"
    r"|contata|manda (?:uma )?mensagem|lembra|lembre|avisa|avise)|(?:chama|liga|escreve|retorna|fala comigo"
    r"|volta a falar)\b(?=.*\b(?:amanha|segunda|terca|quarta|quinta|sexta|sabado|domingo|semana|daqui|depois"
    r"|as \d|\d+h|dia \d|mes))"
    r"|(?:call|message|text|write|contact|ping|remind|ring|reach) (?:to )?me|(?:get|come) back to me|follow up (?:with me )?(?:on|at|tomorrow|next|in))\b"
)
_PAID: Final = re.compile(
    r"\b(?:ja (?:paguei|fiz o pix|transferi|depositei)|(?:fiz|mandei|enviei) (?:o |um )?(?:pix|pagamento|comprovante)|pix feito|pagamento feito|i (?:already )?paid|payment (?:sent|done))\b"
)
_MONEY: Final = re.compile(
    r"(?P<before>r\$|us\$|u\$|\$|€|brl|usd)\s*(?P<a>\d[\d.,]*)(?:\s*(?P<ka>mil|k)\b)?|\b(?P<b>\d[\d.,]*)\s*(?P<kb>mil|k)?\s*(?P<after>reais|real|conto|dolares|dollars?|euros?)\b"
)
_OURS_VALUE: Final = re.compile(
    r"\b(?:orcamento (?:e|de|ate|seria)|budget|posso pagar|consigo pagar|pago|pagaria|fech\w+ (?:em|por"
    r"|no|nos)|combinad\w+|valor (?:total|do pedido|fechado)|total (?:de|e|fica)|gastar|investir|ate r?\$?"
    r"|no maximo|fica em|deal at|agreed|pay|spend|up to|order of|pedido de)\b"
)


def of(lines: Iterable[Line]) -> list[Intent]:
    """Of each line what it surely says, in order."""
    return [intent for line in lines if line.role == "user" for intent in _of(line)]


def last(found: Iterable[Intent], *names: Name) -> Intent | None:
    """Who changes their mind means the last word."""
    return next((one for one in reversed(list(found)) if one.name in names), None)


def injected(text: str) -> bool:
    """Whether a text gives orders to the model."""
    return bool(_INJECTED.search(plain(text)))


def _of(line: Line) -> list[Intent]:
    said = plain(line.text)
    if _INJECTED.search(said):
        return []
    found: list[Intent] = []
    if _PERSON.search(said):
        found.append(Intent("person", line, 0.97))
    if _ANGRY.search(said):
        found.append(Intent("angry", line, 0.85))
    moved = _moved(line, said)
    if moved is not None:
        found.append(moved)
    if _LATER.search(said) and not re.search(
        r"\b(?:nao|nunca|do not|don'?t|never) (?:me |nos )?(?:chama|liga|call|write|message)", said
    ):
        found.append(Intent("later", line, 0.9))
    if _PAID.search(said):
        found.append(Intent("paid", line, 0.6))
    if value := _value(line, said):
        found.append(value)
    return found


def _moved(line: Line, said: str) -> Intent | None:
    """What changes where somebody stands: they buy, want an offer, leave or think."""
    ironic = bool(_IRONY.search(said) or _IRONY.search(line.text) or _LAUGH.search(line.text))
    leaves = _LEAVE.search(said)
    if leaves and not _STAYS.search(said) and not ironic and not _OTHERS.search(said):
        if _ASIDE.search(said):
            return None
        if _FOR_NOW.search(said):
            return Intent("think", line, 0.9)
        return Intent("leave", line, 0.92 if not is_question(line.text) else 0.6)
    if _THINK.search(said) and not _PERSON.search(said):
        return Intent("think", line, 0.9)
    bare = ironic or _DENIED.search(said) or _IF.search(said) or _OTHERS.search(said) or _ELSEWHERE.search(said)
    buys = _BUY.search(said)
    if buys and not bare:
        how = re.search(r"\bcomo (?:eu )?(?:faco|pago|posso pagar)|\bpix\b|\blink\b|\bboleto\b|\bhow (?:do|can) i pay", said)
        return Intent("buy", line, 0.93 if "?" not in line.text or how else 0.62)
    if _QUOTE.search(said) and not bare:
        return Intent("quote", line, 0.9)
    return None


def _value(line: Line, said: str) -> Intent | None:
    """An amount that the customer offers or agrees to."""
    money = _MONEY.search(said)
    if money is None or "?" in line.text or not _OURS_VALUE.search(said) or _ELSEWHERE.search(said) or _DENIED.search(said):
        return None
    amount = cents(money["a"] or money["b"]) * (1000 if money["ka"] or money["kb"] else 1)
    unit = money["before"] or money["after"] or ""
    currency = (
        "EUR"
        if unit in ("€", "euro", "euros")
        else "USD"
        if unit in ("us$", "u$", "usd", "dolares", "dollar", "dollars", "$")
        else "BRL"
    )
    return Intent("value", line, 0.9, amount, currency)


def cents(number: str) -> int:
    """1.500, 1.500,00, 1,500.00 and 1500 are the same."""
    number = number.strip(".,")
    head, mark, tail = number.rpartition("," if number.rfind(",") > number.rfind(".") else ".")
    if not mark or len(tail) == 3:
        return int(re.sub(r"[.,]", "", number)) * 100
    return int(re.sub(r"[.,]", "", head) or 0) * 100 + int(f"{tail[:2]:0<2}")


def says_nothing_new(text: str) -> bool:
    """Thanks, an emoji, an "ok": nobody waits for an answer."""
    folded = plain(text).strip(" .!…")
    return (
        not re.search(r"\w", folded)
        or bool(
            re.fullmatch(r"(?:ok(?:ay)?|blz|beleza|certo|ta bom|show|perfeito|otimo|great|perfect|got it|sure|combinado)", folded)
        )
        or (is_thanks(text) and len(folded) < 40)
    )
