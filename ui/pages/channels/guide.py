"""The way to a connected number, step by step: what to do at the provider, where, and what to copy from there.

Names of permissions and webhook fields are the provider's own. Each finding of a check that is not good leads to its step.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nicegui import ui

from api.contract.channels import Channel, CheckLine
from api.contract.enums import ChannelKind
from ui.components.buttons import button, copy_field
from ui.components.confirm import dialog
from ui.components.text import Text, icon, safe_link, title
from ui.i18n import _
from ui.pages.channels import pictures
from ui.pages.channels.pictures import Picture, Row

APPS = "https://developers.facebook.com/apps"
NUMBERS = "https://business.facebook.com/wa/manage/phone-numbers/"
SYSTEM_USERS = "https://business.facebook.com/settings/system-users"
TWILIO = "https://console.twilio.com"
TWILIO_NUMBERS = "https://console.twilio.com/us1/develop/phone-numbers/manage/incoming"
PERMISSIONS = ("whatsapp_business_messaging", "whatsapp_business_management")
FIELDS = (
    "messages", "user_preferences", "message_template_status_update", "message_template_quality_update",
    "template_category_update", "phone_number_quality_update", "business_capability_update", "account_update",
)  # fmt: skip


PASSING = ("network", "temporary", "api_rate", "throughput", "provider_outage")
"""Reasons of a check that no step mends: the provider did not answer."""


class Step(NamedTuple):
    """`todo`: one thing after the other. `links`: (text, address) of the provider's page."""

    key: str
    heading: str
    todo: Sequence[str]
    links: Sequence[tuple[str, str]]
    picture: Picture


def whatsapp() -> list[Step]:
    """In the order in which Meta lets one do it."""
    apps, settings = "developers.facebook.com/apps", "business.facebook.com/settings"
    menu = [_("App settings"), _("Basic"), "WhatsApp", _("API Setup"), _("Configuration")]
    return [
        Step(
            "app",
            _("Make an app in your business portfolio"),
            [
                _(
                    "Open Meta's developer page and sign in with the Facebook account that runs your company's business portfolio."
                ),
                _("Press Create app, choose the use case with WhatsApp (or the type Business) and your business portfolio."),
                _("If the app's page offers products, add WhatsApp to it."),
            ],
            [(_("Open Meta's apps"), APPS)],
            Picture(
                apps,
                [],
                0,
                [
                    Row("text", _("My apps")),
                    Row("button", _("Create app"), mark="1"),
                    Row("text", _("Business portfolio: your company"), mark="2"),
                    Row("text", "WhatsApp", _("Set up"), mark="3"),
                ],
                _("The page of apps: 1 the button that makes one, 2 the business portfolio, 3 the product WhatsApp"),
            ),
        ),
        Step(
            "number",
            _("Copy the two IDs of your number"),
            [
                _("In the app's menu open WhatsApp, then API Setup. Choose your own number, not Meta's test number."),
                _("Add and confirm your number there if it is not in the list. It may not be in use in the WhatsApp app."),
                _("Copy A and B and paste them here."),
            ],
            [(_("Open Meta's apps"), APPS), (_("Open your numbers"), NUMBERS)],
            Picture(
                apps,
                menu,
                3,
                [
                    Row("text", _("From: your number")),
                    Row("value", _("Phone number ID"), "106540352242922", "A"),
                    Row("value", _("WhatsApp Business account ID"), "102290129340398", "B"),
                ],
                _("The page API Setup: A the phone number ID, B the ID of the WhatsApp Business account"),
            ),
        ),
        Step(
            "token",
            _("Make a system user and its permanent token"),
            [
                _("Open System users in the settings of your portfolio, press Add, and give it the role Administrator."),
                _("Press Assign assets: give it the app and the WhatsApp account, both with full control."),
                _("Press Generate token, choose the app, set the expiry to Never, and tick the two permissions of the picture."),
                _("Copy the token and paste it here. Meta shows it only once."),
            ],
            [(_("Open system users"), SYSTEM_USERS)],
            Picture(
                settings,
                [_("People"), _("System users"), _("Apps")],
                1,
                [
                    Row("button", _("Generate token")),
                    Row("text", _("Expires"), _("Never")),
                    *(Row("tick", name) for name in PERMISSIONS),
                    Row("value", _("Token"), "EAAG…", "C"),
                ],
                _("The page System users: the two permissions that are ticked, and C the token"),
            ),
        ),
        Step(
            "secret",
            _("Copy the app secret"),
            [
                _("In the app's menu open App settings, then Basic. Press Show beside the app secret."),
                _("Copy it and paste it here. It proves that reports really come from Meta."),
            ],
            [(_("Open Meta's apps"), APPS)],
            Picture(
                apps,
                menu,
                1,
                [
                    Row("text", _("App ID"), "1234567890"),
                    Row("value", _("App secret"), "••••••••", "D"),
                ],
                _("The page Basic: D the app secret"),
            ),
        ),
    ]


def webhook() -> Step:
    """Once the channel is there: only then it has its addresses."""
    menu = ["WhatsApp", _("API Setup"), _("Configuration")]
    return Step(
        "webhook",
        _("Let Meta's reports reach us"),
        [
            _("In the app's menu open WhatsApp, then Configuration, and press Edit beside Webhook."),
            _("Paste the address as callback URL and the word as verify token, and press Verify and save."),
            _("Under Webhook fields subscribe to: {fields}.").format(fields=", ".join(FIELDS)),
            _("Come back here and press Check now."),
        ],
        [(_("Open Meta's apps"), APPS)],
        Picture(
            "developers.facebook.com/apps",
            menu,
            2,
            [
                Row("text", _("Callback URL"), "https://…", "E"),
                Row("text", _("Verify token"), "••••", "F"),
                Row("tick", "messages"),
                Row("tick", "user_preferences"),
                Row("tick", "account_update"),
            ],
            _("The page Configuration: E the callback URL, F the verify token, and the ticked webhook fields"),
        ),
    )


def twilio() -> list[Step]:
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
        ),
    ]


def step_of(channel: Channel, line: CheckLine) -> tuple[int, Step] | None:
    """The step, counted from 1, that mends a finding of the check; None where no step does."""
    if channel.sandbox or line.ok or line.reason in PASSING:
        return None
    if channel.kind is ChannelKind.SMS:
        steps = twilio()
        key = {"token": "account", "sender": "sender"}.get(line.code)
    else:
        steps = [*whatsapp(), webhook()]
        key = {"token": "token", "number": "number", "templates": "number", "webhook": "webhook"}.get(line.code)
        if line.reason in {"token_invalid", "permission"}:
            key = "token"
    return next(((number, step) for number, step in enumerate(steps, 1) if step.key == key), None)


def draw(number: int, step: Step, paste: Callable[[], Any] | None = None) -> ui.element:
    """One step: its number, what to do, the picture, and the fields that take what was copied."""
    with ui.element("section").classes("m-card m-guide") as element:
        element.props["id"] = f"step-{step.key}"
        with ui.element("div").classes("m-guide-head"):
            Text("span", str(number), "m-todo-no")
            title(step.heading)
        with ui.element("div").classes("m-guide-body"):
            with ui.element("div").classes("m-col m-near"):
                with ui.element("ol").classes("m-guide-todo"):
                    for text in step.todo:
                        Text("li", text)
                for text, address in step.links:
                    with ui.element("div").classes("m-row m-near items-center"):
                        icon("open_in_new")
                        safe_link(text, address)
            pictures.draw(step.picture)
        if paste is not None:
            with ui.element("div").classes("m-guide-paste"):
                paste()
    return element


def show(number: int, step: Step, channel: Channel) -> None:
    """The step in a dialog, with our addresses where it asks for them."""
    with dialog(_("How it is done")) as box:
        draw(number, step, (lambda: addresses(channel)) if step.key == "webhook" else None)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="plain")
    box.open()


def addresses(channel: Channel) -> None:
    """What the provider is to be told."""
    ui.label(_("For incoming messages")).classes("m-label")
    copy_field(channel.webhook_url, label=_("Copy address"))
    if channel.verify_token:
        ui.label(_("Word to confirm it with")).classes("m-label")
        copy_field(channel.verify_token, label=_("Copy word"))
