"""The AI in figures: what it answered alone and handed over, what it cost, what it could not answer, what became of its proposals."""

from fastapi.responses import Response
from nicegui import ui

from api.contract.analytics_assistant import AssistantAnalytics
from api.contract.enums import FigurePage, Permission, TalkFact
from api.contract.events import ConversationAnswered, ConversationClosed
from ui import formats, session
from ui.client import analytics as client
from ui.components.cards import card, figures, key_values
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_chart, skeleton_figures
from ui.i18n import _, pgettext
from ui.labels import ai as ai_labels
from ui.labels import personas
from ui.pages.analytics import pieces, words
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.files import offer
from ui.pages.analytics.pieces import Cell
from ui.pages.analytics.views import Views, opening
from ui.routing import page

_TALKS = "/analytics/talks"


@page("/analytics/assistant", permission=Permission.ANALYTICS_READ)
async def assistant_figures() -> Response | None:
    if (elsewhere := await opening(FigurePage.ASSISTANT)) is not None:
        return elsewhere
    with frame(
        _("AI in figures"),
        _("What it answered alone, what it cost, and what it does not know"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/assistant")
        _Assistant(head)
    return None


def _skeleton() -> None:
    skeleton_figures(4)
    skeleton_chart()


class _Assistant:
    def __init__(self, head: Frame) -> None:
        self._api = session.current().api
        self._asked = Asked(self._again, "channel_id", "team_id", "tag")
        Views(head, FigurePage.ASSISTANT, self._asked)
        offer(head, "assistant", self._asked)
        self._place = load(self._fetch, self._draw, _skeleton, "m-col m-loose w-full")
        pieces.follow(self._again, ConversationAnswered, ConversationClosed)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> AssistantAnalytics:
        return await client.assistant(self._api, self._asked.params)

    def _draw(self, found: AssistantAnalytics) -> None:
        now, before = found.figures, found.before
        if (
            not any((now.assisted, now.handed, found.cost.calls, found.cost_before.calls, found.gaps))
            and not self._asked.narrowed
        ):
            with ui.element("div").classes("m-card"):
                empty(
                    "smart_toy", _("The AI did nothing yet"), _("As soon as a persona answers somebody, you see here how well it does."),
                    action=_("To the personas"), to="/personas",
                )  # fmt: skip
            return
        link, facts, dollars = self._asked.link, words.facts(), words.money("USD")
        wide = self._asked.wide()
        with figures():
            for fact, value, was in (
                (TalkFact.ASSISTED, now.assisted, before.assisted),
                (TalkFact.CLOSED_ALONE, now.alone, before.alone),
                (TalkFact.HANDED, now.handed, before.handed),
            ):
                pieces.beside(facts[fact][0], value, was, facts[fact][1], to=link(_TALKS, fact=fact.value))
            pieces.beside(
                _("Closed without people"), now.alone / now.closed if now.closed else None, before.alone / before.closed if before.closed else None,
                _("Of all conversations closed on these days: how many the assistant answered without anybody of your team."),
                show=words.share, more_is="good",
            )  # fmt: skip
            pieces.beside(
                _("Cost of the AI"), found.cost.amount_micro, found.cost_before.amount_micro, _("What models cost on these days, of all channels."),
                show=dollars, wide=wide, to="/settings/ai?tab=usage",
            )  # fmt: skip
            alone = round(found.cost.amount_micro / now.alone) if now.alone else None
            alone_before = round(found.cost_before.amount_micro / before.alone) if before.alone else None
            pieces.beside(
                _("Cost for each closed alone"), alone, alone_before,
                _("The whole cost of the AI, shared among the conversations that it closed alone."), show=dollars, more_is="bad", wide=wide,
            )  # fmt: skip
        pieces.by_day(
            _("Conversations with the AI by day"), [one.day for one in found.days],
            [
                (facts[TalkFact.ASSISTED][0], [one.figures.assisted for one in found.days]),
                (facts[TalkFact.CLOSED_ALONE][0], [one.figures.alone for one in found.days]),
                (facts[TalkFact.HANDED][0], [one.figures.handed for one in found.days]),
            ],
            label=_("Conversations that the assistant answered first, closed alone and handed to people on each day"), bars=True,
        )  # fmt: skip
        with ui.element("div").classes("m-grid m-grid-wide"):
            self._draw_reasons(found)
            self._draw_moves(found)
            self._draw_purposes(found)
        self._draw_gaps(found)
        pieces.meanings([facts[fact] for fact in (TalkFact.ASSISTED, TalkFact.CLOSED_ALONE, TalkFact.HANDED)])
        pieces.foot(found.period)

    def _draw_reasons(self, found: AssistantAnalytics) -> None:
        with card(_("Why it handed over")):
            if not found.reasons:
                ui.label(_("It handed nothing over.")).classes("m-hint")
            key_values([(personas.handed(one.reason), formats.number(one.count)) for one in found.reasons])

    def _draw_moves(self, found: AssistantAnalytics) -> None:
        n = found.moves
        hint = self._everything(_("Those proposed on these days, and what became of them since"))
        with card(_("Moves of leads that it proposed"), hint=hint):
            done = n.applied + n.undone
            pairs = [
                (_("Accepted by people"), done - n.automatic), (_("Applied by themselves"), n.automatic), (_("Undone afterwards"), n.undone),
                (_("Refused by people"), n.refused), (_("Waiting for a person"), n.proposed), (_("Out of date before anybody looked"), n.expired),
                (_("Stopped by a check"), n.blocked),
            ]  # fmt: skip
            key_values([(name, formats.number(max(0, count))) for name, count in pairs])

    def _everything(self, hint: str = "") -> str:
        """Of what no filter reaches."""
        return " · ".join(filter(None, (hint, self._asked.wide())))

    def _draw_purposes(self, found: AssistantAnalytics) -> None:
        with card(_("What it was used for"), hint=self._everything()):
            if not found.purposes:
                ui.label(_("No model was called.")).classes("m-hint")
            money = words.money("USD")
            key_values([
                (ai_labels.purpose(one.purpose), f"{formats.number(one.cost.calls)} · {money(one.cost.amount_micro)}") for one in found.purposes
            ])  # fmt: skip
            if found.cost.unpriced:
                ui.label(_("Without a price: {n}").format(n=formats.number(found.cost.unpriced))).classes("m-hint")

    def _draw_gaps(self, found: AssistantAnalytics) -> None:
        hint = self._everything(_("Asked in these days, and in none of your sources. Answer them once, and the AI knows it."))
        with card(_("Questions without an answer"), hint=hint, flush=bool(found.gaps)):
            if not found.gaps:
                ui.label(_("It knew everything that was asked.")).classes("m-hint")
                return
            rows: list[list[Cell | str]] = [
                [
                    Cell(one.question, f"/knowledge/{one.base_id}?tab=gaps"),
                    one.base_name,
                    formats.number(one.times),
                    formats.ago(one.last_at),
                ]
                for one in found.gaps
            ]
            heads = [_("Question"), _("Knowledge base"), _("Times asked"), pgettext("figures", "Last asked")]
            pieces.table(_("Questions without an answer"), heads, rows)
