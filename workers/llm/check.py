"""The live check of the AI service: the key, the models that it may use, an answer of the default model, a vector.

It costs a handful of tokens, which are booked. A service that worked and does not answer right now keeps its state, the findings
say so, and the check is tried again. A round frees what calls of dead workers reserved.
"""

from uuid import UUID

import msgspec
import structlog

from db.ai import connection, ledger
from db.ai.connection import Finding, Opened
from db.ai.enums import CheckStep, ConnectionState, EmbedderKind, Purpose
from db.ai.errors import CallFailure
from db.ai.ledger import About
from db.crypto import SealBroken
from db.jobs import CheckAi
from workers.llm import client, embeddings
from workers.llm.ask import ask_of
from workers.llm.chat import Message, Request
from workers.llm.client import Failed, failures
from workers.llm.outcomes import Filtered, NotConnected, Outcome, OverBudget, Trouble, failure_of
from workers.registration import Handler, Loop
from workers.runtime import Retry

log = structlog.get_logger("workers.llm")

TIMEOUT = 20.0
ABOUT = About(purpose=Purpose.CHECK)
QUESTION = Request(messages=[Message("user", "Reply with OK.")], max_tokens=16, timeout=TIMEOUT)
PASSING = frozenset((CallFailure.UNREACHABLE, CallFailure.TIMED_OUT, CallFailure.RATE_LIMITED))
SAYS_NOTHING = PASSING | {CallFailure.OVER_BUDGET}
"""Of the key and the credit: what the connection was, it stays."""
MOST_MODELS = 1_000


class _Model(msgspec.Struct, frozen=True):
    id: str


class _Models(msgspec.Struct, frozen=True):
    data: list[_Model]


async def check_ai(company_id: UUID, _job: CheckAi) -> None:
    """Checks and writes the result. Raises Retry when what worked does not answer."""
    try:
        opened = await connection.opened(company_id)
    except SealBroken:
        await connection.unreadable(company_id)
        return
    if opened is None:
        return
    findings, models, dims = await look(opened)
    found = opened.connection
    failed = next((finding.failure for finding in findings if finding.failure is not None), None)
    keeps = failed in SAYS_NOTHING and found.state is not ConnectionState.CHECKING
    state = found.state if keeps else state_of(findings)
    await connection.save_check(company_id, found, findings, found.models if keeps and models is None else models, dims, state)
    if failed in PASSING and state is ConnectionState.READY:
        raise Retry(reason=str(failed))


def state_of(findings: list[Finding]) -> ConnectionState:
    """What the connection is after a check. Without vectors alone it answers all the same."""
    failed = {finding.failure for finding in findings if finding.failure and finding.step is not CheckStep.EMBEDDING}
    if CallFailure.KEY_REFUSED in failed:
        return ConnectionState.KEY_REFUSED
    if CallFailure.NO_CREDIT in failed:
        return ConnectionState.NO_CREDIT
    return ConnectionState.FAILED if failed else ConnectionState.READY


async def look(opened: Opened) -> tuple[list[Finding], list[str] | None, int | None]:
    """Findings, the models listed (None: the server lists none), and how long its vectors are (None: nobody saw one)."""
    listed = await _listed(opened)
    answered = await ask_of(opened, ABOUT, QUESTION)
    findings, models = [], None
    if isinstance(listed, list):
        models = listed
        findings = [Finding(CheckStep.KEY), Finding(CheckStep.MODELS)]
    else:
        failure = failure_of(listed)
        refused = failure in (CallFailure.KEY_REFUSED, CallFailure.ADDRESS_REFUSED, CallFailure.UNREACHABLE)
        # Servers that list no models are common; that the key is good is then seen by the answer.
        if refused and failure_of(answered) is not None:
            findings.append(Finding(CheckStep.KEY, failure, _detail(listed)))
    findings.append(Finding(CheckStep.CHAT, failure_of(answered), _detail(answered)))
    if opened.connection.embedder is not EmbedderKind.SERVICE or failure_of(answered) is not None:
        return findings, models, None
    embedder = embeddings.of(opened.connection)
    assert embedder is not None
    made = await embeddings.vectors(opened, ABOUT, ["OK"], msgspec.structs.replace(embedder, dims=0))
    if isinstance(made, list):
        findings.append(Finding(CheckStep.EMBEDDING))
        return findings, models, embedder.dims or len(made[0])
    findings.append(Finding(CheckStep.EMBEDDING, failure_of(made), _detail(made)))
    return findings, models, None


async def _listed(opened: Opened) -> list[str] | Trouble | Filtered | NotConnected:
    """Names of the models that the key may use."""
    try:
        with failures(opened.key):
            raw = await (await client.models().client(opened, TIMEOUT)).models.with_raw_response.list()
            names = sorted({model.id[:200] for model in msgspec.json.decode(raw.content, type=_Models, strict=False).data})
    except Failed as failed:
        return failed.outcome
    return names[:MOST_MODELS]


def _detail(outcome: Outcome) -> str:
    return "" if isinstance(outcome, OverBudget) else str(getattr(outcome, "detail", ""))


JOBS = (Handler(CheckAi, lambda _: check_ai),)
LOOPS = (Loop("ai", 10.0, ledger.free_expired),)
