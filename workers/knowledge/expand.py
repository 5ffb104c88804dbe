"""How people type on a phone, written out for the vector of a question: models of meaning were trained on whole words.

Words are found as they were typed; there accents and endings are folded anyway. Refuses to correct typing errors: a wrong guess is
worse than none.
"""

import re
from typing import Final

_GREETING: Final = re.compile(
    r"^\s*(?:(?:oi+e?|ol[aá]|opa|e a[ií]|hey|hi|hello|hola|bom dia|boa tarde|boa noite|tudo (?:bem|bom)|td bem|blz)\b[\s,.!?]*)+",
    re.IGNORECASE,
)
_WORDS: Final = {
    "vc": "você", "vcs": "vocês", "ce": "você", "q": "que", "pq": "porque", "qdo": "quando", "qnd": "quando", "qto": "quanto", "qtos": "quantos",
    "qta": "quanta", "qtas": "quantas", "qnto": "quanto", "tb": "também", "tbm": "também", "pra": "para", "pro": "para o",
    "pras": "para as", "pros": "para os", "p": "para", "n": "não", "nao": "não", "ñ": "não", "ta": "está", "tá": "está", "to": "estou", "tô": "estou",
    "cm": "com", "hj": "hoje", "msg": "mensagem", "obg": "obrigado", "dps": "depois", "mt": "muito", "mto": "muito",
    "mta": "muita", "qq": "qualquer", "qlqr": "qualquer", "kd": "onde está", "cade": "onde está", "cadê": "onde está", "fds": "fim de semana",
    "tel": "telefone", "cel": "celular", "blz": "beleza", "vlr": "valor",
}  # fmt: skip
_WORD: Final = re.compile(r"(?<![\w@.\-/])[^\W\d_]{1,4}(?![\w@\-/])")


def expanded(question: str, *, portuguese: bool) -> str:
    """The question without its greeting and, in Portuguese, with short forms written out: "to" and "n" are words elsewhere. One that is nothing
    but a greeting stays."""
    text = _GREETING.sub("", question).strip() or question.strip()
    if not portuguese:
        return text
    return _WORD.sub(lambda word: _WORDS.get(word[0].lower(), word[0]), text)
