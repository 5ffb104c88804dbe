"""What a person does in WhatsApp: writes, answers, switches marketing off."""

import time
from functools import partial
from typing import Any

import msgspec

from workers.sandbox import people
from workers.sandbox.inbound import APART, Inbound
from workers.sandbox.meta import kinds
from workers.sandbox.meta.account import MetaAccount, Number
from workers.sandbox.meta.ids import wamid
from workers.sandbox.meta.media import Media
from workers.sandbox.meta.webhooks import Batches, Item
from workers.sandbox.vendor import Incoming


class Customers:
    """`memory` holds windows and stops, `media` the files they send."""

    def __init__(self, memory: Inbound, batches: Batches, media: Media) -> None:
        self._memory = memory
        self._media = media
        self._batches = batches

    def receive(self, account: MetaAccount, phone: str, incoming: Incoming, number: int) -> tuple[str, str]:
        """A message of this person (digits), told by webhook `messages`; opens the window. Returns its id and our number."""
        now = time.time()
        ours = next((n for n in account.numbers if n.phone_number_id == incoming.number_id), account.numbers[0])
        wa_id = incoming.answers.wa_id if incoming.answers else people.wa_id(phone, account.behaviour.short_wa_share)
        identifier = wamid(self._memory.salt, number | APART, wa_id)
        user = people.bsuid(phone)
        self._memory.open_window(account.id, phone, now)
        contact: dict[str, Any] = {"profile": {"name": people.name(phone)}, "wa_id": wa_id, "user_id": user}
        if incoming.kind == "call":
            self._call(account, ours, contact, wa_id, identifier)
            return identifier, incoming.number_id
        if incoming.kind == "echo":
            self._echo(account, ours, wa_id, identifier, incoming.text)
            return identifier, incoming.number_id
        message: dict[str, Any] = {"from": wa_id, "from_user_id": user, "id": identifier, "timestamp": str(int(now))}
        if incoming.kind in kinds.SYSTEM:
            message |= kinds.system(incoming.kind, user, f"{user}2", people.changed(wa_id))
        else:
            if incoming.kind in kinds.NEEDS_OURS and incoming.target is None:
                raise msgspec.ValidationError(f"{incoming.kind} needs a message: write one first, or name it in target")
            said = incoming.text if incoming.kind in kinds.SPOKEN else ""
            keep, told = partial(self._media.keep, account.id, said=said), (incoming.option, incoming.description)
            message |= kinds.message(incoming.kind, kinds.Telling(incoming.text, incoming.target, keep, *told))
        if incoming.kind in kinds.PRESSED and incoming.option and incoming.target is not None:
            message["context"] = {"from": ours.display_phone_number, "id": incoming.target}
        if incoming.hidden:
            contact["profile"]["username"] = people.name(phone).lower().replace(" ", ".")
            del contact["wa_id"], message["from"]
        if incoming.answers and incoming.answers.number % 3 == 0:
            # some people use "reply", most just write
            message["context"] = {
                "from": ours.display_phone_number,
                "id": wamid(self._memory.salt, incoming.answers.number, incoming.answers.wa_id),
            }
        self._batches.tell(account, Item("messages", ours.phone_number_id, "messages", message, contact))
        return identifier, incoming.number_id

    def _call(self, account: MetaAccount, ours: Number, contact: dict[str, Any], wa_id: str, identifier: str) -> None:
        """It rings and is over."""
        for ended in (False, True):
            told = kinds.call(identifier.replace("wamid", "wacid"), wa_id, ours.display_phone_number, ended=ended)
            self._batches.tell(account, Item("calls", ours.phone_number_id, "calls", told, contact))

    def _echo(self, account: MetaAccount, ours: Number, wa_id: str, identifier: str, text: str) -> None:
        """Somebody of the business writes to the person in the app on the phone."""
        told = {
            "from": ours.display_phone_number,
            "to": wa_id,
            "id": identifier,
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": text or "Respondido no celular"},
        }
        self._batches.tell(account, Item("smb_message_echoes", ours.phone_number_id, "message_echoes", told))

    def opt_out(self, account: MetaAccount, phone: str, stop: bool) -> None:
        """Marketing off (or on) in WhatsApp, told by `user_preferences`."""
        self._memory.remember_stop(account.id, phone, stop)
        wa_id = people.wa_id(phone, account.behaviour.short_wa_share)
        value = {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": account.numbers[0].display_phone_number,
                "phone_number_id": account.numbers[0].phone_number_id,
            },
            "contacts": [{"profile": {"name": people.name(phone)}, "wa_id": wa_id, "user_id": people.bsuid(phone)}],
            "user_preferences": [
                {
                    "wa_id": wa_id,
                    "user_id": people.bsuid(phone),
                    "detail": f"User requested to {'stop' if stop else 'resume'} marketing messages",
                    "category": "marketing_messages",
                    "value": "stop" if stop else "resume",
                    "timestamp": int(time.time()),
                }
            ],
        }
        self._batches.tell(account, Item("user_preferences", "", "", value))
