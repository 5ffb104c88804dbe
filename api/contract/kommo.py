"""The connection to Kommo: which account, what goes there and comes from there, and what became of it."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import TRIM, Input, Output, example
from db.contacts.filter import Moment
from db.kommo.enums import KommoHookState, KommoState, KommoTaskKind, KommoTaskState, KommoWay
from db.kommo.errors import KommoReason
from db.texts import END

SECRET = r"^[\x21-\x7e]*" + END
_KommoId = Annotated[int, Meta(ge=1, le=2**53, examples=[7011])]


class KommoStatus(Output):
    id: Annotated[int, example(7011)]
    name: Annotated[str, example("Contato inicial")]


class KommoPipeline(Output):
    """As Kommo has it, in its order."""

    id: Annotated[int, example(701)]
    name: Annotated[str, example("Vendas")]
    statuses: list[KommoStatus]


class KommoStage(Output):
    """One of our stages, and the status that stands for it."""

    stage_id: UUID
    pipeline_id: Annotated[int, example(701)]
    status_id: Annotated[int, example(7011)]


class KommoRules(Output):
    """What happens by itself. `push_contacts`: a contact that is made or changed is brought up to date there, or made. `push_leads`: a lead in
    a stage that stands for a status is made there and moves along. `push_notes`: notes on leads are written there. `take_contacts`,
    `take_leads`: what is changed there is changed here; what was changed here meanwhile counts more."""

    push_contacts: bool
    push_leads: bool
    push_notes: bool
    take_contacts: bool
    take_leads: bool


class Kommo(Output):
    """GET, DELETE /v1/integrations/kommo; PUT KommoConnect, PATCH KommoPatch; POST /v1/integrations/kommo/test. `way` null: nothing is
    connected. Secrets are never shown. While `state` is `checking`, `kommo.changed` tells when the check is done. `hook_state`: whether
    Kommo tells us of changes there. `rest_until`: Kommo asked us to slow down, and nothing is asked before."""

    way: KommoWay | None
    host: Annotated[str, example("lojaaurora.kommo.com")]
    account_id: Annotated[int, example(30412345)] | None
    account_name: Annotated[str, example("Loja Aurora")]
    state: KommoState | None
    state_at: Moment | None
    checked_at: Moment | None
    reason: KommoReason | None
    detail: Annotated[str, example("")]
    hook_state: KommoHookState
    rest_until: Moment | None
    token_until: Moment | None
    rules: KommoRules
    stages: list[KommoStage]
    pipelines: list[KommoPipeline]
    version: Annotated[int, example(1)]  # 0: nothing is connected


class KommoConnect(Input):
    """PUT /v1/integrations/kommo; a check starts at once. `host`: the account's address, with `https://` or without. `token`: of the way
    `token`, long-lived, of a private integration. `client_id`, `client_secret`, `code`: of the way `oauth`, as the integration shows them;
    the code holds for 20 minutes. `redirect_uri`: as the integration has it; left out: `/integrations/kommo` of this installation. The way
    `sandbox` needs nothing."""

    way: KommoWay
    host: Annotated[str, Meta(max_length=200, extra=TRIM, examples=["lojaaurora.kommo.com"])] = ""
    token: Annotated[
        str, Meta(max_length=4000, pattern=SECRET, extra=TRIM, examples=["eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.c2ln"])
    ] = ""
    client_id: Annotated[
        str, Meta(max_length=100, pattern=SECRET, extra=TRIM, examples=["0b1f7c1e-2d7a-4f5e-9d0c-3a6b8e2f4c5d"])
    ] = ""
    client_secret: Annotated[str, Meta(max_length=200, pattern=SECRET, extra=TRIM, examples=["9hV3sKq2LmX7"])] = ""
    code: Annotated[str, Meta(max_length=4000, pattern=SECRET, extra=TRIM, examples=["def50200a1b2c3"])] = ""
    redirect_uri: Annotated[
        str, Meta(max_length=500, pattern=SECRET, extra=TRIM, examples=["https://panel.example.com/integrations/kommo"])
    ] = ""


class KommoStageSet(Input):
    stage_id: UUID
    pipeline_id: _KommoId
    status_id: _KommoId


class KommoPatch(Input):
    """PATCH /v1/integrations/kommo: what is left out stays. `stages`: all of them, each stage at most once."""

    push_contacts: bool | UnsetType = UNSET
    push_leads: bool | UnsetType = UNSET
    push_notes: bool | UnsetType = UNSET
    take_contacts: bool | UnsetType = UNSET
    take_leads: bool | UnsetType = UNSET
    stages: Annotated[list[KommoStageSet], Meta(max_length=500)] | UnsetType = UNSET


class KommoPushContact(Input):
    """POST /v1/integrations/kommo/push-contact."""

    contact_id: UUID


class KommoPushLeadNote(Input):
    """POST /v1/integrations/kommo/push-lead-note. `private`: an ordinary note of the team; else one that Kommo shows as a message of the
    integration `Master IA`, which cannot be changed there."""

    lead_id: UUID
    text: Annotated[str, Meta(min_length=1, max_length=10_000, examples=["Quer o orçamento até sexta."])]
    private: bool = True


class KommoTask(Output):
    """GET /v1/integrations/kommo/tasks → Page[KommoTask], newest first; POST push-contact, push-lead-note and …/tasks/{kommo_task_id}/retry.
    `name`: of the contact or lead; null when it is gone. `kommo_id`: of what was found or made there. `asked`: by somebody, not by a rule.
    `reason`: why it failed or was not needed. `next_at`: when it is tried next."""

    id: UUID
    kind: KommoTaskKind
    state: KommoTaskState
    local_id: UUID | None
    name: Annotated[str, example("Ana Lima")] | None
    kommo_id: Annotated[int, example(10245)] | None
    private: bool
    asked: bool
    by_id: UUID | None
    tries: Annotated[int, example(1)]
    reason: KommoReason | None
    detail: Annotated[str, example("")]
    created_at: Moment
    next_at: Moment | None
    done_at: Moment | None


class KommoPlace(Output):
    """GET /v1/integrations/kommo/contacts/{contact_id} and …/leads/{lead_id}: who it is in Kommo. `kommo_id` null: nobody there. `url` is null too
    in the simulator."""

    connected: bool  # the company has an account there
    kommo_id: Annotated[int, example(10245)] | None
    url: Annotated[str, example("https://lojaaurora.kommo.com/contacts/detail/10245")] | None
