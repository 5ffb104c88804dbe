"""The sentences of `reasons.py` in Portuguese, for the download of rejected rows. The screens translate by themselves."""

from db.contacts.reasons import SENTENCES

WARNINGS = {
    "email_of_other_contact": "The e-mail belongs to another contact. The row was imported without it.",
    "phone_of_other_contact": "The phone number belongs to another contact. The row was imported without it.",
    "too_many_tags": "There are more tags than a company can have. The row was imported without the new ones.",
}
"""What was left out of rows that were taken: English message ids."""

_EN = {
    **{reason.value: text for reason, text in SENTENCES.items()},
    **{k: v for k, v in WARNINGS.items() if k != "too_many_tags"},
}
_PT = {
    "phone_empty": "Falta o número de telefone.",
    "phone_not_a_number": "Isto não é um número de telefone.",
    "phone_too_short": "O telefone tem dígitos de menos.",
    "phone_too_long": "O telefone tem dígitos demais.",
    "phone_no_area_code": "Falta o DDD. Escreva-o antes do número, como 11 98765-4321.",
    "phone_invalid_for_region": "Nenhum telefone tem este número. Um número do exterior precisa de + e do código do país.",
    "phone_unknown_country": "País desconhecido. Escreva + e o código do país antes do número.",
    "phone_digits_lost": "A planilha cortou dígitos deste número. Formate a coluna como texto e digite de novo.",
    "email_invalid": "Isto não é um endereço de e-mail.",
    "too_long": "O texto é longo demais para este campo.",
    "too_many_tags": "Há mais etiquetas do que um contato pode ter.",
    "too_many_cells": "A linha tem mais células do que a tabela tem colunas. Pode faltar uma aspa ou um separador.",
    "flag_not_understood": "Escreva sim ou não aqui.",
    "language_unknown": "Idioma desconhecido. Escreva pt-BR, en ou es.",
    "no_identity": "A linha não tem telefone nem e-mail.",
    "not_storable": "Algo na linha não pode ser guardado. Digite-a de novo à mão.",
    "email_of_other_contact": "O e-mail é de outro contato. A linha foi importada sem ele.",
    "phone_of_other_contact": "O telefone é de outro contato. A linha foi importada sem ele.",
}


def sentence(reason: str, *, warning: bool = False, portuguese: bool = False) -> str:
    """For people; the code itself when it is unknown."""
    if warning and reason == "too_many_tags":
        return "A empresa não pode ter mais etiquetas. A linha foi importada sem as novas." if portuguese else WARNINGS[reason]
    if portuguese:
        return _PT.get(reason, reason)
    return _EN.get(reason, reason)
