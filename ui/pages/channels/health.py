"""How a number fares: whether it is slowed and why, failures and people who ask for no more by day, what to do."""

from uuid import UUID

from nicegui import ui

from api.contract.channel_health import ChannelHealth, HealthCounts
from api.contract.enums import HealthAdvice, NoticeCode
from ui import formats, session
from ui.client import channels as client
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.charts import bar_chart
from ui.components.confirm import confirm
from ui.components.states import Loader, load, skeleton_chart
from ui.components.text import Text, icon
from ui.components.toast import toast
from ui.i18n import _

DAYS = 30


def advice() -> dict[HealthAdvice, str]:
    return {
        HealthAdvice.QUALITY_RED: _("Quality is low: stop offers for some days, and write only to who answered lately."),
        HealthAdvice.QUALITY_YELLOW: _("Quality is falling: write to fewer people, and say in the first line why you write."),
        HealthAdvice.ASK_FIRST: _("Many ask for no more: write only to those who said yes, and less often."),
        HealthAdvice.CLEAN_LIST: _("Many numbers fail: take those out that failed before you send to the list again."),
        HealthAdvice.LIMIT_NEAR: _("The daily limit of people is nearly used: spread the next campaign over several days."),
    }


class Health:
    """A card that loads by itself; nothing where nothing was sent and all is well."""

    def __init__(self, channel_id: UUID, *, write: bool) -> None:
        self._id, self._api, self._write = channel_id, session.current().api, write
        self._place: Loader[ChannelHealth] = load(lambda: client.health(self._api, self._id, DAYS), self._draw, skeleton_chart)

    async def refresh(self) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, found: ChannelHealth) -> None:
        with card(_("Reputation of the number"), hint=_("Of what it sent in the last 24 hours, beside the two weeks before")):
            if found.slow_reason is not None:
                self._draw_slow(found)
            with ui.element("div").classes("m-row m-wrap m-gap"):
                _rate(_("Failed"), _failed(found.last), _failed(found.before))
                _rate(_("Asked for no more"), _stopped(found.last), _stopped(found.before))
            if any(day.sent or day.failed for day in found.days):
                labels = [formats.short_day(day.day) for day in found.days]
                failed = [_percent(day.failed, day.sent + day.failed) for day in found.days]
                stopped = [_percent(day.stopped, day.sent) for day in found.days]
                lines = [(_("Failed, %"), failed), (_("Asked for no more, %"), stopped)]
                bar_chart(labels, lines, label=_("Shares of each day in percent"), whole=False, size="short")
            else:
                ui.label(_("Nothing was sent in the last 30 days.")).classes("m-hint")
            for one in found.advice:
                with ui.element("div").classes("m-row m-near items-start"):
                    icon("lightbulb")
                    Text("p", advice()[one], "m-sub")

    def _draw_slow(self, found: ChannelHealth) -> None:
        why = {
            NoticeCode.STOPS_RISING: _(
                "More people than usual ask for no more messages, so it sends more slowly before Meta limits it."
            ),
            NoticeCode.FAILURES_RISING: _("More messages than usual fail, so it sends more slowly."),
        }.get(
            found.slow_reason or NoticeCode.QUALITY_DROPPED,
            _("Its quality is low, so it sends more slowly before Meta limits it."),
        )
        with note("warn", why, name="warning"):
            rate = max(min(found.throughput, 1.0), found.throughput * found.pace)
            text = _(
                "Now {n} per second at most, since {when}. It goes on at full speed by itself when the last 24 hours are fine."
            )
            when = formats.moment(found.slowed_at) if found.slowed_at else formats.DASH
            ui.label(text.format(n=formats.number(rate, 1), when=when)).classes("m-sub")
            if self._write:
                with ui.element("div").classes("m-row"):
                    button(_("Full speed"), self._full, icon="speed")

    async def _full(self) -> None:
        text = _("Nothing slows this number for a day. If people go on blocking it, Meta may limit or close it.")
        if await confirm(_("Send at full speed?"), text, yes=_("Full speed")):
            await client.full_speed(self._api, self._id)
            toast(_("It sends at full speed again."))
            await self._place.refresh()


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _failed(counts: HealthCounts) -> tuple[int, int]:
    return counts.failed, counts.sent + counts.failed


def _stopped(counts: HealthCounts) -> tuple[int, int]:
    return counts.stopped, counts.sent


def _rate(name: str, last: tuple[int, int], before: tuple[int, int]) -> None:
    with ui.element("div").classes("m-col m-tight"):
        ui.label(name).classes("m-hint")
        with ui.element("div").classes("m-figure"):
            ui.label(formats.percent(*last) if last[1] else formats.DASH)
        usual = _("before: {share}").format(share=formats.percent(*before)) if before[1] else _("nothing before")
        ui.label(usual).classes("m-hint")
