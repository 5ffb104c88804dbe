"""What came for a webhook: each delivery with what became of it, what was wrong, its values, and carrying it out again."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.enums import IncomingState, Permission
from api.contract.incoming import IncomingDelivery, IncomingHook, IncomingPayload, IncomingProblem
from ui import formats, session
from ui.client import incoming as client
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.confirm import confirm, dialog
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import badge, safe_link
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import incoming as labels

MOST_VALUES = 200


def said(problem: IncomingProblem) -> str:
    """What was wrong, with the field that it was."""
    text = problems.sentence_of(problem.code, problem.message, problem.params)
    place = labels.place(problem.field)
    return f"{place}: {text}" if place else text


class Log:
    def __init__(self, hook: IncomingHook) -> None:
        me = session.current()
        self._api, self._hook, self._write = me.api, hook, me.may(Permission.INCOMING_WRITE)
        self._failed, self._more = False, 20
        self._place: Loader[Page[IncomingDelivery]] = load(self._fetch, self._draw, lambda: skeleton_list(4))

    async def _fetch(self) -> Page[IncomingDelivery]:
        state = IncomingState.FAILED if self._failed else None
        return await client.deliveries(self._api, self._hook.id, state, limit=self._more)

    async def again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _only_failed(self) -> None:
        self._failed = not self._failed
        await self._place.refresh()

    def _draw(self, page: Page[IncomingDelivery]) -> None:
        if not page.items and not self._failed:
            with card():
                empty(
                    "webhook", _("Nothing came yet"), _("Post something to the address, or write a sample under “What happens”.")
                )
            return
        switch = partial(button, _("Show all") if self._failed else _("Only what was not done"), self._only_failed, kind="plain")
        with card(_("What came"), hint=_("Of the last 90 days, newest first."), actions=switch, flush=True):
            for one in page.items:
                with item(on_click=partial(self._open, one)):
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        with ui.element("div").classes("m-row m-near m-wrap"):
                            badge(labels.states()[one.state], labels.STATE_TONES[one.state])
                            ui.label(formats.moment(one.received_at)).classes("m-hint")
                            ui.label(labels.sources()[one.source]).classes("m-hint")
                        if one.problems:
                            ui.label(said(one.problems[0])).classes("m-sub m-text")
                        elif did := labels.effects(one):
                            ui.label(did).classes("m-sub")
                        elif one.state is IncomingState.DONE:
                            ui.label(_("Nothing is done with it yet")).classes("m-sub")
            if page.next_cursor and self._more < 200:
                button(_("Show more"), self._show_more, kind="plain")

    async def _show_more(self) -> None:
        self._more = min(200, self._more + 60)
        await self._place.refresh()

    def _open(self, one: IncomingDelivery) -> None:
        with dialog(_("What came {when}").format(when=formats.moment(one.received_at)), wide=True) as box:
            load(lambda: client.payload(self._api, self._hook.id, one.id), partial(self._draw_one, box), lambda: skeleton_list(3))
        box.open()

    def _draw_one(self, box: ui.dialog, found: IncomingPayload) -> None:
        one = found.delivery
        with ui.element("div").classes("m-row m-near m-wrap"):
            badge(labels.states()[one.state], labels.STATE_TONES[one.state])
            ui.label(f"{one.content_type.partition(';')[0] or '?'} · {formats.number(one.size)} B").classes("m-hint")
        for problem in one.problems:
            ui.label(said(problem)).classes("m-sub m-text")
        if did := labels.effects(one):
            with ui.element("div").classes("m-row m-near m-wrap"):
                ui.label(did).classes("m-sub")
                if one.contact_id is not None:
                    safe_link(_("Open the contact"), f"/contacts/{one.contact_id}", new_tab=False)
        if found.payload is None:
            ui.label(_("Its content could not be read, or is kept no longer.")).classes("m-hint")
        with ui.element("div").classes("m-card m-card-flush m-scroll"):
            for value in found.values[:MOST_VALUES]:
                with ui.element("div").classes("m-item"):
                    ui.label(value.path).classes("m-mono m-hint m-clip")
                    ui.label(value.text or "–").classes("m-grow m-text")
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="plain")
            if self._write and found.payload is not None:
                button(_("Carry out again"), partial(self._replay, box, one.id), kind="primary", icon="replay")

    async def _replay(self, box: ui.dialog, delivery_id: UUID) -> None:
        sure = await confirm(
            _("Carry it out again?"),
            _("By the steps of now: contact, card and message come once more."),
            yes=_("Carry out again"),
        )
        if sure:
            await client.replay(self._api, self._hook.id, delivery_id)
            box.close()
            toast(_("It is being carried out."))
            await self.again()
