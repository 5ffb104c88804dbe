"""Refusals in OpenAI's envelope (contracts: OpenAI, section 2)."""

from typing import Final

from workers.sandbox.server import Reply, json_reply

TOO_LONG: Final = "context_length_exceeded"


class Refused(Exception):
    """A request that is answered by an error. `code` and `param` as OpenAI names them."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind or ("invalid_request_error" if status < 500 else "server_error")
        self.code = code
        self.param = param

    def reply(self) -> Reply:
        error = {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}
        return json_reply({"error": error}, self.status)


def wrong(message: str, param: str | None = None, code: str | None = None) -> Refused:
    return Refused(400, message, param=param, code=code)


def wrong_key() -> Refused:
    text = "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys."
    return Refused(401, text, code="invalid_api_key")


def no_model(name: str, retired: bool = False) -> Refused:
    text = f"The model `{name}` does not exist or you do not have access to it."
    if retired:
        text = f"The model `{name}` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
    return Refused(404, text, code="model_not_found", param="model")


def rate_limited() -> Refused:
    return Refused(429, "Rate limit reached for requests.", code="rate_limit_exceeded", kind="requests")


def no_quota() -> Refused:
    text = "You exceeded your current quota, please check your plan and billing details."
    return Refused(429, text, code="insufficient_quota", kind="insufficient_quota")


def server_error() -> Refused:
    return Refused(500, "The server had an error while processing your request. Sorry about that!")


def too_long(limit: int, asked: int) -> Refused:
    text = (
        f"This model's maximum context length is {limit} tokens. However, your messages resulted in {asked} tokens. "
        "Please reduce the length of the messages."
    )
    return Refused(400, text, code=TOO_LONG, param="messages")
