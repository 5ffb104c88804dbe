"""One channel: whether it can send, what the check found, its addresses for the provider, its log."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.channels import Channel, ChannelLogEntry, ChannelPatch
from api.contract.enums import ChannelState, Permission
from api.contract.events import ChannelEvent
from api.contract.problems import CheckDetail
from ui import formats, kinds, live, session
from ui.client import channels as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, key_values, note
from ui.components.confirm import confirm, dialog
from ui.components.forms import Field, filled, number_field, password_field, switch_field, text_field
from ui.components.frame import Frame, frame
from ui.components.listing import Listing
from ui.components.menus import Choice, more
from ui.components.query import Filter, Query
from ui.components.states import Loader, empty, gone, load, skeleton_card
from ui.components.text import badge, dot, icon, pressable
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import channels as channel_labels
from ui.pages.channels import guide, moving, talking
from ui.pages.channels.health import Health
from ui.pages.channels.list import usage
from ui.pages.channels.notices import Notices
from ui.pages.channels.pairing import Pairing
from ui.routing import page

LOG, PROBLEMS = "log", "problems"
MOST_KEPT = 1000  # so many are counted at most
KINDS = ("check", "templates", "send", "webhook", "news", "sandbox")


@page("/channels/{channel_id:uuid}", permission=Permission.CHANNELS_READ)
def channel(channel_id: UUID) -> None:
    with frame(_("Channel"), breadcrumbs=[(_("Channels"), "/channels")], active="/channels") as head:
        _Channel(channel_id, head)


class _Channel:
    """Check and log on the left, state and addresses beside them. Events repaint."""

    def __init__(self, channel_id: UUID, head: Frame) -> None:
        me = session.current()
        self._id, self._api, self._head = channel_id, me.api, head
        self._write = me.may(Permission.CHANNELS_WRITE)
        self._sandbox = False
        names = {PROBLEMS: _("Only problems"), **{kind: channel_labels.log_kind(kind) for kind in KINDS}}
        with ui.element("div").classes("m-split") as self._place:
            with ui.element("div").classes("m-col m-loose"):
                self._notices = Notices(channel_id, write=self._write)
                with ui.element("div").classes("w-full") as self._reputation:
                    self._health = Health(channel_id, write=self._write)
                self._check = ui.element("div").classes("m-col w-full")
                self._pairing: Pairing | None = None
                with card(_("Log"), hint=_("What we and the provider said to each other. Secrets are hidden."), flush=True):
                    self._kept = ui.element("div").classes("m-in")
                    self._kept.set_visibility(False)
                    self._log = Listing(
                        self._fetch_log,
                        self._draw_log,
                        self._draw_no_log,
                        chips=(Filter(LOG, _("Log"), names), _("Everything")),
                        step=20,
                    )
                    self._log.offer("sandbox", on=False)
            with ui.element("div").classes("m-col m-loose m-first"):
                self._side: Loader[Channel] = load(self._fetch, self._draw, lambda: skeleton_card(6))
        self._throttle = Throttle(self._again, 2.0)
        live.on(ChannelEvent, self._heard)
        live.on_reset(self._again)

    _offers: tuple[object, ...] | None = None

    def _heard(self, event: ChannelEvent) -> None:
        if event.channel_id == self._id:
            self._throttle.poke()

    async def _again(self) -> None:
        await self._side.refresh()
        await self._notices.refresh()
        await self._health.refresh()
        await self._log.refresh()
        if self._pairing is not None:
            await self._pairing.refresh()

    async def _fetch(self) -> Channel:
        try:
            return await client.channel(self._api, self._id)
        except ApiProblem as error:
            if error.status == 404 and not self._place.is_deleted:
                gone(self._place, _("This channel is no longer here"), "/channels")
            raise

    def _draw(self, channel: Channel) -> None:
        self._head.title.text = channel.name
        if channel.sandbox != self._sandbox:
            self._sandbox = channel.sandbox
            self._log.offer("sandbox", channel.sandbox)
        self._reputation.set_visibility(not kinds.can(channel.kind).calls)  # that nobody answers says nothing of a number
        self._draw_actions(channel)
        paired = kinds.of(channel.kind).paired
        if paired and self._pairing is None:
            self._check.move(target_index=0)  # above all that a number has only once it is connected
            with self._check:
                self._pairing = Pairing(channel.id, sandbox=channel.sandbox)
        if self._pairing is not None:
            self._pairing.stopped = channel.state == ChannelState.ERROR
        if not paired:
            self._check.clear()
            with self._check:
                self._draw_check(channel)
        self._draw_kept(channel.kept_webhooks)
        name, tone = channel_labels.state(channel)
        with card():
            with ui.element("div").classes("m-row m-between"):
                badge(name, tone, live=channel.state == ChannelState.CHECKING and channel.connection is None)
                if channel.sandbox:
                    badge(_("Simulator"), "info")
            usage(channel)
            key_values(self._facts(channel))
        if channel.sandbox:
            with note("info", _("Nothing reaches a real phone: invented people get the messages."), name="lightbulb"):
                if not kinds.can(channel.kind).calls:
                    button(_("Open the simulator"), kind="quiet", icon="science", to=f"/sandbox?channel={channel.id}")
        elif not paired:
            self._draw_addresses(channel)

    def _draw_kept(self, count: int) -> None:
        """What the provider told and nobody could read is not lost: it waits for a version that can."""
        self._kept.clear()
        self._kept.set_visibility(count > 0)
        if not count:
            return
        number = formats.number(count) if count < MOST_KEPT else f"{formats.number(MOST_KEPT)}+"
        text = ngettext(
            "{n} thing that the provider told could not be read.", "{n} things that the provider told could not be read.", count
        )
        with self._kept, note("warn", text.format(n=number), name="warning"):
            ui.label(
                _("They are kept for 30 days. After an update of Master IA, process them again: nothing happens twice.")
            ).classes("m-sub")
            if self._write:
                with ui.element("div").classes("m-row"):
                    button(_("Process again"), self._process_again, icon="refresh")

    async def _process_again(self) -> None:
        count = await client.process_again(self._api, self._id)
        toast(
            ngettext("{n} is being processed again.", "{n} are being processed again.", count).format(n=formats.number(count)),
            "info",
        )
        await self._side.refresh()

    def _facts(self, channel: Channel) -> list[tuple[str, str]]:
        facts = [(_("Number"), formats.phone(channel.number) if channel.number else "–")]
        if channel.connection is not None and channel.number is None:
            facts.clear()  # nobody has scanned its code
        if kinds.can(channel.kind).limits_people:
            facts.append((_("Quality"), channel_labels.quality(channel.quality)[0]))
        if not kinds.of(channel.kind).paired:
            facts.append((_("Speed"), _("{n} per second").format(n=formats.number(channel.throughput, 1))))
            rate = min(channel.rate_now, channel.throughput)
            facts.append((_("Right now"), _("{n} per second").format(n=formats.number(rate, 1))))
            facts.append((_("Account"), channel.account_id))
            facts.append((_("Checked"), formats.ago(channel.checked_at) if channel.checked_at else "–"))
        if kinds.can(channel.kind).read_receipts:
            facts.append((_("Read receipts"), _("On") if channel.read_receipts else _("Off")))
        if channel.templates_synced_at:
            facts.append((_("Templates read"), formats.ago(channel.templates_synced_at)))
        return facts

    def _draw_addresses(self, channel: Channel) -> None:
        with card(_("Addresses for the provider"), hint=_("We set them up ourselves where we can.")):
            guide.addresses(channel)
            steps = known.after() if (known := guide.of(channel.kind)) else []
            with ui.element("div").classes("m-row"):
                for number, step in enumerate(steps, len(known.steps()) + 1 if known else 1):
                    button(_("Where they belong"), partial(guide.show, number, step, channel), icon="help")
                if self._write and kinds.of(channel.kind).talks:
                    button(_("Let your persona speak"), partial(talking.ask, channel), icon="record_voice_over")

    def _draw_actions(self, channel: Channel) -> None:
        """Only when they offer something else: an open menu would be taken away under the hand."""
        verb = _verb(channel)
        offers = (verb, channel.sandbox, channel.name, channel.throughput, channel.read_receipts)
        if offers == self._offers:
            return
        self._offers = offers
        self._head.actions.clear()
        if not self._write:
            return
        with self._head.actions:
            paired = kinds.of(channel.kind).paired
            if not paired:
                button(_("Check now"), self._check_now, icon="network_check")
            if verb == "resume":
                button(_("Resume"), partial(self._do, "resume"), kind="primary", icon="play_arrow")
            elif verb == "pause":
                button(_("Pause"), partial(self._do, "pause"), icon="pause")
            entries = [Choice(_("Change channel"), partial(self._edit, channel), "edit")]
            if not channel.sandbox and not paired:
                entries.append(Choice(_("Replace secrets"), partial(self._secrets, channel), "key"))
            if (move := moving.choice(channel, self._side.show)) is not None:
                entries.append(move)
            entries.append(Choice(_("Remove channel"), partial(self._archive, channel), "delete", danger=True, line=True))
            more(entries)

    def _draw_check(self, channel: Channel) -> None:
        trouble, todo = channel_labels.channel_trouble(channel)
        with card(_("Connection"), flush=True):
            if channel.state == ChannelState.CHECKING and not channel.check:
                for _number in range(4):
                    with ui.element("div").classes("m-item"):
                        ui.spinner(size="18px")
                        ui.element("div").classes("m-skel m-skel-line m-w-60")
                return
            if trouble and channel.state in {ChannelState.ERROR, ChannelState.PAUSED}:
                with (
                    ui.element("div").classes("m-in"),
                    note("bad" if channel.state == ChannelState.ERROR else "warn", f"{trouble} {todo}", name="error"),
                ):
                    if channel.state_detail and channel.outage_since is None:
                        ui.label(channel_labels.provider_words(channel.state_detail)).classes("m-hint m-text")
                    if self._write and not channel.sandbox and channel.state_reason in {"token_invalid", "permission"}:
                        with ui.element("div").classes("m-row"):
                            button(_("Replace secrets"), partial(self._secrets, channel), icon="key")
            if not channel.check:
                with ui.element("div").classes("m-in"):
                    ui.label(_("Not checked yet.")).classes("m-hint")
            for line in channel.check:
                with ui.element("div").classes("m-item m-check-line"):
                    icon("check_circle" if line.ok else "error").classes("m-tone-icon-ok" if line.ok else "m-tone-icon-bad")
                    ui.label(channel_labels.check_name(line)).classes("m-strong m-check-name")
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(channel_labels.check_text(channel, line)).classes("m-sub m-text")
                        if not line.ok and line.detail and line.detail != CheckDetail.SET_BY_HAND:
                            ui.label(channel_labels.provider_words(line.detail)).classes("m-hint m-text")
                        if self._write and (found := guide.step_of(channel, line)) is not None:
                            number, step = found
                            text = _("Step {n}: {what}").format(n=number, what=step.heading)
                            with ui.element("div").classes("m-row"):
                                button(text, partial(guide.show, number, step, channel), icon="help").classes("m-guide-open")

    async def _check_now(self) -> None:
        channel = await client.check(self._api, self._id)
        toast(_("Checking. The result appears here."), "info")
        await self._side.show(channel)

    async def _do(self, verb: str) -> None:
        channel = await (client.pause if verb == "pause" else client.resume)(self._api, self._id)
        toast(_("Nothing more leaves from this number.") if verb == "pause" else _("It sends again."))
        await self._side.show(channel)

    async def _archive(self, channel: Channel) -> None:
        text = _("Its secrets are forgotten and nothing more is sent from it. Messages and figures stay.")
        if await confirm(_("Remove {name}?").format(name=channel.name), text, yes=_("Remove"), danger=True):
            await client.archive(self._api, self._id)
            ui.navigate.to("/channels")

    def _edit(self, channel: Channel) -> None:
        async def submit() -> None:
            if not filled([name, rate]):
                return
            body = ChannelPatch(name=name.value.strip(), throughput=float(rate.value or 1))
            if receipts is not None:
                body.read_receipts = bool(receipts.value)
            await self._save({"name": name, "throughput": rate}, body, box)

        with dialog(_("Change channel")) as box:
            name = text_field(_("Name"), channel.name, limit=80)
            hint = _("Slower spares the number; the provider's own limit still holds.")
            rate = number_field(_("Messages per second, at most"), channel.throughput, low=0.1, high=1000, hint=hint)
            receipts = None
            if kinds.can(channel.kind).read_receipts:
                hint = _("People see blue ticks once somebody here has read their message, and that an answer is being written.")
                receipts = switch_field(_("Read receipts"), channel.read_receipts, hint=hint)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), submit, kind="primary")
        box.open()

    def _secrets(self, channel: Channel) -> None:
        async def submit() -> None:
            values = {name: value for name, field in fields.items() if (value := (field.value or "").strip())}
            if values:
                shown = {f"values.{name}": field for name, field in fields.items()}
                await self._save(shown, ChannelPatch(values={**values}), box)

        with dialog(_("Replace secrets"), _("Leave empty what stays as it is. The connection is checked right after.")) as box:
            secrets = [field for field in kinds.of(channel.kind).fields if field.type == "secret"]
            fields = {field.name: password_field(kinds.text(field.label)) for field in secrets}
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Replace"), submit, kind="primary")
        box.open()

    async def _save(self, fields: Mapping[str, Field[Any]], body: ChannelPatch, box: ui.dialog) -> None:
        try:
            channel = await client.change(self._api, self._id, body)
        except ApiProblem as error:
            problems.show_in(fields, error)
            return
        box.close()
        toast(_("Saved."))
        await self._side.show(channel)

    # -- log ------------------------------------------------------------------------------------------------------

    async def _fetch_log(self, query: Query) -> Page[ChannelLogEntry]:
        chosen = query.filters.get(LOG)
        kind, ok = (None, False) if chosen == PROBLEMS else (chosen, None)
        return await client.log(self._api, self._id, kind=kind, ok=ok, limit=query.limit)

    def _draw_log(self, found: Page[ChannelLogEntry]) -> None:
        with ui.element("div").classes("w-full"):
            for entry in found.items:
                _draw_entry(entry)

    def _draw_no_log(self) -> None:
        empty("receipt_long", _("Nothing here yet"), _("Every exchange with the provider is written down here."))


def _verb(channel: Channel) -> str | None:
    """What a person can do about its sending. A channel that fails is checked again and again, and offers the same all the while."""
    if channel.outage_since is None and channel.state == ChannelState.PAUSED:
        return "resume"
    return "pause" if channel.state in {ChannelState.CONNECTED, ChannelState.PAUSED} else None


def _draw_entry(entry: ChannelLogEntry) -> None:
    """One line; pressed, it shows what was said."""

    def toggle() -> None:
        if detail.visible:
            detail.set_visibility(False)
            return
        if not detail.default_slot.children:
            with detail:
                for label, value in ((_("We said"), entry.request), (_("Answer"), entry.response)):
                    if value:
                        ui.label(label).classes("m-label")
                        ui.label(value).classes("m-mono m-text m-log-said")
        detail.set_visibility(True)

    facts = [channel_labels.log_kind(entry.kind)]
    if entry.http_status:
        facts.append(f"HTTP {entry.http_status}")
    if entry.code and entry.kind != "news":
        facts.append(_("code {code}").format(code=entry.code))
    if entry.duration_ms is not None:
        facts.append(f"{formats.number(entry.duration_ms)} ms")
    if entry.times > 1:
        facts.append(_("{n} times, last {when}").format(n=formats.number(entry.times), when=formats.moment(entry.last_at)))
    with ui.element("div").classes("m-item m-log-line") as line:
        dot("ok" if entry.ok else "bad")
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(channel_labels.log_summary(entry)).classes("m-clip" + ("" if entry.ok else " m-strong"))
            ui.label(" · ".join(facts)).classes("m-hint m-clip")
        ui.label(formats.moment(entry.at)).classes("m-hint shrink-0")
    detail = ui.element("div").classes("m-in m-col m-near m-log-detail")
    detail.set_visibility(False)
    if entry.request or entry.response:
        pressable(line, toggle, _("Show what was said"))
