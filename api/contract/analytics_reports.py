"""Reports of figures by mail."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.contract.base import Input, Label, Output, example
from api.contract.contacts import Moment
from db.analytics.enums import ReportMailReason, ReportMailState, ReportRhythm

Hour = Annotated[int, Meta(ge=0, le=23, examples=[8])]
Weekday = Annotated[int, Meta(ge=1, le=7, examples=[1])]


class ReportReader(Output):
    """`off_at`: since when they want it no more."""

    id: UUID
    name: Annotated[str, example("Bia Souza")]
    off_at: Moment | None


class FigureReport(Output):
    """GET /v1/analytics/reports; POST FigureReportSet; PUT, DELETE /{id}. `weekday`: of weekly ones, Monday is 1; `hour`: of the company's clock. A
    weekly one tells of the seven days before, a monthly one, on the first, of the month before."""

    id: UUID
    name: Annotated[str, example("Every Monday")]
    rhythm: ReportRhythm
    weekday: int
    hour: int
    channel_id: UUID | None
    active: bool
    next_at: Moment
    version: int
    readers: list[ReportReader]


class FigureReportSet(Input):
    """`channel_id`: only of this channel. `reader_ids`: people of the team who may see figures; each gets what they have the right to."""

    name: Annotated[Label, Meta(examples=["Every Monday"])]
    rhythm: ReportRhythm = ReportRhythm.WEEKLY
    weekday: Weekday = 1
    hour: Hour = 8
    channel_id: Annotated[UUID, example(None)] | None = None
    active: Annotated[bool, example(True)] = True
    reader_ids: Annotated[list[UUID], Meta(max_length=50, examples=[[]])] = msgspec.field(default_factory=list)


class ReportMail(Output):
    """One mail of a report. `trial`: its reader asked for it beside the plan. `unknown`: the mail server did not say whether it took it."""

    id: UUID
    user_id: UUID
    user_name: Annotated[str, example("Bia Souza")] | None
    first_day: date
    last_day: date
    trial: bool
    state: ReportMailState
    reason: ReportMailReason | None
    created_at: Moment
    ended_at: Moment | None


class ReportWanted(Input):
    """Whether one wants a report of which one is a reader."""

    wanted: bool


class ReportStop(Input):
    """`token`: of the link in the mail."""

    token: Annotated[str, Meta(max_length=200, examples=["AZq1cE0fRj2m"])]
