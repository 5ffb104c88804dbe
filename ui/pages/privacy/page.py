"""Privacy: how long the company keeps things, and whom it erased, with the receipts."""

from functools import partial

import msgspec
from nicegui import ui

from api.contract.base import Page
from api.contract.enums import Permission
from api.contract.events import ErasureChanged
from api.contract.privacy import Erasure, Retention, RetentionSet
from api.contract.problems import RequestError
from ui import formats, live, session
from ui.client import privacy as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.confirm import confirm
from ui.components.forms import Field, form, number_field
from ui.components.frame import frame
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import Text, badge
from ui.components.toast import toast
from ui.i18n import _
from ui.routing import page

PATH = "/settings/privacy"
_MOST = 3650
_AUDIT_LEAST, _EVENT_MOST = 184, 30
_COUNTED = 100_000  # the API counts up to here


@page(PATH, permission=Permission.PRIVACY_WRITE)
def privacy() -> None:
    with frame(
        _("Privacy"),
        _("How long you keep things, and whose data you erased"),
        breadcrumbs=[(_("Settings"), "/settings")],
        active="/settings",
    ):
        with ui.element("div").classes("m-forms"):
            _Rules()
        _Receipts()


class _Rules:
    def __init__(self) -> None:
        self._api = session.current().api
        self._place: Loader[Retention] = load(lambda: client.retention(self._api), self._draw)

    def _draw(self, found: Retention) -> None:
        self._seen = found
        hint = _("In days. Leave a field empty to keep for ever. Counts and results stay. What is deleted does not come back.")
        with card(_("Delete by itself"), hint=hint), ui.element("div").classes("m-col"):
            self._fields: dict[str, Field[float | None]] = {
                "message_days": _days(
                    _("Words of messages"), found.message_days, _("That there was a message, and when, stays.")
                ),
                "media_days": _days(_("Pictures, sounds and files of messages"), found.media_days, ""),
                "log_days": _days(_("Records of what was exchanged with WhatsApp and the carriers"), found.log_days, ""),
                "event_days": _days(
                    _("Raw events of webhooks"),
                    found.event_days,
                    _(
                        "Those that nobody could read, and those that your systems were told. Empty: 30 and 14 days. What is deleted cannot be read again."
                    ),
                    high=_EVENT_MOST,
                ),
                "audit_days": _days(
                    _("Audit log: who did what"),
                    found.audit_days,
                    _(
                        "At least {n} days: the law has records of access kept for six months (Marco Civil da Internet, art. 15). "
                        "1826 days are five years, as long as consumers can make claims (CDC, art. 27)."
                    ).format(n=_AUDIT_LEAST),
                    low=_AUDIT_LEAST,
                ),
            }
            asked = _(
                "The proof of consent (LGPD, art. 8) and receipts of erasing always stay. Companies that must offer a SAC by law (Decreto 11.034/2022) "
                "keep recordings of calls for 90 days and records of service for two years: leave files and words of messages at least that long."
            )
            with note("info", asked, name="gavel"):
                pass
            Text("p", _("How long the record of each answer of the AI stays is set at the AI service, under Safety."), "m-hint")
            form(self._save, _("Save"))

    async def _save(self) -> None:
        given = {name: int(field.value) if field.value else None for name, field in self._fields.items()}
        shorter = [name for name, days in given.items() if days is not None and days < (getattr(self._seen, name) or _MOST + 1)]
        try:
            if shorter and not await self._sure(RetentionSet(**given)):
                return
            found = await client.set_retention(self._api, RetentionSet(**given), self._seen.version)
        except ApiProblem as error:
            problems.show_in(self._fields, error)
            if error.code == RequestError.CHANGED_MEANWHILE:
                await self._place.refresh()
            return
        await self._place.show(found)
        toast(_("Saved."))

    async def _sure(self, wanted: RetentionSet) -> bool:
        """Shows what would go before it goes."""
        found = await client.preview_retention(self._api, wanted)
        size = formats.size(found.file_bytes) if found.file_bytes else ""
        lines = [
            _("Messages that lose their words: {n}").format(n=_many(found.messages)),
            _("Files: {n}").format(n=_many(found.files) + (f" ({size})" if size else "")),
            _("Lines of records: {n}").format(n=_many(found.log_lines)),
            _("Events of webhooks: {n}").format(n=_many(found.events)),
            _("Lines of the audit log: {n}").format(n=_many(found.audit_lines)),
            _("What was paid, counts and results stay."),
        ]
        return await confirm(
            _("Delete what is older?"),
            _("Everything older than these days is deleted now, for good."),
            yes=_("Delete and save"),
            danger=True,
            more=lines,
        )


def _many(count: int) -> str:
    return formats.number(count) if count < _COUNTED else _("{n} and more").format(n=formats.number(_COUNTED))


def _days(label: str, value: int | None, hint: str, *, low: int = 1, high: int = _MOST) -> Field[float | None]:
    return number_field(label, value, low=low, high=high, suffix=_("days"), hint=hint)


class _Receipts:
    """Newest first; more are fetched by a button."""

    def __init__(self) -> None:
        self._api = session.current().api
        self._more: list[Erasure] = []
        with card(_("Erased people"), hint=_("A receipt says what was erased, when and by whom, and nothing about the person.")):
            self._place: Loader[Page[Erasure]] = load(self._fetch, self._draw, lambda: skeleton_list(2))
        live.on(ErasureChanged, lambda event: self._again())
        live.on_reset(self._again)

    async def _fetch(self) -> Page[Erasure]:
        self._more = []
        return await client.erasures(self._api, {"limit": 20})

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, found: Page[Erasure]) -> None:
        items = [*self._more, *found.items]
        if not items:
            empty(
                "verified_user",
                _("Nobody was erased yet"),
                _("When somebody asks for it, open their contact and choose: erase all data."),
            )
            return
        with ui.element("ul").classes("m-list"):
            for one in items:
                self._line(one)
        if found.next_cursor:
            button(_("Show more"), partial(self._further, found))

    async def _further(self, found: Page[Erasure]) -> None:
        before = [*self._more, *found.items]
        after = await client.erasures(self._api, {"limit": 20, "cursor": found.next_cursor})
        self._more = before
        await self._place.show(after)

    def _line(self, one: Erasure) -> None:
        with ui.element("li").classes("m-row m-between m-wrap w-full"):
            with ui.element("div").classes("m-col m-tight"):
                ui.label(formats.moment(one.done_at or one.created_at)).classes("m-strong")
                who = one.asked_by_name or _("Over the API")
                ui.label(_("Asked for by {name}").format(name=who)).classes("m-hint")
            with ui.element("div").classes("m-row m-near"):
                if one.receipt is None:
                    badge(_("Being erased"), "warn")
                    return
                button(_("Check receipt"), partial(self._check, one), icon="verified", kind="plain")
                name = f"erasure-{one.id.hex[-8:]}.json"
                button(_("Receipt"), partial(ui.download.content, _file(one), name), icon="download")

    async def _check(self, one: Erasure) -> None:
        if await client.verify(self._api, one):
            toast(_("The receipt is genuine: your company signed it, and nothing in it was changed."))
        else:
            with note("bad", _("This receipt is not as it was signed. Tell whoever runs your installation.")):
                pass


def _file(one: Erasure) -> bytes:
    """The receipt with what proves it, as docs/privacy.md checks it."""
    return msgspec.json.format(
        msgspec.json.encode({"receipt": one.receipt, "signature": one.signature, "public_key": one.public_key}), indent=2
    )
