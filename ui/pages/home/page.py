"""The first page: what is going on, what needs a hand, today's figures; for a new company the first steps."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime

from nicegui import ui

from api.contract.enums import CampaignState, Permission
from api.contract.events import CampaignEvent, ChannelChanged, ConversationUpdated
from api.contract.home import Home, HomeCampaign, HomeDay
from ui import formats, live, session
from ui.client import accounts
from ui.components.beat import beat
from ui.components.buttons import button
from ui.components.cards import card, figure, figures, item, note
from ui.components.charts import line_chart
from ui.components.frame import frame
from ui.components.navigation import places
from ui.components.progress import progress
from ui.components.states import Loader, empty, load, skeleton_chart, skeleton_figures, skeleton_list
from ui.components.text import badge
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext
from ui.labels.campaigns import campaign_state
from ui.pages.home.attention import draw_attention
from ui.pages.home.desk import Desk
from ui.pages.home.first_steps import draw_first_steps
from ui.routing import page

_TITLES = {"seu", "dona", "sr", "sra", "srta", "dr", "dra", "prof", "profa", "mr", "mrs", "ms"}


@page("/")
def home() -> None:
    me = session.current()
    hour = datetime.now(formats.zone()).hour
    hello = _("Good morning") if hour < 12 else _("Good afternoon") if hour < 18 else _("Good evening")
    with frame(f"{hello}, {called(me.me.name)}", formats.full_day(datetime.now(formats.zone()).date())) as head:
        with head.actions:
            if me.may(Permission.CAMPAIGNS_WRITE):
                button(_("New campaign"), kind="primary", icon="add", to="/campaigns/new")
        Desk()
        if not me.may(Permission.CAMPAIGNS_READ):
            _ways()
            return
        place: Loader[Home] = load(lambda: accounts.home(me.api), lambda found: _draw(found, lambda: place.refresh()), _skeleton)
    throttle = Throttle(place.refresh, 2.0)  # a running campaign tells of itself several times a second
    live.on(CampaignEvent, lambda event: throttle.poke())
    live.on(ChannelChanged, lambda event: throttle.poke())
    slowly = Throttle(
        lambda: place.refresh(only_changes=True), 20.0
    )  # who waits too long; a busy inbox tells of itself all the time
    live.on(ConversationUpdated, lambda event: slowly.poke())
    beat(60, slowly.poke)
    live.on_reset(place.refresh)


def _ways() -> None:
    """For who sees no campaigns: where they work."""
    me = session.current()
    shown = [place for place in places() if place.permission is not None and me.may(place.permission)]
    if not shown:
        empty("badge", _("Your role sees nothing yet"), _("Ask an administrator of your company what you are to do here."))
        return
    with card(_("Where you work")), ui.element("div").classes("m-row m-near m-wrap"):
        for place in shown:
            button(place.label, icon=place.icon, to=place.path)


def called(name: str) -> str:
    """How somebody is greeted: by the first name, together with a title that stands before it (Seu João, Dra. Ana)."""
    words = name.split()
    count = 2 if len(words) > 1 and words[0].rstrip(".").lower() in _TITLES else 1
    return " ".join(words[:count])


def _skeleton() -> None:
    skeleton_figures()
    skeleton_chart()
    skeleton_list(3)


def _draw(home: Home, refresh: Callable[[], Awaitable[None]]) -> None:
    draw_first_steps(home, refresh)
    if home.attention:
        draw_attention(home.attention)
    elif home.has_campaign:
        with note("ok", _("All is well: nothing needs your attention."), name="check_circle"):
            pass
    waiting = [one for one in home.running if one.state == CampaignState.SCHEDULED]
    going = [one for one in home.running if one not in waiting]
    if going or waiting:
        with ui.element("div").classes("m-grid m-grid-wide"):
            if going:
                _running(_("Going on now"), going)
            if waiting:
                _running(_("Planned"), waiting)
    if home.campaigns_total:
        _today(home)
        _days(home.days)


def _running(heading: str, campaigns: list[HomeCampaign]) -> None:
    with card(heading, flush=True):
        for campaign in campaigns:
            name, tone = campaign_state(campaign.state, campaign.outage_since)
            n = campaign.figures
            with item(to=f"/campaigns/{campaign.id}"):
                with ui.element("div").classes("m-col m-near m-grow"):
                    with ui.element("div").classes("m-row m-near"):
                        ui.label(campaign.name).classes("m-strong m-clip")
                        badge(name, tone, live=tone == "ok")
                        ui.label(campaign.channel_name).classes("m-hint m-clip m-end m-only-desktop")
                    if campaign.scheduled_at is not None and n.waiting == n.audience:
                        when = _("Starts {when}").format(when=formats.moment(campaign.scheduled_at))
                        ui.label(when).classes("m-hint")
                    elif campaign.state == CampaignState.PREPARING:
                        ui.label(_("Making the list of people")).classes("m-hint")
                    else:
                        progress(n.audience - n.waiting, n.audience, tone="warn" if tone == "warn" else "")


def _today(home: Home) -> None:
    today, before = home.today, home.days[-2] if len(home.days) > 1 else None
    change, good = "", None
    if before and before.sent and today.sent:
        share = today.sent / before.sent - 1
        change, good = formats.change(share), None
    with figures():
        figure(
            _("Sent today"),
            formats.number(today.sent),
            change=change,
            good=good,
            hint=_("against yesterday") if change else _("since midnight"),
        )
        figure(
            _("Delivered"),
            formats.number(today.delivered),
            hint=_("{share} of those sent").format(share=formats.percent(today.delivered, today.sent)),
        )
        figure(
            _("Replied"),
            formats.number(today.replied),
            hint=_("{share} of those sent").format(share=formats.percent(today.replied, today.sent)),
        )
        figure(
            _("Contacts"),
            formats.number(home.contacts),
            hint=ngettext("{n} channel", "{n} channels", home.channels).format(n=home.channels),
        )


def _days(days: list[HomeDay]) -> None:
    with card(_("The last 14 days")):
        if not any(day.sent for day in days):
            empty("monitoring", _("Nothing sent yet"), _("The chart fills when your first campaign goes out."))
            return
        names = [formats.short_day(date.fromisoformat(day.day)) for day in days]
        line_chart(
            names,
            [
                (_("Sent"), [day.sent for day in days]),
                (_("Delivered"), [day.delivered for day in days]),
                (_("Replied"), [day.replied for day in days]),
            ],
            label=_("Messages sent, delivered and replied in the last 14 days"),
        )
