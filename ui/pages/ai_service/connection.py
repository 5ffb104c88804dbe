"""Which service is connected, what its last check found, and the way to another one."""

from typing import NamedTuple

from nicegui import ui

from api.contract.ai import AiConnection, AiModel
from api.contract.enums import ConnectionState, EmbedderKind, Permission, Provider
from api.contract.events import AiConnectionChanged
from ui import formats, live, session
from ui.client import ai as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, key_values, note
from ui.components.confirm import confirm
from ui.components.states import Loader, empty, load
from ui.components.text import badge, dot
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import ai as labels
from ui.pages.ai_service.form import ConnectionForm


class _Found(NamedTuple):
    connection: AiConnection
    models: list[AiModel]


def draw_connection() -> None:
    _Connection()


class _Connection:
    """What there is; the form in its place while somebody changes it, which no event redraws."""

    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.AI_WRITE)
        self._editing = False
        self._place: Loader[_Found] = load(self._fetch, self._draw)
        live.on(AiConnectionChanged, self._heard)
        live.on_reset(self._again)

    async def _fetch(self) -> _Found:
        return _Found(await client.connection(self._api), await client.models(self._api))

    async def _heard(self, _event: AiConnectionChanged) -> None:
        await self._again()

    async def _again(self) -> None:
        if not self._editing:
            await self._place.refresh(only_changes=True)

    def _draw(self, found: _Found) -> None:
        if self._editing:
            ConnectionForm(found.connection, found.models, self._saved, self._leave if found.connection.provider else None)
        elif found.connection.provider is None:
            self._draw_none()
        else:
            self._draw_connected(found)

    def _draw_none(self) -> None:
        text = _(
            "Personas answer, draft and look after leads with it. Without a key of your own you can try everything with the simulated model."
        )
        with card():
            if self._write:
                empty("auto_awesome", _("No AI service yet"), text, action=_("Connect"), on_click=self._edit)
            else:
                empty("auto_awesome", _("No AI service yet"), text)

    async def _edit(self) -> None:
        self._editing = True
        await self._place.refresh()

    async def _leave(self) -> None:
        self._editing = False
        await self._place.refresh()

    async def _saved(self) -> None:
        toast(_("Saved. It is being tested now."))
        await self._leave()

    def _draw_connected(self, found: _Found) -> None:
        connection = found.connection
        assert connection.provider is not None
        _symbol, name, hint = labels.provider(connection.provider)
        if connection.provider is Provider.SANDBOX:
            name = _("Simulated model")
        state, tone = labels.state(connection)
        with ui.element("div").classes("m-split"):
            with ui.element("div").classes("m-col m-loose"):
                self._draw_warnings(found)
                with card(name, hint=hint):
                    with ui.element("div").classes("m-row m-near"):
                        badge(state, tone, live=connection.state is ConnectionState.CHECKING)
                    key_values(self._facts(found))
                    if self._write:
                        with ui.element("div").classes("m-row m-near m-wrap"):
                            button(_("Change"), self._edit, icon="edit")
                            button(_("Disconnect"), self._disconnect, kind="danger")
            with ui.element("div").classes("m-col m-loose"):
                with card(_("Last test"), hint=_("A test costs a fraction of a cent.")):
                    self._draw_findings(connection, found.models)
                    if self._write:
                        with ui.element("div").classes("m-row"):
                            button(_("Test now"), self._test, icon="refresh")

    def _draw_findings(self, connection: AiConnection, models: list[AiModel]) -> None:
        usable = [model for model in models if model.usable]
        if connection.state is ConnectionState.CHECKING:
            ui.label(_("Testing key, models and an answer …")).classes("m-sub").props("role=status")
        elif not connection.findings:
            ui.label(_("Not tested yet.")).classes("m-sub")
        for one in connection.findings:
            tone, what, detail = labels.finding(one, len(usable) or None)
            with ui.element("div").classes("m-row m-near items-baseline"):
                dot(tone)
                with ui.element("div").classes("m-col m-tight"):
                    ui.label(what)
                    if detail:
                        ui.label(detail).classes("m-hint m-text")
        if connection.checked_at is not None:
            ui.label(_("Tested {when}").format(when=formats.ago(connection.checked_at))).classes("m-hint")

    def _draw_warnings(self, found: _Found) -> None:
        for model in found.models:
            told = labels.model_state(model) if model.in_use else None
            if told is None:
                continue
            text = f"{model.name}: {told[0]}."
            if model.replacement:
                text += " " + _("We suggest {model}.").format(model=model.replacement)
            with note("bad" if told[1] == "bad" else "warn", text, name="warning"):
                if self._write:
                    button(_("Choose another model"), self._edit, kind="quiet")

    def _facts(self, found: _Found) -> list[tuple[str, str]]:
        connection = found.connection
        facts = [(_("Model for answers"), connection.chat_model)]
        search = labels.embedder(connection.embedder)
        if connection.embedder is EmbedderKind.SERVICE:
            search = connection.embedding_model
        facts.append((_("Search by meaning"), search))
        if connection.base_url:
            facts.append((_("Address"), connection.base_url))
        if connection.provider is not Provider.SANDBOX:
            facts.append((_("Key"), _("Stored, sealed") if connection.has_key else _("No key")))
        return facts

    async def _test(self) -> None:
        try:
            found = await client.test(self._api)
        except ApiProblem as error:
            problems.show(error)
            return
        if found.state is ConnectionState.READY:
            toast(_("Testing. The result appears here in a moment."))

    async def _disconnect(self) -> None:
        sure = await confirm(
            _("Disconnect the AI service?"),
            _("Personas fall silent, and the stored key is forgotten. What was spent stays on record."),
            yes=_("Disconnect"),
            danger=True,
        )
        if sure:
            await client.disconnect(self._api)
            await self._place.refresh()
