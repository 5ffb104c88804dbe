"""One page of a campaign's report as shapes on a sheet of A4, in points from the upper left. What draws them: `drawing.py`."""

from typing import Literal, NamedTuple

from api.contract.reports import CampaignReport
from api.report.words import Words, tall

WIDTH, HEIGHT = 595, 842
_LEFT, _RIGHT = 44, 551
_GREEN, _SOFT, _TEXT, _SUB, _LINE, _GROUND = "#0e8a6a", "#e3f3ee", "#15201c", "#5f6b66", "#e3e8e6", "#f5f7f6"
REASONS = 6


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    colour: str
    radius: float = 0


class Line(NamedTuple):
    """A text whose upper edge is at `y`; it is cut to `most` points."""

    x: float
    y: float
    text: str
    size: float
    colour: str = _TEXT
    bold: bool = False
    align: Literal["left", "middle", "right"] = "left"
    most: float = _RIGHT - _LEFT


Shape = Box | Line


def layout(found: CampaignReport, words: Words) -> list[Shape]:
    shapes: list[Shape] = [Box(0, 0, WIDTH, HEIGHT, "#ffffff"), Box(0, 0, WIDTH, 6, _GREEN)]
    shapes += _head(found, words)
    shapes += _figures(found, words, 132)
    shapes += _way(found, words, 226)
    shapes += _bars(words("read_within"), words.bins(found), found.times.bins, words.times(found), words, found, 412, 8)
    hours = [str(hour) if hour % 3 == 0 else "" for hour in range(24)]
    said = [words("best", hour=words.hour(found.best.best))] if found.best.best is not None else []
    shapes += _bars(words("hours"), hours, found.times.read, said, words, found, 546, 3)
    shapes += _columns(found, words, 680)
    foot = words.footer(found)
    return [*shapes, Box(_LEFT, 806, _RIGHT - _LEFT, 0.8, _LINE), Line(_LEFT, 814, foot, 8, _SUB)]


def _head(found: CampaignReport, words: Words) -> list[Shape]:
    under = " · ".join(part for part in (found.channel_name, words.when(found)) if part)
    return [
        Line(_LEFT, 34, words("title"), 10, _GREEN, True),
        Line(_RIGHT, 34, words.company, 10, _SUB, align="right", most=260),
        Line(_LEFT, 56, found.name, 22, bold=True, most=488),
        Line(_LEFT, 90, under, 10, _SUB),
    ]


def _figures(found: CampaignReport, words: Words, y: float) -> list[Shape]:
    steps = words.way(found)
    gap = 8
    width = (_RIGHT - _LEFT - gap * (len(steps) - 1)) / len(steps)
    shapes: list[Shape] = []
    for number, step in enumerate(steps):
        x = _LEFT + number * (width + gap)
        base = found.figures.audience if step.key == "sent" else found.figures.sent
        key = "of_all" if step.key == "sent" else "of_sent"
        shapes += [
            Box(x, y, width, 74, _GROUND, 8),
            Line(x + 11, y + 11, step.name, 9, _SUB, most=width - 18),
            Line(x + 11, y + 26, words.number(step.people), 19, bold=True, most=width - 18),
            Line(
                x + 11,
                y + 54,
                words(key, share=words.share(step.people, base), total=words.number(base)),
                7.5,
                _SUB,
                most=width - 16,
            ),
        ]
    return shapes


def _way(found: CampaignReport, words: Words, y: float) -> list[Shape]:
    shapes: list[Shape] = [Line(_LEFT, y, words("way"), 12, bold=True)]
    if said := words.instead_said(found):
        shapes.append(Line(_RIGHT, y + 3, said, 9, _SUB, align="right", most=_RIGHT - _LEFT - 130))
    start, end = _LEFT + 116, _RIGHT - 96
    top = found.figures.sent
    for number, step in enumerate(words.way(found)):
        line = y + 28 + number * 28
        share = min(1.0, step.people / top) if top else 0.0
        shapes += [
            Line(_LEFT, line + 3, step.name, 10, _SUB, most=110),
            Box(start, line, end - start, 16, _GROUND, 4),
            Line(_RIGHT - 42, line + 3, words.number(step.people), 10, bold=True, align="right", most=70),
            Line(_RIGHT, line + 4, words.share(step.people, top), 9, _SUB, align="right", most=40),
        ]
        if share:
            shapes.append(Box(start, line, max(3.0, (end - start) * share), 16, _GREEN, 4))
    return shapes


def _bars(
    name: str, labels: list[str], counts: list[int], said: list[str], words: Words, found: CampaignReport, y: float, gap: float
) -> list[Shape]:
    shapes: list[Shape] = [Line(_LEFT, y, name, 12, bold=True)]
    if not any(counts):
        return [*shapes, Line(_LEFT, y + 24, words("nobody"), 10, _SUB)]
    shapes.append(Line(_LEFT, y + 18, " · ".join(said), 9, _SUB))
    width = (_RIGHT - _LEFT - gap * (len(counts) - 1)) / len(counts)
    base = y + 104
    highest = max(range(len(counts)), key=lambda place: counts[place])
    for place, height in enumerate(tall(counts)):
        x = _LEFT + place * (width + gap)
        size = max(1.5, 62 * height)
        shapes.append(Box(x, base - size, width, size, _GREEN if counts[place] else _LINE, 2))
        shapes.append(Line(x + width / 2, base + 4, labels[place], 7.5, _SUB, align="middle", most=width + gap + 6))
        if width > 30 or place == highest:
            shapes.append(Line(x + width / 2, base - size - 11, words.number(counts[place]), 7.5, _TEXT, align="middle", most=60))
    return shapes


def _columns(found: CampaignReport, words: Words, y: float) -> list[Shape]:
    middle, width = _LEFT + 264, 243
    shapes: list[Shape] = [
        Line(_LEFT, y, words("why"), 12, bold=True, most=width),
        Line(middle, y, words("cost"), 12, bold=True, most=width),
    ]
    reasons = words.reasons(found)
    if not reasons:
        shapes.append(Line(_LEFT, y + 22, words("none_failed"), 9, _SUB, most=width))
    for number, (name, count) in enumerate(reasons[:REASONS]):
        line = y + 22 + number * 14
        shapes.append(Line(_LEFT, line, name, 9, _SUB, most=width - 60))
        shapes.append(Line(_LEFT + width - 20, line, words.number(count), 9, bold=True, align="right", most=56))
    left_out = sum(group.count for group in found.skipped)
    if left_out:
        line = y + 22 + 14 * min(len(reasons) or 1, REASONS)
        shapes.append(Line(_LEFT, line, words("left_out", n=words.number(left_out)), 9, _SUB, most=width))
    for number, text in enumerate(words.costs(found)[:REASONS]):
        shapes.append(Line(middle, y + 22 + number * 14, text, 9, _TEXT if not number else _SUB, not number, most=width))
    return shapes
