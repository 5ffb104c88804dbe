"""The people on the other side: their names, their WhatsApp ids, what they answer.

Everything is derived from the phone number, nothing is stored. Names and texts are invented.
"""

import re
from typing import Final

from workers.sandbox.behaviour import chance

# fmt: off
FIRST: Final = (
    "Ana", "Beatriz", "Camila", "Daniela", "Eduarda", "Fernanda", "Gabriela", "Helena", "Isabela", "Juliana",
    "Larissa", "Mariana", "Natália", "Patrícia", "Rafaela", "Sofia", "Tatiane", "Vanessa", "André", "Bruno",
    "Carlos", "Diego", "Eduardo", "Felipe", "Gustavo", "Henrique", "Igor", "João", "Leonardo", "Lucas",
    "Marcelo", "Matheus", "Paulo", "Rafael", "Rodrigo", "Thiago", "Vinícius", "Wagner",
)
LAST: Final = (
    "Almeida", "Araújo", "Barbosa", "Cardoso", "Carvalho", "Castro", "Costa", "Dias", "Fernandes", "Ferreira",
    "Gomes", "Lima", "Lopes", "Martins", "Melo", "Mendes", "Moreira", "Nascimento", "Nunes", "Oliveira",
    "Pereira", "Pinto", "Ramos", "Ribeiro", "Rocha", "Rodrigues", "Santos", "Silva", "Souza", "Teixeira",
)
# fmt: on
REPLIES: Final = (
    "Oi, tudo bem? Quero saber mais",
    "Qual o valor?",
    "Tenho interesse sim 😊",
    "Pode me ligar amanhã de manhã?",
    "Boa tarde! Ainda está valendo?",
    "Obrigado!",
    "Quanto fica o frete para o meu CEP?",
    "Aceita cartão em quantas vezes?",
    "Já comprei, obrigada 🙏",
    "Vocês atendem no sábado?",
    "Me manda mais fotos, por favor",
    "Quem é?",
    "Agora não posso, me chama depois",
    "Show! Como faço o pedido?",
    "Tem desconto à vista?",
    "👍",
)
OPT_OUTS: Final = ("SAIR", "PARAR", "STOP", "Sair", "parar", "Descadastrar")
STOP_WORDS: Final = frozenset(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"])
START_WORDS: Final = frozenset(["START", "YES", "UNSTOP"])
_SCRAMBLE: Final = 0x2B5D3A91C7
_MOBILE: Final = re.compile(r"55([1-9]\d)9(\d{8})")
_LANDLINE: Final = re.compile(r"55[1-9]\d[2-5]\d{7}")


def name(phone: str) -> str:
    key = int(phone)
    return f"{FIRST[int(chance(3, key, 1) * len(FIRST))]} {LAST[int(chance(3, key, 2) * len(LAST))]}"


def changed(phone: str) -> str:
    """The number that this person has after changing it."""
    return f"{phone[:-4]}{(int(phone[-4:]) + 4321) % 10000:04}"


def wa_id(phone: str, short_share: float) -> str:
    """WhatsApp's id of a phone (digits). Old Brazilian accounts of area codes from 31 on carry no ninth digit."""
    match = _MOBILE.fullmatch(phone)
    if match and int(match[1]) >= 31 and chance(5, int(phone), 3) < short_share:
        return f"55{match[1]}{match[2]}"
    return phone


def is_landline(phone: str) -> bool:
    """A Brazilian fixed line: eight digits that start with 2 to 5."""
    return _LANDLINE.fullmatch(phone) is not None


def bsuid(phone: str) -> str:
    """The business-scoped user id; reversible, so that a send to it finds the person."""
    country = "BR" if phone.startswith("55") else "US"
    return f"{country}.{(int(phone) ^ _SCRAMBLE) + 10**15}"


def phone_of(user_id: str) -> str:
    """The phone behind a BSUID of ours; "" when it is none."""
    digits = user_id.rpartition(".")[2]
    return str((int(digits) - 10**15) ^ _SCRAMBLE) if digits.isdecimal() and int(digits) > 10**15 else ""


def reply(seed: int, number: int, opt_out: bool) -> str:
    texts = OPT_OUTS if opt_out else REPLIES
    return texts[int(chance(seed, number, 21) * len(texts))]
