"""Leads that an ad brought, told to the ad's network."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from api.contract.contacts import Moment
from db.analytics.enums import ConversionConsent, ConversionKind, ConversionReason, ConversionState

Dataset = Annotated[str, Meta(max_length=32, examples=["1029384756102938"], extra={"trim": True})]


class ConversionSetting(Output):
    """GET, PUT /v1/analytics/conversion-setting. `version` 0: nobody set it yet."""

    active: bool
    dataset_id: Dataset
    consent: ConversionConsent
    leads: bool
    won: bool
    worth: bool
    version: int


class ConversionSettingSet(Input):
    """`dataset_id`: of Meta's Events Manager, shared with the app of the channel's token. `leads`: tells `LeadSubmitted` once a lead is made, `won`:
    `Purchase` once it is won, with `worth` what it is worth. Only of people whose `consent` allows it."""

    active: Annotated[bool, example(True)]
    dataset_id: Dataset = ""
    consent: ConversionConsent = ConversionConsent.SAID_YES
    leads: Annotated[bool, example(True)] = True
    won: Annotated[bool, example(True)] = True
    worth: Annotated[bool, example(False)] = False


class Conversion(Output):
    """One thing that was to be told. `id`: the event's id, which is the same each time that it is told. `detail`: the network's words."""

    id: UUID
    lead_id: UUID
    title: Annotated[str, example("Reforma")] | None
    kind: ConversionKind
    happened_at: Moment
    state: ConversionState
    reason: ConversionReason | None
    detail: Annotated[str, example(None)] | None
    ended_at: Moment | None
