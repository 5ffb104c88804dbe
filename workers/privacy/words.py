"""The few words of the page that a person is handed with their data, in both languages."""

from typing import NamedTuple


class Words(NamedTuple):
    code: str
    filename: str
    about: str
    nameless: str
    name: str
    language: str
    since: str
    opted_out: str
    no: str
    notes: str
    leads: str
    lead_notes: str
    messages: str
    company: str
    person: str
    file: str
    kinds: dict[str, str]


_PORTUGUESE = Words(
    code="pt-BR",
    filename="dados",
    about="Tudo o que esta empresa guarda sobre esta pessoa. O arquivo data.json tem os mesmos dados por completo, para computadores.",
    nameless="Sem nome",
    name="Nome",
    language="Idioma",
    since="Cadastro",
    opted_out="Não quer mensagens desde",
    no="Não pediu",
    notes="Anotações",
    leads="Negócios",
    lead_notes="Anotações dos negócios",
    messages="Mensagens, da mais nova à mais antiga",
    company="Empresa",
    person="Pessoa",
    file="Arquivo",
    kinds={"phone": "Telefone", "wa_id": "WhatsApp", "email": "E-mail", "username": "Nome de usuário"},
)
_ENGLISH = Words(
    code="en",
    filename="data",
    about="Everything that this company keeps about this person. The file data.json holds the same in full, for computers.",
    nameless="Without a name",
    name="Name",
    language="Language",
    since="Known since",
    opted_out="Wants no messages since",
    no="Did not ask",
    notes="Notes",
    leads="Leads",
    lead_notes="Notes of leads",
    messages="Messages, newest first",
    company="Company",
    person="Person",
    file="File",
    kinds={"phone": "Phone", "wa_id": "WhatsApp", "email": "E-mail", "username": "User name"},
)


def words(language: str) -> Words:
    return _PORTUGUESE if language == "pt-BR" else _ENGLISH
