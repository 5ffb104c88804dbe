"""A campaign's report in words and numbers of one language; the page and the table say the same ones."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import dates, numbers

from api.contract.costs import CostSpent
from api.contract.labels import FAILURES, REPORT, SKIPS
from api.contract.reports import CampaignReport
from api.translations import portuguese

_PARTS = ((86_400, "days"), (3600, "hours_long"), (60, "minutes"), (1, "seconds"))


class Step(NamedTuple):
    """One step of the way, of those before it."""

    key: str
    name: str
    people: int


class Words:
    """`language`: pt-BR or en. `company`: whose report it is."""

    def __init__(self, language: str, zone: ZoneInfo, company: str) -> None:
        self.zone, self.company = zone, company
        self._english = language == "en"
        self._locale = "en_US" if self._english else "pt_BR"

    def __call__(self, key: str, **values: object) -> str:
        return self.label(REPORT[key]).format(**values)

    def label(self, text: str) -> str:
        return text if self._english else portuguese(text)

    def number(self, count: float, digits: int = 0) -> str:
        return str(numbers.format_decimal(round(count, digits), "#,##0" + ("." + "0" * digits if digits else ""), self._locale))

    def share(self, part: int, whole: int) -> str:
        """Never 100 % while somebody is missing, nor 0 % while somebody is there."""
        share = part / whole if whole else 0.0
        if 0 < part < whole:
            share = min(max(share, 0.001), 0.999)
        return str(numbers.format_percent(share, "#,##0.#%", self._locale))

    def money(self, micro: int, currency: str) -> str:
        small = 0 < micro < 100_000
        pattern = "¤ #,##0.0000" if small else "¤ #,##0.00"
        return str(numbers.format_currency(micro / 1_000_000, currency, pattern, self._locale, currency_digits=False))

    def moment(self, at: datetime) -> str:
        return str(dates.format_datetime(at, "d MMM y HH:mm" if self._english else "d/MM/y HH:mm", self.zone, self._locale))

    def footer(self, found: CampaignReport) -> str:
        """When it was so, and on which clock."""
        clock = str(dates.get_timezone_name(self.zone, "long", locale=self._locale))
        known = self.zone.key if "(" in clock else clock  # of no country, as UTC
        return self("footer", when=self.moment(found.at), zone=known)

    def hour(self, hour: int) -> str:
        return f"{hour}:00"

    def time(self, seconds: float) -> str:
        """In the unit in which it is easiest to read: 40 s, 12 min, 3 h, 2 d."""
        size, key = next((part for part in _PARTS if seconds >= part[0]), _PARTS[-1])
        count = seconds / size
        return self(key, n=self.number(count, 1 if count < 10 and size > 60 and count % 1 >= 0.05 else 0))

    def way(self, found: CampaignReport) -> list[Step]:
        n = found.figures
        steps = [Step("sent", self("sent"), n.sent), Step("delivered", self("delivered"), n.delivered)]
        if found.reports_read:
            steps.append(Step("read", self("read"), n.read))
        steps.append(Step("replied", self("replied"), n.replied))
        if found.converted is not None:
            steps.append(Step("converted", self("converted"), found.converted))
        return steps

    def instead(self, found: CampaignReport) -> list[Step]:
        """The way of those who got it only in place of a message that did not arrive."""
        other = found.fallback
        if other is None:
            return []
        keys = ("sent", "delivered", "read", "replied") if other.read else ("sent", "delivered", "replied")
        return [step._replace(people=getattr(other, step.key)) for step in self.way(found) if step.key in keys]

    def instead_said(self, found: CampaignReport) -> str:
        """The same in one line; "" where nothing went another way."""
        if found.fallback is None:
            return ""
        parts = ", ".join(f"{step.name} {self.number(step.people)}" for step in self.instead(found))
        return self("instead", channel=found.fallback.channel_name, parts=parts)

    def times(self, found: CampaignReport) -> list[str]:
        said = []
        for key, seconds in (
            ("half", found.times.read_median),
            ("most", found.times.read_most),
            ("answered_half", found.times.replied_median),
        ):
            if seconds is not None:
                said.append(self(key, time=self.time(max(0.0, seconds))))
        return said

    def bins(self, found: CampaignReport) -> list[str]:
        """Names of the groups of readers: up to a minute, up to five, …, later."""
        return [self("up_to", time=self.time(edge)) for edge in found.times.edges] + [self("later")]

    def costs(self, found: CampaignReport) -> list[str]:
        return [line for one in found.spent for line in self._cost(one)] or [self("no_cost")]

    def _cost(self, one: CostSpent) -> list[str]:
        if one.currency is None:
            return [self("unpriced", n=self.number(one.unpriced))]
        parts = [self.money(one.amount_micro, one.currency)]
        if one.per_delivered_micro is not None:
            parts.append(self("per_delivered", amount=self.money(one.per_delivered_micro, one.currency)))
        if one.per_reply_micro is not None:
            parts.append(self("per_reply", amount=self.money(one.per_reply_micro, one.currency)))
        return parts

    def amounts(self, one: CostSpent) -> list[str]:
        """Sum, currency, for each whom it reached and for each answer, as a spreadsheet counts with them."""
        each, reply = (None if micro is None else self.plain(micro) for micro in (one.per_delivered_micro, one.per_reply_micro))
        return [self.plain(one.amount_micro), one.currency or "", each or "", reply or ""]

    def plain(self, micro: int) -> str:
        """An amount without its currency."""
        return str(numbers.format_decimal(micro / 1_000_000, "0.00####", self._locale))

    def reasons(self, found: CampaignReport) -> list[tuple[str, int]]:
        """Why it was not got, the most frequent first."""
        counted: dict[str, int] = {}
        for group in found.failures:
            counted[group.reason] = counted.get(group.reason, 0) + group.count
        named = {**SKIPS, **FAILURES}
        return [
            (self.label(named.get(key, key)) if key in named else key, n)
            for key, n in sorted(counted.items(), key=lambda i: -i[1])
        ]

    def when(self, found: CampaignReport) -> str:
        if found.started_at is None:
            return "–"
        end = f" – {self.moment(found.finished_at)}" if found.finished_at is not None else ""
        return self.moment(found.started_at) + end

    def table(self, found: CampaignReport) -> list[list[str]]:
        """The report as rows of a spreadsheet: figure, people, share of those sent."""
        n = found.figures
        rows = [
            [found.name, "", ""],
            [self("channel"), found.channel_name or "", ""],
            [self("sent_when"), self.when(found), ""],
            [self("figure"), self("people"), self("share")],
            [self("audience"), str(n.audience), ""],
        ]
        rows += [[step.name, str(step.people), self.share(step.people, n.sent)] for step in self.way(found)]
        rows += [
            [
                self("instead_step", step=step.name, channel=found.fallback.channel_name),
                str(step.people),
                self.share(step.people, n.sent),
            ]
            for step in self.instead(found)
            if found.fallback is not None
        ]
        rows += [[self("failed"), str(n.failed), ""], [self("stopped"), str(n.stopped), ""]]
        rows += [[line, "", ""] for line in self.times(found)]
        if found.times.read_median is not None:
            rows += [[name, str(count), ""] for name, count in zip(self.bins(found), found.times.bins, strict=True)]
            rows += [[f"{self('hours')} {self.hour(hour)}", str(count), ""] for hour, count in enumerate(found.times.read)]
        rows += [[line, "", ""] for line in self.costs(found)]
        rows += [[name, str(count), ""] for name, count in self.reasons(found)]
        rows.append([self.footer(found), "", ""])
        return rows


def compared(words: Words, reports: Sequence[CampaignReport]) -> list[list[str]]:
    """Campaigns beside one another as rows of a spreadsheet; one that was billed in several currencies has a row for each."""
    heads = ("campaign", "channel", "sent_when", "audience", "sent", "delivered", "read", "replied", "converted", "failed")
    rows = [[words(key) for key in (*heads, "cost", "currency", "cost_each", "cost_reply", "instead_sent")]]
    for found in reports:
        n = found.figures
        read = str(n.read) if found.reports_read else ""
        goal = "" if found.converted is None else str(found.converted)
        counts = [str(n.audience), str(n.sent), str(n.delivered), read, str(n.replied), goal, str(n.failed)]
        start = [found.name, found.channel_name or "", words.when(found), *counts]
        billed = [one for one in found.spent if one.currency is not None]
        other = str(found.fallback.sent) if found.fallback is not None else ""
        rows += [[*start, *words.amounts(one), other] for one in billed] or [[*start, "", "", "", "", other]]
    return rows


def tall(counts: list[int]) -> list[float]:
    """Heights of bars, the highest 1."""
    most = max(counts, default=0)
    return [count / most if most else 0.0 for count in counts]
