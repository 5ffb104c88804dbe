"""Phones: they pair a device, write to it under keys of their own, and open what it writes to them first."""

import os
from collections import deque
from dataclasses import dataclass, field

from workers.sandbox.linked.keys import Pair, cbc, cbc_open, hkdf, mac
from workers.sandbox.linked.wire import part, proto, unproto

MOST_SKIPPED = 2000


@dataclass
class Begun:
    """A session that a person began by a message: what answers within it are opened with. `identity`: of the device that answers."""

    ratchet: Pair
    root: bytes
    identity: bytes


@dataclass
class Person:
    """`lid` and `number`: digits. `hidden`: chats with them are under the lid, and nobody is told the number. `username`: told with what is written to
    them on the phone."""

    number: str
    lid: str
    name: str = "Bia"
    hidden: bool = False
    on_whatsapp: bool = True
    username: str = ""
    identity: Pair = field(default_factory=Pair)
    signed: Pair = field(default_factory=Pair)
    once: Pair = field(default_factory=Pair)
    begun: "deque[Begun]" = field(default_factory=lambda: deque(maxlen=5))

    @property
    def jid(self) -> str:
        return f"{self.lid}@lid" if self.hidden else f"{self.number}@s.whatsapp.net"

    def signature(self) -> bytes:
        return self.identity.sign(b"\x05" + self.signed.public)

    def answer(self, sealed: bytes) -> bytes | None:
        """What is in a message of a session that this person began lately; None for any other."""
        if len(sealed) < 10 or sealed[0] >> 4 != 3:
            return None
        body = unproto(sealed[1:-8])
        ratchet, counter, text = body.get(1), body.get(2, 0), body.get(4)
        if not (isinstance(ratchet, bytes) and isinstance(counter, int) and isinstance(text, bytes)) or counter > MOST_SKIPPED:
            return None
        for begun in reversed(self.begun):
            chain = hkdf(begun.ratchet.agree(ratchet), 64, begun.root, b"WhisperRatchet")[32:]
            for _ in range(counter):
                chain = mac(chain, b"\x02")
            keys = hkdf(mac(chain, b"\x01"), 80, info=b"WhisperMessageKeys")
            parties = b"\x05" + begun.identity[-32:] + b"\x05" + self.identity.public
            if mac(keys[32:64], parties + sealed[:-8])[:8] == sealed[-8:]:
                plain = cbc_open(keys[:32], keys[64:], text)
                return plain[: -plain[-1]]
        return None

    def open(self, sealed: bytes) -> bytes | None:
        """What is in the first message of a session that the other side began; None for any other."""
        if not sealed or sealed[0] >> 4 != 3:
            return None
        outer = unproto(sealed[1:])
        base, theirs, inner = outer.get(2), outer.get(3), outer.get(4)
        if not (isinstance(base, bytes) and isinstance(theirs, bytes) and isinstance(inner, bytes)):
            return None
        secret = b"\xff" * 32 + self.signed.agree(theirs) + self.identity.agree(base) + self.signed.agree(base)
        if 1 in outer:
            secret += self.once.agree(base)
        root = hkdf(secret, 64, info=b"WhisperText")[:32]
        body = unproto(inner[1:-8])
        ratchet, text = body[1], body[4]
        assert isinstance(ratchet, bytes)
        assert isinstance(text, bytes)
        chain = hkdf(self.signed.agree(ratchet), 64, root, b"WhisperRatchet")[32:]
        for _ in range(int(body.get(2, 0) or 0)):
            chain = mac(chain, b"\x02")
        keys = hkdf(mac(chain, b"\x01"), 80, info=b"WhisperMessageKeys")
        plain = cbc_open(keys[:32], keys[64:], text)
        return plain[: -plain[-1]]


@dataclass
class Bundle:
    """The keys that a device left at the server."""

    registration: int
    identity: bytes
    signed_id: int
    signed: bytes


def write(person: Person, bundle: Bundle, message: bytes) -> bytes:
    """A message that begins a session (PreKeyWhisperMessage): X3DH without a one-time key, and the first step of the ratchet."""
    base, ratchet = Pair(), Pair()
    secret = b"\xff" * 32 + person.identity.agree(bundle.signed) + base.agree(bundle.identity) + base.agree(bundle.signed)
    root = hkdf(secret, 64, info=b"WhisperText")[:32]
    both = hkdf(ratchet.agree(bundle.signed), 64, root, b"WhisperRatchet")
    chain = both[32:]
    person.begun.append(Begun(ratchet, both[:32], bundle.identity))
    keys = hkdf(mac(chain, b"\x01"), 80, info=b"WhisperMessageKeys")
    pad = os.urandom(1)[0] % 15 + 1
    text = cbc(keys[:32], keys[64:], message + bytes([pad]) * pad)
    inner = b"\x33" + proto({1: b"\x05" + ratchet.public, 2: 0, 3: 0, 4: text})
    sender, receiver = b"\x05" + person.identity.public, b"\x05" + bundle.identity[-32:]
    inner += mac(keys[32:64], sender + receiver + inner)[:8]
    head: dict[int, bytes | int] = {5: 4711, 6: bundle.signed_id, 2: b"\x05" + base.public, 3: sender, 4: inner}
    return b"\x33" + proto(head)


def text(said: str) -> bytes:
    """waE2E.Message."""
    return proto({1: said.encode()})


_SAID = ((1,), (6, 1), (3, 3), (9, 7), (7, 20), (7, 3))


def said(message: bytes) -> str:
    """The text of a waE2E.Message, or what stands under its picture."""
    return next((found for path in _SAID if (found := part(message, *path))), b"").decode("utf-8", "replace")


def pairing(account: Pair, identity: bytes, secret: bytes) -> bytes:
    """What a phone signs for a device that it lets in (ADVSignedDeviceIdentityHMAC)."""
    details = proto({1: 1, 2: 1_700_000_000, 3: 1})
    signature = account.sign(bytes([6, 0]) + details + identity)
    signed = proto({1: details, 2: account.public, 3: signature})
    return proto({1: signed, 2: mac(secret, signed)})
