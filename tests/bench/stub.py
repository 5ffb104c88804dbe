"""A provider that accepts everything and costs next to nothing: Graph's answer to any POST.

Ours and the baseline send to the same one, so that a comparison measures the senders. It refuses to be a server: no limits, no
checks, no faults (those are the sandbox's). `python -m tests.bench.stub [PORT]` prints the port it took; loopback only.
"""

import asyncio
import sys

import uvloop

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    b'{"messaging_product":"whatsapp","contacts":[{"input":"5511","wa_id":"5511"}],'
    b'"messages":[{"id":"wamid.%012d","message_status":"accepted"}]}'
)
LENGTH = len(ANSWER.partition(b"\r\n\r\n")[2] % 0)


class Accepting(asyncio.Protocol):
    """Reads requests off one connection, pipelined or not, and answers each."""

    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        answers = []
        while (head := data.find(b"\r\n\r\n")) >= 0:
            end = head + 4 + _body_length(data[:head])
            if len(data) < end:
                break
            data = data[end:]
            Accepting.count += 1
            answers.append(ANSWER % (LENGTH, Accepting.count))
        self._rest = data
        if answers:
            self._transport.write(b"".join(answers))  # type: ignore[attr-defined]


def _body_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    return int(lower[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Accepting, "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
