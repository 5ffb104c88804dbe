"""Calls by Retell. Sources: retell-sdk 6.2.13, docs/contracts/retell.md."""

from db.channels.errors import ChannelField
from db.contacts.enums import IdentityKind
from db.messages.enums import CallOrderKind
from db.providers.definition import Capabilities, FormField, Provider, Text, TrunkEnds, Webhook
from db.providers.live import Live
from db.providers.retell import live
from db.providers.retell.signature import verify
from db.providers.retell.talk import TALK

TRUNK = TrunkEnds("sip:sip.retellai.com;transport=tcp", (("18.98.16.120", 30), ("143.223.88.0", 21), ("161.115.160.0", 19)))
"""Source: docs.retellai.com/deploy/custom-telephony."""

PROVIDER = Provider(
    name="retell",
    kind="voice_retell",
    label=Text("Calls", "Ligações"),
    vendor="Retell",
    icon="call",
    description=Text(
        "A number at Retell, where a virtual agent speaks.", "Um número na Retell, em que fala um atendente virtual."
    ),
    capabilities=Capabilities(
        addresses=(IdentityKind.PHONE,),
        campaign_content="call",
        text_limit=1600,
        reply_kinds=(),
        calls=True,
        orders=(CallOrderKind.HINT, CallOrderKind.TAKE_OVER, CallOrderKind.HANG_UP),
        reaches_landlines=True,
        can_look_up=True,
        imports_numbers=TRUNK,
        rehearsed_kinds=("call",),
    ),
    form=(
        FormField(
            name="api_key",
            label=Text("API key", "Chave de API"),
            hint=Text(
                "The one with the webhook badge: Retell signs with it.",
                "A que tem a marca de webhook: é com ela que a Retell assina.",
            ),
            example="key_…",
            columns=("token", "signing_secret"),
            type="secret",
            max_length=200,
        ),
        FormField(
            name="number",
            label=Text("Number", "Número"),
            hint=Text(
                "It has an outbound agent at Retell, and an inbound one where people call it.",
                "Ele tem um agente de saída na Retell, e um de entrada se pessoas ligam para ele.",
            ),
            example="+551131234567",
            columns=("account_id", "external_id", "portfolio_id"),
            pattern=r"\+[1-9][0-9]{6,14}",
            problem=ChannelField.NUMBER_INVALID,
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
        Webhook(source="retell_call", path="call", signature="x-retell-signature", verify=verify, answer=b"", repeats=True),
        Webhook(
            source="retell_inbound",
            path="inbound",
            signature="x-retell-signature",
            verify=verify,
            answer_type="application/json",
            people=lambda _: True,
            live=Live(
                label=Text("For calls that come in (inbound webhook)", "Para ligações recebidas (inbound webhook)"),
                asked=live.asked,
                answer=live.answer,
                tells="retell_call",
                seconds=1.5,
            ),
        ),
        Webhook(
            source="retell_human",
            path="human",
            signature="x-retell-signature",
            verify=verify,
            answer_type="application/json",
            people=lambda _: True,
            live=Live(
                label=Text("For a tool that asks for a person", "Para a função que pede uma pessoa"),
                asked=live.wanted,
                answer=live.put_through,
                tells="retell_call",
                seconds=75.0,
            ),
        ),
        Webhook(
            source="retell_knowledge",
            path="knowledge",
            signature="x-retell-signature",
            verify=verify,
            answer_type="application/json",
            people=lambda _: False,
            live=Live(
                label=Text("For a tool that searches your knowledge", "Para a função que busca no seu conhecimento"),
                asked=live.sought,
                answer=live.passages,
                tells="retell_call",
                seconds=3.0,
            ),
        ),
    ),
    talk=TALK,
    throughput=1.0,
    sandbox_throughput=5.0,
    unknown_horizon=3300,
    sandbox=True,
)
"""An unknown outcome is asked about for 55 minutes: so long Retell knows by its key whether it has the call."""
