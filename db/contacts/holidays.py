"""National holidays of Brazil: Lei 662/1949 with Lei 10.607/2002, Lei 6.802/1980 and Lei 14.759/2023; Good Friday by Lei 9.093/1995.

States and towns have more: a company adds those to its office hours (`office_hours.holidays`). Other countries have none here.
"""

from datetime import date, timedelta

_FIXED = ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25))


def brazil(year: int) -> list[date]:
    """In order."""
    return sorted([*(date(year, month, day) for month, day in _FIXED), easter(year) - timedelta(days=2)])


def easter(year: int) -> date:
    """Of the Gregorian calendar (the anonymous algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)
