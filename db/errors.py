"""Every way an action or query refuses: closed codes, and the exceptions that carry them.

    AppError                      code, parameters, a sentence for people; itself for the statuses that nobody catches by class
    ├── Unauthenticated     401   nobody, or a session that ended
    ├── Forbidden           403   known, but the role or scope does not reach
    ├── NotFound            404   absent, or another company's: the answer is the same
    ├── Conflict            409   the state has moved on, or the thing exists already
    ├── PreconditionFailed  412   somebody else edited first (If-Match)
    ├── TooLarge            413
    ├── Invalid             422   the input is well-formed but wrong; `fields` says where
    ├── TooManyRequests     429   `retry_after` seconds
    └── Unavailable         503   Postgres, Valkey or the object store does not answer; `retry_after` seconds

A code is a member of an `ErrorCode`, one list per capability (`db/<capability>/errors.py`); what concerns every request is here.
Calling a member makes the error: `raise CampaignError.NOT_RUNNING(state=state)`. What is wrong with one field is a member of a
`FieldCode`: `AccountField.ADDRESS_IN_NAME("name")`. Codes are stable: partners switch on them, the screens translate by them.
Sentences are English message ids: they say what happened and what to do next, with parameters in braces; their Portuguese stands
in `api/contract/locales`. Pure data, because the wire contract imports it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

Params = Mapping[str, str | int]

_PLACE = re.compile(r"\{\{.*?\}\}|\{(\w+)\}")


def places(sentence: str) -> list[str]:
    """Names of the parameters of a sentence."""
    return [name for name in _PLACE.findall(sentence) if name]


def fill(sentence: str, params: Params) -> str:
    """The sentence with its `{parameters}` put in; `{{1}}`, a template's variable, stays."""
    return _PLACE.sub(lambda place: str(params.get(place[1], place[0])), sentence)


class Code(StrEnum):
    """Base of all closed lists of codes with a sentence. A member is written `NAME = "name", "Sentence."`."""

    sentence: str

    def __new__(cls, code: str, sentence: str = "") -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    def said(self, params: Params) -> str:
        """The English sentence with its parameters."""
        return fill(self.sentence, params)


class FieldCode(Code):
    """Base of the closed lists of what may be wrong with one field."""

    def __call__(self, path: str, **params: str | int) -> "Field":
        """This is wrong with the field at `path`, such as `phone` or `bindings[2].fallback`."""
        return Field(path, self, params)


@dataclass(frozen=True, slots=True)
class Field:
    """One wrong field."""

    path: str
    code: FieldCode
    params: Params = field(default_factory=dict)

    @property
    def message(self) -> str:
        return self.code.said(self.params)


class ErrorCode(Code):
    """Base of the closed lists of reasons for which a request is refused. A member is written `NAME = "name", 409, "Sentence."`."""

    status: int

    def __new__(cls, code: str, status: int = 0, sentence: str = "") -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = status
        member.sentence = sentence
        return member

    @property
    def headline(self) -> str:
        """The kind of problem in a few words: `Not running`."""
        return self.value.replace("_", " ").capitalize()

    def __call__(self, *, fields: Sequence[Field] = (), retry_after: float | None = None, **params: str | int) -> "AppError":
        """The error to raise, of the class that belongs to the status."""
        return _BY_STATUS.get(self.status, AppError)(self, fields=fields, retry_after=retry_after, params=params)


class AppError(Exception):
    """Made by calling an `ErrorCode`."""

    def __init__(
        self, code: ErrorCode, *, fields: Sequence[Field] = (), retry_after: float | None = None, params: Params | None = None
    ) -> None:
        self.code = code
        self.detail = code.said(params or {})
        self.fields = list(fields)
        self.retry_after = retry_after
        self.params = dict(params or {})
        super().__init__(f"{code}: {self.detail}")

    @property
    def status(self) -> int:
        return self.code.status


class Unauthenticated(AppError):
    pass


class Forbidden(AppError):
    pass


class NotFound(AppError):
    pass


class Conflict(AppError):
    pass


class PreconditionFailed(AppError):
    pass


class TooLarge(AppError):
    pass


class Invalid(AppError):
    pass


class TooManyRequests(AppError):
    pass


class Unavailable(AppError):
    pass


_BY_STATUS: dict[int, type[AppError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    413: TooLarge,
    422: Invalid,
    429: TooManyRequests,
    503: Unavailable,
}


class RequestError(ErrorCode):
    """What may happen to any request."""

    MALFORMED = "malformed", 400, "The request could not be read. Its body has to be valid JSON."
    UNAUTHENTICATED = "unauthenticated", 401, "This session or key is not valid, or not any more. Sign in again."
    FORBIDDEN = "forbidden", 403, "Your role does not allow this. Ask an administrator of your company."
    KEY_LACKS_PERMISSION = (
        "key_lacks_permission",
        403,
        "This API key may not do this: it, or the person who made it, lacks the permission {permission}.",
    )
    SECOND_FACTOR_REQUIRED = (
        "second_factor_required",
        403,
        "Your company asks for a second step at sign-in. Set up the codes of an authenticator app first: until then your API keys do not work either.",
    )
    TEST_KEY = (
        "test_key",
        403,
        "This is a test key: it reaches the simulator only. Use a live key for what leaves the company.",
    )
    ADDRESS_NOT_ALLOWED = (
        "address_not_allowed",
        403,
        "This API key is not used from this address. Whoever made it says from where.",
    )
    NOT_FOUND = "not_found", 404, "This is not here, or no longer. Somebody may have removed it."
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "This address does not take that method."
    TOO_SLOW = "too_slow", 408, "The request came too slowly. Try again over a better connection."
    IDEMPOTENCY_IN_PROGRESS = (
        "idempotency_in_progress",
        409,
        "The first request with this Idempotency-Key is still running. Try again in a moment.",
    )
    IDEMPOTENCY_MISMATCH = (
        "idempotency_mismatch",
        409,
        "This Idempotency-Key was used for another request. Take a new one for each request.",
    )
    CHANGED_MEANWHILE = "changed_meanwhile", 412, "Somebody else changed this first. Load it again and check."
    NO_VERSION = "no_version", 412, "Nothing is compared here. Leave If-Match out."
    TOO_LARGE = "too_large", 413, "This is larger than what is taken here. Make it smaller and try again."
    FILE_TOO_LARGE = "file_too_large", 413, "This file is larger than {most_mb} MB. Split it into smaller files."
    MEDIA_TYPE = "media_type", 415, "The body has to be sent as application/json, files as multipart/form-data."
    INVALID = "invalid", 422, "Something is not filled in right. Correct what is marked."
    NOT_STORABLE = "not_storable", 422, "A value cannot be kept: it holds a forbidden sign, or a number is out of range."
    BAD_CURSOR = "bad_cursor", 422, "This cursor does not belong to this list. Start again at the first page."
    BAD_IDEMPOTENCY_KEY = "bad_idempotency_key", 422, "An Idempotency-Key has 1 to 200 visible ASCII characters."
    TOO_MANY_REQUESTS = "too_many_requests", 429, "That was too often in a short time. Wait a moment and try again."
    TOO_MANY_LISTENERS = "too_many_listeners", 429, "Too many live connections are open. Close some and try again."
    INTERNAL = "internal", 500, "Something went wrong on our side. If it happens again, tell support this number: {reference}"
    UNAVAILABLE = "unavailable", 503, "The service is busy at the moment. Try again in a few seconds."
    OUTCOME_UNKNOWN = (
        "outcome_unknown",
        503,
        "The connection broke while this was being saved. Load it again and look before you repeat it.",
    )


class RequestField(FieldCode):
    """What may be wrong with any field or parameter."""

    REQUIRED = "required", "Please fill this in."
    TOO_SHORT = "too_short", "This is too short: at least {min} characters."
    TOO_LONG = "too_long", "This is too long: at most {max} characters."
    TOO_FEW = "too_few", "These are too few: at least {min}."
    TOO_MANY = "too_many", "These are too many: at most {max}."
    TOO_SMALL = "too_small", "This is too small: at least {min}."
    TOO_BIG = "too_big", "This is too large: at most {max}."
    WRONG_TYPE = "wrong_type", "This is of another kind than expected: {expected}."
    UNKNOWN_FIELD = "unknown_field", "There is no such field."
    UNKNOWN_PARAMETER = "unknown_parameter", "There is no such parameter here."
    UNKNOWN_VALUE = "unknown_value", "This is none of the possible choices. Load the page again."
    BAD_CHARACTER = "bad_character", "This holds a sign that cannot be kept. Remove it or type it again."
    BAD_NAME = "bad_name", "A name needs something to see, in one line, without hidden signs."
    BAD_CURSOR = "bad_cursor", "Take the next_cursor of the page before."
    COUNTRY_CODE = "country_code", "Write the country as two capital letters, like BR."
    NETWORK = "network", "Write an address or a network, like 203.0.113.7 or 203.0.113.0/24."
    TOO_LATE = "too_late", "This is too far in the future. Choose an earlier time."
    NEEDS_OFFSET = "needs_offset", "Say the offset from UTC too: 2027-01-31T09:00:00-03:00."
    IN_THE_PAST = "in_the_past", "Choose a time in the future."
    PATTERN = "pattern", "This is not in the form that is expected here."
