"""Whether a customer named the day of a reminder."""

from datetime import date, timedelta

import pytest

from db.proposals.proven import says_day

TODAY = date(2026, 11, 25)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("me chama amanhã às 10", "26"),
        ("depois de amanhã, pode ser?", "27"),
        ("me liga segunda de manhã", "30"),
        ("message me on Monday please", "30"),
        ("quarta eu respondo", "02"),
        ("me lembra daqui a 2 dias", "27"),
        ("in one week", "02"),
        ("me chama hoje mais tarde", "25"),
        ("fala comigo dia 2", "02"),
        ("pode ser 02/12", "02"),
        ("semana que vem eu vejo", "01"),
    ],
)
def test_a_day_that_the_customer_named(text: str, day: str) -> None:
    wanted = next(TODAY + timedelta(days=n) for n in range(31) if (TODAY + timedelta(days=n)).day == int(day))
    assert says_day(wanted, [text], TODAY)
    assert not says_day(wanted + timedelta(days=10), [text], TODAY)
    assert not says_day(
        wanted, ["todo dia às 2h", "every day at 2 am", "depois", "às 15h", "quando der", "tenho 2 filhos"], TODAY
    )
