"""How the installation is, for owners: the name of each thing, what its figure says, and what to do when it is not well."""

from typing import NamedTuple

from api.contract.enums import StatusCheck, StatusLevel
from api.contract.status import StatusLine
from ui import formats
from ui.components.text import Tone
from ui.i18n import _, ngettext

C = StatusCheck


class Words(NamedTuple):
    """`todo`: what to do; `path`: where, a page of ours or ""."""

    name: str
    said: str
    todo: str = ""
    path: str = ""


def level(value: StatusLevel) -> tuple[str, Tone]:
    names: dict[StatusLevel, tuple[str, Tone]] = {
        StatusLevel.OK: (_("Well"), "ok"),
        StatusLevel.WARN: (_("Look at it"), "warn"),
        StatusLevel.BAD: (_("Needs you"), "bad"),
    }
    return names[value]


def words(one: StatusLine) -> Words:
    operator = _("Tell who runs the installation.")
    match one.check:
        case C.DATABASE:
            return Words(_("Database"), _answers(one), _("Nothing is lost: everything waits for it. {who}").format(who=operator))
        case C.VALKEY:
            todo = _("Sending pauses until it is back, and nothing is lost. {who}").format(who=operator)
            return Words(_("Fast memory (Valkey)"), _answers(one), todo)
        case C.WORKERS:
            said = _("seen {when}").format(when=formats.ago(one.at)) if one.at else _("never seen")
            todo = _("No worker runs: nothing is sent and nothing comes in. {who}").format(who=operator)
            return Words(_("Workers, which send and receive"), said, todo)
        case C.JOBS_WAIT:
            return Words(
                _("Work that waits"), _waits(one), _("The workers are behind. More of them help. {who}").format(who=operator)
            )
        case C.WEBHOOKS_WAIT:
            todo = _("Messages and statuses show late. More workers help. {who}").format(who=operator)
            return Words(_("News of providers that waits"), _waits(one), todo)
        case C.JOBS_GIVEN_UP:
            count = one.count or 0
            said = ngettext("{n} task", "{n} tasks", count).format(n=formats.number(count)) if count else _("none")
            return Words(
                _("Tasks that were given up"), said, _("Start them again from the first page, where they are listed."), "/"
            )
        case C.WEBHOOKS_GIVEN_UP:
            said = formats.number(one.count or 0) if one.count else _("none")
            return Words(
                _("News of providers that was not understood"),
                said,
                _("It is kept. The log of the channel shows it."),
                "/channels",
            )
        case C.CHANNELS:
            count = one.count or 0
            said = (
                ngettext("{n} stands still", "{n} stand still", count).format(n=formats.number(count)) if count else _("all work")
            )
            return Words(_("Channels"), said, _("Open the channel: its page says what to do."), "/channels")
        case C.HELD:
            said = _("messages are held back") if one.count else _("nothing is held back")
            return Words(_("After a restore"), said, _("Decide what goes out."), "/held")
        case C.BACKUP:
            said = _("last one {when}").format(when=formats.ago(one.at)) if one.at else _("never made")
            todo = _("Have `just backup` run every day, and keep the file on another machine. {who}").format(who=operator)
            return Words(_("Backup"), said, todo)
        case C.FIGURES:
            return Words(
                _("Self-check of the figures"),
                _figures(one),
                _("The nightly check counts everything again and mends what differs. Not well for two days? {who}").format(
                    who=operator
                ),
                "/analytics",
            )


def _figures(one: StatusLine) -> str:
    if one.at is None:
        return _("not checked yet")
    when = formats.ago(one.at)
    count = one.count or 0
    if not count:
        return _("all right, {when}").format(when=when)
    return ngettext("{n} difference, {when}", "{n} differences, {when}", count).format(n=formats.number(count), when=when)


def _answers(one: StatusLine) -> str:
    if one.seconds is None:
        return _("does not answer")
    return _("answers in {n} ms").format(n=formats.number(max(1, round(one.seconds * 1000))))


def _waits(one: StatusLine) -> str:
    if (one.seconds or 0) < 1:
        return _("nothing waits")
    return _("the oldest for {time}").format(time=formats.duration(round(one.seconds or 0)))
