"""What happened on the days that are shown: campaigns, prices, and what somebody wrote down, with the field to write down more."""

from collections.abc import Mapping
from datetime import date, datetime

from nicegui import ui

from api.contract.analytics_annotations import AnalyticsAnnotation, AnnotationCreate
from api.contract.enums import AnnotationKind, Permission
from ui import formats, session
from ui.client import analytics as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card
from ui.components.forms import filled, text_field
from ui.components.states import load, skeleton
from ui.i18n import _
from ui.pages.analytics.asked import Asked


class Happened:
    """A card; `refresh` after the days changed."""

    def __init__(self, asked: Asked) -> None:
        self._api, self._asked = session.current().api, asked
        self._writes = session.current().may(Permission.CAMPAIGNS_WRITE)
        self._place = load(self._fetch, self._draw, lambda: skeleton("line m-w-30"), "w-full")

    async def refresh(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> list[AnalyticsAnnotation]:
        days: Mapping[str, str] = self._asked.params
        return await client.annotations(self._api, {name: days[name] for name in ("since", "until")})

    def _draw(self, found: list[AnalyticsAnnotation]) -> None:
        with card(_("What happened"), hint=_("Campaigns that started, prices that changed, and what you wrote down")):
            if not found:
                ui.label(_("Nothing is known of these days.")).classes("m-hint")
            for one in found[:20]:
                self._line(one)
            if self._writes:
                self._field()

    def _line(self, one: AnalyticsAnnotation) -> None:
        said = {AnnotationKind.CAMPAIGN: _("Campaign started"), AnnotationKind.PRICE: _("Price changed")}.get(
            one.kind, one.by_name or ""
        )
        with ui.element("div").classes("m-row m-between items-start w-full"):
            with ui.element("div").classes("m-col m-tight m-grow"):
                if one.campaign_id is not None:
                    ui.link(one.body, f"/campaigns/{one.campaign_id}").classes("m-link")
                else:
                    ui.label(one.body).classes("m-text")
                ui.label(" · ".join(filter(None, (formats.day(one.day), said)))).classes("m-hint")
            if one.kind is AnnotationKind.WRITTEN and self._writes:

                async def delete(one: AnalyticsAnnotation = one) -> None:
                    await client.forget_annotation(self._api, one.id)
                    await self._place.refresh()

                icon_button("delete", _("Delete note"), delete)

    def _field(self) -> None:
        today = datetime.now(formats.zone()).date().isoformat()
        with ui.element("div").classes("m-ana-bar"):
            day = text_field(_("Day"), today, kind="date")
            body = text_field(_("What happened"), placeholder=_("A holiday, a new price, a fair"), limit=200)

            async def add() -> None:
                if not filled([day, body]):
                    return
                try:
                    await client.annotate(self._api, AnnotationCreate(day=date.fromisoformat(day.value), body=body.value.strip()))
                except ApiProblem as error:
                    problems.show_in({"day": day, "body": body}, error)
                    return
                await self._place.refresh()

            button(_("Write it down"), add, kind="plain")
