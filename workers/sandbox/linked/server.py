"""A server of WhatsApp: pairs, connects, takes and delivers messages, and throws devices out. Its ledger says what it took.

What it speaks was read from open clients: Noise, binary nodes, and the answers that a linked device waits for. It keeps no store: a device
that comes back is known as long as the server lives.
"""

import asyncio
import base64
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from workers.sandbox.linked import answers, groups
from workers.sandbox.linked.answers import SERVER
from workers.sandbox.linked.device import Device, Taken
from workers.sandbox.linked.keys import Pair
from workers.sandbox.linked.people import Person, pairing, text, write
from workers.sandbox.linked.typing import Typing
from workers.sandbox.linked.wire import HEADER, Node, Noise, Reader, Words, encode, unproto


class WhatsApp:
    """`on_message`: called with each message before its acknowledgement; what it returns is the error of the acknowledgement, "" for
    none, None for no answer at all. `on_read` and `on_typing`: what a device shows to people. `fought`: how often a device was opened that was open."""

    def __init__(self, dictionary: Words) -> None:
        self.dictionary = dictionary
        self.root, self.account = Pair(), Pair()
        self.people: dict[str, Person] = {}
        self.groups: dict[str, groups.Group] = {}  # by jid
        self.devices: dict[tuple[str, int], Device] = {}
        self.new: list[Connection] = []
        self.ledger: list[Taken] = []
        self.opened = self.fought = 0
        self.refuse: dict[str, str] | None = None
        self.on_message: Callable[[Taken], str | None] = lambda _: ""
        self.on_read: Callable[[Device, list[str]], None] = lambda *_: None
        self.on_typing: Callable[[Device, str, bool], None] = lambda *_: None
        self.receipts = True
        self.keys_left = 3  # of a new device: it brings 5 more; 0: it brings 812
        self.acked: set[str] = set()
        self.read: list[str] = []
        self.shown: list[tuple[str, str]] = []  # to whom, and what: composing, paused
        self.url = ""
        self._indexes = itertools.count(1)
        self.numbers = itertools.count(1)

    @property
    def environment(self) -> dict[str, str]:
        return {"MASTERIA_ENV": "test", "WA_URL": self.url, "WA_ROOT_KEY": self.root.public.hex()}

    def times(self) -> Counter[str]:
        """How often each id was taken."""
        return Counter(one.id for one in self.ledger)

    def person(self, number: str, **more: object) -> Person:
        return self.people.setdefault(number, Person(number, f"9{number}", **more))  # type: ignore[arg-type]

    def find(self, jid: str) -> Person | None:
        user = jid.split("@")[0].split(":")[0]
        return next((one for one in self.people.values() if user in (one.number, one.lid)), None)

    def changed(self, device: Device) -> None:
        """Something about it has to be known after a restart."""

    def count_on(self, index: int) -> None:
        """New devices get numbers after this one."""
        self._indexes = itertools.count(index + 1)

    # the shop's phone

    async def scan(self, code: str, number: str) -> Device:
        """The phone scans what is shown, and lets the device in. Raises LookupError, ValueError for what nobody shows."""
        _, _, identity, secret, _ = code.rpartition("#")[2].split(",")
        wanted = base64.b64decode(identity)
        connection = next((one for one in self.new if one.identity == wanted), None)
        if connection is None:
            raise LookupError("nobody shows this code")
        return await self._let_in(connection, number, wanted, base64.b64decode(secret))

    async def type_in(self, signs: str, number: str) -> Device:
        """Somebody types in on the phone what the only new device shows."""
        connection = self.new[-1]
        typing = Typing(self.account, await connection.hello, signs)
        told = [
            Node("link_code_pairing_wrapped_primary_ephemeral_pub", content=typing.answer()),
            Node("primary_identity_pub", content=self.account.public), Node("link_code_pairing_ref", content=b"ref"),
        ]  # fmt: skip
        attrs = {"from": SERVER, "type": "link_code_companion_reg", "id": "typed", "t": str(int(time.time()))}
        await connection.tell(Node("notification", attrs, [Node("link_code_companion_reg", {"stage": "primary_hello"}, told)]))
        bundle, identity = await connection.finish
        return await self._let_in(connection, number, identity, typing.secret(bundle, identity))

    async def _let_in(self, connection: "Connection", number: str, wanted: bytes, secret: bytes) -> Device:
        device = Device(number, f"9{number}", next(self._indexes))
        self.person(number, name="Loja")
        self.devices[number, device.index] = device
        self.changed(device)
        sealed = pairing(self.account, wanted, secret)
        told = [
            Node("device-identity", content=sealed), Node("device", {"jid": device.jid, "lid": f"{device.lid}:{device.index}@lid"}),
            Node("platform", {"name": "android"}), Node("biz", {"name": "Loja"}),
        ]  # fmt: skip
        await connection.tell(Node("iq", {"from": SERVER, "type": "set", "id": "pair"}, [Node("pair-success", content=told)]))
        await asyncio.wait_for(connection.signed.wait(), 20)
        await connection.tell(Node("stream:error", {"code": "515"}))
        await connection.close()
        return device

    async def remove(self, device: Device) -> None:
        """The phone logs the device out."""
        device.removed = True
        self.changed(device)
        if device.connection is not None:
            conflict = Node("conflict", {"type": "device_removed"})
            await device.connection.tell(Node("stream:error", {"code": "401"}, [conflict]))
            await device.connection.close()

    async def replace(self, device: Device) -> None:
        """Another program opens the same session."""
        assert device.connection is not None
        await device.connection.tell(Node("stream:error", {}, [Node("conflict", {"type": "replaced"})]))
        await device.connection.close()

    async def says(
        self, person: Person, device: Device, words: str | bytes, message_id: str | None = None, *, to: Person | None = None
    ) -> str:
        """A person writes (a text, or a whole waE2E.Message); whoever is not connected gets it later. `to`: the phone of the device wrote to
        somebody."""
        assert device.bundle is not None
        message_id = message_id or f"AC{next(self.numbers):030X}"
        sealed = write(person, device.bundle, text(words) if isinstance(words, str) else words)
        attrs = {"from": person.jid, "id": message_id, "t": str(int(time.time())), "type": "text", "notify": person.name}
        if to is not None:
            attrs |= {"recipient": to.jid} | ({"recipient_username": to.username} if to.username else {})
        if person.hidden:
            attrs["addressing_mode"] = "lid"
        else:
            attrs["sender_lid"] = f"{person.lid}@lid"
        told = Node("message", attrs, [Node("enc", {"v": "2", "type": "pkmsg"}, sealed)])
        device.waiting.append(told)
        if device.connection is not None:
            await device.connection.tell(told)
        return message_id

    async def types(self, person: Person, device: Device, what: str = "composing") -> None:
        """A person writes a message, or stopped to ("paused"): told to a device that is online and asked for it, or to nobody."""
        known = device.watches & {person.jid, f"{person.lid}@lid"}
        if device.connection is not None and device.online and known:
            await device.connection.tell(Node("chatstate", {"from": person.jid}, [Node(what)]))

    async def receipt(self, device: Device, taken: Taken, kind: str | None = None) -> None:
        attrs = {"from": taken.to, "id": taken.id, "t": str(int(time.time()))} | ({"type": kind} if kind else {})
        told = Node("receipt", attrs)
        device.waiting.append(told)
        if device.connection is not None:
            await device.connection.tell(told)

    async def _serve(self, socket: ServerConnection) -> None:
        connection = Connection(self, socket)
        with suppress(ConnectionClosed):
            await connection.run()
        connection.gone()


class Connection:
    def __init__(self, server: WhatsApp, socket: ServerConnection) -> None:
        self.server, self._socket = server, socket
        self._noise = Noise(server.root)
        self._buffer = bytearray()
        self._first = True
        self.identity = b""
        self.device: Device | None = None
        self.signed = asyncio.Event()
        self.hello: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.finish: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()

    async def _frame(self) -> bytes:
        while True:
            if self._first and len(self._buffer) >= 4:
                assert bytes(self._buffer[:4]) == HEADER
                del self._buffer[:4]
                self._first = False
            if not self._first and len(self._buffer) >= 3:
                size = int.from_bytes(self._buffer[:3], "big")
                if len(self._buffer) >= 3 + size:
                    frame = bytes(self._buffer[3 : 3 + size])
                    del self._buffer[: 3 + size]
                    return frame
            got = await self._socket.recv()
            assert isinstance(got, bytes)
            self._buffer += got

    async def _send(self, frame: bytes) -> None:
        await self._socket.send(len(frame).to_bytes(3, "big") + frame)

    async def tell(self, told: Node) -> None:
        with suppress(ConnectionClosed):
            await self._send(self._noise.seal(encode(told)))

    async def close(self) -> None:
        await self._socket.close()

    def gone(self) -> None:
        if self in self.server.new:
            self.server.new.remove(self)
        if self.device is not None and self.device.connection is self:
            self.device.connection = None

    async def run(self) -> None:
        await self._send(self._noise.hello(await self._frame()))
        payload = unproto(self._noise.finish(await self._frame()))
        self.server.opened += 1
        if self.server.refuse is not None:
            await self.tell(Node("failure", dict(self.server.refuse)))
            await self.close()
            return
        if 1 in payload and (number := str(payload[1])) and (number, int(payload.get(18, 0) or 0)) in self.server.devices:
            await self._back(self.server.devices[number, int(payload.get(18, 0) or 0)])
        elif 19 in payload:
            pair = unproto(payload[19])  # type: ignore[arg-type]
            self.identity = pair[3]  # type: ignore[assignment]
            self.server.new.append(self)
            refs = [Node("ref", content=f"2@{next(self.server.numbers)}ref{n}".encode()) for n in range(6)]
            await self.tell(Node("iq", {"from": SERVER, "type": "set", "id": "pd"}, [Node("pair-device", content=refs)]))
        else:
            await self.tell(Node("failure", {"reason": "401"}))
            await self.close()
            return
        while True:
            told = Reader(self._noise.open(await self._frame()), self.server.dictionary).node()
            await self._told(told)

    async def _back(self, device: Device) -> None:
        if device.removed:
            await self.tell(Node("failure", {"reason": "401"}))
            await self.close()
            return
        if device.refused is not None and time.time() < device.refused.until:
            await self.tell(Node("failure", dict(device.refused.failure)))
            await self.close()
            return
        if device.connection is not None:
            self.server.fought += 1
            await self.server.replace(device)
        self.device, device.connection = device, self
        device.online, device.watches = False, set()
        await self.tell(Node("success", {"t": str(int(time.time())), "lid": f"{device.lid}:{device.index}@lid"}))
        if device.taken_again:
            device.taken_again -= 1
            await self.server.replace(device)

    async def _told(self, told: Node) -> None:
        match told.tag:
            case "iq":
                await self._asked(told)
            case "message":
                await self._message(told)
            case "presence" if self.device is not None and told.attrs.get("type") == "subscribe":
                self.device.watches.add(told.attrs["to"])
            case "presence" if self.device is not None:
                self.device.online = told.attrs.get("type") == "available"
            case "chatstate" if self.device is not None:
                self.server.shown += [(told.attrs["to"], one.tag) for one in told.children]
                self.server.on_typing(self.device, told.attrs["to"], any(one.tag == "composing" for one in told.children))
            case "ack" if self.device is not None:
                self._heard(told.attrs.get("id", ""))
            case "receipt" if self.device is not None:
                ids = [told.attrs.get("id", ""), *_listed(told)]
                for one in ids:
                    self._heard(one)
                if told.attrs.get("type") == "read":
                    self.server.read += ids
                    self.server.on_read(self.device, ids)
                answer = {"class": "receipt", "id": told.attrs["id"], "from": told.attrs.get("to", SERVER)}
                await self.tell(Node("ack", answer))

    def _heard(self, message_id: str) -> None:
        assert self.device is not None
        self.server.acked.add(message_id)
        self.device.waiting = [one for one in self.device.waiting if one.attrs["id"] != message_id]

    async def _answer(self, told: Node, content: list[Node] | None = None) -> None:
        await self.tell(Node("iq", {"from": SERVER, "type": "result", "id": told.attrs["id"]}, content))

    async def _asked(self, told: Node) -> None:
        if told.child("pair-device-sign"):
            self.signed.set()
            return
        if told.attrs.get("type") == "result":
            return
        if typed := told.child("link_code_companion_reg"):
            await self._typed(told, typed)
            return
        child = told.children[0] if told.children else None
        if child is not None and child.tag == "active":
            await self._answer(told)
            await self._hand_over()
            return
        if self.device is not None and (left := answers.left(told)) is not None:
            self.device.bundle = left
            self.server.changed(self.device)
        keys = 100 if self.device is not None and self.device.bundle is not None else self.server.keys_left
        content = groups.content(self.server.groups, told) or answers.content(self.server.find, told, keys=keys)
        await self._answer(told, content)

    async def _hand_over(self) -> None:
        """What waited for the device."""
        assert self.device is not None
        for waiting in list(self.device.waiting):
            await self.tell(Node(waiting.tag, {**waiting.attrs, "offline": "1"}, waiting.content))
        await self.tell(Node("ib", {"from": SERVER}, [Node("offline", {"count": str(len(self.device.waiting))})]))

    async def _typed(self, told: Node, typed: Node) -> None:
        """Both steps of a device that shows signs."""
        await self._answer(told, [Node("link_code_companion_reg", content=[Node("link_code_pairing_ref", content=b"ref")])])
        if typed.attrs.get("stage") == "companion_hello":
            wrapped = typed.child("link_code_pairing_wrapped_companion_ephemeral_pub")
            assert wrapped is not None
            self.hello.set_result(wrapped.data)
        else:
            bundle, identity = typed.child("link_code_pairing_wrapped_key_bundle"), typed.child("companion_identity_public")
            assert bundle is not None
            assert identity is not None
            self.finish.set_result((bundle.data, identity.data))

    async def _message(self, told: Node) -> None:
        assert self.device is not None
        to = told.attrs["to"]
        if told.attrs.get("category") == "peer":
            await self.tell(Node("ack", {"class": "message", "id": told.attrs["id"], "from": to}))
            return
        person, sealed = None if to in self.server.groups else self.server.find(to), told.child("enc")
        participants = told.child("participants")
        for one in participants.children if participants else []:
            if person is not None and self.server.find(one.attrs["jid"]) is person:
                sealed = one.child("enc")
        opened = None
        if person is not None and sealed is not None:
            opened = person.open(sealed.data) if sealed.attrs.get("type") == "pkmsg" else person.answer(sealed.data)
        taken = Taken(told.attrs["id"], to, opened, self.device, told.attrs.get("edit", ""))
        error = self.server.on_message(taken)
        if error is None:
            self.server.ledger.append(taken)
            return
        attrs = {"class": "message", "id": taken.id, "from": to, "t": str(int(time.time()))}
        if error:
            await self.tell(Node("ack", attrs | {"error": error}))
            return
        self.server.ledger.append(taken)
        await self.tell(Node("ack", attrs))
        if self.server.receipts:
            await self.server.receipt(self.device, taken)
            await self.server.receipt(self.device, taken, "read")


def _listed(receipt: Node) -> list[str]:
    """The other messages of a receipt."""
    found = receipt.child("list")
    return [one.attrs["id"] for one in found.children] if found is not None else []


@asynccontextmanager
async def playing(dictionary: Words) -> AsyncIterator[WhatsApp]:
    made = WhatsApp(dictionary)
    async with serve(made._serve, "127.0.0.1", 0, compression=None, max_size=None) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        made.url = f"ws://127.0.0.1:{port}/ws/chat"
        yield made
