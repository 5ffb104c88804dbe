"""Sequences to begin with: what many shops send, ready to be changed. On a channel of texts they come with texts, on one of templates each message waits
for its template."""

from typing import NamedTuple
from uuid import uuid4

from api.contract.cadences import Branch, Send, Step, Wait, WaitUntil, WasRead
from api.contract.channels import Channel
from ui import kinds
from ui.i18n import _

_DAY = 1440


class Starter(NamedTuple):
    icon: str
    name: str
    about: str
    steps: list[Step]


def starters(channel: Channel) -> list[Starter]:
    """New steps with each call."""
    capabilities = kinds.can(channel.kind)
    texts = capabilities.campaign_content in {"text", "call"}

    def write(text: str) -> Send:
        return Send(id=uuid4(), channel_id=channel.id, text=text if texts else None)

    def wait(days: int) -> Wait:
        return Wait(id=uuid4(), minutes=days * _DAY)

    morning = WaitUntil(id=uuid4(), at="10:00", days=[0, 1, 2, 3, 4])
    first, again = (
        write(_("Hi {{first_name|customer}}, did you see our quote? We are here for questions.")),
        write(_("Hi {{first_name|customer}}, your quote still stands. Shall we close it this week?")),
    )
    asked: list[Step] = [again]
    if capabilities.reports_read:
        asked = [
            Branch(
                id=uuid4(),
                condition=WasRead(),
                yes=[again],
                no=[write(_("Hi {{first_name|customer}}, your quote is waiting for you."))],
            )
        ]
    return [
        Starter(
            "waving_hand",
            _("Welcome"),
            _("Hello today, help after three days, an offer after a week."),
            [
                write(_("Hi {{first_name|customer}}, welcome! Write here whenever you need us.")),
                wait(3),
                write(_("Hi {{first_name|customer}}, is there anything we can help you with?")),
                wait(4),
                write(_("Hi {{first_name|customer}}, as you are new here: 10% off your first order this week.")),
            ],
        ),
        Starter(
            "request_quote",
            _("Follow a quote up"),
            _("Asks after two days, and once more after five."),
            [wait(2), morning, first, wait(3), *asked],
        ),
        Starter(
            "redeem",
            _("After a purchase"),
            _("Asks how it was after two days, and comes back after a month."),
            [
                wait(2),
                WaitUntil(id=uuid4(), at="10:00"),
                write(_("Hi {{first_name|customer}}, did everything arrive well? Tell us how it was.")),
                wait(30),
                write(_("Hi {{first_name|customer}}, time for more? Write here and we send it the same day.")),
            ],
        ),
        Starter(
            "favorite",
            _("Win back who went silent"),
            _("We miss you today, a reason to come back after a week."),
            [
                write(_("Hi {{first_name|customer}}, we have not seen you for a while. Is all well?")),
                wait(7),
                write(_("Hi {{first_name|customer}}, come back this week and delivery is on us.")),
            ],
        ),
    ]
