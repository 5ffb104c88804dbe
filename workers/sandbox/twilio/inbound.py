"""What a person does by text message: writes, answers, sends STOP."""

from typing import Final
from urllib.parse import urlencode

from workers.sandbox import people
from workers.sandbox.config import Settings
from workers.sandbox.inbound import APART, Inbound
from workers.sandbox.twilio import media
from workers.sandbox.twilio.account import TwilioAccount
from workers.sandbox.twilio.ids import make_sid
from workers.sandbox.twilio.segments import count_segments
from workers.sandbox.vendor import Incoming
from workers.sandbox.webhooks import Webhooks

KINDS: Final[dict[str, list[tuple[str, str]]]] = {
    "text": [],
    "image": [],
    "media": [],
    "location": [("Latitude", "-23.561414"), ("Longitude", "-46.655881"), ("Label", "MASP"), ("Address", "Av. Paulista, 1578")],
    "button": [("ButtonText", "Quero sim"), ("ButtonPayload", "QUERO")],
    "list_reply": [("ListId", "m"), ("ListTitle", "Tamanho M"), ("ListDescription", "Azul")],
    "ad": [("ReferralSourceUrl", "https://fb.me/x"), ("ReferralHeadline", "Loja Aurora"), ("ReferralCtwaClid", "Aff-n8Z")],
}
"""What a kind adds to the form, as Twilio's WhatsApp and MMS webhooks have it."""
FILES: Final[dict[str, tuple[str, ...]]] = {"image": ("image/jpeg",), "media": ("image/png", "audio/mpeg")}
"""The types of the files of a kind."""


class Customers:
    """`memory` holds stops."""

    def __init__(self, settings: Settings, memory: Inbound, webhooks: Webhooks) -> None:
        self._settings = settings
        self._memory = memory
        self._webhooks = webhooks

    def receive(self, account: TwilioAccount, phone: str, incoming: Incoming, number: int) -> tuple[str, str]:
        """A message of this person (E.164), told to the number's SmsUrl. Returns its id and our number."""
        identifier = make_sid(self._memory.salt, number | APART)
        fields = [
            ("ToCountry", "BR"),
            ("ToState", ""),
            ("SmsMessageSid", identifier),
            *KINDS[incoming.kind],
            *self._files(account, identifier, FILES.get(incoming.kind, ())),
            ("ToCity", ""),
            ("FromZip", ""),
            ("SmsSid", identifier),
            ("FromState", ""),
            ("SmsStatus", "received"),
            ("FromCity", ""),
            ("Body", incoming.text),
            ("FromCountry", "BR" if phone.startswith("+55") else "US"),
            ("To", account.phone_number),
            ("ToZip", ""),
            ("NumSegments", str(count_segments(incoming.text))),
            ("MessageSid", identifier),
            ("AccountSid", account.account_sid),
            ("From", phone),
            ("ApiVersion", "2010-04-01"),
        ]
        word = incoming.text.strip().upper()
        if word in people.STOP_WORDS or word in people.START_WORDS:
            self._memory.remember_stop(account.id, phone, word in people.STOP_WORDS)
            fields.append(("OptOutType", "STOP" if word in people.STOP_WORDS else "START"))
        self._webhooks.post(account, account.inbound_url, urlencode(fields).encode())
        return identifier, account.phone_number

    def _files(self, account: TwilioAccount, message: str, types: tuple[str, ...]) -> list[tuple[str, str]]:
        fields = [("NumMedia", str(len(types)))]
        for number, mime in enumerate(types):
            url = media.url(self._settings.base_url, account.account_sid, message, number, mime)
            fields += [(f"MediaUrl{number}", url), (f"MediaContentType{number}", mime)]
        return fields
