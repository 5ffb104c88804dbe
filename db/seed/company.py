"""Which companies are made up, and the ids of what they have: the same on every installation."""

from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from db.permissions import Role


def fixed_id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"masteria:demo:{name}")


class Made(NamedTuple):
    """A company with its team (e-mail, name, role) and its two channels."""

    id: UUID
    name: str
    team: tuple[tuple[str, str, Role], ...]
    whatsapp: UUID
    sms: UUID


DEMO = Made(
    fixed_id("company"),
    "Loja Aurora",
    (
        ("ana@lojaaurora.test", "Ana Lima", Role.OWNER),
        ("bruno@lojaaurora.test", "Bruno Rocha", Role.ADMIN),
        ("carla@lojaaurora.test", "Carla Mendes", Role.MANAGER),
        ("diego@lojaaurora.test", "Diego Alves", Role.AGENT),
        ("elisa@lojaaurora.test", "Elisa Nunes", Role.VIEWER),
    ),
    fixed_id("channel:whatsapp"),
    fixed_id("channel:sms"),
)
LARGE = Made(
    fixed_id("large:company"),
    "Atacado Horizonte",
    (
        ("otavio@atacadohorizonte.test", "Otávio Prado", Role.OWNER),
        ("paula@atacadohorizonte.test", "Paula Reis", Role.MANAGER),
        ("raul@atacadohorizonte.test", "Raul Tavares", Role.AGENT),
        ("sofia@atacadohorizonte.test", "Sofia Cunha", Role.AGENT),
        ("vera@atacadohorizonte.test", "Vera Campos", Role.AGENT),
    ),
    fixed_id("large:channel:whatsapp"),
    fixed_id("large:channel:sms"),
)
COMPANY = DEMO.id
