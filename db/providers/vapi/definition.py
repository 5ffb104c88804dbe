"""Calls by VAPI. Sources: vapi_server_sdk 3.0.0, docs/contracts/vapi.md."""

from db.channels.errors import ChannelField
from db.contacts.enums import IdentityKind
from db.messages.enums import CallOrderKind
from db.providers.definition import Capabilities, FormField, Provider, Text, Webhook
from db.providers.live import Live
from db.providers.vapi import live
from db.providers.vapi.signature import HEADERS, verify

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

PROVIDER = Provider(
    name="vapi",
    kind="voice_vapi",
    label=Text("Calls by VAPI", "Ligações pela VAPI"),
    vendor="VAPI",
    icon="phone_in_talk",
    description=Text(
        "A number at VAPI, where an assistant of yours speaks.", "Um número na VAPI, em que fala um assistente seu."
    ),
    capabilities=Capabilities(
        addresses=(IdentityKind.PHONE,),
        campaign_content="call",
        text_limit=1600,
        reply_kinds=(),
        calls=True,
        orders=tuple(CallOrderKind),
        reaches_landlines=True,
        can_look_up=True,
        rehearsed_kinds=("call",),
    ),
    form=(
        FormField(
            name="private_key",
            label=Text("Private key", "Chave privada"),
            columns=("token",),
            type="secret",
            max_length=200,
        ),
        FormField(
            name="phone_number_id",
            label=Text("ID of the number", "Identificação do número"),
            example="2b1e4c1a-7d3e-4c11-9a55-2f6d0c8b1e42",
            columns=("external_id", "portfolio_id"),
            pattern=_ID,
            problem=ChannelField.PROVIDER_ID,
        ),
        FormField(
            name="assistant_id",
            label=Text("ID of the assistant", "Identificação do assistente"),
            hint=Text("It speaks when we call, and when people call.", "Ele fala quando ligamos e quando ligam para nós."),
            example="4f0a1c1a-7d3e-4c11-9a55-2f6d0c8b1e42",
            columns=("account_id",),
            pattern=_ID,
            problem=ChannelField.PROVIDER_ID,
        ),
        FormField(
            name="server_secret",
            label=Text("Secret of the server", "Segredo do servidor"),
            hint=Text(
                "Of the credential of our address at VAPI: secret, bearer token or HMAC.",
                "Da credencial do nosso endereço na VAPI: segredo, token bearer ou HMAC.",
            ),
            columns=("signing_secret",),
            type="secret",
            max_length=200,
        ),
        FormField(
            name="throughput",
            label=Text("Calls begun per second", "Ligações iniciadas por segundo"),
            hint=Text(
                "Begin with one; carriers slow down who calls faster.",
                "Comece com uma; operadoras seguram quem liga mais rápido.",
            ),
            columns=("throughput",),
            type="number",
            default=1.0,
            minimum=0.01,
            maximum=50.0,
        ),
    ),
    webhooks=(
        Webhook(
            source="vapi",
            signature=HEADERS[0],
            signatures=HEADERS,
            verify=verify,
            answer_type="application/json",
            people=lambda body: b'"end-of-call-report"' in body or b"-request" in body or b"tool-calls" in body,
            live=Live(
                label=Text("Address of the server", "Endereço do servidor"),
                asked=live.asked,
                answer=live.answer,
                tells="vapi",
                seconds=17.0,
            ),
        ),
    ),
    throughput=1.0,
    sandbox_throughput=5.0,
    unknown_horizon=3300,
    sandbox=True,
)
"""VAPI takes no key of ours: an unknown outcome is looked for among its calls for 55 minutes, and never called again by itself."""
