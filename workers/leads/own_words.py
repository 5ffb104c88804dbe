"""What of a model's own words may stand on a card: its reason, the title of a lead, a note, what fills a template.

They are read by colleagues beside the customer's words, which prove the proposal; so they may be left out, and are wherever somebody may have
dictated them: where the talk, the lead or the words themselves give orders to a machine, where they hold a link or a code, which are to be read
in the quotes, and where they repeat the rules that the model was told.
"""

import re
from collections.abc import Iterable
from typing import Any

from db.boards.enums import LeadFieldKind
from db.proposals.context import Context
from db.proposals.enums import LeadTool
from db.proposals.enums import ProposalWhy as Why
from db.proposals.store import Proposed
from workers.assistant import codes
from workers.assistant.clean import clean, fold
from workers.assistant.orders import orders
from workers.leads.prompt import PLATFORM

SHARED = 8
"""So many words in a row of the rules are a leak."""
_NAME = re.compile(r"[^\W\d_]+(?:[ '.-]+[^\W\d_]+){0,4}\.?")
_LINK = re.compile(r"://|\bwww\.|(?<![\w.@])[\w-]+\.[a-z]{2,}/|!\[", re.I)


def kept(proposed: Proposed, context: Context) -> Proposed:
    """The same without own words that may not stand there; one that is nothing but them is blocked."""
    dictated = _dictated(context)

    names, told = list(_names(context)), list(_told(proposed, context))

    def own(text: str) -> str:
        return "" if dictated or codes.any_in(text, names, told) or not _plain(text, context) else text

    args: dict[str, Any] = dict(proposed.args)
    wrong = proposed.wrong
    match proposed.tool:
        case LeadTool.CREATE_LEAD if "title" in args:
            args["title"] = own(args["title"]) or clean(context.contact_name, 120).strip() or "…"
        case LeadTool.FOLLOW_UP if "note" in args:
            args["note"] = own(args["note"])
        case LeadTool.MOVE_LEAD if args.get("lost_reason") and not context.lost_reasons:
            args["lost_reason"] = own(args["lost_reason"])
        case LeadTool.SEND_TEMPLATE if "values" in args:
            args["values"] = {name: own(text) for name, text in args["values"].items()}
        case LeadTool.SET_FIELD if "value" in args and orders(args["value"]) and _is_text(context, args["key"]):
            wrong = wrong or Why.BAD_VALUE  # it would be read by every look after this one
    return proposed._replace(args=args, reason=own(proposed.reason), wrong=wrong, dictated=dictated)


def _is_text(context: Context, key: str) -> bool:
    return any(one.key == key and one.kind is LeadFieldKind.TEXT for one in context.fields)


def _dictated(context: Context) -> bool:
    """Whether something that the model read gives orders to a machine."""
    return any(orders(text) for text in _read(context))


def _read(context: Context) -> Iterable[str]:
    yield from (one.text for one in context.said)
    yield context.contact_name
    if context.lead is not None:
        yield context.lead.title
        yield from context.lead.values.values()


def _names(context: Context) -> Iterable[str]:
    """What things and people are called here. A contact's name is one only as far as it is no sentence: they chose it."""
    yield from (context.company, context.board_name, *context.lost_reasons, *context.tags)
    yield from (one.name for one in context.stages)
    yield from (one.name for one in context.people)
    yield from (one.name for one in context.templates)
    for field in context.fields:
        yield from (field.label, *field.choices)
    if _NAME.fullmatch(context.contact_name.strip()):
        yield context.contact_name


def _told(proposed: Proposed, context: Context) -> Iterable[str]:
    """What the customer wrote that is to prove it, and what the lead says."""
    cited = {one.message_id for one in proposed.evidence}
    yield from (one.text for one in context.said if one.who == "customer" and one.id in cited)
    if context.lead is not None:
        yield context.lead.title
        yield from context.lead.values.values()


def _plain(text: str, context: Context) -> bool:
    if _LINK.search(text) or orders(text):
        return False
    said = _runs(text)
    return not said & (_runs(PLATFORM) | _runs(context.settings.guidance))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", fold(text))
    return {tuple(words[start : start + SHARED]) for start in range(len(words) - SHARED + 1)}
