"""Tells where agents connect. What they may do there is each key's."""

from typing import Any

from litestar import Controller, Request, get

from api.auth.guard import Caller
from api.contract.mcp import McpAddress
from api.mcp.server import PATH
from db.permissions import Permission


class McpController(Controller):
    path = "/v1/mcp"
    tags = ("API keys",)

    @get(
        summary="Where agents connect",
        description="The address of the MCP server, for programs that talk to a model. They send an API key as Bearer token and see the "
        "tools that its scopes allow. Needs `keys:write`.",
    )
    async def mcp(self, actor: Caller, request: Request[Any, Any, Any]) -> McpAddress:
        actor.require(Permission.KEYS_WRITE)
        return McpAddress(address=request.app.state.settings.webhook_url.rstrip("/") + PATH)
