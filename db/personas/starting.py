"""What a new persona may begin as: four colleagues in both languages, complete but for what only the company knows. They suggest, know no
passage and serve nobody until somebody chooses otherwise."""

from typing import NamedTuple

from db.accounts.enums import Language
from db.boards.enums import StageColor
from db.personas.config import (
    Budget,
    FollowUp,
    FollowUpStep,
    Goal,
    HandOver,
    Inactivity,
    PersonaConfig,
    PersonaIdentity,
    Rule,
    Tools,
    Turn,
)
from db.personas.enums import EmojiUse, GoalKind, InactivityMode, RuleKind, StartingPersona, Tone, ToolPolicy
from db.personas.starting_texts import ENGLISH, PORTUGUESE, Texts


class Look(NamedTuple):
    emoji: str
    color: StageColor


LOOKS = {
    StartingPersona.BLANK: Look("", StageColor.TEAL),
    StartingPersona.SALES: Look("🛍️", StageColor.TEAL),
    StartingPersona.SUPPORT: Look("🛠️", StageColor.BLUE),
    StartingPersona.SCHEDULING: Look("📅", StageColor.VIOLET),
    StartingPersona.COLLECTIONS: Look("💳", StageColor.AMBER),
}
_TONES = {StartingPersona.COLLECTIONS: Tone.FORMAL, StartingPersona.SCHEDULING: Tone.SHORT}
_KINDS = {"prazo": GoalKind.DATE, "when": GoalKind.DATE, "data": GoalKind.DATE, "date": GoalKind.DATE, "email": GoalKind.EMAIL}
_TOOLS = {
    StartingPersona.SALES: Tools(),
    StartingPersona.SUPPORT: Tools(create_lead=ToolPolicy.NEVER, move_lead=ToolPolicy.NEVER, set_value=ToolPolicy.NEVER),
    StartingPersona.SCHEDULING: Tools(book_slot=ToolPolicy.SUGGEST, set_value=ToolPolicy.NEVER),
    StartingPersona.COLLECTIONS: Tools(create_lead=ToolPolicy.NEVER, set_value=ToolPolicy.NEVER),
}


def config(kind: StartingPersona, language: Language) -> PersonaConfig:
    """The draft with which it begins."""
    texts = (PORTUGUESE if language is Language.PT_BR else ENGLISH).get(kind)
    return PersonaConfig() if texts is None else _config(kind, texts)


def _config(kind: StartingPersona, texts: Texts) -> PersonaConfig:
    return PersonaConfig(
        identity=PersonaIdentity(
            role=texts.role,
            tone=_TONES.get(kind, Tone.FRIENDLY),
            emoji=EmojiUse.SOME if kind is StartingPersona.SALES else EmojiUse.NONE,
        ),
        instructions="\n\n".join(" ".join(part.split()) for part in texts.instructions.split("\n\n")),
        goals=[
            Goal(key=key, label=label, kind=_KINDS.get(key, GoalKind.TEXT), required=number < texts.required)
            for number, (key, label) in enumerate(texts.goals.items())
        ],
        rules=[
            *(Rule(kind=RuleKind.ALWAYS, text=text) for text in texts.always),
            *(Rule(kind=RuleKind.NEVER, text=text, check=check) for text, check in texts.never.items()),
        ],
        tools=_TOOLS[kind],
        turn=Turn(max_bubbles=2, max_chars=500),
        followup=FollowUp(steps=[FollowUpStep(after_minutes=minutes, goal=goal) for minutes, goal in texts.followups.items()]),
        handover=HandOver(topics=list(texts.topics), message=texts.handover),
        inactivity=Inactivity(mode=InactivityMode.REVIEW if kind is StartingPersona.SUPPORT else InactivityMode.WAIT),
        budget=Budget(),
    )
