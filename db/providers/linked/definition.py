"""WhatsApp by a phone that scans a code: a linked device. Unofficial: WhatsApp's terms allow no programs there, and it bans numbers.

The figures of `Pace` are practice, not promises: the platform publishes none.
"""

from datetime import timedelta

from db.contacts.enums import IdentityKind
from db.messages.enums import FileForm, ReplyKind
from db.providers.definition import Capabilities, Changes, FileRule, Pace, Provider, Text

_OFFICE = "application/vnd.openxmlformats-officedocument."
_FILES = (
    FileRule(form=FileForm.IMAGE, types=("image/jpeg", "image/png"), most=16_000_000),
    FileRule(form=FileForm.VIDEO, types=("video/mp4", "video/3gpp"), most=64_000_000),
    FileRule(
        form=FileForm.AUDIO, types=("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), most=16_000_000, caption=False
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
"""As much as the official API takes, and bigger pictures and videos."""

PROVIDER = Provider(
    name="linked",
    kind="whatsapp_qr",
    label=Text("WhatsApp by QR code", "WhatsApp por QR code"),
    vendor="WhatsApp",
    icon="qr_code_2",
    description=Text(
        "The number of a phone, connected by scanning a code. Unofficial: WhatsApp may block the number.",
        "O número de um celular, conectado lendo um código. Não oficial: o WhatsApp pode bloquear o número.",
    ),
    capabilities=Capabilities(
        addresses=(IdentityKind.WA_ID, IdentityKind.PHONE, IdentityKind.LID),
        campaign_content="text",
        text_limit=4096,
        reply_kinds=(ReplyKind.TEXT, ReplyKind.FILE, ReplyKind.LOCATION, ReplyKind.CONTACT),
        files=_FILES,
        voice=True,
        reply_to=True,
        reactions=True,
        changes=Changes(
            edit=timedelta(minutes=15),
            take_back=timedelta(hours=60),
            as_of="2026-11",
            source="https://faq.whatsapp.com/1183494482518500 and https://faq.whatsapp.com/1370476507112671",
        ),
        answers_opted_out=True,
        known_people_only=True,
        reports_read=True,
        read_receipts=True,
        typing=True,
        session=Pace(
            first_per_day=20,
            growth=1.2,
            most_first=200,
            first_gap=(30.0, 90.0),
            gap=(10.0, 30.0),
            reply_gap=(3.0, 8.0),
            typing=(1.5, 4.0),
            rest_each=20,
            rest=60.0,
            hours=(8 * 60, 20 * 60),
        ),
        rehearsed_kinds=(
            "typing",
            "image",
            "video",
            "voice",
            "audio",
            "document",
            "sticker",
            "location",
            "contacts",
            "poll",
            "vote",
            "forwarded",
            "reaction",
            "reaction_removed",
            "edit",
            "revoke",
            "echo",
            "poll_echo",
            "hidden",
        ),
        rehearsed_news=("session_ended", "session_elsewhere", "session_banned", "session_restricted", "session_outdated"),
    ),
    form=(),
    webhooks=(),
    feeds=("linked",),
    throughput=1,
    unknown_horizon=86_400,
    sandbox=True,
    sandbox_throughput=1,
)
