"""The connection to Kommo: how it is let in, what happens by itself, and what went and came."""

from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.enums import KommoState, KommoTaskState, KommoWay, Permission
from api.contract.events import KommoChanged, KommoProgress
from api.contract.kommo import Kommo, KommoConnect, KommoTask
from ui import formats, live, session
from ui.client import kommo as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, key_values, note
from ui.components.cells import Cell, choice, state, two_lines
from ui.components.confirm import confirm
from ui.components.forms import Field, filled, form, select_field, text_field
from ui.components.frame import frame
from ui.components.progress import tabs
from ui.components.query import Filter, Query
from ui.components.states import Loader, empty, load
from ui.components.table import Column, data_table
from ui.components.text import badge
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import kommo as labels
from ui.pages.integrations.rules import draw_rules
from ui.routing import page


@page("/integrations/kommo", permission=Permission.INTEGRATIONS_READ)
def kommo(tab: str = "connection") -> None:
    crumbs = [(_("Settings"), "/settings"), (_("Integrations"), "/integrations")]
    with frame("Kommo", _("Contacts, leads and notes on both sides"), breadcrumbs=crumbs, active="/settings"):
        parts = [
            ("connection", _("Connection"), lambda: _Connection()),
            ("rules", _("What happens by itself"), draw_rules),
            ("log", _("What went and came"), lambda: _Log()),
        ]
        with ui.element("div").classes("w-full"):
            tabs(parts, tab, name="tab")


class _Connection:
    """What there is; the form in its place while somebody changes it, which no event redraws."""

    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.INTEGRATIONS_WRITE)
        self._editing = False
        self._place: Loader[Kommo] = load(lambda: client.connection(self._api), self._draw)
        live.on(KommoChanged, self._heard)
        live.on_reset(self._again)

    async def _heard(self, _event: KommoChanged) -> None:
        await self._again()

    async def _again(self) -> None:
        if not self._editing:
            await self._place.refresh(only_changes=True)

    def _draw(self, found: Kommo) -> None:
        if self._editing:
            self._draw_form(found)
        elif found.way is None:
            text = _("Paste your account's address and a token. To try it without an account, the simulator plays Kommo.")
            with card():
                if self._write:
                    empty("handshake", _("Kommo is not connected"), text, action=_("Connect"), on_click=partial(self._edit, True))
                else:
                    empty("handshake", _("Kommo is not connected"), text)
        else:
            self._draw_connected(found)

    async def _edit(self, on: bool) -> None:
        self._editing = on
        await self._place.refresh()

    def _draw_connected(self, found: Kommo) -> None:
        text, tone = labels.state(found)
        if found.reason is not None and found.state is not KommoState.READY:
            with note("bad", " ".join(filter(None, (problems.said(found.reason), found.detail))), name="error"):
                pass
        elif found.rest_until is not None:
            told = _("Kommo asked us to slow down. It goes on by itself at {when}.")
            with note("info", told.format(when=formats.clock(found.rest_until))):
                pass
        with card(found.account_name or found.host, hint=found.host if found.way is not KommoWay.SANDBOX else _("The simulator")):
            with ui.element("div").classes("m-row m-near"):
                badge(text, tone, live=found.state is KommoState.CHECKING)
            facts: list[tuple[str, Any]] = [(_("Kommo tells us of changes"), labels.hook(found.hook_state))]
            if found.checked_at is not None:
                facts.append((_("Tested"), formats.ago(found.checked_at)))
            key_values(facts)
            if self._write:
                with ui.element("div").classes("m-row m-near m-wrap"):
                    button(_("Test now"), self._test, icon="refresh")
                    button(_("Connect anew"), partial(self._edit, True), icon="edit")
                    button(_("Disconnect"), self._disconnect, kind="danger")

    async def _test(self) -> None:
        await client.test(self._api)
        await self._again()

    async def _disconnect(self) -> None:
        text = _("Rules, stages and who is who are forgotten here. What is in Kommo stays.")
        if await confirm(_("Disconnect Kommo?"), text, yes=_("Disconnect"), danger=True):
            await client.disconnect(self._api)
            await self._place.refresh()

    def _draw_form(self, found: Kommo) -> None:
        ways = {
            KommoWay.TOKEN: _("Long-lived token (the simplest)"),
            KommoWay.OAUTH: _("OAuth integration"),
            KommoWay.SANDBOX: _("Try with the simulator"),
        }
        told = {
            KommoWay.TOKEN: _(
                "In Kommo: Settings, Integrations, Create integration, Private. Then Keys and scopes, Generate long-lived token."
            ),
            KommoWay.OAUTH: _("In Kommo: open your private integration, Keys and scopes. The code there holds for 20 minutes."),
            KommoWay.SANDBOX: _("An account of your own that is played here. Nothing leaves."),
        }

        def shown() -> None:
            now = way.value
            how.text = told[now]
            host.hide(now is KommoWay.SANDBOX)
            token.hide(now is not KommoWay.TOKEN)
            for one in (client_id, secret, code, redirect):
                one.hide(now is not KommoWay.OAUTH)

        async def submit() -> None:
            asked: list[Field[Any]] = {
                KommoWay.TOKEN: [host, token],
                KommoWay.OAUTH: [host, client_id, secret, code],
                KommoWay.SANDBOX: [],
            }[way.value]
            if not filled(asked):
                return
            body = KommoConnect(way=way.value)
            if way.value is not KommoWay.SANDBOX:
                body.host = host.value
            if way.value is KommoWay.TOKEN:
                body.token = token.value
            if way.value is KommoWay.OAUTH:
                body.client_id, body.client_secret, body.code, body.redirect_uri = (
                    client_id.value,
                    secret.value,
                    code.value,
                    redirect.value,
                )
            fields: dict[str, Field[Any]] = {
                "host": host,
                "token": token,
                "client_id": client_id,
                "client_secret": secret,
                "code": code,
            }
            try:
                await client.connect(self._api, body, found.version)
            except ApiProblem as error:
                problems.show_in(fields | {"way": way, "redirect_uri": redirect}, error)
                return
            toast(_("Saved. It is being tested now."))
            await self._edit(False)

        with ui.element("div").classes("m-forms"), card(_("Connect Kommo")):
            way: Field[KommoWay] = select_field(_("How"), ways, found.way or KommoWay.TOKEN, on_change=lambda: shown())
            how = ui.label().classes("m-hint")
            host = text_field(
                _("Address of the account"),
                found.host if found.way is not KommoWay.SANDBOX else "",
                placeholder="suaempresa.kommo.com",
                limit=200,
            )
            token = text_field(_("Token"), limit=4000, kind="password", autocomplete="off")
            client_id = text_field(_("Integration ID"), limit=100)
            secret = text_field(_("Secret key"), limit=200, kind="password", autocomplete="off")
            code = text_field(_("Authorization code"), limit=4000, kind="password", autocomplete="off")
            redirect = text_field(
                _("Redirect address"), limit=500, hint=_("As the integration has it. Empty: the address of this page.")
            )
            form(submit, _("Connect"), cancel=partial(self._edit, False))
        shown()


class _Log:
    """Newest first; what failed can be tried again."""

    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.INTEGRATIONS_WRITE)
        states = {one.value: labels.task_state(one)[0] for one in KommoTaskState}
        self._table = data_table(
            [
                Column("what", _("What"), phone="title"),
                Column("state", _("State"), phone="end"),
                Column("why", _("Why"), look="m-hint", phone="sub"),
                Column("when", _("When"), look="m-hint"),
                *([Column("again", "", "right")] if self._write else []),
            ],
            self._fetch,
            self._row,
            filters=[Filter("state", _("State"), states)],
            on_choice=self._again if self._write else None,
            draw_empty=lambda: empty(
                "sync_alt", _("Nothing yet"), _("What goes to Kommo and comes from there stands here for 30 days.")
            ),
        )
        throttle = Throttle(self._table.refresh, 1.0)
        live.on(KommoProgress, lambda event: throttle.poke())
        live.on_reset(self._table.refresh)

    async def _fetch(self, query: Query) -> Page[KommoTask]:
        return await client.tasks(self._api, {**query.filters, "limit": query.limit, "cursor": query.cursor})

    def _row(self, one: KommoTask) -> dict[str, Cell]:
        why = " ".join(filter(None, (problems.said(one.reason) if one.reason else "", one.detail)))
        if one.next_at is not None and one.tries:
            why = " · ".join(filter(None, (why, _("again {when}").format(when=formats.moment(one.next_at)))))
        cells: dict[str, Cell] = {
            "id": str(one.id),
            "what": two_lines(one.name or "–", labels.task(one.kind)),
            "state": state(*labels.task_state(one.state)),
            "why": why,
            "when": formats.moment(one.done_at or one.created_at),
        }
        if one.state is KommoTaskState.FAILED:
            cells["again"] = choice(str(one.id), "again", _("Try again"), one.name or labels.task(one.kind))
        return cells

    async def _again(self, task_id: str, _key: str) -> None:
        await client.again(self._api, UUID(task_id))
        toast(_("It is tried again now."))
        await self._table.refresh()
