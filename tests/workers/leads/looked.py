"""A look at a conversation as it is read from the database, made by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from db.assistant.context import Said
from db.boards.enums import LeadFieldKind, StageKind
from db.bookings.slots import Span
from db.cadences.enrolling import Entrance
from db.proposals.allowed import Allowed, BoardFile
from db.proposals.context import Context, Lead, LeadField, Named, Stage, Template
from db.proposals.enums import LeadPolicy, LeadTool
from db.proposals.settings import BoardAi
from db.proposals.watch import Judging

AT = datetime(2026, 11, 26, 22, 50, tzinfo=UTC)
NOVO, NEGOCIO, GANHO, PERDIDO = (
    Stage(uuid4(), name, kind, f"B{rank}", 0)
    for rank, (name, kind) in enumerate(
        (("Novo", StageKind.OPEN), ("Negociação", StageKind.OPEN), ("Ganho", StageKind.WON), ("Perdido", StageKind.LOST))
    )
)
SIZES = BoardFile(uuid4(), "Ficha de medidas", "Segue!")
LAUNCHES = Entrance(uuid4(), "Lançamentos", False)
TEN = Span(datetime(2026, 11, 27, 13, tzinfo=UTC), datetime(2026, 11, 27, 14, tzinfo=UTC))
CARLA = Named(uuid4(), "Carla Dias")
CATALOG = Template(uuid4(), "catalogo", "Oi {{1}}, segue o catálogo.", ["1"])
FIELDS = [
    LeadField("cidade", "Cidade", LeadFieldKind.TEXT, []),
    LeadField("tamanho", "Tamanho", LeadFieldKind.CHOICE, ["P", "M"]),
    LeadField("entrada", "Entrada", LeadFieldKind.MONEY, []),
    LeadField("pecas", "Peças", LeadFieldKind.NUMBER, []),
    LeadField("entrega", "Entrega", LeadFieldKind.DATE, []),
    LeadField("urgente", "Urgente", LeadFieldKind.BOOLEAN, []),
]


def said(*texts: str) -> list[Said]:
    """In order; what begins with `> ` is a colleague's."""
    return [
        Said(UUID(int=at), AT, "team" if text.startswith("> ") else "customer", "text", text.removeprefix("> "), None)
        for at, text in enumerate(texts, 1)
    ]


def looked(*texts: str, lead: bool = True, closing: bool = True, judged: int | None = None, **more: Any) -> Context:
    """`judged`: up to which message a look was taken before."""
    tools = dict.fromkeys(LeadTool, LeadPolicy.SUGGEST)
    theirs = Lead(uuid4(), 3, "Sofá", NOVO.id, None, None, None, None, ["vip"], {"cidade": "Santos"}, AT, None)
    values: dict[str, Any] = {
        "judging": Judging(uuid4(), uuid4(), uuid4(), uuid4(), uuid4(), None if judged is None else UUID(int=judged), 1),
        "board_name": "Vendas",
        "currency": "BRL",
        "settings": BoardAi(True, "Vendemos sofás.", tools, closing, 0.85, 60, [CATALOG.id], [], [], 1),
        "stages": [NOVO, NEGOCIO, GANHO, PERDIDO],
        "lost_reasons": ["Preço"],
        "fields": FIELDS,
        "tags": ["atacado", "vip"],
        "people": [CARLA],
        "templates": [CATALOG],
        "lead": theirs if lead else None,
        "leads": int(lead),
        "contact_id": uuid4(),
        "contact_name": "Ana Lima",
        "channel_id": uuid4(),
        "company": "Loja Aurora",
        "language": "pt-BR",
        "time_zone": "America/Sao_Paulo",
        "region": "BR",
        "today": date(2026, 11, 26),
        "persona": None,
        "allowed": Allowed([SIZES], frozenset(), [LAUNCHES], True, True, False, [TEN], None),
        "said": said(*texts),
        "refused": [],
    }
    return Context(**values | more)


def names(tools: Sequence[Any]) -> list[str]:
    return [tool.name for tool in tools]
