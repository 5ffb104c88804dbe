"""What the live page draws of figures, and the tables of words."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest

from api.contract.campaign_progress import CampaignWait, FailureGroup, Progress, RatePoint, RecipientHistory, RecipientTry
from api.contract.campaigns import Counts, Figures
from api.contract.enums import CampaignState, WaitRule
from db.messages.enums import SkipReason
from db.messages.reasons import FailureReason
from ui import formats
from ui.components.progress import width
from ui.labels import reasons, waits
from ui.pages.campaigns import figures, outcomes, speed
from ui.pages.campaigns.pane import split_numbers
from ui.pages.campaigns.recipients import steps

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_every_reason_has_a_name_and_a_way_out() -> None:
    assert set(reasons.failures()) == {reason.value for reason in FailureReason}
    assert set(reasons.skips()) == {reason.value for reason in SkipReason}
    assert all(why.name and why.todo for why in [*reasons.failures().values(), *reasons.skips().values()])
    assert reasons.failure("something_new").name == "something_new"


def _progress(**more: object) -> Progress:
    values: dict[str, object] = {
        "state": CampaignState.FINISHED, "state_reason": None,
        "figures": Figures(audience=100, waiting=0, sent=90, delivered=90, read=30, replied=9, failed=10, stopped=0),
        "counts": Counts(delivered=60, read=30, failed=10, skipped=10), "rate": 0.0, "eta": None, "limiting_factor": None, "limit_value": None, "limit_until": None,
        "failures": [], "skipped": [], "series": [], "series_seconds": 1,
    }  # fmt: skip
    return Progress(**{**values, **more})  # type: ignore[arg-type]


def test_shares_are_of_everybody_or_of_those_sent() -> None:
    found = {step.key: (step.value, step.base) for step in figures.steps(_progress(), True)}
    assert found == {
        "waiting": (0, 100), "sent": (90, 100), "delivered": (90, 90), "read": (30, 90), "replied": (9, 90),
        "failed": (10, 100),
    }  # fmt: skip
    assert "read" not in {step.key for step in figures.steps(_progress(), False)}


def test_a_pause_is_seen_in_the_chart() -> None:
    moments = [*range(20), *range(50, 60)]
    points = [RatePoint(at=START + timedelta(seconds=second), sent=4, delivered=2) for second in moments]
    labels, sent, delivered = speed.series(_progress(series=points))
    assert len(labels) == len(sent) == len(delivered) == 60
    assert (sent[:15], sent[25:45]) == ([4.0] * 15, [0.0] * 20)
    assert delivered[-1] == 2.0


def test_a_stutter_is_no_fall_to_zero() -> None:
    moments = [*range(100), *range(113, 240)]
    points = [RatePoint(at=START + timedelta(seconds=second), sent=4, delivered=4) for second in moments]
    _labels, sent, _delivered = speed.series(_progress(series=points))
    assert min(sent) > 1.5
    assert max(sent) <= 4.0


def test_bars_are_empty_at_nothing_and_seen_at_little() -> None:
    assert width(0) == "width: 0"
    assert width(0.0001) == "width: max(3px, 0.01%)"
    assert width(1.2) == "width: max(3px, 100.00%)"


def test_long_charts_have_few_points_and_lose_no_message() -> None:
    points = [RatePoint(at=START + timedelta(seconds=2 * number), sent=10, delivered=0) for number in range(1000)]
    labels, sent, _delivered = speed.series(_progress(series=points, series_seconds=2))
    span = 2000 / len(labels)
    assert len(labels) <= speed.POINTS
    assert span >= speed.CALM
    assert sum(sent) * span == pytest.approx(10_000, rel=0.02)


def test_failures_of_one_reason_are_one_group() -> None:
    groups = [
        FailureGroup(reason="temporary", code=131000, count=2, retryable=True),
        FailureGroup(reason="not_on_whatsapp", code=131026, count=5, retryable=False),
        FailureGroup(reason="temporary", code=131016, count=1, retryable=True),
    ]
    assert [(g.reason, g.count, g.code) for g in outcomes.merged(groups)] == [
        ("not_on_whatsapp", 5, 131026),
        ("temporary", 3, None),
    ]


def test_numbers_of_a_test_are_split_once_each() -> None:
    assert split_numbers("(11) 98765-4321, 21 9;\n(11) 98765-4321,") == ["(11) 98765-4321", "21 9"]


def test_every_rule_that_holds_somebody_has_its_words_and_says_until_when() -> None:
    until = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    for rule in WaitRule:
        one = CampaignWait(rule=rule, name="Comercial", count=3, until=until)
        assert "3 " in waits.sentence(one)
        assert formats.moment(until) in waits.sentence(one)
        assert formats.moment(until) not in waits.sentence(msgspec.structs.replace(one, until=None))
        assert waits.ICONS[rule]
    hours = CampaignWait(rule=WaitRule.HOLIDAY, name="Comercial", count=1, until=until)
    assert waits.sentence(hours).startswith("1 pessoa à espera até ")
    assert waits.sentence(hours).endswith("regra “Comercial”, porque é feriado")
    assert waits.rule(WaitRule.CHANNEL, "spam_rate") != waits.rule(WaitRule.CHANNEL, "")


def test_a_try_that_a_rule_held_is_no_refusal_of_the_provider() -> None:
    held = RecipientTry(
        at=START, answered_at=START, outcome="held", code=None, held_by=WaitRule.QUIET_HOURS, held_name="Comercial"
    )
    wait = CampaignWait(rule=WaitRule.QUIET_HOURS, name="Comercial", count=1, until=START + timedelta(hours=9))
    found = RecipientHistory(
        message_id=uuid4(), address="+5511987654321", state="queued", reason="quiet_hours", next_at=START + timedelta(hours=9), sent_at=None,
        delivered_at=None, read_at=None, replied_at=None, ended_at=None, tries=[held], waits=wait,
    )  # fmt: skip
    waiting, before = steps(found)
    assert waiting[2] == f"À espera até {formats.moment(wait.until)}: regra “Comercial”"
    assert before[:3] == ("info", "Segurada antes de sair", "À espera: regra “Comercial”")
