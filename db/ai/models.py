"""The models that a company can choose: those that we know, those that its server lists, those that it named itself."""

import re
from datetime import date
from typing import NamedTuple
from uuid import UUID

from db.ai import catalogue, prices
from db.ai.catalogue import Price
from db.ai.connection import Connection, connection_in
from db.ai.enums import EmbedderKind, ModelKind, ModelLevel, ModelState, Provider
from db.clock import now
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

_CHAT = re.compile(r"^(gpt-|chatgpt-|o\d|ft:)")
_OTHER = re.compile(r"audio|realtime|image|tts|transcribe|search|codex|instruct|whisper|dall-e|moderation")
_VECTORS = re.compile(r"embed|\be5\b|\bbge\b|minilm", re.IGNORECASE)
_DATED = re.compile(r"-(20\d\d-\d\d-\d\d|\d{4})$")


class User(NamedTuple):
    """A live persona that asks for a model."""

    id: UUID
    name: str


class ModelView(NamedTuple):
    """`usable`: whether the key may use it, None where the server does not say. `own_price`: the company set it. `levels`: that ask for it
    now; `personas`: live ones that do, by level or name."""

    name: str
    kind: ModelKind
    context: int | None
    state: ModelState
    retired_on: date | None
    replacement: str | None
    usable: bool | None
    in_use: bool
    price: Price | None
    own_price: bool
    levels: list[ModelLevel]
    personas: list[User]


def leveled(connection: Connection, level: ModelLevel) -> str:
    """The model that a level asks for: ours where the service lists it, else the company's. Levels are names of OpenAI's: what another
    server lists under one of them is its own affair."""
    name = catalogue.LEVELS[level]
    has = connection.provider in (Provider.OPENAI, Provider.SANDBOX) and name in (connection.models or ())
    return name if has else connection.chat_model


async def models(actor: Actor) -> list[ModelView]:
    """Chosen ones first, then ours in our order, then the rest by name."""
    async with read(actor, Permission.AI_READ) as r:
        return await models_in(r, actor.company_id)


async def models_in(r: Read, company_id: UUID) -> list[ModelView]:
    """The same inside a unit of work."""
    connection = await connection_in(r, company_id)
    own = await prices.own_prices(r, company_id)
    chosen = _chosen(connection)
    ours = {} if connection is not None and connection.provider is Provider.COMPATIBLE else catalogue.BY_NAME
    listed = [name for name in (connection.models or [] if connection else []) if _worth_listing(name, connection)]
    users = await _users(r, company_id, connection)
    names = dict.fromkeys([*chosen, *ours, *sorted({*own, *listed, *users})])
    return [_view(name, chosen, connection, prices.of(own, name), users.get(name, [])) for name in names]


_LIVE = """
select p.id, p.name, v.config->'model'->>'preset' as preset, v.config->'model'->>'name' as model from persona p
join persona_version v on v.company_id = p.company_id and v.id = p.published_id
where p.company_id = $1 and p.deleted_at is null and p.state = 'live' order by fold(p.name), p.id
"""


async def _users(r: Read, company_id: UUID, connection: Connection | None) -> dict[str, list[User]]:
    """Live personas by the model that they ask for now."""
    found: dict[str, list[User]] = {}
    if connection is None:
        return found
    for row in await r.fetch(_LIVE, company_id):
        level = row["preset"] or ModelLevel.BALANCED  # what is left out of a document has its default
        name = leveled(connection, ModelLevel(level)) if level in set(ModelLevel) else (row["model"] or "").strip()
        if name:
            found.setdefault(name, []).append(User(row["id"], row["name"]))
    return found


async def ending(r: Read, company_id: UUID) -> list[ModelView]:
    """Models in use that their provider switches off within 30 days, or has switched off."""
    return [
        one
        for one in await models_in(r, company_id)
        if (one.in_use or one.personas) and one.state is not ModelState.CURRENT and one.kind is ModelKind.CHAT
    ]


def _chosen(connection: Connection | None) -> dict[str, ModelKind]:
    if connection is None:
        return {}
    found = {connection.chat_model: ModelKind.CHAT}
    if connection.embedder is EmbedderKind.SERVICE and connection.embedding_model:
        found[connection.embedding_model] = ModelKind.EMBEDDING
    return found


def _worth_listing(name: str, connection: Connection | None) -> bool:
    """OpenAI's list, which the sandbox plays, holds much that neither answers nor makes vectors, and each model under its dated names too."""
    if connection is None or connection.provider not in (Provider.OPENAI, Provider.SANDBOX):
        return True
    talks = bool(_CHAT.match(name)) and not _OTHER.search(name)
    return (talks or bool(_VECTORS.search(name))) and not _DATED.search(name)


def _view(
    name: str, chosen: dict[str, ModelKind], connection: Connection | None, own: Price | None, personas: list[User]
) -> ModelView:
    known = catalogue.known(name)
    kind = known.kind if known else chosen.get(name) or (ModelKind.EMBEDDING if _VECTORS.search(name) else ModelKind.CHAT)
    # Whoever runs a server of their own, or a deployment at Azure, decides what it is called and how long it runs.
    theirs = connection is not None and connection.provider in (Provider.COMPATIBLE, Provider.AZURE) and name in chosen
    ends = None if known is None or theirs else known.retired_on
    listed = connection.models if connection else None
    return ModelView(
        name=name,
        kind=kind,
        context=known.context or None if known else None,
        state=ModelState.CURRENT if known is None or theirs else known.state(now()),
        retired_on=ends,
        replacement=known.replacement if known and ends else None,
        usable=None if listed is None or (connection and connection.provider is Provider.AZURE) else name in listed,
        in_use=name in chosen,
        price=own or prices.listed(name),
        own_price=own is not None,
        levels=[] if connection is None else [level for level in ModelLevel if leveled(connection, level) == name],
        personas=personas,
    )
