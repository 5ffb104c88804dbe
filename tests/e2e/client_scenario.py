"""The main job over a client generated from the OpenAPI document: python client_scenario.py <address> <session token> <address of a receiver>."""

import io
import json
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from masteria_client import AuthenticatedClient
from masteria_client.api.api_keys import api_keys_create
from masteria_client.api.campaigns import (
    campaigns_create,
    campaigns_launch,
    campaigns_progress_get,
    campaigns_recipients_csv,
    campaigns_recipients_list,
    campaigns_update,
)
from masteria_client.api.channels import channels_list
from masteria_client.api.contacts import contacts_create
from masteria_client.api.imports import imports_create, imports_get, imports_start
from masteria_client.api.templates import templates_create, templates_get
from masteria_client.api.webhooks import webhooks_create
from masteria_client.models import (
    ApiKeyCreate,
    Binding,
    CampaignCreate,
    CampaignLaunch,
    CampaignPatch,
    ColumnChoice,
    ContactCreate,
    ContactFilter,
    ImportStart,
    ImportState,
    ImportTarget,
    ImportUpload,
    Permission,
    Problem,
    TemplateCategory,
    TemplateCreate,
    TemplateStatus,
    WebhookCreate,
    WebhookType,
)
from masteria_client.types import File

T = TypeVar("T")
SCOPES = [
    Permission.CONTACTSREAD, Permission.CONTACTSWRITE, Permission.CONTACTSEXPORT, Permission.CHANNELSREAD, Permission.TEMPLATESREAD,
    Permission.TEMPLATESWRITE, Permission.CAMPAIGNSREAD, Permission.CAMPAIGNSWRITE, Permission.CAMPAIGNSSEND,
    Permission.CONVERSATIONSREAD, Permission.WEBHOOKSREAD, Permission.WEBHOOKSWRITE,
]  # fmt: skip
ROWS = b"Nome;Celular\nAna Lima;+5595998330001\nBruno S\xc3\xa1;+5595998330002\n"


def ok(answer: T | Problem | None) -> T:
    """The answer, unless it is a problem."""
    assert answer is not None
    assert not isinstance(answer, Problem), answer
    return answer


def until(look: Callable[[], T], enough: Callable[[T], bool]) -> T:
    while not enough(found := look()):
        time.sleep(0.1)
    return found


def main(address: str, token: str, receiver: str) -> None:
    session = AuthenticatedClient(base_url=address, token=token)
    key = ok(api_keys_create.sync(client=session, body=ApiKeyCreate(name="Python", scopes=SCOPES)))
    api = AuthenticatedClient(base_url=address, token=key.secret)

    types = [WebhookType.CONTACT_CHANGED, WebhookType.CAMPAIGN_CHANGED, WebhookType.MESSAGE_STATUS]
    hook = ok(webhooks_create.sync(client=api, body=WebhookCreate(url=receiver, types=types)))

    file = File(payload=io.BytesIO(ROWS), file_name="python.csv", mime_type="text/csv")
    uploaded = ok(imports_create.sync(client=api, body=ImportUpload(file=file)))
    seen = until(lambda: ok(imports_get.sync(uploaded.id, client=api)), lambda found: found.state is ImportState.READY)
    columns = [ColumnChoice(index=each.index, target=ImportTarget(each.target.value)) for each in seen.columns]
    ok(imports_start.sync(seen.id, client=api, body=ImportStart(columns=columns, tags=["python"])))
    imported = until(lambda: ok(imports_get.sync(seen.id, client=api)), lambda found: found.finished_at is not None)
    assert imported.created + imported.unchanged == 2, imported

    channel = next(each for each in ok(channels_list.sync(client=api)).items if each.kind == "whatsapp")
    made = ok(
        templates_create.sync(
            client=api,
            body=TemplateCreate(
                channel_id=channel.id,
                name=f"py_{time.time_ns()}",
                language="pt_BR",
                category=TemplateCategory.UTILITY,
                body="Oi {{1}}, seu pedido chegou.",
                body_examples=["Ana"],
            ),
        )
    )
    template = until(lambda: ok(templates_get.sync(made.id, client=api)), lambda found: found.status is TemplateStatus.APPROVED)

    draft = ok(campaigns_create.sync(client=api, body=CampaignCreate(name="Python")))
    ok(
        campaigns_update.sync(
            draft.id,
            client=api,
            body=CampaignPatch(
                channel_id=channel.id,
                template_id=template.id,
                bindings=[Binding(placeholder="1", source="first_name", fallback="cliente")],
                audience=ContactFilter(import_id=imported.id),
            ),
        )
    )
    stale = campaigns_update.sync(draft.id, client=api, body=CampaignPatch(name="Too late"), if_match='"0"')
    assert isinstance(stale, Problem), stale
    assert stale.code == "changed_meanwhile"
    once = f"launch-{draft.id}"
    ok(campaigns_launch.sync(draft.id, client=api, body=CampaignLaunch(), idempotency_key=once))
    again = campaigns_launch.sync_detailed(draft.id, client=api, body=CampaignLaunch(), idempotency_key=once)
    assert again.headers["Idempotency-Replayed"] == "true"
    twice = campaigns_launch.sync_detailed(draft.id, client=api, body=CampaignLaunch())
    assert (twice.status_code, type(twice.parsed)) == (409, Problem)

    progress = until(lambda: ok(campaigns_progress_get.sync(draft.id, client=api)), lambda found: found.figures.sent == 2)
    recipients = ok(campaigns_recipients_list.sync(draft.id, client=api, limit=10)).items
    table = ok(campaigns_recipients_csv.sync(draft.id, client=api))
    assert "+5595998330001" in table
    wrong = contacts_create.sync(client=api, body=ContactCreate(email="nowhere"))
    assert isinstance(wrong, Problem), wrong
    assert [error.field for error in wrong.errors] == ["email"]
    told = {"webhook": str(hook.id), "secret": hook.secret, "campaign": str(draft.id)}
    print(json.dumps({"sent": progress.figures.sent, "addresses": sorted(each.address for each in recipients), **told}))


if __name__ == "__main__":
    main(*sys.argv[1:])
