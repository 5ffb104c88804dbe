"""Conversations in figures: how many, how soon they were answered and closed, who waits now, by whom; each figure opens into its rows."""

from uuid import UUID

from fastapi.responses import Response
from nicegui import ui

from api.contract.analytics import ConversationAnalytics, TalkFigures, TalkGroup, TalkWaiting, TimesTaken
from api.contract.enums import FigurePage, Permission, TalkFact
from api.contract.events import ConversationAnswered, ConversationClosed, ConversationUpdated
from ui import formats, session
from ui.client import analytics as client
from ui.components.cards import card, figures
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_card, skeleton_chart, skeleton_figures
from ui.i18n import _, ngettext, pgettext
from ui.pages.analytics import pieces, words
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.files import offer
from ui.pages.analytics.pieces import Cell
from ui.pages.analytics.views import Views, opening
from ui.routing import page

_ROWS = "/analytics/talks"


@page("/analytics/conversations", permission=Permission.ANALYTICS_READ)
async def conversation_figures() -> Response | None:
    if (elsewhere := await opening(FigurePage.CONVERSATIONS)) is not None:
        return elsewhere
    with frame(
        _("Conversations in figures"),
        _("How soon people are answered, and by whom"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/conversations")
        _Conversations(head)
    return None


def _skeleton() -> None:
    skeleton_figures(4)
    skeleton_figures(4)
    skeleton_chart()
    skeleton_card(5)


def _times(taken: TimesTaken) -> str:
    return f"{pieces.took(taken.median)} · {pieces.took(taken.most)}" if taken.count else formats.DASH


class _Conversations:
    def __init__(self, head: Frame) -> None:
        self._api = session.current().api
        self._asked = Asked(self._again, "channel_id", "team_id", "user_id", "label_id", "tag")
        Views(head, FigurePage.CONVERSATIONS, self._asked)
        offer(head, "conversations", self._asked)
        self._place = load(self._fetch, self._draw, _skeleton, "m-col m-loose w-full")
        pieces.follow(self._again, ConversationUpdated, ConversationAnswered, ConversationClosed)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> ConversationAnalytics:
        return await client.conversations(self._api, self._asked.params)

    def _draw(self, found: ConversationAnalytics) -> None:
        now, before = found.figures, found.before
        if not any((now.opened, now.closed, before.opened, found.waiting)) and not self._asked.narrowed:
            with ui.element("div").classes("m-card"):
                empty(
                    "forum", _("No conversations yet"), _("As soon as people write to you, you see here how soon they are answered."),
                    action=_("To the channels"), to="/channels",
                )  # fmt: skip
            return
        self._draw_figures(now, before)
        self._draw_waiting(found)
        pieces.by_day(
            _("Conversations by day"), [one.day for one in found.days],
            [(_("Opened"), [one.opened for one in found.days]), (pgettext("figures", "Closed"), [one.closed for one in found.days])],
            label=_("Conversations opened and closed on each day"),
        )  # fmt: skip
        pieces.by_day(
            _("First answers by day"), [one.day for one in found.days],
            [
                (_("People"), [one.answered for one in found.days]), (_("Assistant"), [one.assisted for one in found.days]),
                (_("On a phone"), [one.phoned for one in found.days]),
            ],
            label=_("First answers of people, of the assistant and on phones on each day"), bars=True,
        )  # fmt: skip
        with card(_("When people write"), hint=_("Messages by weekday and hour of your time zone")):
            if found.hours is None:
                ui.label(
                    _("This is known of all conversations and of one channel. Take the other choices off to see it.")
                ).classes("m-hint")
            else:
                pieces.heat(found.hours, pieces.weekdays(), _("When people write"))
        self._groups(_("By team"), _("Team"), found.teams, "team_id", _("Without a team"))
        self._groups(_("By person"), _("Person"), found.people, "user_id", _("Nobody"))
        self._groups(_("By channel"), _("Channel"), found.channels, "channel_id", "")
        pieces.meanings(words.conversations())
        pieces.foot(found.period)

    def _draw_figures(self, now: TalkFigures, before: TalkFigures) -> None:
        link, names = self._asked.link, words.facts()
        with figures():
            for fact in (TalkFact.OPENED, TalkFact.CLOSED, TalkFact.CLOSED_ALONE, TalkFact.HANDED):
                name, meaning = names[fact]
                pieces.beside(
                    name, getattr(now, fact.value), getattr(before, fact.value), meaning, to=link(_ROWS, fact=fact.value)
                )
            for fact, name in (
                (TalkFact.ANSWERED, _("First answer by people")),
                (TalkFact.ASSISTED, _("First answer by the assistant")),
                (TalkFact.PHONED, _("First answer on a phone")),
                (TalkFact.CLOSED, _("Time to close")),
            ):
                taken, was = getattr(now, f"times_{fact.value}"), getattr(before, f"times_{fact.value}")
                hint = _("nine in ten within {time} · {n} in all").format(
                    time=pieces.took(taken.most), n=formats.number(taken.count)
                )
                pieces.beside(
                    name, taken.median, was.median, names[fact][1], show=pieces.took, more_is="bad",
                    hint=hint if taken.count else "", to=link(_ROWS, fact=fact.value),
                )  # fmt: skip

    def _draw_waiting(self, found: ConversationAnalytics) -> None:
        waiting = found.waiting
        total = sum(one.count for one in waiting)
        with card(_("Waiting now"), hint=_("Open conversations in which nobody answered the newest message")):
            if not total:
                ui.label(_("Nobody waits.")).classes("m-hint")
                return
            said = ngettext("{n} person waits, since {time}", "{n} people wait, the first since {time}", total)
            oldest = min(one.since for one in waiting)
            ui.link(said.format(n=formats.number(total), time=formats.moment(oldest)), "/inbox?view=waiting").classes(
                "m-link m-strong"
            )
            names = {one.id: one.name for one in (*found.channels, *found.teams, *found.people) if one.id is not None}
            pieces.table(
                _("Waiting now"), [_("Channel"), _("Team"), _("Person"), _("Waiting"), _("Since")],
                [self._wait(one, names) for one in waiting[:20]],
            )  # fmt: skip

    def _wait(self, one: TalkWaiting, names: dict[UUID, str]) -> list[Cell | str]:
        team = names.get(one.team_id, formats.DASH) if one.team_id else formats.DASH
        person = names.get(one.user_id, formats.DASH) if one.user_id else _("Nobody")
        return [names.get(one.channel_id, formats.DASH), team, person, formats.number(one.count), formats.ago(one.since)]

    def _groups(self, heading: str, head: str, groups: list[TalkGroup], key: str, none: str) -> None:
        if not groups:
            return
        link = self._asked.link
        rows: list[list[Cell | str]] = []
        for one in groups:
            of = {key: str(one.id) if one.id else pieces.NOBODY}

            def count(fact: TalkFact, one: TalkGroup = one, of: dict[str, str] = of) -> Cell:
                return Cell(formats.number(getattr(one.figures, fact.value)), link(_ROWS, fact=fact.value, **of))

            rows.append([
                one.name or (none if one.id is None else _("Deleted")), count(TalkFact.OPENED), count(TalkFact.CLOSED), count(TalkFact.ANSWERED),
                _times(one.figures.times_answered), _times(one.figures.times_closed),
            ])  # fmt: skip
        with card(heading, hint=_("Times: half of them within the first, nine in ten within the second"), flush=True):
            heads = [
                head,
                _("Opened"),
                pgettext("figures", "Closed"),
                pgettext("figures", "Answered"),
                _("First answer"),
                _("Time to close"),
            ]
            pieces.table(heading, heads, rows)
