"""What a new company rehearses with: a number of the simulator, a text to send, and sample contacts. Made once; whoever removes the
number does not get it back."""

from typing import NamedTuple
from uuid import UUID, uuid5

from db.channels.actions import rehearsal_in
from db.channels.enums import TemplateCategory
from db.channels.templates import create_in
from db.contacts.samples import add_samples
from db.permissions import Permission
from db.providers import registry
from db.providers.definition import TemplateDraft
from db.tenancy import worker
from db.work import work


class Starter(NamedTuple):
    """The words of one language."""

    channel: str
    template: TemplateDraft
    tag: str
    people: tuple[str, ...]


class Simulator(NamedTuple):
    channel_id: UUID
    template_id: UUID
    template: TemplateDraft


_FIRST = ("Ana", "Bruno", "Carla", "Diego", "Elisa", "Fábio", "Gabriela", "Hugo")
_STARTERS = {
    "pt-BR": Starter(
        "Simulador",
        TemplateDraft(
            "primeira_mensagem", "pt_BR", TemplateCategory.MARKETING,
            "Oi {{1}}! Esta é a nossa primeira campanha. Quer receber as novidades em primeira mão?",
            ["Ana"], None, None, "Responda SAIR para não receber", ["Quero sim", "Agora não"], None,
        ),
        "exemplo",
        tuple(f"{name} Exemplo" for name in _FIRST),
    ),
    "en": Starter(
        "Simulator",
        TemplateDraft(
            "first_message", "en", TemplateCategory.MARKETING,
            "Hi {{1}}! This is our first campaign. Would you like to get our news first?",
            ["Ana"], None, None, "Reply STOP to leave", ["Yes, please", "Not now"], None,
        ),
        "sample",
        tuple(f"{name} Sample" for name in _FIRST),
    ),
}  # fmt: skip


async def make(company_id: UUID) -> Simulator | None:
    """The company's simulator, all of it made in one transaction unless it was there; None when somebody has removed it."""
    provider = next(one for one in registry.providers() if one.sandbox and one.capabilities.write_template is not None)
    channel_id = uuid5(company_id, "simulator")
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        language = await w.fetchval("select language from company where id = $1", company_id)
        starter = _STARTERS[language]
        known = await w.fetchrow(
            "select c.archived_at, t.id from channel c left join template t on t.company_id = $1 and t.channel_id = c.id and t.name = $3"
            " where c.company_id = $1 and c.id = $2",
            company_id,
            channel_id,
            starter.template.name,
        )
        if known is not None:
            gone = known["archived_at"] is not None or known["id"] is None
            return None if gone else Simulator(channel_id, known["id"], starter.template)
        await rehearsal_in(w, channel_id, provider, starter.channel)
        template = await create_in(w, channel_id, provider.kind, starter.template)
        await add_samples(w, starter.people, starter.tag, language)
        return Simulator(channel_id, template.id, starter.template)
