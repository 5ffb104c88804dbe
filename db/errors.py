"""Every error that an action or query raises on purpose.

    AppError                    code, status, a sentence for the user
    ├── Invalid           422   the input is well-formed but wrong; `fields` says where
    ├── Unauthenticated   401   nobody, or a session that ended
    ├── Forbidden         403   known, but the role or scope does not reach
    ├── NotFound          404   absent, or another company's: the answer is the same
    ├── Conflict          409   the state has moved on, or the thing exists already
    ├── PreconditionFailed 412  somebody else edited first (If-Match)
    ├── TooLarge          413
    ├── TooManyRequests   429   `retry_after` seconds
    └── Unavailable       503   Postgres, Valkey or the object store does not answer; `retry_after` seconds

`code` is stable: the screens translate by it, partners switch on it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One wrong field: its path, a stable code, a sentence."""

    field: str
    code: str
    message: str


class AppError(Exception):
    status = 500
    title = "Error"

    def __init__(
        self, code: str, detail: str, *, fields: list[Field] | None = None, retry_after: float | None = None, **params: str | int
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.fields = fields or []
        self.retry_after = retry_after
        self.params = params


class Invalid(AppError):
    status = 422
    title = "Invalid input"


class Unauthenticated(AppError):
    status = 401
    title = "Sign-in needed"


class Forbidden(AppError):
    status = 403
    title = "Not allowed"


class NotFound(AppError):
    status = 404
    title = "Not found"

    def __init__(self, what: str) -> None:
        super().__init__("not_found", f"There is no such {what}.", what=what)


class Conflict(AppError):
    status = 409
    title = "Conflict"


class PreconditionFailed(AppError):
    status = 412
    title = "Changed meanwhile"


class TooLarge(AppError):
    status = 413
    title = "Too large"


class TooManyRequests(AppError):
    status = 429
    title = "Too many requests"


class Unavailable(AppError):
    status = 503
    title = "Unavailable"
