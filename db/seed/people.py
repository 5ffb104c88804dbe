"""Made-up customers of the demo company: the same ones on every installation, with Brazilian names, cities and numbers.

The numbers have valid shapes but belong to nobody we know of; the demo company can only send to the sandbox.
"""

import random
import unicodedata
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

_FIRST = [
    "Ana",
    "Beatriz",
    "Camila",
    "Daniela",
    "Eduarda",
    "Fernanda",
    "Gabriela",
    "Helena",
    "Isabela",
    "Juliana",
    "Karina",
    "Larissa",
    "Mariana",
    "Natália",
    "Patrícia",
    "Rafaela",
    "Sabrina",
    "Tatiane",
    "Vanessa",
    "Amanda",
    "Bruna",
    "Carolina",
    "Débora",
    "Elaine",
    "Flávia",
    "Giovana",
    "Letícia",
    "Luana",
    "Márcia",
    "Priscila",
    "Renata",
    "Simone",
    "André",
    "Bruno",
    "Carlos",
    "Diego",
    "Eduardo",
    "Felipe",
    "Gustavo",
    "Henrique",
    "Igor",
    "João",
    "José",
    "Leandro",
    "Lucas",
    "Marcelo",
    "Mateus",
    "Otávio",
    "Paulo",
    "Pedro",
    "Rafael",
    "Ricardo",
    "Rodrigo",
    "Sérgio",
    "Thiago",
    "Vinícius",
    "Wagner",
    "Antônio",
    "Caio",
    "Davi",
    "Fábio",
    "Gabriel",
    "Leonardo",
    "Luiz",
    "Marcos",
    "Murilo",
    "Samuel",
]
_LAST = [
    "Silva",
    "Santos",
    "Oliveira",
    "Souza",
    "Lima",
    "Pereira",
    "Costa",
    "Rodrigues",
    "Almeida",
    "Nascimento",
    "Carvalho",
    "Araújo",
    "Ribeiro",
    "Fernandes",
    "Gomes",
    "Martins",
    "Rocha",
    "Barbosa",
    "Alves",
    "Cardoso",
    "Teixeira",
    "Correia",
    "Dias",
    "Nunes",
    "Moreira",
    "Mendes",
    "Freitas",
    "Vieira",
    "Monteiro",
    "Cavalcanti",
    "Moura",
    "Campos",
    "Batista",
    "Castro",
    "Duarte",
    "Farias",
    "Lopes",
    "Machado",
    "Pinto",
    "Ramos",
    "Reis",
    "Sales",
    "Tavares",
    "Xavier",
    "Azevedo",
    "Brandão",
    "Cunha",
    "Figueiredo",
]
_CITIES = (
    ("São Paulo", "11", 26), ("Campinas", "19", 7), ("Santos", "13", 4), ("Ribeirão Preto", "16", 4), ("Rio de Janeiro", "21", 14),
    ("Niterói", "21", 3), ("Belo Horizonte", "31", 9), ("Uberlândia", "34", 3), ("Curitiba", "41", 7), ("Londrina", "43", 3),
    ("Porto Alegre", "51", 6), ("Caxias do Sul", "54", 2), ("Florianópolis", "48", 4), ("Brasília", "61", 6), ("Goiânia", "62", 5),
    ("Salvador", "71", 6), ("Recife", "81", 5), ("Fortaleza", "85", 5), ("Natal", "84", 2), ("Belém", "91", 3), ("Manaus", "92", 2),
)  # fmt: skip
_MAIL = ("example.com", "example.org", "example.net")
TAGS = ("vip", "verão", "atacado", "newsletter", "aniversariante")
FIELDS = (("cidade", "Cidade", "text"), ("aniversario", "Aniversário", "date"), ("ultimo_pedido", "Último pedido", "text"))


class Person(NamedTuple):
    """`phone` is E.164; `line` mobile or fixed."""

    id: UUID
    name: str
    phone: str
    line: str
    email: str | None
    custom: dict[str, str]
    tags: tuple[str, ...]
    opted_out: bool
    created_at: datetime


def id_at(moment: datetime, dice: random.Random) -> UUID:
    """A UUIDv7 of a moment in the past, so that lists by id keep the order of time."""
    value = (int(moment.timestamp() * 1000) << 80) | (7 << 76) | (dice.getrandbits(12) << 64) | (2 << 62) | dice.getrandbits(62)
    return UUID(int=value)


def people(count: int, now: datetime, dice: random.Random) -> list[Person]:
    """`count` customers who came over the last 400 days, oldest first; no two share a number or an e-mail."""
    weights = [weight for *_, weight in _CITIES]
    used: set[str] = set()
    found = []
    for number in range(count):
        city, area, _ = dice.choices(_CITIES, weights)[0]
        fixed = dice.random() < 0.02
        while True:
            local = (
                f"{dice.randint(2, 5)}{dice.randrange(10**7):07}" if fixed else f"9{dice.randint(6, 9)}{dice.randrange(10**7):07}"
            )
            phone = f"+55{area}{local}"
            if phone not in used:
                used.add(phone)
                break
        first = dice.choice(_FIRST)
        name = " ".join([first, *dice.sample(_LAST, 2 if dice.random() < 0.3 else 1)])
        created = now - timedelta(days=400 * (1 - (number + dice.random()) / count))
        email = (
            f"{_plain(first)}.{_plain(name.rpartition(' ')[2])}{number}@{dice.choice(_MAIL)}" if dice.random() < 0.72 else None
        )
        custom = {"cidade": city}
        if dice.random() < 0.6:
            custom["aniversario"] = f"{dice.randint(1955, 2006)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
        if dice.random() < 0.7:
            custom["ultimo_pedido"] = f"#{dice.randint(10_000, 49_999)}"
        shares = (0.12, 0.35, 0.08, 0.55, 0.07)
        tags = tuple(tag for tag, share in zip(TAGS, shares, strict=True) if dice.random() < share)
        found.append(
            Person(
                id_at(created, dice),
                name,
                phone,
                "fixed" if fixed else "mobile",
                email,
                custom,
                tags,
                dice.random() < 0.025,
                created,
            )
        )
    return found


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
