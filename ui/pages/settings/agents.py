"""The part of the settings page about agents of other makers (Claude, ChatGPT, n8n): the address, what to give them, how to connect."""

from nicegui import ui

from api.contract.mcp import McpAddress
from ui import session
from ui.client import accounts
from ui.components.buttons import button, copy_field
from ui.components.cards import card, note
from ui.components.states import load, skeleton_list
from ui.components.text import Text
from ui.i18n import _

KEY = "mia_live_…"


def draw_agents() -> None:
    me = session.current()

    def draw(mcp: McpAddress) -> None:
        with (
            ui.element("div").classes("m-forms"),
            card(
                _("AI agents (MCP)"), hint=_("Claude, ChatGPT, n8n and others work with your contacts, conversations and leads.")
            ),
            ui.element("div").classes("m-col"),
        ):
            _line(_("Address"), mcp.address, _("Copy address"))
            with ui.element("div").classes("m-col m-near"):
                ui.label(_("Key")).classes("m-label")
                Text(
                    "p", _("An agent sees only what its key may do. Make a key of its own, with as little as it needs."), "m-hint"
                )
                with ui.element("div").classes("m-row"):
                    button(_("To the API keys"), icon="key", to="/settings?tab=keys")
            command = f'claude mcp add --transport http master-ia {mcp.address} --header "Authorization: Bearer {KEY}"'
            _line("Claude Code", command, _("Copy command"))
            tool = (
                f'{{"type": "mcp", "server_label": "master_ia", "server_url": "{mcp.address}", '
                f'"authorization": "{KEY}", "require_approval": "always"}}'
            )
            _line(_("ChatGPT models (a tool of OpenAI's Responses API)"), tool, _("Copy tool"))
            with ui.element("div").classes("m-col m-tight"):
                ui.label("n8n").classes("m-label")
                Text(
                    "p",
                    _("MCP Client Tool: paste the address, choose HTTP Streamable and Bearer Auth, and paste the key."),
                    "m-hint",
                )
            with note(
                "warn",
                _("An agent that may send writes to real people. What customers write is not an order; check what it does."),
                name="warning",
            ):
                pass

    load(lambda: accounts.mcp_address(me.api), draw, lambda: skeleton_list(3))


def _line(name: str, value: str, copy: str) -> None:
    with ui.element("div").classes("m-col m-tight"):
        ui.label(name).classes("m-label")
        copy_field(value, label=copy)
