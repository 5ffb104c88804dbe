"""How requests reach the API: httpx over aiohttp's connections. httpx's own pool looks at every connection and every waiting request for
each one, which with fifty open pages takes more CPU than all that the pages do."""

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport


class Transport(AiohttpTransport):
    """At most `connections` at once. Keeps no cookies: the requests of all sessions share it."""

    def __init__(self, connections: int) -> None:
        super().__init__(verify=True)
        self._connections = connections

    def get_client(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self._connections, ssl=self.ssl_context)
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        session._retry_connection = False  # nothing is repeated here: a DELETE that went through would be refused the second time
        return session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.TransportError for everything that went wrong on the way. A connection that was lost is no time-out here, as it
        is for the library."""
        try:
            return await super().handle_async_request(request)
        except httpx.TimeoutException as error:
            if isinstance(error.__cause__, TimeoutError):
                raise
            raise httpx.NetworkError(str(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.NetworkError(str(error)) from error
