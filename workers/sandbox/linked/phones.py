"""WhatsApp as the sandbox plays it: every number has a phone, and what devices need to come back is kept over a restart.

It listens on a port of its own, taken when somebody asks for it first: who connects no number by a code needs none.
"""

import hashlib
import secrets
from typing import Any

import msgspec
from websockets.asyncio.server import Server, serve

from workers.sandbox import people
from workers.sandbox.linked.device import Device
from workers.sandbox.linked.groups import Group
from workers.sandbox.linked.keys import Pair
from workers.sandbox.linked.people import Bundle, Person
from workers.sandbox.linked.polls import Poll
from workers.sandbox.linked.server import WhatsApp
from workers.sandbox.linked.wire import Words
from workers.sandbox.store import Store

KEPT = 1000
"""So many messages are remembered here; the sandbox's ledger has all."""


class _Opened(msgspec.Struct):
    """What stands in the store: the port, the words, and what all keys are made of."""

    port: int
    words: Words
    seed: bytes


class _Device(msgspec.Struct):
    number: str
    index: int
    removed: bool
    bundle: Bundle | None


class _Group(msgspec.Struct):
    """Numbers: that of the shop, which administers it, and of who wrote in it."""

    subject: str
    shop: str
    members: list[str]


class Phones(WhatsApp):
    def __init__(self, store: Store, host: str) -> None:
        super().__init__(([], []))
        self._store, self._host = store, host
        self._kept: _Opened | None = None
        self._server: Server | None = None
        self._lids: dict[str, Person] = {}
        self.polls: dict[str, Poll] = {}
        """The newest of each chat, by the shop's number and the chat."""
        self.receipts = False  # told at their moments

    async def load(self) -> None:
        """Opens again what was open."""
        kept = dict(await self._store.recall("whatsapp")).get("opened")
        if kept is None:
            return
        await self._listen(msgspec.json.decode(kept, type=_Opened))
        for _, value in await self._store.recall("linked_device"):
            known = msgspec.json.decode(value, type=_Device)
            self.person(known.number, name="Loja")
            self.devices[known.number, known.index] = Device(
                known.number, f"9{known.number}", known.index, bundle=known.bundle, removed=known.removed
            )
        self.count_on(max((index for _, index in self.devices), default=0))
        for number, _ in await self._store.recall("linked_hidden"):
            self.person(number).hidden = True
        for chat, value in await self._store.recall("linked_poll"):
            self.polls[chat] = msgspec.json.decode(value, type=Poll)
        for jid, value in await self._store.recall("linked_group"):
            self._grouped(jid, msgspec.json.decode(value, type=_Group))

    async def open(self, words: Words) -> dict[str, Any]:
        """Port and root key: what a client must know to come here."""
        known = self._kept
        if known is None or self._server is None or known.words != words:
            seed = known.seed if known else secrets.token_bytes(32)
            await self._listen(_Opened(known.port if known else 0, words, seed))
        assert self._kept is not None
        return {"port": self._kept.port, "root_key": self.root.public.hex()}

    async def _listen(self, wanted: _Opened) -> None:
        """On the port it had, where that is free."""
        self.dictionary = wanted.words
        self.root, self.account = Pair(_made(wanted.seed, "root")), Pair(_made(wanted.seed, "account"))
        if self._server is None:
            try:
                self._server = await serve(self._serve, self._host, wanted.port, compression=None, max_size=None)
            except OSError:
                self._server = await serve(self._serve, self._host, 0, compression=None, max_size=None)
        wanted.port = next(iter(self._server.sockets)).getsockname()[1]
        self._kept = wanted
        self._store.remember("whatsapp", "opened", wanted)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def person(self, number: str, **more: Any) -> Person:
        if (known := self.people.get(number)) is not None:
            return known
        seed = self._kept.seed if self._kept else b""
        pairs = {name: Pair(_made(seed, f"{number}/{name}")) for name in ("identity", "signed", "once")}
        given = {"name": people.name(number), "on_whatsapp": not people.is_landline(number), **pairs, **more}
        made = super().person(number, **given)
        self._lids[made.lid] = made
        return made

    def find(self, jid: str) -> Person | None:
        user, _, server = jid.partition("@")
        user = user.split(":")[0]
        if server == "lid":
            return self._lids.get(user) or (self.person(user[1:]) if user.isdecimal() and user.startswith("9") else None)
        return self.person(user) if user.isdecimal() else None

    def group(self, shop: str, named: str, writer: Person) -> Group:
        """The group of this name, or with this id, that the shop administers and in which this person is; made when somebody first writes in it."""
        jid = named
        if named not in self.groups:
            digest = int.from_bytes(hashlib.sha256(f"{shop}/{named}".encode()).digest()[:4])
            jid = f"12036340{digest:010}@g.us"
        known = self.groups.get(jid) or self._grouped(jid, _Group(named, shop, []))
        if writer not in known.members:
            known.members.append(writer)
            numbers = [one.number for one in known.members if one.number != shop]
            self._store.remember("linked_group", jid, _Group(known.subject, shop, numbers))
        return known

    def _grouped(self, jid: str, told: _Group) -> Group:
        shop = self.person(told.shop, name="Loja")
        members = [shop, *(self.person(number) for number in told.members)]
        made = self.groups[jid] = Group(jid.partition("@")[0], told.subject, members, admins={told.shop})
        return made

    def hide(self, person: Person) -> None:
        """From now on nobody is told the number."""
        person.hidden = True
        self._store.remember("linked_hidden", person.number, True)

    def ask(self, chat: str, poll: Poll) -> None:
        """Votes in this chat are about it from now on."""
        self.polls[chat] = poll
        self._store.remember("linked_poll", chat, poll)

    def changed(self, device: Device) -> None:
        known = _Device(device.number, device.index, device.removed, device.bundle)
        self._store.remember("linked_device", f"{device.number}:{device.index}", known)

    def forget_old(self) -> None:
        """What tests look at is not kept for ever."""
        if len(self.ledger) > KEPT:
            del self.ledger[: KEPT // 2]
            self.acked.clear()
            self.read.clear()
            self.shown.clear()


def _made(seed: bytes, name: str) -> bytes:
    return hashlib.sha256(seed + name.encode()).digest()
