"""What a persona is, as one document: a published version never changes, and a conversation keeps the one that it began with. Pure data,
because the wire contract re-exports it.

Durations end in their unit, amounts of money are micro-units of the model's currency (1,000,000 = 1 unit). Every field has a value that
holds back: a persona of which nothing was said does nothing by itself but handing over, and knows no passage."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from db.conversations.hours import OpenHours
from db.personas.enums import (
    Effort,
    EmojiUse,
    GoalKind,
    InactivityMode,
    ModelPreset,
    OutsideHours,
    PersonaLanguage,
    RuleCheck,
    RuleKind,
    Tone,
    ToolPolicy,
)
from db.texts import END

INSTRUCTIONS = 8000
"""Characters."""
GOAL_KEY = r"^[a-z][a-z0-9_]{0,39}" + END
HOST = r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}" + END


class Part(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Base of all parts of the document."""


class PersonaIdentity(Part, frozen=True):
    """Who speaks. `display_name` is what customers see; empty: the persona's name."""

    display_name: Annotated[str, Meta(max_length=60, examples=["Lia"])] = ""
    role: Annotated[str, Meta(max_length=200, examples=["assistente de vendas da Loja Aurora"])] = ""
    tone: Tone = Tone.FRIENDLY
    languages: Annotated[list[PersonaLanguage], Meta(max_length=3)] = []
    """Those that it speaks: the customer's where it is one of them, else the first. None: whatever the customer writes."""
    emoji: EmojiUse = EmojiUse.NONE
    discloses_ai: bool = True  # says that it is an assistant: in its first message, and whenever it is asked


class Goal(Part, frozen=True):
    """A fact to find out in the conversation. `key` may be that of a contact's field, or `name` or `email`: what the customer's own words
    prove is then kept there, where nothing was, and not asked again in another talk. `required`: asked for before it gives a time, hands over
    for a reason of its own or closes, and told to who takes over where it is not known."""

    key: Annotated[str, Meta(pattern=GOAL_KEY, examples=["cep"])]
    label: Annotated[str, Meta(min_length=1, max_length=120, examples=["CEP de entrega"])]
    kind: GoalKind = GoalKind.TEXT
    required: bool = True


class Rule(Part, frozen=True):
    """What it always or never does, in words for the model; `check` is looked at by code besides, whatever the model writes."""

    kind: RuleKind
    text: Annotated[str, Meta(min_length=1, max_length=300, examples=["Prometer prazo de entrega."])]
    check: RuleCheck | None = None


class Tools(Part, frozen=True):
    """What may be proposed while it serves. `never`: not on any board; anything else leaves it to the board (`/v1/boards/{id}/ai`), which
    says who decides. Searching the knowledge is none of them: it follows from the bases that are named."""

    create_lead: ToolPolicy = ToolPolicy.SUGGEST
    move_lead: ToolPolicy = ToolPolicy.SUGGEST
    set_value: ToolPolicy = ToolPolicy.SUGGEST
    add_tag: ToolPolicy = ToolPolicy.SUGGEST
    remove_tag: ToolPolicy = ToolPolicy.SUGGEST
    assign: ToolPolicy = ToolPolicy.SUGGEST
    schedule_follow_up: ToolPolicy = ToolPolicy.SUGGEST
    book_slot: ToolPolicy = ToolPolicy.NEVER
    send_template: ToolPolicy = ToolPolicy.SUGGEST
    send_file: ToolPolicy = ToolPolicy.NEVER
    add_to_cadence: ToolPolicy = ToolPolicy.NEVER


class Model(Part, frozen=True):
    """`name` counts with the preset `custom` only."""

    preset: ModelPreset = ModelPreset.BALANCED
    name: Annotated[str, Meta(max_length=100, examples=["gpt-4o"])] = ""
    effort: Effort | None = None
    temperature_percent: Annotated[int, Meta(ge=0, le=200, examples=[30])] | None = None  # 100 is 1.0
    max_output_tokens: Annotated[int, Meta(ge=100, le=4000, examples=[500])] = 500


class Turn(Part, frozen=True):
    """How it takes its turn: how long it waits for the customer to pause, and how much it says."""

    debounce_min_ms: Annotated[int, Meta(ge=500, le=15_000)] = 2000
    debounce_max_ms: Annotated[int, Meta(ge=500, le=60_000)] = 8000
    hard_wait_ms: Annotated[int, Meta(ge=2000, le=120_000)] = 25_000
    max_bubbles: Annotated[int, Meta(ge=1, le=5)] = 3
    max_chars: Annotated[int, Meta(ge=80, le=2000)] = 700  # of one bubble


class Hours(Part, frozen=True):
    """Without `open` it answers at any time. In the company's time zone."""

    open: Annotated[list[OpenHours], Meta(max_length=50)] = []
    outside: OutsideHours = OutsideHours.SILENT
    notice: Annotated[str, Meta(max_length=1000, examples=["Voltamos às 9h. Deixe sua mensagem!"])] = ""


class FollowUpStep(Part, frozen=True):
    """`after_minutes` of silence, from our own last message on; moved to when the window opens."""

    after_minutes: Annotated[int, Meta(ge=15, le=43_200, examples=[240])]
    goal: Annotated[str, Meta(min_length=1, max_length=300, examples=["Perguntar se ficou alguma dúvida."])]


class FollowUp(Part, frozen=True):
    """What it starts by itself after a silence, within a window of the day in the company's time zone, never on its holidays; ends with the
    first answer, and with the time in which the channel takes free texts."""

    enabled: bool = False
    steps: Annotated[list[FollowUpStep], Meta(max_length=2)] = []
    from_minute: Annotated[int, Meta(ge=0, le=1439)] = 540
    until_minute: Annotated[int, Meta(ge=1, le=1440)] = 1080
    weekdays: Annotated[list[Annotated[int, Meta(ge=0, le=6)]], Meta(max_length=7)] = field(
        default_factory=lambda: [0, 1, 2, 3, 4]
    )


class HandOver(Part, frozen=True):
    """When people take over. Who asks for a person always gets one. `message` is said once, where the persona says nothing itself."""

    team_id: UUID | None = None
    unanswered: Annotated[int, Meta(ge=1, le=5)] = 2  # so many questions in a row without an answer in the knowledge
    negative: bool = True  # the customer is angry or complains
    topics: Annotated[list[Annotated[str, Meta(min_length=1, max_length=120, examples=["reembolso"])]], Meta(max_length=30)] = []
    value_over_cents: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    """A lead of the customer that is open is worth more, or they name a larger sum: once in a talk. In the hundredth of the lead's currency."""
    message: Annotated[str, Meta(max_length=1000, examples=["Vou chamar uma pessoa da equipe."])] = ""
    returns_after_minutes: Annotated[int, Meta(ge=15, le=43_200, examples=[240])] | None = None
    """So long after people last did something it answers again who writes; null: only when it is given back."""


class Inactivity(Part, frozen=True):
    """After so long of silence, from our own last message on, where nothing waits for an answer."""

    mode: InactivityMode = InactivityMode.WAIT
    after_minutes: Annotated[int, Meta(ge=60, le=43_200)] = 1440


class Budget(Part, frozen=True):
    """What stops it, beside the company's own limits, which it never widens. Amounts in micro-units; null: only those."""

    per_turn_tokens: Annotated[int, Meta(ge=1000, le=200_000)] = 12_000
    per_conversation_micro: Annotated[int, Meta(ge=1000, le=10**12, examples=[100_000])] | None = None
    per_day_micro: Annotated[int, Meta(ge=1000, le=10**12, examples=[5_000_000])] | None = None
    max_tool_rounds: Annotated[int, Meta(ge=0, le=8)] = 4
    max_turns_per_hour: Annotated[int, Meta(ge=1, le=60)] = 20
    max_turns: Annotated[int, Meta(ge=1, le=500)] = 60  # of one conversation, until people take over


class PersonaConfig(Part, frozen=True):
    """The whole document. Nothing that is not named here reaches a prompt."""

    identity: PersonaIdentity = field(default_factory=PersonaIdentity)
    instructions: Annotated[
        str, Meta(max_length=INSTRUCTIONS, examples=["Ajude a escolher o vestido e tire dúvidas de tamanho."])
    ] = ""
    goals: Annotated[list[Goal], Meta(max_length=20)] = []
    rules: Annotated[list[Rule], Meta(max_length=40)] = []
    allowed_hosts: Annotated[list[Annotated[str, Meta(pattern=HOST, examples=["lojaaurora.com.br"])]], Meta(max_length=50)] = []
    knowledge_base_ids: Annotated[list[UUID], Meta(max_length=20)] = []
    tools: Tools = field(default_factory=Tools)
    model: Model = field(default_factory=Model)
    turn: Turn = field(default_factory=Turn)
    hours: Hours = field(default_factory=Hours)
    followup: FollowUp = field(default_factory=FollowUp)
    handover: HandOver = field(default_factory=HandOver)
    inactivity: Inactivity = field(default_factory=Inactivity)
    budget: Budget = field(default_factory=Budget)

    def checks(self) -> frozenset[RuleCheck]:
        """What code looks for in each answer, by the rules that name it."""
        return frozenset(rule.check for rule in self.rules if rule.check is not None)
