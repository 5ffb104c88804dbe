"""Protobuf, binary nodes and Noise, as far as a server of WhatsApp needs them to speak to one client."""

import hashlib
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workers.sandbox.linked.keys import Pair, hkdf

Words = tuple[list[str], list[list[str]]]
"""What the client shortens to one byte, and to two."""

# protobuf


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def proto(fields: Mapping[int, bytes | int | float]) -> bytes:
    """A float is a double."""
    out = b""
    for number, value in fields.items():
        if isinstance(value, float):
            out += varint(number << 3 | 1) + struct.pack("<d", value)
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def unproto(data: bytes) -> dict[int, bytes | int]:
    """The last of each field."""
    found: dict[int, bytes | int] = {}
    at = 0

    def take() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        key = take()
        match key & 7:
            case 0:
                found[key >> 3] = take()
            case 2:
                length = take()
                found[key >> 3] = data[at : at + length]
                at += length
            case 1:
                found[key >> 3] = data[at : at + 8]
                at += 8
            case 5:
                found[key >> 3] = data[at : at + 4]
                at += 4
            case other:
                raise ValueError(f"wire type {other}")
    return found


def part(data: bytes, *path: int) -> bytes:
    """What lies at the end of a path of fields; empty where there is nothing."""
    for number in path:
        value = unproto(data).get(number, b"")
        assert isinstance(value, bytes)
        data = value
    return data


# nodes


@dataclass
class Node:
    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    content: "list[Node] | bytes | None" = None

    @property
    def children(self) -> "list[Node]":
        return self.content if isinstance(self.content, list) else []

    @property
    def data(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else b""

    def child(self, tag: str) -> "Node | None":
        return next((one for one in self.children if one.tag == tag), None)


def encode(told: Node) -> bytes:
    return b"\0" + _node(told)


def _list(count: int) -> bytes:
    return bytes([248, count]) if count < 256 else bytes([249, count >> 8, count & 255])


def _bytes(data: bytes) -> bytes:
    if len(data) < 256:
        return bytes([252, len(data)]) + data
    if len(data) < 1 << 20:
        return bytes([253]) + len(data).to_bytes(3, "big") + data
    return bytes([254]) + struct.pack(">I", len(data)) + data


def _text(text: str) -> bytes:
    user, at, server = text.partition("@")
    if at and server in ("s.whatsapp.net", "lid", "g.us"):
        if ":" in user:
            name, _, device = user.partition(":")
            return bytes([247, 1 if server == "lid" else 0, int(device)]) + _bytes(name.encode())
        return bytes([250]) + _bytes(user.encode()) + _bytes(server.encode())
    return _bytes(text.encode())


def _node(told: Node) -> bytes:
    has = told.content is not None
    out = _list(1 + 2 * len(told.attrs) + has) + _bytes(told.tag.encode())
    for name, value in told.attrs.items():
        out += _bytes(name.encode()) + _text(value)
    if isinstance(told.content, bytes):
        out += _bytes(told.content)
    elif has:
        out += _list(len(told.children)) + b"".join(_node(one) for one in told.children)
    return out


class Reader:
    def __init__(self, data: bytes, dictionary: Words) -> None:
        self._data = zlib.decompress(data[1:]) if data[0] & 2 else data[1:]
        self._at = 0
        self._single, self._double = dictionary

    def _take(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]

    def _byte(self) -> int:
        return self._take(1)[0]

    def _size(self, tag: int) -> int:
        return 0 if tag == 0 else self._byte() if tag == 248 else int.from_bytes(self._take(2), "big")

    def _raw(self, tag: int) -> bytes | None:
        match tag:
            case 252:
                return self._take(self._byte())
            case 253:
                return self._take(int.from_bytes(self._take(3), "big") & 0xFFFFF)
            case 254:
                return self._take(int.from_bytes(self._take(4), "big"))
        return None

    def _string(self, tag: int) -> str:
        raw = self._raw(tag)
        if raw is not None:
            return raw.decode()
        if 236 <= tag <= 239:
            return self._double[tag - 236][self._byte()]
        match tag:
            case 0:
                return ""
            case 250:
                user, server = self._string(self._byte()), self._string(self._byte())
                return f"{user}@{server}"
            case 247:
                domain, device = self._byte(), self._byte()
                return f"{self._string(self._byte())}:{device}@{'lid' if domain == 1 else 's.whatsapp.net'}"
            case 251 | 255:
                head = self._byte()
                digits = self._take(head & 127).hex()
                text = digits.upper() if tag == 251 else digits.translate(str.maketrans("abf", "-.\0"))
                return text[:-1] if head >> 7 else text
        return self._single[tag]

    def node(self) -> Node:
        size = self._size(self._byte())
        tag = self._string(self._byte())
        attrs = {self._string(self._byte()): self._string(self._byte()) for _ in range((size - 1) // 2)}
        if size % 2:
            return Node(tag, attrs)
        kind = self._byte()
        if kind in (0, 248, 249):
            return Node(tag, attrs, [self.node() for _ in range(self._size(kind))])
        raw = self._raw(kind)
        return Node(tag, attrs, raw if raw is not None else self._string(kind).encode())


# Noise_XX_25519_AESGCM_SHA256, the side that answers

PATTERN = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"
HEADER = bytes([87, 65, 6, 3])


class Noise:
    def __init__(self, root: Pair) -> None:
        self._hash = self._salt = self._key = PATTERN
        self._count = 0
        self._static = Pair()
        between = Pair()
        middle = proto({1: 1, 2: 0, 3: between.public, 4: 1, 5: 2**31})
        leaf = proto({1: 2, 2: 1, 3: self._static.public, 4: 1, 5: 2**31})
        self._certificate = proto({
            1: proto({1: leaf, 2: between.sign(leaf)}), 2: proto({1: middle, 2: root.sign(middle)}),
        })  # fmt: skip
        self._read = self._write = (b"", 0)
        self._mix_hash(HEADER)

    def _mix_hash(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def _mix_key(self, secret: bytes) -> None:
        both = hkdf(secret, 64, self._salt)
        self._salt, self._key, self._count = both[:32], both[32:], 0

    def _nonce(self, count: int) -> bytes:
        return bytes(8) + struct.pack(">I", count)

    def _seal(self, data: bytes) -> bytes:
        sealed = AESGCM(self._key).encrypt(self._nonce(self._count), data, self._hash)
        self._count += 1
        self._mix_hash(sealed)
        return sealed

    def _open(self, sealed: bytes) -> bytes:
        data = AESGCM(self._key).decrypt(self._nonce(self._count), sealed, self._hash)
        self._count += 1
        self._mix_hash(sealed)
        return data

    def hello(self, frame: bytes) -> bytes:
        """Answers the client's first frame."""
        theirs = part(frame, 2, 1)
        self._mix_hash(theirs)
        self._ephemeral = Pair()
        self._mix_hash(self._ephemeral.public)
        self._mix_key(self._ephemeral.agree(theirs))
        static = self._seal(self._static.public)
        self._mix_key(self._static.agree(theirs))
        payload = self._seal(self._certificate)
        return proto({3: proto({1: self._ephemeral.public, 2: static, 3: payload})})

    def finish(self, frame: bytes) -> bytes:
        """Reads the client's second frame: what it says of itself."""
        static = self._open(part(frame, 4, 1))
        self._mix_key(self._ephemeral.agree(static))
        payload = self._open(part(frame, 4, 2))
        both = hkdf(b"", 64, self._salt)
        self._read, self._write = (both[:32], 0), (both[32:], 0)
        return payload

    def seal(self, data: bytes) -> bytes:
        key, count = self._write
        self._write = key, count + 1
        return AESGCM(key).encrypt(self._nonce(count), data, b"")

    def open(self, data: bytes) -> bytes:
        key, count = self._read
        self._read = key, count + 1
        return AESGCM(key).decrypt(self._nonce(count), data, b"")
