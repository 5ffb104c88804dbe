"""How agents reach the company over MCP."""

from typing import Annotated

from api.contract.base import Output, example


class McpAddress(Output):
    """GET /v1/mcp."""

    address: Annotated[str, example("https://api.example.com/mcp")]  # streamable HTTP; it takes an API key as Bearer token
