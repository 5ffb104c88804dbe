"""Saved views of a page of figures: chosen, saved and managed in the page's head; one of them opens the page where nobody chose anything."""

from urllib.parse import urlencode

import msgspec
from fastapi.responses import RedirectResponse, Response
from nicegui import ui

from api.contract.analytics_views import AnalyticsView, AnalyticsViewSet
from api.contract.enums import Comparison, FigurePage, Permission
from ui import session
from ui.client import analytics as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.address import address
from ui.components.buttons import button, icon_button
from ui.components.confirm import dialog
from ui.components.forms import filled, switch_field, text_field
from ui.components.frame import Frame
from ui.components.menus import Choice, choices
from ui.components.states import load, skeleton
from ui.components.toast import toast
from ui.i18n import _
from ui.pages.analytics import pieces
from ui.pages.analytics.asked import Asked

_PATHS = {FigurePage.OVERVIEW: "/analytics"}
_NOTHING = "none"
_NAME = "view"


def path_of(page: FigurePage) -> str:
    return _PATHS.get(page, f"/analytics/{page.value}")


def link_of(one: AnalyticsView) -> str:
    """The page as the view shows it."""
    kept = {name: str(value) for name, value in msgspec.to_builtins(one.query).items() if value is not None}
    if kept.get("compare") == Comparison.PREVIOUS.value:
        del kept["compare"]
    return f"{path_of(one.page)}?{urlencode({**kept, _NAME: str(one.id)})}"


async def opening(page: FigurePage) -> Response | None:
    """Before the page is drawn: where to go when nobody chose anything and a view opens the page."""
    if address().names:
        return None
    try:
        found = await client.views(session.current().api, page)
    except (ApiProblem, Offline):
        return None  # the page itself says what is wrong
    first = next((one for one in found if one.opens), None)  # one's own come first
    return RedirectResponse(link_of(first)) if first is not None else None


class Views:
    """The button of the head. `asked`: what is shown now."""

    def __init__(self, head: Frame, page: FigurePage, asked: Asked) -> None:
        self._api, self._page, self._asked = session.current().api, page, asked
        self._found: list[AnalyticsView] = []
        with head.actions:
            with button(_("Views"), icon="bookmark", kind="plain") as self._button:
                self._menu = ui.menu().props('anchor="bottom right" self="top right" :offset="[0, 4]"')
        self._button.props["aria-haspopup"] = "menu"
        self._menu.on("before-show", self._fill)

    async def _fill(self) -> None:
        self._found = await client.views(self._api, self._page)
        here = address().get(_NAME)
        self._menu.clear()
        with self._menu:
            lines = [
                Choice(self._said(one), lambda one=one: ui.navigate.to(link_of(one)), on=str(one.id) == here)  # type: ignore[misc]
                for one in self._found
            ]
            lines += [
                Choice(_("Everything of this page"), lambda: ui.navigate.to(f"{path_of(self._page)}?{_NAME}={_NOTHING}"), line=bool(lines)),
                Choice(_("Save what is shown"), self._save, "bookmark_add", line=True),
            ]  # fmt: skip
            if self._found:
                lines.append(Choice(_("Manage views"), self._manage, "tune"))
            choices(lines)

    @staticmethod
    def _said(one: AnalyticsView) -> str:
        return one.name if one.mine else _("{name} · everybody's").format(name=one.name)

    def _save(self) -> None:
        with dialog(_("Save what is shown"), _("Days, comparison and filters of this page, under a name")) as box:
            name = text_field(_("Name"), limit=60)
            every = None
            if session.current().may(Permission.CAMPAIGNS_WRITE):
                every = switch_field(_("For everybody"), hint=_("All who see figures find it here."))
            opens = switch_field(_("Open this page with it"), hint=_("Where nobody chose anything else."))

            async def save() -> None:
                if not filled([name]):
                    return
                given = AnalyticsViewSet(
                    page=self._page, name=name.value.strip(), query=self._asked.query(), everybody=bool(every and every.value), opens=bool(opens.value)
                )  # fmt: skip
                try:
                    kept = await client.save_view(self._api, given)
                except ApiProblem as error:
                    problems.show_in({"name": name}, error)
                    return
                box.close()
                address().write({_NAME: str(kept.id)})
                toast(_("The view is saved."))

            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    def _manage(self) -> None:
        with dialog(_("Manage views"), wide=True) as box:
            place = load(
                lambda: client.views(self._api, self._page),
                lambda found: self._draw(found, place.refresh),
                lambda: skeleton("line m-w-60"),
            )
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), box.close, kind="plain")
        box.open()

    def _draw(self, found: list[AnalyticsView], again: pieces.Again) -> None:
        if not found:
            ui.label(_("Nothing is saved on this page.")).classes("m-hint")
        for one in found:
            self._line(one, again)

    def _line(self, one: AnalyticsView, again: pieces.Again) -> None:
        may = one.mine or session.current().may(Permission.CAMPAIGNS_WRITE)

        async def change(**new: object) -> None:
            given = AnalyticsViewSet(page=one.page, name=one.name, query=one.query, everybody=not one.mine, opens=one.opens)
            await client.change_view(self._api, one.id, msgspec.structs.replace(given, **new), one.version)
            await again()

        async def delete() -> None:
            await client.delete_view(self._api, one.id, one.version)
            if address().get(_NAME) == str(one.id):
                address().write({_NAME: _NOTHING})
            await again()

        with ui.element("div").classes("m-row m-between items-center w-full"):
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.link(one.name, link_of(one)).classes("m-link m-text")
                said = [_("Yours") if one.mine else _("Everybody's"), _("Opens this page") if one.opens else ""]
                ui.label(" · ".join(filter(None, said))).classes("m-hint")
            if may:
                with ui.element("div").classes("m-row m-near"):
                    button(
                        _("Do not open with it") if one.opens else _("Open with it"),
                        lambda: change(opens=not one.opens),
                        kind="plain",
                    )
                    shown = str(one.id) == address().get(_NAME)
                    if shown:
                        button(_("Take over what is shown"), lambda: change(query=self._asked.query()), kind="plain")
                    icon_button("delete", _("Delete view"), delete)
