"""What boards that watch would have done because of a talk with a persona that is tried: asked and judged as a real look, and left at that."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from db.ai.ledger import About
from db.clock import now
from db.personas.config import PersonaConfig
from db.personas.trial import TrialAction
from db.proposals import rehearsed
from db.proposals.context import Context
from db.proposals.rehearsed import Who
from db.proposals.store import Proposed
from workers.leads import own_words
from workers.leads.prompt import messages
from workers.leads.read import read
from workers.leads.shown import shown
from workers.leads.tools import offered
from workers.llm import outcomes
from workers.llm.ask import ask
from workers.llm.chat import Request

SECONDS, TOKENS = 45.0, 1200


class Rehearsed(NamedTuple):
    """`usage`: of each call that was asked."""

    actions: list[TrialAction]
    usage: list[outcomes.Usage]


async def rehearse(
    company_id: UUID, about: About, name: str, config: PersonaConfig, lines: Sequence[tuple[Who, str]]
) -> Rehearsed:
    """Nothing is written, sent or entered. Where a model does not answer the talk stands without."""
    assert about.persona_id is not None
    done = Rehearsed([], [])
    for seen in await rehearsed.contexts(company_id, about.persona_id, name, config, lines):
        done.actions.extend([_action(seen, one) for one in await _proposed(company_id, about, seen, done.usage)])
    return done


async def _proposed(company_id: UUID, about: About, seen: Context, spent: list[outcomes.Usage]) -> list[Proposed]:
    names = shown(seen)
    tools = offered(seen, names)
    if not names.new or not tools:
        return []
    request = Request(
        messages=tuple(messages(seen, names, now())), tools=tuple(tools), max_tokens=TOKENS, temperature=0.0, timeout=SECONDS
    )
    outcome = await ask(company_id, about, request)
    usage: outcomes.Usage | None = getattr(outcome, "usage", None)
    if usage is not None:
        spent.append(usage)
    found = read(outcome.calls, seen, names)[0] if isinstance(outcome, outcomes.Called) else []
    return [own_words.kept(one, seen) for one in found]


def _action(seen: Context, one: Proposed) -> TrialAction:
    found = rehearsed.verdict(seen, one)
    return TrialAction(
        tool=one.tool,
        state=found.state,
        board=seen.board_name,
        what=rehearsed.named(seen, one),
        at=one.args.get("starts_at"),
        value_cents=one.args.get("value_cents"),
        currency=seen.currency,
        why=found.why,
        reason=one.reason,
    )
