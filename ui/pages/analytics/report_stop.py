"""The link in a report's mail that stops it for its reader. Works without being signed in, and more than once; nothing is stopped by
merely opening it, because mail programs look at links."""

from nicegui import ui

from ui import session
from ui.client import analytics as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.auth_layout import auth_layout
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.text import Text
from ui.i18n import _
from ui.routing import page


@page("/reports/stop", public=True)
def report_stop(token: str = "") -> None:
    with auth_layout(_("Stop this mail")):
        place = ui.element("div").classes("m-col m-loose w-full")

        async def stop() -> None:
            try:
                await client.stop_report(session.anonymous(), token)
            except ApiProblem as problem:
                if problem.status not in {404, 422}:
                    raise
                place.clear()
                with place, note("warn", problems.sentence(problem), name="warning"):
                    ui.link(_("See your reports"), "/analytics/reports").classes("m-link")
                return
            place.clear()
            with place, note("ok", _("Done: you get this report no more."), name="check_circle"):
                ui.link(_("I want it again"), "/analytics/reports").classes("m-link")

        with place:
            Text("p", _("You will get this report by mail no more. Others still get it."), "m-sub")
            button(_("Stop this mail"), stop, kind="primary")
