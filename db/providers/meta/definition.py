"""WhatsApp by Meta's Cloud API. Sources: Meta, "Cloud API", "Messaging limits", "Customer service window", "Webhooks"."""

import re
from datetime import timedelta

from db.channels.errors import ChannelField
from db.contacts.enums import IdentityKind
from db.messages.enums import FileForm, ReplyKind
from db.providers.definition import Capabilities, FileRule, FormField, Provider, Text, Webhook
from db.providers.meta.signature import handshake, verify
from db.providers.meta.signup import signup
from db.providers.meta.templates import write_template

PER_SECOND, FIRST_LIMIT = 80, 250
"""Messages of a number, and new people of a portfolio in 24 hours, before Meta raises them: docs/contracts/meta-whatsapp.md (Limits)."""
_MB = 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
_FILES = (
    FileRule(form=FileForm.IMAGE, types=("image/jpeg", "image/png"), most=5 * _MB),
    FileRule(form=FileForm.VIDEO, types=("video/mp4", "video/3gpp"), most=16 * _MB),
    FileRule(
        form=FileForm.AUDIO, types=("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), most=16 * _MB, caption=False
    ),
    FileRule(
        form=FileForm.DOCUMENT,
        types=(
            "application/pdf", "text/plain", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
            f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}spreadsheetml.sheet", f"{_OFFICE}presentationml.presentation",
        ),
        most=100_000_000,
    ),
)  # fmt: skip
_PEOPLE = re.compile(rb'"(?:messages|calls|message_echoes)"\s*:\s*\[')
_ID = r"[A-Za-z0-9+_-]+"

PROVIDER = Provider(
    name="meta",
    kind="whatsapp",
    label=Text("WhatsApp", "WhatsApp"),
    vendor="Meta",
    icon="chat",
    description=Text("A number of Meta's official Cloud API.", "Um número da API oficial da Meta."),
    capabilities=Capabilities(
        addresses=(IdentityKind.WA_ID, IdentityKind.PHONE, IdentityKind.BSUID),
        campaign_content="template",
        text_limit=4096,
        free_text_window=timedelta(hours=24),
        reply_kinds=(
            ReplyKind.TEXT,
            ReplyKind.FILE,
            ReplyKind.TEMPLATE,
            ReplyKind.BUTTONS,
            ReplyKind.LIST,
            ReplyKind.LOCATION,
            ReplyKind.CONTACT,
        ),
        files=_FILES,
        voice=True,
        reply_to=True,
        reactions=True,
        answers_opted_out=True,
        reaches_landlines=True,
        limits_people=True,
        reports_read=True,
        read_receipts=True,
        conversions=True,
        typing=True,
        names_numbers=True,
        write_template=write_template,
        rehearsed_kinds=(
            "image",
            "video",
            "voice",
            "document",
            "sticker",
            "location",
            "contacts",
            "order",
            "button",
            "list_reply",
            "form",
            "reaction",
            "edit",
            "revoke",
            "call",
            "unsupported",
            "ad",
            "forwarded",
            "echo",
            "number_changed",
            "user_id_changed",
            "identity_changed",
        ),
        rehearsed_news=(
            "account_restricted",
            "app_removed",
            "review_rejected",
            "review_approved",
            "alert",
            "name_rejected",
            "name_approved",
            "pin_changed",
        ),
    ),
    form=(
        FormField(
            name="phone_number_id",
            label=Text("Phone number ID", "Identificação do número de telefone"),
            example="106540352242922",
            columns=("external_id",),
            pattern=_ID,
            problem=ChannelField.PROVIDER_ID,
        ),
        FormField(
            name="waba_id",
            label=Text("WhatsApp Business account ID", "Identificação da conta do WhatsApp Business"),
            example="102290129340398",
            columns=("account_id", "portfolio_id"),
            pattern=_ID,
            problem=ChannelField.PROVIDER_ID,
        ),
        FormField(
            name="access_token",
            label=Text("Permanent access token", "Token de acesso permanente"),
            columns=("token",),
            type="secret",
            max_length=1000,
        ),
        FormField(
            name="app_secret",
            label=Text("App secret", "Chave secreta do app"),
            columns=("signing_secret",),
            type="secret",
            max_length=1000,
        ),
    ),
    webhooks=(
        Webhook(
            source="meta",
            signature="x-hub-signature-256",
            verify=verify,
            repeats=True,
            handshake=handshake,
            people=lambda body: _PEOPLE.search(body) is not None,
        ),
    ),
    throughput=PER_SECOND,
    messaging_limit=FIRST_LIMIT,
    signup=signup,
    sandbox=True,
    sandbox_messaging_limit=10_000,
)
