"""The words that head the columns of contact lists in Portuguese and English, and what their cells look like.

Used to tell a header from a row of data and to guess the mapping. Refuses to decide: it only says how a word or a cell
looks."""

import re

from db.contacts.enums import ImportTarget
from db.contacts.mapping import words
from db.texts import EMAIL

_WORDS: dict[ImportTarget, dict[float, str]] = {
    ImportTarget.PHONE: {
        1.0: "whatsapp, whats, wpp, zap, whatsapp numero, numero whatsapp, telefone whatsapp, celular whatsapp, wa id",
        0.95: "celular, cel, telefone celular, numero celular, mobile, mobile phone, cell, cell phone, cellphone, "
        "movel, "
        "telefone movel, phone mobile, mobile number, fone celular, tel celular",
        0.85: "telefone, fone, tel, phone, phone number, numero telefone, telefone contato, telefone principal, "
        "numero contato, "
        "telephone, msisdn, primary phone, contact number, telefone numero, ddd telefone, telefone ddd, sms",
        0.6: "numero, number, telefone residencial, telefone fixo, fixo, telefone comercial, telefone trabalho, "
        "home phone, "
        "work phone, business phone, landline, residencial, comercial, telefone recado, recado",
    },
    ImportTarget.NAME: {
        1.0: "nome completo, full name, fullname, nome e sobrenome",
        0.9: "nome, name, nome cliente, nome contato, nome aluno, nome paciente, contact name, customer name, display name",
        0.6: "cliente, contato, contact, customer, aluno, paciente, pessoa, razao social, lead, associado, membro",
    },
    ImportTarget.FIRST_NAME: {1.0: "primeiro nome, first name, firstname, given name, prenome, nome proprio"},
    ImportTarget.LAST_NAME: {1.0: "sobrenome, ultimo nome, last name, lastname, surname, family name, nome familia"},
    ImportTarget.EMAIL: {
        1.0: "email, mail, e mail, correio eletronico, endereco email, email address, email contato, email principal, "
        "primary email, endereco eletronico"
    },
    ImportTarget.TAGS: {
        1.0: "tag, etiqueta, marcador, label",
        0.7: "grupo, segmento, lista, categoria, group, segment, list, category",
    },
    ImportTarget.LANGUAGE: {1.0: "idioma, lingua, language, locale, lang"},
    ImportTarget.OPT_OUT: {
        1.0: "opt out, optout, descadastrado, nao enviar, unsubscribed, do not contact, nao perturbe, "
        "nao perturbar, "
        "nao contatar, opted out, saiu, dnc, descadastro, blocklist",
        0.7: "bloqueado, blocked",
    },
    ImportTarget.CUSTOM: {  # words that are no name or tag, and have no place of their own in a contact
        1.0: "consentimento, consent, opt in, optin, aceite, lgpd, aceita receber, aceita mensagem, autoriza, "
        "autorizacao, "
        "autoriza contato, permite contato, aceita whatsapp, aceite lgpd, consentimento lgpd, opted in, aceita marketing, "
        "external id, id externo, externalid, codigo externo, id cliente, codigo cliente, "
        "customer id, contact id, id contato, "
        "observacao, observacoes, obs, nota, note, comentario, comment, anotacao, anotacoes, remark",
        0.8: "id, codigo, cod, matricula, code, uuid, cod cliente, crm id",
    },
}
_HEADERS = {
    phrase.strip(): (target, weight)
    for target, weights in _WORDS.items()
    for weight, phrases in weights.items()
    for phrase in phrases.split(",")
}
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """cidade estado uf bairro cep endereco rua empresa cpf cnpj rg data nascimento aniversario sexo genero idade
        valor produto plano status origem vendedor pedido vencimento cargo curso turma pais profissao city state country
        address zip company birthday birthdate gender age amount product source order date title""",
    )
)
_SMALL = frozenset(("do", "da", "de", "dos", "das", "o", "a", "of", "the", "seu", "sua", "my", "p", "para"))
_PHONE_WORDS = frozenset(
    ("whatsapp", "whats", "wpp", "zap", "celular", "cel", "telefone", "fone", "tel", "phone", "mobile", "cell", "telephone")
)
_EMAIL = re.compile(EMAIL)
_DIGIT_RUN = re.compile(r"^[\s'+\d().\-/]*$")


def header_target(header: str) -> tuple[ImportTarget, float] | None:
    """What a header announces and how surely (0 to 1), from its words alone."""
    plain = [word for word in words(header).split() if word not in _SMALL]
    while plain and plain[-1].isdigit():
        plain.pop()
    if not plain:
        return None
    singular = [_singular(word) for word in plain]
    for phrase in (" ".join(plain), " ".join(singular), "".join(plain)):
        if found := _HEADERS.get(phrase):
            return found
    if "email" in singular or singular[:2] == ["e", "mail"]:
        return ImportTarget.EMAIL, 0.7
    if _PHONE_WORDS.intersection(singular):
        return ImportTarget.PHONE, 0.5
    return None


def is_header_word(header: str) -> bool:
    """Whether this is a word that stands in headers, wanted as a field or not."""
    return header_target(header) is not None or any(_singular(word) in _COMMON for word in words(header).split())


def _singular(word: str) -> str:
    if word.endswith("oes"):
        return word[:-3] + "ao"
    if word.endswith(("ores", "ares")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") and word != "status" else word


def looks_like_email(cell: str) -> bool:
    return _EMAIL.fullmatch(cell.strip()) is not None


def looks_like_phone(cell: str) -> bool:
    """Eight to fifteen digits with a phone's punctuation and nothing else; dates and money mostly fall out."""
    return _DIGIT_RUN.match(cell) is not None and 8 <= sum(map(str.isdigit, cell)) <= 15 and cell.count("/") != 2


def looks_like_name(cell: str) -> bool:
    letters = sum(char.isalpha() for char in cell)
    return letters >= 2 and letters >= 0.6 * len("".join(cell.split())) and len(cell) <= 80
