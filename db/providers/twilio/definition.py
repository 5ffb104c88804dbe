"""SMS by Twilio. Sources: Twilio, "Messages resource", "Validating requests", "SMS character limit"."""

from db.channels.errors import ChannelField
from db.contacts.enums import IdentityKind
from db.messages.enums import FileForm, ReplyKind
from db.providers.definition import Capabilities, FileRule, FormField, Provider, Text, Webhook
from db.providers.twilio.signature import verify

_FILES = (
    FileRule(form=FileForm.IMAGE, types=("image/jpeg", "image/png", "image/gif"), most=5_000_000),
    FileRule(form=FileForm.VIDEO, types=("video/mp4", "video/3gpp"), most=600_000),
    FileRule(form=FileForm.AUDIO, types=("audio/mpeg", "audio/mp4", "audio/ogg", "audio/aac", "audio/amr"), most=600_000),
    FileRule(form=FileForm.DOCUMENT, types=("application/pdf",), most=600_000),
)
"""By MMS. Carriers make pictures smaller themselves, other files not: 600 KB is what most of them take."""
_SIGNATURE = "x-twilio-signature"

PROVIDER = Provider(
    name="twilio",
    kind="sms",
    label=Text("SMS", "SMS"),
    vendor="Twilio",
    icon="sms",
    description=Text("A number or messaging service at Twilio.", "Um número ou serviço de mensagens da Twilio."),
    capabilities=Capabilities(
        addresses=(IdentityKind.PHONE,),
        campaign_content="text",
        text_limit=1600,
        reply_kinds=(ReplyKind.TEXT, ReplyKind.FILE, ReplyKind.TEMPLATE),
        unit="segment",
        files=_FILES,
        can_look_up=True,
        trunks=True,
        rehearsed_kinds=("image", "media", "location"),
    ),
    form=(
        FormField(
            name="account_sid",
            label=Text("Account SID", "Account SID"),
            example="AC…",
            columns=("account_id", "portfolio_id"),
            pattern=r"AC[0-9a-fA-F]{32}",
            problem=ChannelField.ACCOUNT_SID,
        ),
        FormField(
            name="auth_token",
            label=Text("Auth Token", "Auth Token"),
            columns=("token", "signing_secret"),
            type="secret",
            max_length=1000,
        ),
        FormField(
            name="sender",
            label=Text("Sender", "Remetente"),
            example="+5511912345678",
            columns=("external_id",),
            pattern=r"\+[0-9]{7,15}|MG[0-9A-Za-z]{32}",
            problem=ChannelField.SENDER_INVALID,
        ),
        FormField(
            name="throughput",
            label=Text("SMS parts per second", "Partes de SMS por segundo"),
            hint=Text("An ordinary number sends one, a short code 100.", "Um número comum envia uma; um número curto, 100."),
            columns=("throughput",),
            type="number",
            default=1.0,
            minimum=0.01,
        ),
    ),
    webhooks=(
        Webhook(
            source="twilio_message",
            path="message",
            signature=_SIGNATURE,
            verify=verify,
            refusal=403,
            answer=b"<Response/>",
            answer_type="text/xml; charset=utf-8",
            people=lambda _: True,
        ),
        Webhook(source="twilio_status", path="status/{attempt}", signature=_SIGNATURE, verify=verify, refusal=403),
    ),
    throughput=1.0,
    sandbox=True,
)
