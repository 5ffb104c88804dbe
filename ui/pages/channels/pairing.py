"""A number that is connected by a code: the picture to scan, or signs to type in, and what the connection is."""

from datetime import UTC, datetime
from uuid import UUID

from nicegui import ui

from api.contract.channel_sessions import ChannelSession, CodeKind, SessionState
from api.contract.enums import Permission
from ui import formats, session
from ui.client import channel_sessions as client
from ui.client import sandbox as sandbox_client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, key_values, note
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled, switch_field, text_field
from ui.components.qr import qr
from ui.components.states import Loader, load, skeleton_card
from ui.components.text import Text, badge
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import sessions as labels
from ui.pages.channels import phone_pictures, session_choices

PAIRING = 180.0
"""Seconds for which codes are shown once somebody asked."""
SHORT, LONG = 6.0, 90.0
"""Seconds after which it is said that something is installed, and that it takes too long."""
ASKABLE = (SessionState.NEW, SessionState.LOGGED_OUT, SessionState.REPLACED, SessionState.OUTDATED)


def warning() -> None:
    """What everybody should know before they connect a number this way."""
    text = _("This way is not official: WhatsApp's terms do not allow programs here, and it may block the number for good.")
    with note("warn", text, name="warning"):
        ui.label(
            _(
                "Use a number you can do without, write to people who know you, and start slowly. For campaigns the official API is the safe way."
            )
        ).classes("m-sub")
        with ui.element("div").classes("m-row"):
            button(_("Connect by the official API"), kind="quiet", icon="verified", to="/channels/connect")


class Pairing:
    """Draws itself where it is made; `refresh` when something about the channel changed."""

    def __init__(self, channel_id: UUID, *, sandbox: bool = False) -> None:
        me = session.current()
        self._api, self._id, self._sandbox = me.api, channel_id, sandbox
        self._plays = sandbox and me.may(Permission.SANDBOX_USE)
        self._write = me.may(Permission.CHANNELS_WRITE)
        self.stopped = False  # connected, and a person has to say that it sends again
        self._until: datetime | None = None
        self._lasts = 1.0  # seconds for which the code is shown
        self._left: ui.label | None = None
        self._bar: ui.element | None = None
        self._seen: datetime | None = None
        self._history = False
        self._loader: Loader[ChannelSession] = load(self._fetch, self._draw, lambda: skeleton_card(5))
        ui.timer(1.0, self._count)

    async def refresh(self) -> None:
        await self._loader.refresh()

    async def _fetch(self) -> ChannelSession:
        return await client.session(self._api, self._id)

    def _count(self) -> None:
        """The seconds that are left of the code that is shown."""
        if self._until is None or self._left is None or self._left.is_deleted or self._bar is None:
            return
        left = max(0, int((self._until - datetime.now(UTC)).total_seconds()))
        self._left.text = _("A new code in {n} s").format(n=left) if left else _("A new code is coming …")
        self._bar.style(f"width: {min(100, round(100 * left / self._lasts))}%")

    def _draw(self, found: ChannelSession) -> None:
        said = labels.said(found)
        self._until, self._left = None, None
        with card(_("Connection")):
            with ui.element("div").classes("m-row m-between"):
                badge(said.name, said.tone, live=found.state in (SessionState.PAIRING, SessionState.RECONNECTING))
            if said.text:
                with note("bad" if said.tone == "bad" else "warn", said.text, name=said.icon):
                    pass
            if found.state == SessionState.PAIRING:
                self._draw_code(found)
            elif found.state in ASKABLE:
                self._draw_offer(found)
            else:
                key_values(self._facts(found))
                self._draw_score(found)
                self._draw_verbs(found)
        if found.paired:
            session_choices.draw(self._id, found, self._loader.show, write=self._write)
        if not found.paired and not self._sandbox:
            warning()

    def _draw_code(self, found: ChannelSession) -> None:
        if found.code is None:
            self._draw_wait(found)
            return
        if found.code_until != self._seen:
            self._seen, self._lasts = found.code_until, _seconds_to(found.code_until)
        self._until = found.code_until
        with ui.element("div").classes("m-pair"):
            with ui.element("div").classes("m-pair-code"):
                if found.code_kind == CodeKind.DIGITS:
                    Text("p", f"{found.code[:4]}-{found.code[4:]}", "m-pair-signs m-mono")
                else:
                    qr(found.code, _("QR code to connect the phone"))
                with ui.element("div").classes("m-meter m-pair-left"):
                    self._bar = ui.element("div").classes("m-fill")
                self._left = ui.label("").classes("m-hint")
                self._left.props["aria-live"] = "off"
                if self._plays:
                    button(_("Scan with the simulator's phone"), self._scan, kind="primary", icon="smartphone")
                if self._write and found.code_kind == CodeKind.DIGITS:
                    button(_("Show the code to scan"), self._ask, kind="quiet", icon="qr_code_2")
                elif self._write:
                    button(_("I cannot scan: give me a code to type in"), self._ask_digits, kind="quiet", icon="dialpad")
            phone_pictures.draw(found.code_kind)
        self._count()

    def _draw_wait(self, found: ChannelSession) -> None:
        """Until there is a code: what takes so long, and from when on it takes too long."""
        since = PAIRING - _seconds_to(found.pairing_until)
        with ui.element("div").classes("m-row m-pair-wait"):
            ui.spinner(size="22px")
            with ui.element("div").classes("m-col m-tight"):
                if since < SHORT:
                    Text("p", _("Preparing the code …"), "m-strong")
                    Text(
                        "p",
                        _("The first time this takes about half a minute: what speaks to WhatsApp is installed first."),
                        "m-sub",
                    )
                elif since < LONG:
                    Text("p", _("Installing what speaks to WhatsApp …"), "m-strong")
                    Text("p", _("Only this once. You may leave this page open; the code appears by itself."), "m-sub")
                else:
                    Text("p", _("This takes longer than usual."), "m-strong")
                    Text(
                        "p",
                        _(
                            "The connection to the internet may be slow here. If no code comes, ask for it again, or tell who runs it."
                        ),
                        "m-sub",
                    )

    def _draw_offer(self, found: ChannelSession) -> None:
        if not self._write:
            Text("p", _("Somebody who may connect channels has to show the code."), "m-sub")
            return
        self._history = False
        hint = _("Nothing answers them, and nobody is shown as unread.")
        switch_field(_("Bring the past messages of the phone"), hint=hint, on_change=self._with_history)
        with ui.element("div").classes("m-row m-wrap"):
            if found.state == SessionState.REPLACED:
                button(_("Open it here"), self._open_here, kind="primary", icon="link")
            button(
                _("Show the code"),
                self._ask,
                kind="plain" if found.state == SessionState.REPLACED else "primary",
                icon="qr_code_2",
            )
            button(_("Type a code in instead"), self._ask_digits, kind="quiet", icon="dialpad")

    def _draw_verbs(self, found: ChannelSession) -> None:
        if not self._write:
            return
        with ui.element("div").classes("m-row m-wrap"):
            if self.stopped and found.state in (SessionState.OPEN, SessionState.RESTRICTED):
                button(_("Send again from this number"), self._open_here, kind="primary", icon="play_arrow")
            if found.state == SessionState.RECONNECTING:
                button(_("Try now"), self._open_here, icon="refresh")
            if found.paired:
                button(_("Disconnect the phone"), self._log_out, kind="quiet", icon="link_off")

    def _draw_score(self, found: ChannelSession) -> None:
        if found.score is None:
            return
        name, tone, text = labels.health(found.score)
        with ui.element("div").classes("m-row m-near m-wrap"):
            Text("span", _("Health: {n} of 100").format(n=found.score), "m-strong")
            badge(name, tone)
            if text:
                Text("span", text, "m-sub")
        if found.score_parts:
            with ui.element("ul").classes("m-points"):
                for one in found.score_parts:
                    with ui.element("li"):
                        Text("span", f"−{one.points}", "m-strong")
                        Text("span", labels.part(one), "m-sub")

    def _facts(self, found: ChannelSession) -> list[tuple[str, str]]:
        facts = [(_("Name on WhatsApp"), found.push_name or "–")]
        facts.append((_("Connected since"), formats.ago(found.last_open_at) if found.last_open_at else "–"))
        facts.append((_("Last message heard"), formats.ago(found.last_inbound_at) if found.last_inbound_at else "–"))
        facts.append((_("Proved to be connected"), formats.ago(found.proved_at) if found.proved_at else "–"))
        if found.quota_total is not None:
            used = f"{formats.number(found.quota_used or 0)} / {formats.number(found.quota_total)}"
            facts.append((_("New conversations"), used))
        return facts

    def _with_history(self, on: bool) -> None:
        self._history = on

    async def _ask(self) -> None:
        await self._loader.show(await client.ask_code(self._api, self._id, history=self._history))

    async def _scan(self) -> None:
        await sandbox_client.scan(self._api, self._id)
        toast(_("The simulator's phone scans the code …"), "info")

    async def _ask_digits(self) -> None:
        with dialog(_("Connect by typing a code in")) as box:
            phone = text_field(
                _("Number of the phone"), placeholder="+55 11 98765-4321", limit=30, hint=_("As WhatsApp shows it there.")
            )

            async def go() -> None:
                if not filled([phone]):
                    return
                try:
                    found = await client.ask_code(self._api, self._id, str(phone.value).strip(), history=self._history)
                except ApiProblem as error:
                    problems.show_in({"phone": phone}, error)
                    return
                box.close()
                await self._loader.show(found)

            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Show the code"), go, kind="primary")
        box.open()

    async def _open_here(self) -> None:
        await self._loader.show(await client.open_here(self._api, self._id))

    async def _log_out(self) -> None:
        text = _("This device leaves the phone. Conversations stay, and messages wait until a phone is connected again.")
        if await confirm(_("Disconnect the phone?"), text, yes=_("Disconnect"), danger=True):
            await self._loader.show(await client.log_out(self._api, self._id))
            toast(_("Disconnected."))


def _seconds_to(moment: datetime | None) -> float:
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment else 0.0
