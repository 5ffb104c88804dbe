"""WhatsApp's linked devices as the sandbox plays them: the phone that scans a code, the people who write to it, and what the platform does to a
number. There are no webhooks: whoever holds the connection hears it."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, ClassVar, Final, Literal

import msgspec

from workers.sandbox.deliveries import DELIVERED, READ, REPLY
from workers.sandbox.inbound import APART
from workers.sandbox.ledger import Entry, Flight
from workers.sandbox.linked import files, groups, kinds, polls
from workers.sandbox.linked.account import LinkedAccount
from workers.sandbox.linked.device import Device, Refusal, Taken
from workers.sandbox.linked.kinds import KINDS, NEEDS_TARGET, Telling
from workers.sandbox.linked.people import Person
from workers.sandbox.linked.phones import Phones
from workers.sandbox.linked.polls import Poll
from workers.sandbox.linked.wire import Words
from workers.sandbox.server import Reply, Request, json_reply, problem
from workers.sandbox.shared import Shared
from workers.sandbox.vendor import TYPING, Action, Answer, Incoming, Vendor

PATIENCE: Final = 8.0
"""Seconds for a device to answer the phone that scanned its code."""
BANNED, RESTRICTED = 300, 900
"""Seconds: what is days outside is minutes in a rehearsal."""
NEW_PEOPLE: Final = "463"
BY_HAND: Final = ("echo", "poll_echo")
"""What the shop's own phone writes."""
ONLY_ALONE: Final = (*BY_HAND, "hidden")
POLLED: Final = ("poll", "poll_echo", "vote")
GONE: Final = "no phone is connected"


class Scan(msgspec.Struct):
    """`code`: what is shown, to scan or as eight signs."""

    code: str
    kind: Literal["qr", "digits"] = "qr"


class News(msgspec.Struct):
    code: Literal["session_ended", "session_elsewhere", "session_banned", "session_restricted", "session_outdated"]


class Open(msgspec.Struct):
    words: Words


class Linked(Vendor[LinkedAccount]):
    account: ClassVar = LinkedAccount
    lanes = 1
    keeps_webhooks = False
    kinds = frozenset((*KINDS, TYPING))
    has_groups = True

    def __init__(self, shared: Shared) -> None:
        settings, store, self._accounts, self._ledger, _, self._inbound, self._deliveries = shared
        self.phones = Phones(store, settings.host)
        self.phones.on_message, self.phones.on_read, self.phones.on_typing = self._taken, self._read, self._typing
        self._wrote: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def load(self) -> None:
        await self.phones.load()

    async def close(self) -> None:
        await self.phones.close()

    async def open(self, request: Request) -> Reply:
        """Where devices connect to, and by which root key; opened when it is asked for first."""
        try:
            given = msgspec.json.decode(request.body, type=Open)
        except msgspec.MsgspecError as error:
            return problem(400, str(error))
        return json_reply(await self.phones.open(given.words))

    def handle(self, request: Request, path: list[str]) -> Answer | None:
        return files.handle(request, path[1:]) if path[0] == "mmg" else None

    @property
    def actions(self) -> dict[str, Action]:
        return {"POST scan": self._scan, "POST news": self._news}

    # the shop's phone

    async def _scan(self, account: LinkedAccount, request: Request) -> Reply:
        """The phone lets the device in that shows this code; the one before it is logged out."""
        given = msgspec.json.decode(request.body, type=Scan)
        before, number = self._device(account), account.number.lstrip("+")
        try:
            async with asyncio.timeout(PATIENCE):
                way = self.phones.type_in if given.kind == "digits" else self.phones.scan
                device = await way(given.code, number)
        except (LookupError, ValueError, TimeoutError):
            return problem(409, "nobody shows this code")
        account.device = device.index
        self._accounts.keep(account)
        if before is not None:
            await self.phones.remove(before)
        return json_reply({"number": account.number}, 201)

    def _device(self, account: LinkedAccount) -> Device | None:
        found = self.phones.devices.get((account.number.lstrip("+"), account.device))
        return None if found is None or found.removed else found

    async def _news(self, account: LinkedAccount, request: Request) -> Reply:
        """What WhatsApp does to the number."""
        code = msgspec.json.decode(request.body, type=News).code
        if code == "session_restricted":
            account.restricted_until = time.time() + RESTRICTED
            self._accounts.keep(account)
            return json_reply({"success": True})
        device = self._device(account)
        if device is None:
            return problem(400, GONE)
        match code:
            case "session_ended":
                await self.phones.remove(device)
            case "session_elsewhere":
                device.taken_again = 1
                if device.connection is not None:
                    await self.phones.replace(device)
            case "session_banned":
                failure = {"reason": "402", "code": "101", "expire": str(BANNED)}
                await self._refuse(device, Refusal(failure, time.time() + BANNED))
            case "session_outdated":
                await self._refuse(device, Refusal({"reason": "405"}, float("inf")))
        return json_reply({"success": True})

    async def _refuse(self, device: Device, refusal: Refusal) -> None:
        device.refused = refusal
        if device.connection is not None:
            await device.connection.close()

    # what the business writes

    def _taken(self, taken: Taken) -> str | None:
        """Books it; what the platform answers: "" for yes, an error, or None for nothing at all."""
        self.phones.forget_old()
        account = self._accounts.find(LinkedAccount, "linked", f"+{taken.device.number}")
        if account is not None and taken.to in self.phones.groups:
            return self._taken_in_group(taken, account)
        person = self.phones.find(taken.to)
        if person is not None and person.number == taken.device.number:  # to itself: its phone has it, and nobody answers
            self._run(self.phones.receipt(taken.device, taken))
            return ""
        if account is None or person is None or not person.on_whatsapp:
            return "404"
        behaviour, draw = account.behaviour, self._deliveries.draw()
        if behaviour.outage == "errors" or draw < behaviour.error_5xx_share:
            return "503"
        if behaviour.outage != "none":
            return None
        if draw < behaviour.error_5xx_share + behaviour.error_429_share:
            return "429"
        if time.time() < account.restricted_until and (account.id, person.number) not in self._wrote:
            return NEW_PEOPLE
        recipient = self._address(person)
        flight = Flight(0, account.kind, account.id, account.number, recipient, recipient, taken.id, "", "", "sent")
        content = msgspec.json.encode(kinds.told(taken.content) if taken.content is not None else {"id": taken.id})
        self._ledger.accept(flight, content, content, 1)
        self._deliveries.depart(flight, account)
        lost = behaviour.drop_after_accept_share + behaviour.hang_share
        return None if 1.0 - draw < lost else ""

    def _taken_in_group(self, taken: Taken, account: LinkedAccount) -> str:
        """Everybody in it has it; nobody answers by themselves."""
        flight = Flight(0, account.kind, account.id, account.number, taken.to, taken.to, taken.id, "", "", "sent")
        content = msgspec.json.encode({"id": taken.id})
        self._ledger.accept(flight, content, content, 1)
        self._ledger.set_status(flight.number, "delivered", None, True)
        self._run(self.phones.receipt(taken.device, taken))
        return ""

    def _read(self, device: Device, message_ids: list[str]) -> None:
        account = self._accounts.find(LinkedAccount, "linked", f"+{device.number}")
        if account is not None:
            for one in message_ids:
                self._inbound.mark_read(account.id, one, typing=False)

    def _typing(self, device: Device, to: str, on: bool) -> None:
        account, person = self._accounts.find(LinkedAccount, "linked", f"+{device.number}"), self.phones.find(to)
        if account is not None and person is not None:
            self._inbound.show_typing(account.id, self._address(person), on)

    def advance(self, flight: Flight, account: LinkedAccount, now: float) -> float | None:
        behaviour, happens, delay = account.behaviour, self._deliveries.happens, self._deliveries.delay
        if flight.stage == "sent":
            if not happens(flight, DELIVERED, behaviour.delivered_share):
                self._ledger.set_status(flight.number, "sent", None, True)
                return None
            reads = happens(flight, READ, behaviour.read_share)
            self._told(flight, account, "delivered", not reads)
            return delay(flight, behaviour.read_seconds, READ) if reads else None
        if flight.stage == "delivered":
            answers = self._deliveries.answers(flight, behaviour, behaviour.delivered_share * behaviour.read_share)
            self._told(flight, account, "read", not answers)
            return delay(flight, behaviour.reply_seconds, REPLY) if answers else None
        if self._device(account) is not None:
            self._deliveries.reply(flight, account)
        self._ledger.set_status(flight.number, "read", None, True)
        return None

    def _told(self, flight: Flight, account: LinkedAccount, status: str, done: bool) -> None:
        flight.stage = status
        self._ledger.set_status(flight.number, status, None, done)
        device, person = self._device(account), self._person(flight.recipient)
        if device is not None:
            taken = Taken(flight.tag, person.jid, None, device)
            self._run(self.phones.receipt(device, taken, "read" if status == "read" else None))

    # what people write

    def receive(self, account: LinkedAccount, person: str, incoming: Incoming, number: int) -> tuple[str, str]:
        device = self._device(account)
        if device is None or device.bundle is None:
            raise msgspec.ValidationError(GONE)
        if incoming.kind in NEEDS_TARGET and not incoming.target:
            raise msgspec.ValidationError("there is no message to do that with")
        writer = self._person(person)
        if incoming.kind == TYPING:
            self._run(self.phones.types(writer, device))
            return "", account.number
        if incoming.kind == "hidden":
            self.phones.hide(writer)
        if incoming.group and (incoming.kind in NEEDS_TARGET or incoming.kind in ONLY_ALONE):
            raise msgspec.ValidationError("nobody does that in a group here")
        identifier = f"AC{self._inbound.salt.upper():0>10}{number | APART:020X}"
        own = incoming.kind in ("edit", "revoke")
        group = self.phones.group(device.number, incoming.group, writer) if incoming.group else None
        chat, phone = group.jid if group else writer.jid, self.phones.person(device.number)
        told = Telling(incoming.text, chat, incoming.target or "", own, voter=writer.jid)
        if incoming.kind in POLLED:
            told = told._replace(
                poll=self._poll(incoming, identifier, f"{device.number}/{chat}", phone if incoming.kind in BY_HAND else writer)
            )
        content = KINDS[incoming.kind](told)
        if group is not None:
            self._run(groups.says(self.phones, group, writer, device, content, identifier))
            return identifier, account.number
        self._wrote.add((account.id, writer.number))
        if incoming.kind in BY_HAND:
            self._run(self.phones.says(phone, device, kinds.by_hand(writer.jid, content), identifier, to=writer))
        else:
            self._run(self.phones.says(writer, device, content, identifier))
        return identifier, account.number

    def _poll(self, incoming: Incoming, message_id: str, chat: str, who: Person) -> Poll:
        """The one that they ask now, or the newest of the chat."""
        if incoming.kind != "vote":
            self.phones.ask(chat, polls.new(message_id, who.jid, incoming.text))
        elif chat not in self.phones.polls:
            raise msgspec.ValidationError("nobody asked anything in this chat")
        return self.phones.polls[chat]

    def opt_out(self, account: LinkedAccount, person: str, stop: bool) -> None:
        """By a word, as people do."""
        self._inbound.receive(account, person, Incoming("SAIR" if stop else "Voltar"))

    def headers(self, account: LinkedAccount, url: str, body: bytes) -> dict[str, str]:
        return {}

    def person(self, digits: str) -> str:
        """A number in E.164; of whom nobody is told the number the hidden id, as it is."""
        known = self.phones.find(f"{digits}@lid") if digits.startswith("9") and digits[1:] in self.phones.people else None
        return digits if known is not None and known.hidden else f"+{digits}"

    def _person(self, spelled: str) -> Person:
        found = self.phones.find(f"{spelled}@lid") if not spelled.startswith("+") else self.phones.person(spelled[1:])
        if found is None:
            raise msgspec.ValidationError("nobody has this number")
        return found

    def _address(self, person: Person) -> str:
        return person.lid if person.hidden else f"+{person.number}"

    def describe(self, entry: Entry) -> None:
        entry.provider_id = entry.correlation
        entry.preview = msgspec.json.decode(bytes(entry.content), type=dict[str, Any]).get("text", "")

    def forget(self, account: LinkedAccount) -> None:
        if (device := self._device(account)) is not None:
            self._run(self.phones.remove(device))

    def _run(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
