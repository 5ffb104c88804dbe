"""What can stand on a dashboard: each tile with its name, the page it comes from, the rights that its figures need, and how it is drawn."""

from collections.abc import Callable
from typing import Any, NamedTuple

from nicegui import ui

from api.contract.analytics import CampaignAnalytics, ConversationAnalytics, MessageAnalytics, TalkGroup
from api.contract.analytics_assistant import AssistantAnalytics
from api.contract.analytics_boards import BoardAnalytics
from api.contract.analytics_calls import CallAnalytics
from api.contract.analytics_consent import ConsentAnalytics
from api.contract.analytics_origins import OriginAnalytics
from api.contract.analytics_summary import AnalyticsSummary
from api.contract.enums import FigurePage, LeadFact, Permission, TalkFact, Tile
from ui import formats
from ui.components.cards import card, key_values
from ui.components.charts import bar_chart, funnel
from ui.components.text import Text
from ui.i18n import _, ngettext, pgettext
from ui.labels import reasons
from ui.pages.analytics import pieces, words
from ui.pages.analytics.pieces import Cell, beside, by_day

P = Permission
Link = Callable[..., str]
_TALKS, _CALLS, _LEADS, _MESSAGES, _CONSENT = (
    "/analytics/talks", "/analytics/calls/rows", "/analytics/leads", "/analytics/messages", "/analytics/consent/entries",
)  # fmt: skip
SHOWN = 8  # lines of a table
_TALKED = ("channel_id", "team_id", "tag")


class Source(NamedTuple):
    """Where figures come from: the page that shows them all, the rights that it needs beside `analytics:read`, and the filters that reach them."""

    page: FigurePage
    needs: frozenset[Permission] = frozenset()
    filters: tuple[str, ...] = ()


SOURCES: dict[str, Source] = {
    "week": Source(FigurePage.OVERVIEW, frozenset({P.CONVERSATIONS_READ, P.CAMPAIGNS_READ, P.BOARDS_READ})),
    "happened": Source(FigurePage.OVERVIEW),
    "messages": Source(FigurePage.OVERVIEW, filters=("channel_id", "campaign_id")),
    "talks": Source(FigurePage.CONVERSATIONS, frozenset({P.CONVERSATIONS_READ}), _TALKED),
    "board": Source(FigurePage.BOARDS, frozenset({P.BOARDS_READ}), _TALKED),
    "assistant": Source(FigurePage.ASSISTANT, frozenset({P.AI_READ, P.CONVERSATIONS_READ}), _TALKED),
    "campaigns": Source(FigurePage.CAMPAIGNS, frozenset({P.CAMPAIGNS_READ}), ("channel_id",)),
    "origins": Source(FigurePage.ORIGINS, frozenset({P.BOARDS_READ, P.CAMPAIGNS_READ}), ("team_id", "tag")),
    "consent": Source(FigurePage.CONSENT, frozenset({P.CONTACTS_READ}), ("tag",)),
    "calls": Source(FigurePage.CALLS, frozenset({P.CONVERSATIONS_READ}), _TALKED),
}


def reaching(tile: Tile, source: str) -> tuple[str, ...]:
    """The filters that reach a tile."""
    if tile is Tile.AI_COST:
        return ()
    return ("channel_id",) if tile is Tile.HOURS else SOURCES[source].filters


class Drawn(NamedTuple):
    """`draw(found, link)`: what the source answered, and the way to the rows behind a figure."""

    source: str
    name: str
    draw: Callable[[Any, Link], None]


def pages() -> dict[FigurePage, str]:
    return {
        FigurePage.OVERVIEW: _("Overview"),
        FigurePage.CONVERSATIONS: _("Conversations"),
        FigurePage.BOARDS: _("Boards"),
        FigurePage.ASSISTANT: _("AI"),
        FigurePage.CAMPAIGNS: _("Campaigns"),
        FigurePage.ORIGINS: _("What it brought"),
        FigurePage.CONSENT: _("Consent"),
        FigurePage.CALLS: _("Calls"),
    }


def known() -> dict[Tile, Drawn]:
    """Every tile, in the reader's language."""
    facts, leads, said, calls = words.facts(), words.lead_facts(), words.consent(), words.calls()
    messages = {fact.value: name for fact, (name, _meaning) in words.message_facts().items()}
    return {
        Tile.WEEK: Drawn("week", _("The week in short"), _week),
        Tile.HAPPENED: Drawn("happened", _("What happened"), lambda found, link: None),
        **{Tile(one): Drawn("messages", messages[one], _message(one)) for one in ("sent", "failed", "received")},
        **{Tile(one): Drawn("messages", messages[one], _share(one)) for one in ("delivered", "read", "replied")},
        Tile.SPENT: Drawn("messages", _("Spent"), _spent),
        Tile.MESSAGE_DAYS: Drawn("messages", _("Messages by day"), _message_days),
        Tile.BY_CHANNEL: Drawn("messages", _("By channel"), _by_channel),
        Tile.FAILURES: Drawn("messages", _("Why messages failed"), _failures),
        Tile.OPENED: Drawn("talks", _("Conversations opened"), _talk(TalkFact.OPENED, _("Conversations opened"))),
        Tile.CLOSED: Drawn("talks", _("Conversations closed"), _talk(TalkFact.CLOSED, _("Conversations closed"))),
        Tile.FIRST_ANSWER: Drawn("talks", _("First answer by people"), _time(TalkFact.ANSWERED, _("First answer by people"))),
        Tile.TIME_TO_CLOSE: Drawn("talks", _("Time to close"), _time(TalkFact.CLOSED, _("Time to close"))),
        Tile.WAITING: Drawn("talks", _("Waiting now"), _waiting),
        Tile.TALK_DAYS: Drawn("talks", _("Conversations by day"), _talk_days),
        Tile.ANSWER_DAYS: Drawn("talks", _("First answers by day"), _answer_days),
        Tile.HOURS: Drawn("talks", _("When people write"), _hours),
        Tile.BY_TEAM: Drawn("talks", _("By team"), _groups("teams", _("By team"), _("Team"), "team_id", _("Without a team"))),
        Tile.BY_PERSON: Drawn("talks", _("By person"), _groups("people", _("By person"), _("Person"), "user_id", _("Nobody"))),
        Tile.LEADS_IN: Drawn("board", leads[LeadFact.ENTERED][0], _lead(LeadFact.ENTERED, "good")),
        Tile.LEADS_WON: Drawn("board", leads[LeadFact.WON][0], _lead(LeadFact.WON, "good")),
        Tile.LEADS_LOST: Drawn("board", leads[LeadFact.LOST][0], _lead(LeadFact.LOST, "bad")),
        Tile.WON_WORTH: Drawn("board", _("Worth of those won"), _worth),
        Tile.LEAD_DAYS: Drawn("board", _("Leads by day"), _lead_days),
        Tile.FUNNEL: Drawn("board", _("How far leads come"), _funnel),
        Tile.AI_ANSWERED: Drawn("assistant", facts[TalkFact.ASSISTED][0], _ai("assisted", TalkFact.ASSISTED)),
        Tile.AI_ALONE: Drawn("assistant", facts[TalkFact.CLOSED_ALONE][0], _ai("alone", TalkFact.CLOSED_ALONE)),
        Tile.AI_HANDED: Drawn("assistant", facts[TalkFact.HANDED][0], _ai("handed", TalkFact.HANDED)),
        Tile.AI_COST: Drawn("assistant", _("Cost of the AI"), _ai_cost),
        Tile.AI_DAYS: Drawn("assistant", _("Conversations with the AI by day"), _ai_days),
        Tile.CAMPAIGNS: Drawn("campaigns", _("Campaigns"), _campaigns),
        Tile.CAMPAIGN_FUNNEL: Drawn("campaigns", _("From sent to replied"), _campaign_funnel),
        Tile.BROUGHT: Drawn("origins", _("What brought most leads"), _brought),
        Tile.SAID_NO: Drawn("consent", said[0][0], _said("out", 0, "bad", "false")),
        Tile.SAID_YES: Drawn("consent", said[1][0], _said("back", 1, "good", "true")),
        Tile.CONSENT_DAYS: Drawn("consent", _("Consent by day"), _consent_days),
        Tile.CALLS: Drawn("calls", calls[0][0], _calls),
        Tile.CALLS_ANSWERED: Drawn("calls", calls[1][0], _calls_answered),
        Tile.CALL_DAYS: Drawn("calls", _("Calls by day"), _call_days),
    }


def _week(found: AnalyticsSummary, link: Link) -> None:
    with card(_("The week in short")):
        for sentence in found.sentences:
            Text("p", sentence, "m-sub")


def _message(name: str) -> Callable[[MessageAnalytics, Link], None]:
    def draw(found: MessageAnalytics, link: Link) -> None:
        title, meaning = next(pair for fact, pair in words.message_facts().items() if fact.value == name)
        now, before = getattr(found.figures, name), getattr(found.before, name)
        beside(title, now, before, meaning, more_is="bad" if name == "failed" else "neither", to=link(_MESSAGES, fact=name))

    return draw


def _share(name: str) -> Callable[[MessageAnalytics, Link], None]:
    def draw(found: MessageAnalytics, link: Link) -> None:
        title, meaning = next(pair for fact, pair in words.message_facts().items() if fact.value == name)
        now, before, part = found.figures, found.before, getattr(found.figures, name)
        was = getattr(before, name) / before.sent if before.sent else None
        hint = _("{n} of those sent").format(n=formats.number(part))
        beside(
            title, part / now.sent if now.sent else None, was, meaning, show=words.share, more_is="good", hint=hint, to=link(_MESSAGES, fact=name),
        )  # fmt: skip

    return draw


def _spent(found: MessageAnalytics, link: Link) -> None:
    """The currency of most; without any a dash."""
    was = {one.currency: one.amount_micro for one in found.spent_before}
    one = next((each for each in found.spent if each.currency is not None), None)
    if one is None or one.currency is None:
        beside(_("Spent"), None, None, words.SPENT(), to=link("/analytics/channels"))
        return
    show = words.money(one.currency)
    beside(_("Spent"), one.amount_micro, was.get(one.currency, 0), words.SPENT(), show=show, to=link("/analytics/channels"))


def _message_days(found: MessageAnalytics, link: Link) -> None:
    series = [
        (_("Sent"), [one.figures.sent for one in found.days]),
        (_("Received"), [one.figures.received for one in found.days]),
    ]
    label = _("Messages sent and received on each day")
    by_day(_("Messages by day"), [one.day for one in found.days], series, label=label)


def _by_channel(found: MessageAnalytics, link: Link) -> None:
    rows: list[list[Cell | str]] = []
    for one in found.channels[:SHOWN]:
        n, of = one.figures, {"channel_id": str(one.id)}
        sent = Cell(formats.number(n.sent), link(_MESSAGES, fact="sent", **of))
        rows.append([one.name or _("Deleted"), sent, formats.percent(n.delivered, n.sent), formats.percent(n.replied, n.sent)])
    with card(_("By channel"), flush=True):
        pieces.table(_("By channel"), [_("Channel"), _("Sent"), _("Delivered"), _("Replied")], rows)


def _failures(found: MessageAnalytics, link: Link) -> None:
    known = reasons.failures()
    with card(_("Why messages failed")):
        if not found.refusals:
            ui.label(_("Nothing failed.")).classes("m-hint")
        key_values([
            (known[one.reason].name if one.reason in known else one.reason, formats.number(one.count)) for one in found.refusals[:SHOWN]
        ])  # fmt: skip


def _talk(fact: TalkFact, title: str) -> Callable[[ConversationAnalytics, Link], None]:
    def draw(found: ConversationAnalytics, link: Link) -> None:
        now, before = getattr(found.figures, fact.value), getattr(found.before, fact.value)
        beside(title, now, before, words.facts()[fact][1], to=link(_TALKS, fact=fact.value))

    return draw


def _time(fact: TalkFact, title: str) -> Callable[[ConversationAnalytics, Link], None]:
    def draw(found: ConversationAnalytics, link: Link) -> None:
        now, before = getattr(found.figures, f"times_{fact.value}").median, getattr(found.before, f"times_{fact.value}").median
        meaning = words.facts()[fact][1]
        beside(title, now, before, meaning, show=pieces.took, more_is="bad", to=link(_TALKS, fact=fact.value))

    return draw


def _waiting(found: ConversationAnalytics, link: Link) -> None:
    total = sum(one.count for one in found.waiting)
    with card(_("Waiting now"), hint=_("Open conversations in which nobody answered the newest message")):
        if not total:
            ui.label(_("Nobody waits.")).classes("m-hint")
            return
        said = ngettext("{n} person waits, since {time}", "{n} people wait, the first since {time}", total)
        oldest = formats.moment(min(one.since for one in found.waiting))
        ui.link(said.format(n=formats.number(total), time=oldest), "/inbox?view=waiting").classes("m-link m-strong")


def _talk_days(found: ConversationAnalytics, link: Link) -> None:
    series = [
        (_("Opened"), [one.opened for one in found.days]),
        (pgettext("figures", "Closed"), [one.closed for one in found.days]),
    ]
    label = _("Conversations opened and closed on each day")
    by_day(_("Conversations by day"), [one.day for one in found.days], series, label=label)


def _answer_days(found: ConversationAnalytics, link: Link) -> None:
    names = (("answered", _("People")), ("assisted", _("Assistant")), ("phoned", _("On a phone")))
    series = [(name, [getattr(one, fact) for one in found.days]) for fact, name in names]
    label = _("First answers of people, of the assistant and on phones on each day")
    by_day(_("First answers by day"), [one.day for one in found.days], series, label=label, bars=True)


def _hours(found: ConversationAnalytics, link: Link) -> None:
    with card(_("When people write"), hint=_("Messages by weekday and hour of your time zone")):
        if found.hours is None:
            ui.label(_("Messages are not counted by team or tag.")).classes("m-hint")
            return
        pieces.heat(found.hours, pieces.weekdays(), _("When people write"))


def _groups(of: str, title: str, head: str, key: str, none: str) -> Callable[[ConversationAnalytics, Link], None]:
    def draw(found: ConversationAnalytics, link: Link) -> None:
        rows: list[list[Cell | str]] = []
        groups: list[TalkGroup] = getattr(found, of)
        for one in groups[:SHOWN]:
            whose = {key: str(one.id) if one.id else pieces.NOBODY}
            counts = [
                Cell(formats.number(getattr(one.figures, fact.value)), link(_TALKS, fact=fact.value, **whose))
                for fact in (TalkFact.OPENED, TalkFact.ANSWERED, TalkFact.CLOSED)
            ]
            name = one.name or (none if one.id is None else _("Deleted"))
            rows.append([name, *counts, pieces.took(one.figures.times_answered.median)])
        heads = [head, _("Opened"), pgettext("figures", "Answered"), pgettext("figures", "Closed"), _("First answer")]
        with card(title, flush=True):
            pieces.table(title, heads, rows)

    return draw


def _lead(fact: LeadFact, better: Any) -> Callable[[BoardAnalytics, Link], None]:
    def draw(found: BoardAnalytics, link: Link) -> None:
        name, meaning = words.lead_facts()[fact]
        to = link(_LEADS, fact=fact.value, board_id=str(found.board_id))
        beside(name, getattr(found.figures, fact.value), getattr(found.before, fact.value), meaning, more_is=better, to=to)

    return draw


def _worth(found: BoardAnalytics, link: Link) -> None:
    now, before = found.figures.won_value * 10_000, found.before.won_value * 10_000
    meaning, to = words.lead_facts()[LeadFact.WON][1], link(_LEADS, fact="won", board_id=str(found.board_id))
    beside(_("Worth of those won"), now, before, meaning, show=words.whole_money(found.currency), more_is="good", to=to)


def _lead_days(found: BoardAnalytics, link: Link) -> None:
    names = (("entered", _("Came in")), ("won", pgettext("figures", "Won")), ("lost", pgettext("figures", "Lost")))
    series = [(name, [getattr(one.figures, fact) for one in found.days]) for fact, name in names]
    by_day(
        _("Leads by day"),
        [one.day for one in found.days],
        series,
        label=_("Leads that came in, were won and were lost on each day"),
    )


def _funnel(found: BoardAnalytics, link: Link) -> None:
    first = next((one for one in found.stages if not one.gone), None)
    with card(_("How far leads come")):
        if first is None or not first.reached:
            ui.label(_("Nothing in these days.")).classes("m-hint")
            return
        went = {one.to_id: one.leads for one in found.passed if one.from_id == first.id}
        rest = [(one.name, went.get(one.id, 0)) for one in found.stages if one.id != first.id and not one.gone]
        funnel([(first.name, first.reached), *rest])


def _ai(name: str, fact: TalkFact) -> Callable[[AssistantAnalytics, Link], None]:
    def draw(found: AssistantAnalytics, link: Link) -> None:
        title, meaning = words.facts()[fact]
        beside(title, getattr(found.figures, name), getattr(found.before, name), meaning, to=link(_TALKS, fact=fact.value))

    return draw


def _ai_cost(found: AssistantAnalytics, link: Link) -> None:
    meaning = _("What models cost on these days, of all channels.")
    now, before = found.cost.amount_micro, found.cost_before.amount_micro
    beside(_("Cost of the AI"), now, before, meaning, show=words.money("USD"), to="/settings/ai?tab=usage")


def _ai_days(found: AssistantAnalytics, link: Link) -> None:
    names = (("assisted", TalkFact.ASSISTED), ("alone", TalkFact.CLOSED_ALONE), ("handed", TalkFact.HANDED))
    series = [(words.facts()[fact][0], [getattr(one.figures, name) for one in found.days]) for name, fact in names]
    label = _("Conversations that the assistant answered first, closed alone and handed to people on each day")
    by_day(_("Conversations with the AI by day"), [one.day for one in found.days], series, label=label, bars=True)


def _campaigns(found: CampaignAnalytics, link: Link) -> None:
    rows: list[list[Cell | str]] = []
    for one in found.items[:SHOWN]:
        n, to = one.figures, f"/campaigns/{one.id}/report"
        rows.append(
            [Cell(one.name, to), formats.number(n.sent), formats.percent(n.read, n.sent), formats.percent(n.replied, n.sent)]
        )
    with card(_("Campaigns"), hint=_("Those that started in these days"), flush=bool(rows)):
        if rows:
            pieces.table(_("Campaigns"), [_("Campaign"), _("Sent"), _("Read"), _("Replied")], rows)
        else:
            ui.label(_("No campaign started in these days")).classes("m-hint")


def _campaign_funnel(found: CampaignAnalytics, link: Link) -> None:
    names = (("sent", _("Sent")), ("delivered", _("Delivered")), ("read", _("Read")), ("replied", _("Replied")))
    with card(_("From sent to replied"), hint=_("All campaigns of these days together")):
        funnel([(name, sum(getattr(one.figures, fact) for one in found.items)) for fact, name in names])


def _brought(found: OriginAnalytics, link: Link) -> None:
    shown = sorted((one for one in (*found.ads, *found.campaigns) if one.key and one.leads), key=lambda one: -one.leads)[:SHOWN]
    with card(_("What brought most leads")):
        if not shown:
            ui.label(_("Nothing in these days.")).classes("m-hint")
            return
        series = [(_("Leads"), [one.leads for one in shown]), (pgettext("figures", "Won"), [one.won for one in shown])]
        bar_chart([one.name or one.key for one in shown], series, label=_("Leads and those won by what brought them"))


def _said(name: str, place: int, better: Any, allowed: str) -> Callable[[ConsentAnalytics, Link], None]:
    def draw(found: ConsentAnalytics, link: Link) -> None:
        title, meaning = words.consent()[place]
        to = link(_CONSENT, allowed=allowed, partly="false")
        beside(title, getattr(found.figures, name), getattr(found.before, name), meaning, more_is=better, to=to)

    return draw


def _consent_days(found: ConsentAnalytics, link: Link) -> None:
    known = words.consent()
    series = [(known[0][0], [one.figures.out for one in found.days]), (known[1][0], [one.figures.back for one in found.days])]
    label = _("People who asked for nothing more, and who said yes, on each day")
    by_day(_("Consent by day"), [one.day for one in found.days], series, label=label, bars=True)


def _calls(found: CallAnalytics, link: Link) -> None:
    name, meaning = words.calls()[0]
    beside(name, found.figures.called, found.before.called, meaning, to=link(_CALLS, fact="called"))


def _calls_answered(found: CallAnalytics, link: Link) -> None:
    (name, meaning), now, was = words.calls()[1], found.figures, found.before
    share, before = (now.talked / now.called if now.called else None), (was.talked / was.called if was.called else None)
    hint = _("{n} of {total}").format(n=formats.number(now.talked), total=formats.number(now.called))
    beside(name, share, before, meaning, show=words.share, more_is="good", hint=hint, to=link(_CALLS, fact="talked"))


def _call_days(found: CallAnalytics, link: Link) -> None:
    series = [(_("Calls"), [one.called for one in found.days]), (_("A person answered"), [one.talked for one in found.days])]
    label = _("Calls, and those that a person answered, on each day")
    by_day(_("Calls by day"), [one.day for one in found.days], series, label=label, bars=True)
