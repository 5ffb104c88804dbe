"""Segments: whom a rule means, under a name. The rule itself is plain data of `db/contacts`."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, UnsetType

from api.contract.base import Input, Label, Output, example
from api.contract.contacts import Moment
from db.contacts.segment_rule import Allows as Allows
from db.contacts.segment_rule import AnyCondition as AnyCondition
from db.contacts.segment_rule import Contacted as Contacted
from db.contacts.segment_rule import FieldIs as FieldIs
from db.contacts.segment_rule import Group as Group
from db.contacts.segment_rule import HasTags as HasTags
from db.contacts.segment_rule import InStage as InStage
from db.contacts.segment_rule import Made as Made
from db.contacts.segment_rule import OfImport as OfImport
from db.contacts.segment_rule import Reachable as Reachable
from db.contacts.segment_rule import Received as Received
from db.contacts.segment_rule import RecordedConsent as RecordedConsent
from db.contacts.segment_rule import Wrote as Wrote

SegmentName = Annotated[Label, example("Clientes sem compra há 30 dias")]


class Segment(Output):
    """GET /v1/segments → Page[Segment]; POST SegmentCreate; GET (with ETag), PATCH SegmentPatch, DELETE /v1/segments/{id}. How many are in it:
    POST /v1/contacts/count `{"segment_id": …}`, of a rule that is not saved `{"rule": …}`."""

    id: UUID
    name: SegmentName
    rule: Group
    gone: bool  # it names a tag, field, list, campaign or stage that is no longer there: nobody is in it until it is changed
    version: int  # for If-Match, as in ETag
    created_by: Annotated[str, example("Ana Lima")] | None
    created_at: Moment
    updated_at: Moment


class SegmentCreate(Input):
    name: SegmentName
    rule: Group


class SegmentPatch(Input):
    """Campaigns that were not launched yet follow the change."""

    name: SegmentName | UnsetType = UNSET
    rule: Group | UnsetType = UNSET


class SegmentUse(Output):
    """GET /v1/segments/{id}/uses → Page[SegmentUse]: a campaign that is not launched yet and would go to it, or a sequence that takes people in from
    it."""

    campaign_id: UUID | None
    cadence_id: UUID | None
    name: Annotated[str, example("Liquidação de verão")]
    scheduled: bool
    running: bool
