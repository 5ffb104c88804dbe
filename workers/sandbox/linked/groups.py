"""Groups: a writer's key goes to each member once, under the id of the first message, and opens everything that they write there."""

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.sandbox.linked.keys import Pair, cbc, hkdf, mac
from workers.sandbox.linked.people import Person, text, write
from workers.sandbox.linked.wire import Node, proto

if TYPE_CHECKING:
    from workers.sandbox.linked.device import Device
    from workers.sandbox.linked.server import WhatsApp


@dataclass
class Key:
    """What a member writes with in one group. `given`: the devices that have it."""

    id: int
    chain: bytes = field(default_factory=lambda: os.urandom(32))
    signer: Pair = field(default_factory=Pair)
    iteration: int = 0
    given: set[str] = field(default_factory=set)


@dataclass
class Group:
    """`id`: digits. `admins`: of the members, by number."""

    id: str
    subject: str
    members: list[Person]
    admins: set[str] = field(default_factory=set)
    keys: dict[str, Key] = field(default_factory=dict)

    @property
    def jid(self) -> str:
        return f"{self.id}@g.us"


async def says(
    server: "WhatsApp", group: Group, person: Person, device: "Device", words: str | bytes, message_id: str = ""
) -> str:
    """A member writes (a text, or a whole waE2E.Message). Returns the message's id."""
    assert device.bundle is not None
    key = group.keys.setdefault(person.jid, Key(int.from_bytes(os.urandom(3))))
    message_id = message_id or f"AC{next(server.numbers):030X}"
    parts: list[Node] = []
    if device.jid not in key.given:
        key.given.add(device.jid)
        public = b"\x05" + key.signer.public
        told = b"\x33" + proto({1: key.id, 2: key.iteration, 3: key.chain, 4: public})
        parts.append(
            Node(
                "enc",
                {"v": "2", "type": "pkmsg"},
                write(person, device.bundle, proto({2: proto({1: group.jid.encode(), 2: told})})),
            )
        )
    parts.append(Node("enc", {"v": "2", "type": "skmsg"}, _sealed(key, text(words) if isinstance(words, str) else words)))
    attrs = {
        "from": group.jid, "participant": person.jid, "participant_lid": f"{person.lid}@lid", "addressing_mode": "pn", "id": message_id,
        "t": str(int(time.time())), "type": "text", "notify": person.name,
    }  # fmt: skip
    sent = Node("message", attrs, parts)
    device.waiting.append(sent)
    if device.connection is not None:
        await device.connection.tell(sent)
    return message_id


def _sealed(key: Key, message: bytes) -> bytes:
    keys = hkdf(mac(key.chain, b"\x01"), 64, info=b"WhisperGroup")
    pad = os.urandom(1)[0] % 15 + 1
    inner = b"\x33" + proto({1: key.id, 2: key.iteration, 3: cbc(keys[16:48], keys[:16], message + bytes([pad]) * pad)})
    key.chain = mac(key.chain, b"\x02")
    key.iteration += 1
    return inner + key.signer.sign(inner)


def content(groups: dict[str, Group], told: Node) -> list[Node] | None:
    """Who is in a group, and how it is called. None: something else was asked."""
    group = groups.get(told.attrs.get("to", "")) if told.attrs.get("xmlns") == "w:g2" else None
    if group is None:
        return None
    attrs = {"id": group.id, "subject": group.subject, "creation": "1700000000", "s_t": "1700000000", "addressing_mode": "pn"}
    return [Node("group", attrs, [Node("participant", _named(group, one)) for one in group.members])]


def _named(group: Group, person: Person) -> dict[str, str]:
    named = {"jid": person.jid, "lid": f"{person.lid}@lid"}
    return {**named, "type": "admin"} if person.number in group.admins else named
