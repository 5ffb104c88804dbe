"""What is told to an ad's network, over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, put
from litestar.params import JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.analytics_conversions import Conversion, ConversionSetting, ConversionSettingSet
from api.contract.base import Page
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from api.versions import IfMatch
from db.analytics import conversions
from db.analytics.conversions import Setting
from db.analytics.enums import ConversionState


class ConversionController(Controller):
    path = "/v1/analytics"
    tags = ("Analytics",)

    @get("/conversion-setting", summary="Read what is told to ad networks")
    async def read_setting(self, actor: Caller) -> ConversionSetting:
        """Off until somebody switches it on. Needs `integrations:read`."""
        return ConversionSetting(**(await conversions.setting(actor))._asdict())

    @put("/conversion-setting", summary="Set what is told to ad networks", opt={"versioned": True})
    async def set_setting(self, actor: Caller, data: JSONBody[ConversionSettingSet], expected: IfMatch) -> ConversionSetting:
        """Of leads that come in from then on, by people who wrote from an ad that opens WhatsApp. Needs `integrations:write`."""
        given = Setting(data.active, data.dataset_id, data.consent, data.leads, data.won, data.worth)
        return ConversionSetting(**(await conversions.change(actor, given, expected))._asdict())

    @get("/conversions", summary="List what was told to ad networks")
    async def list_conversions(
        self,
        actor: Caller,
        of_state: Annotated[ConversionState | None, QueryParameter(name="state", description="Only those of this state.")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Conversion]:
        """Each lead that an ad brought, what was told of it, and why not; the newest first. Needs `integrations:read` and `boards:read`."""
        after = decode_cursor(cursor, tuple[UUID])
        found = await conversions.told(actor, of_state, after[0] if after else None, one_over(limit))
        return page(found, limit, lambda row: (row.id,), lambda row: Conversion(**row._asdict()))
