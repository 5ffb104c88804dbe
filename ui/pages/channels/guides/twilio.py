"""The way to a connected SMS sender. Names in quotes are Twilio's own."""

from ui.i18n import _
from ui.pages.channels import entries
from ui.pages.channels.pictures import Picture, Row
from ui.pages.channels.steps import Guide, Step

TWILIO = "https://console.twilio.com"
TWILIO_NUMBERS = "https://console.twilio.com/us1/develop/phone-numbers/manage/incoming"


def steps() -> list[Step]:
    return [
        Step(
            "account",
            _("Copy the account and its token"),
            [
                _("Open Twilio's console. Both stand on its first page, under Account Info."),
                _("Copy A and B and paste them here."),
            ],
            [(_("Open Twilio's console"), TWILIO)],
            Picture(
                "console.twilio.com",
                [_("Account"), _("Phone numbers"), _("Messaging")],
                0,
                [
                    Row("value", "Account SID", "AC…", "A"),
                    Row("value", "Auth Token", "••••••••", "B"),
                ],
                _("The first page of the console: A the Account SID, B the Auth Token"),
            ),
            {"account_sid": "A", "auth_token": "B"},
        ),
        Step(
            "sender",
            _("Choose what you send from"),
            [
                _("A number of yours that can send SMS, or a messaging service that has some."),
                _("Copy the number with + and country code, or the SID of the service, which begins with MG."),
            ],
            [(_("Open your numbers"), TWILIO_NUMBERS)],
            Picture(
                "console.twilio.com",
                [_("Account"), _("Phone numbers"), _("Messaging")],
                1,
                [
                    Row("value", _("Number"), "+1 500 555 0006", "C"),
                    Row("tick", "SMS"),
                    Row("value", _("Messaging service SID"), "MG…", "C"),
                ],
                _("The page of numbers: C the number, or the SID of a messaging service"),
            ),
            {"sender": "C"},
        ),
    ]


def last() -> str:
    return _("The token is sealed and never shown again. We set up the return channel for you.")


GUIDE = Guide(
    kind="sms",
    steps=steps,
    last=last,
    looks={
        "account_sid": lambda value, _: entries.account_sid(value),
        "auth_token": lambda value, _: entries.auth_token(value),
        "sender": lambda value, _: entries.sender(value),
    },
    mends={"token": "account", "sender": "sender"},
    refused="account",
)
