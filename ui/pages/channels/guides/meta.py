"""The way to a connected WhatsApp number. Names of permissions and webhook fields are Meta's own."""

from ui.i18n import _
from ui.pages.channels import entries
from ui.pages.channels.pictures import Picture, Row
from ui.pages.channels.steps import Guide, Step

APPS = "https://developers.facebook.com/apps"
NUMBERS = "https://business.facebook.com/wa/manage/phone-numbers/"
SYSTEM_USERS = "https://business.facebook.com/settings/system-users"
PERMISSIONS = ("whatsapp_business_messaging", "whatsapp_business_management")
FIELDS = (
    "messages", "user_preferences", "message_template_status_update", "message_template_quality_update",
    "template_category_update", "phone_number_quality_update", "business_capability_update", "account_update",
)  # fmt: skip


def steps() -> list[Step]:
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
            {"phone_number_id": "A", "waba_id": "B"},
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
            {"access_token": "C"},
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
            {"app_secret": "D"},
        ),
    ]


def webhook() -> list[Step]:
    menu = ["WhatsApp", _("API Setup"), _("Configuration")]
    return [
        Step(
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
    ]


def intro() -> str:
    return _(
        "You need: a Facebook account that runs your company's business portfolio, and a number that no phone's WhatsApp uses."
    )


def last() -> str:
    return _(
        "Both secrets are sealed and never shown again. After this, the page of the channel says what is still to do at Meta."
    )


GUIDE = Guide(
    kind="whatsapp",
    steps=steps,
    last=last,
    intro=intro,
    after=webhook,
    looks={
        "phone_number_id": lambda value, _: entries.phone_number_id(value),
        "waba_id": lambda value, given: entries.waba_id(value, given.get("phone_number_id", "")),
        "access_token": lambda value, _: entries.access_token(value),
        "app_secret": lambda value, _: entries.app_secret(value),
    },
    mends={"token": "token", "number": "number", "templates": "number", "webhook": "webhook"},
    refused="token",
)
