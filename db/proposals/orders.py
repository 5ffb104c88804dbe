"""Whether a text gives orders to the machine that reads it: names its tools, claims to be the system, wants something moved or marked. Such words
never make anything happen by themselves; a person looks. Pure, and no wall of its own: what nobody recognises here still has to be proven."""

import re

from db.proposals.enums import LeadTool
from db.proposals.proven import folded

_TOOLS = "|".join(re.escape(tool.value) for tool in LeadTool if tool is not LeadTool.BOOK)
"""But for the one that is a word of customers."""
_THINGS = r"(?:leads?|cards?|cartao|cartoes|negocios?|deals?|oportunidade|opportunity|pipeline|funil|kanban|etapa|stages?|etiquetas?|tags?|labels?|sequencias?|sequences?|cadencias?|cadences?)"
_MEANT_FOR_IT = re.compile(
    rf"\b(?:{_TOOLS}|to_stage|tool_calls?|function_call)\b"
    r"|\b(?:call|chame|chama|use|usa|execute|executa|invoke|invoque|run|rode|trigger|acione)\b.{0,20}\b(?:tool|function|funcao|ferramenta|api)\b"
    r"|\b(?:ignor[ea]\w*|desconsidere\w*|esquec[ae]\w*|disregard|forget|override|bypass)\b(?!.{0,30}\b(?:mensage\w+|messages?|audio|foto)\b).{0,40}"
    r"\b(?:instruc\w+|instructions?|regras?|rules?|prompt|anterior\w*|previous|above|acima)\b"
    r"|(?:^|[\s\"'\[<(])/?(?:system|sistema|assistant|developer|desenvolvedor|admin|root)\s*[:>\]]|\"role\"\s*:|<\|"
    r"|\b(?:system prompt|prompt do sistema|developer mode|modo (?:desenvolvedor|dev|debug)|jailbreak|you are now|voce agora e|as an ai|como uma ia)\b"
    rf"|\b(?:mov[ae]\w*|mover|move|moving|marqu?e\w*|marcar|mark|coloque|coloca|put|set|defina|adicion\w+|add|apply|aplique|remova|remove|delete|apague"
    rf"|atribua|assign|crie|create|transfira|change|mude|altere)\b.{{0,40}}\b{_THINGS}\b"
    rf"|\b{_THINGS}\b.{{0,30}}\b(?:para|to|as|como) (?:ganh[oa]|won|perdid[oa]|lost|fechad[oa]|closed)\b"
    r"|\[?m\d+\b[^\w]{0,3}(?:customer|cliente|assistant)\b|\bconfidence\b\W{0,3}[01]?[.,]?\d|\bevidence\b\W{0,3}(?:m\d+|\[)"
    r"|\b(?:decode|decodifique|rot ?13|base ?64|backwards|ao contrario|de tras para frente)\b"
)
_PACKED = re.compile(
    r"(?<![A-Za-z0-9+/])(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*\d)[A-Za-z0-9+/]{32,}={0,2}"
)


MOST = 4000
"""Characters of a message that are looked at; WhatsApp takes no more."""


def speaks_to_machine(text: str) -> bool:
    text = text[:MOST]
    return bool(_MEANT_FOR_IT.search(folded(text)) or _PACKED.search(text))
