"""Retell's envelope of a refused request."""

from typing import Final

from workers.sandbox.server import Reply, json_reply

CUT: Final = Reply(0, cut=True)
_WORDS: Final = {
    400: "Bad request",
    401: "Invalid API key",
    402: "No valid payment method",
    404: "Not found",
    422: "Cannot find requested asset under given api key.",
    429: "Too many requests",
    500: "Internal server error",
}


def fail(status: int, message: str = "") -> Reply:
    return json_reply({"status": "error", "message": message or _WORDS.get(status, "Error")}, status)


def missing(name: str, what: str) -> Reply:
    return fail(404, f"Item {name} not found from {what}")
