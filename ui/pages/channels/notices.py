"""What the provider told about a channel and waits for a person: on top of its page until somebody closes it."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.channels import ChannelNotice
from ui import formats, session
from ui.client import channels as client
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.states import Loader, load
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import notices


class Notices:
    """Nothing is shown while there are none."""

    def __init__(self, channel_id: UUID, *, write: bool) -> None:
        self._id, self._api, self._write = channel_id, session.current().api, write
        self._place: Loader[list[ChannelNotice]] = load(self._fetch, self._draw, lambda: None)

    async def refresh(self) -> None:
        await self._place.refresh()

    async def _fetch(self) -> list[ChannelNotice]:
        return await client.notices(self._api, self._id)

    def _draw(self, found: list[ChannelNotice]) -> None:
        if not found:
            return
        with ui.element("div").classes("m-col m-near w-full"):
            for one in found:
                words = notices.notice(one.code)
                about = f" ({one.subject})" if one.subject else ""
                with note("warn", f"{words.name}{about}. {words.todo}", name="warning"):
                    parts = [formats.moment(one.at)]
                    if one.detail:
                        parts.append(_("The provider says: {text}").format(text=one.detail))
                    ui.label(" · ".join(parts)).classes("m-hint m-text")
                    if self._write:
                        with ui.element("div").classes("m-row"):
                            button(_("Taken care of"), partial(self._close, one.id), icon="done")

    async def _close(self, notice_id: UUID) -> None:
        await client.close_notice(self._api, self._id, notice_id)
        toast(_("The log keeps it."))
        await self.refresh()
