"""Meta's error codes and what each means for the sender.

Source: Meta "Cloud API error codes", as kept in the wire contract (section 4). Decided by `code` alone: sub-codes are
deprecated and texts change. The same codes come in the answer to a send and later in `statuses[].errors[]`.

Unknown codes of a 4xx are refused as `bad_request`: the provider answered with its own envelope, so nothing was sent,
and a retry of what we do not understand could hammer. `is_transient: true` turns that into a retry, which is safe for
the same reason. A 5xx is never looked up here (see `classify`).
"""

import msgspec

from db import storable
from db.messages.reasons import FailureReason as R
from db.redact import redact
from workers.outcomes import (
    OptedOut,
    OptOutScope,
    PauseChannel,
    Refusal,
    Rejected,
    RetryAfter,
    Scope,
    StopCampaign,
    Unknown,
)
from workers.providers.wire import Answer

MINUTE = 60.0


def _retry(reason: R, scope: Scope = Scope.MESSAGE, seconds: float | None = None) -> RetryAfter:
    return RetryAfter(seconds, reason, scope=scope)


TABLE: dict[tuple[int, ...], Refusal] = {
    (0, 190): PauseChannel(R.TOKEN_INVALID, scope=Scope.ACCOUNT),
    (3, 10, *range(200, 300), 131005): PauseChannel(R.PERMISSION, scope=Scope.ACCOUNT),
    (1, 2, 131000, 131016, 133004): _retry(R.TEMPORARY),
    (4, 80007): _retry(R.API_RATE, Scope.ACCOUNT, 2 * MINUTE),
    (130429,): _retry(R.THROUGHPUT, Scope.CHANNEL),
    (131056,): _retry(R.PAIR_RATE, Scope.RECIPIENT),
    (131048,): PauseChannel(R.SPAM_RATE),
    (131049,): Rejected(R.MARKETING_CAP),
    (131050,): OptedOut(OptOutScope.MARKETING),
    (131047,): Rejected(R.WINDOW_CLOSED),
    (131026,): Rejected(R.NOT_ON_WHATSAPP),
    (130472,): Rejected(R.EXPERIMENT),
    (130403,): Rejected(R.BUSINESS_BLOCKED_USER),
    (130497,): Rejected(R.COUNTRY_BLOCKED),
    (131021,): Rejected(R.OWN_NUMBER),
    (131030,): Rejected(R.TEST_RECIPIENT),
    (131031, 368): PauseChannel(R.ACCOUNT_LOCKED, scope=Scope.ACCOUNT),
    (131037,): PauseChannel(R.DISPLAY_NAME),
    (131042,): PauseChannel(R.PAYMENT, scope=Scope.ACCOUNT),
    (131045, 133010, 133006): PauseChannel(R.NUMBER_NOT_REGISTERED),
    (131051,): Rejected(R.UNSUPPORTED),
    (131052, 131053): Rejected(R.MEDIA),
    (131055,): Rejected(R.BAD_REQUEST),
    (131057,): _retry(R.TEMPORARY, Scope.CHANNEL, 1.5 * MINUTE),
    (131062,): Rejected(R.PHONE_NEEDED),
    # The limit binds templates; pausing the number would silence the inbox as well, so only the campaign stops.
    (131064,): StopCampaign(R.TEMPLATE_CATEGORY, pause=True),
    (33, 803): PauseChannel(R.NUMBER_NOT_REGISTERED),
    (100, 131008, 131009, 135000): Rejected(R.BAD_REQUEST),
    (132000, 132012): StopCampaign(R.TEMPLATE_PARAMETERS),
    (132001,): StopCampaign(R.TEMPLATE_MISSING),
    (132005,): StopCampaign(R.TOO_LONG),
    (132007,): StopCampaign(R.TEMPLATE_POLICY),
    (132008,): StopCampaign(R.TEMPLATE_PARAMETERS),
    (132015,): StopCampaign(R.TEMPLATE_PAUSED, pause=True),
    (132016,): StopCampaign(R.TEMPLATE_DISABLED),
    (132018,): Rejected(R.TEMPLATE_PARAMETERS),
    (132068,): Rejected(R.FLOW_BLOCKED),
    (132069,): _retry(R.FLOW_BLOCKED, seconds=10 * MINUTE),
    (133000, 133005, 133008, 133009, 133016): PauseChannel(R.NUMBER_NOT_REGISTERED),
    (133015,): PauseChannel(R.NUMBER_NOT_REGISTERED, seconds=5 * MINUTE),
    (134011, 134100, 134101, 134102): Rejected(R.MARKETING_API),
    (137000,): Rejected(R.IDENTITY_CHANGED),
    (2388039, 2388040, 2388047, 2388072, 2388073, 2388293, 2388299, 2388019): Rejected(R.TEMPLATE_INVALID),
}
CODES: dict[int, Refusal] = {code: outcome for codes, outcome in TABLE.items() for code in codes}


class _Data(msgspec.Struct, frozen=True):
    details: str | None = None


class GraphError(msgspec.Struct, frozen=True):
    """The body of `{"error": {...}}`; only `code` is sure to be there."""

    code: int
    message: str | None = None
    error_data: _Data | str | None = None
    is_transient: bool | None = None
    fbtrace_id: str | None = None

    @property
    def text(self) -> str:
        """Meta's message with the details, for staff; at most 500 characters, without secrets."""
        details = self.error_data.details if isinstance(self.error_data, _Data) else self.error_data
        return redact(storable.text(": ".join(part for part in (self.message, details) if part), 2000))[:500]


class _Envelope(msgspec.Struct, frozen=True):
    error: GraphError


class _Usage(msgspec.Struct, frozen=True):
    estimated_time_to_regain_access: float = 0.0


_envelope = msgspec.json.Decoder(_Envelope, strict=False)
_usage = msgspec.json.Decoder(dict[str, list[_Usage]], strict=False)


def graph_error(body: bytes) -> GraphError | None:
    """The provider's error in an answer, or None when the body is not Meta's envelope (a proxy's page, nothing)."""
    try:
        return _envelope.decode(body).error
    except (ValueError, RecursionError):
        return None


def outcome_for(code: int, message: str = "", transient: bool = False) -> Refusal:
    """What the sender must do about a code, from an answer or a failed status; unknown codes: see the module's text. A code that
    no column holds is kept as none."""
    known = CODES.get(code)
    if known is None:
        known = _retry(R.TEMPORARY) if transient else Rejected(R.BAD_REQUEST)
    return msgspec.structs.replace(known, code=storable.int4(code), message=message)


def classify(answer: Answer) -> Refusal | Unknown:
    """The outcome of an answer that is not a usable 2xx.

    - 5xx is always unknown, also with a code that the table calls temporary: Meta sends 131000 and 131016 as 500 and
      503 from layers behind the one that takes messages over, so that does not prove that nothing was queued.
      A message lost is shown and can be resent with a click; a message sent twice cannot be taken back.
    - 4xx with Meta's code, and any 429: refused before it was taken, so surely not sent.
    - everything else (3xx, 4xx of a proxy, 2xx without an id): nobody knows what the other end did.
    """
    if answer.status != 429 and not 400 <= answer.status < 500:
        return Unknown(f"HTTP {answer.status}")
    error = graph_error(answer.body)
    if error is None:
        if answer.status == 429:
            return RetryAfter(answer.retry_after, R.API_RATE, scope=Scope.CHANNEL, message="HTTP 429")
        return Unknown(f"HTTP {answer.status} without a provider code")
    outcome = outcome_for(error.code, error.text, transient=bool(error.is_transient))
    if answer.status == 429 and isinstance(outcome, Rejected):
        outcome = RetryAfter(None, R.API_RATE, error.code, Scope.CHANNEL, error.text)
    if isinstance(outcome, RetryAfter):
        wait = max(outcome.seconds or 0.0, answer.retry_after or 0.0)
        if outcome.scope is Scope.ACCOUNT:
            wait = max(wait, _regain_access(answer))
        return msgspec.structs.replace(outcome, seconds=wait or None)
    return outcome


def _regain_access(answer: Answer) -> float:
    """Seconds until the hourly budget is free, from `x-business-use-case-usage` (minutes there); 0 if not told."""
    try:
        usage = _usage.decode(answer.header("x-business-use-case-usage") or "{}")
    except (ValueError, RecursionError):
        return 0.0
    minutes = [part.estimated_time_to_regain_access for parts in usage.values() for part in parts]
    return min(max(minutes, default=0.0), 24 * 60.0) * MINUTE
