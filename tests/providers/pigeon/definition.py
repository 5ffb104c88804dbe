"""A provider that exists in this folder only: letters by carrier pigeon. The database's half."""

import hashlib
import hmac

from db.contacts.enums import IdentityKind
from db.providers.definition import Call, Capabilities, FormField, Provider, Text, Webhook


def sign(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _verify(secret: str, call: Call) -> bool:
    return hmac.compare_digest(sign(secret, call.body).encode(), call.header.encode("utf-8", "replace"))


PROVIDER = Provider(
    name="pigeons",
    kind="pigeon",
    label=Text("Carrier pigeon", "Pombo-correio"),
    vendor="Pombal",
    icon="raven",
    description=Text("Letters that fly.", "Cartas que voam."),
    capabilities=Capabilities(addresses=(IdentityKind.PHONE,), campaign_content="text", text_limit=40, reaches_landlines=True),
    form=(
        FormField(name="loft", label=Text("Loft", "Pombal"), columns=("account_id", "portfolio_id", "external_id")),
        FormField(
            name="whistle",
            label=Text("Whistle", "Apito"),
            columns=("token", "signing_secret"),
            type="secret",
            pattern="[a-z]{4,20}",
        ),
    ),
    webhooks=(
        Webhook(source="pigeon_letter", path="letters", signature="x-pigeon", verify=_verify),
        Webhook(
            source="pigeon_status", path="landed/{attempt}", signature="x-pigeon", verify=_verify, refusal=418, answer=b"coo"
        ),
    ),
    throughput=50,
)
