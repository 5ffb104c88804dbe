"""Segments over HTTP. Thin, every rule is in db/contacts."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.segments import Segment, SegmentCreate, SegmentPatch, SegmentUse
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.versions import IfMatch
from db.campaigns import segment_uses
from db.contacts import segments

_LARGE = 200_000  # bytes


def _segment(row: segments.Row) -> Segment:
    return struct(row, Segment)


class SegmentController(Controller):
    path = "/v1/segments"
    tags = ("Contacts",)

    @get(summary="List segments", description="By name.")
    async def list_segments(self, actor: Caller, cursor: Cursor = None, limit: Limit = 200) -> Page[Segment]:
        rows = await segments.segments(actor, after=decode_cursor(cursor, tuple[str, UUID]), limit=one_over(limit))
        return page(rows, limit, lambda row: (row["key"], row["id"]), _segment)

    @post(
        summary="Create a segment",
        request_max_body_size=_LARGE,
        description="Who is in it is asked each time it is used. A condition about stages needs `boards:read`, one about a campaign `campaigns:read`, "
        "here and wherever the segment is used. 409 `segment_exists`, `too_many_segments`.",
    )
    async def create_segment(self, actor: Caller, data: JSONBody[SegmentCreate]) -> Segment:
        return _segment(await segments.create(actor, data.name, data.rule))

    @get("/{segment_id:uuid}", summary="Get a segment", description="With its ETag for If-Match.")
    async def get_segment(self, actor: Caller, segment_id: FromPath[UUID]) -> Segment:
        return _segment(await segments.segment(actor, segment_id))

    @patch(
        "/{segment_id:uuid}",
        opt={"versioned": True},
        request_max_body_size=_LARGE,
        summary="Change a segment",
        description="What is left out stays. Campaigns that were not launched yet follow it. 409 `segment_exists`, 412 when somebody else changed it.",
    )
    async def change_segment(
        self, actor: Caller, segment_id: FromPath[UUID], data: JSONBody[SegmentPatch], expected: IfMatch
    ) -> Segment:
        given: dict[str, Any] = {name: value for name in ("name", "rule") if (value := getattr(data, name)) is not UNSET}
        return _segment(await segments.change(actor, segment_id, expected=expected, **given))

    @delete("/{segment_id:uuid}", opt={"versioned": True}, summary="Delete a segment")
    async def delete_segment(
        self,
        actor: Caller,
        segment_id: FromPath[UUID],
        expected: IfMatch,
        detach: Annotated[bool, QueryParameter(description="Delete it although campaigns or sequences use it.")] = False,
    ) -> None:
        """Its contacts stay. While a campaign that is not launched or a sequence uses it, 409 `segment_in_use` names them. With `detach` it goes all the
        same: such a campaign reaches nobody, and such a sequence takes nobody in, until somebody else is chosen there."""
        await segments.delete(actor, segment_id, expected, detach=detach)

    @get("/{segment_id:uuid}/uses", summary="Where a segment is used")
    async def list_uses(self, actor: Caller, segment_id: FromPath[UUID]) -> Page[SegmentUse]:
        """Drafts, scheduled campaigns and sequences, the newest 20."""
        return Page(items=[SegmentUse(**one._asdict()) for one in await segment_uses.uses(actor, segment_id)])
