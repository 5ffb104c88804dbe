"""What a person does by text message: writes, answers, sends STOP."""

from urllib.parse import urlencode

from workers.sandbox import people
from workers.sandbox.inbound import APART, Inbound
from workers.sandbox.twilio.account import TwilioAccount
from workers.sandbox.twilio.ids import make_sid
from workers.sandbox.twilio.segments import count_segments
from workers.sandbox.vendor import Incoming
from workers.sandbox.webhooks import Webhooks


class Customers:
    """`memory` holds stops."""

    def __init__(self, memory: Inbound, webhooks: Webhooks) -> None:
        self._memory = memory
        self._webhooks = webhooks

    def receive(self, account: TwilioAccount, phone: str, incoming: Incoming, number: int) -> tuple[str, str]:
        """A message of this person (E.164), told to the number's SmsUrl. Returns its id and our number."""
        identifier = make_sid(self._memory.salt, number | APART)
        fields = [
            ("ToCountry", "BR"),
            ("ToState", ""),
            ("SmsMessageSid", identifier),
            ("NumMedia", "0"),
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
