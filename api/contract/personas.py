"""Personas: who answers customers, or drafts for agents."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import Input, Label, Output, PersonRef, Title, example
from api.contract.contacts import Moment
from db.accounts.enums import Language
from db.boards.enums import StageColor
from db.personas.config import GOAL_KEY as GOAL_KEY
from db.personas.config import HOST as HOST
from db.personas.config import INSTRUCTIONS as INSTRUCTIONS
from db.personas.config import Budget as Budget
from db.personas.config import FollowUp as FollowUp
from db.personas.config import FollowUpStep as FollowUpStep
from db.personas.config import Goal as Goal
from db.personas.config import HandOver as HandOver
from db.personas.config import Hours as Hours
from db.personas.config import Inactivity as Inactivity
from db.personas.config import Model as Model
from db.personas.config import PersonaConfig as PersonaConfig
from db.personas.config import PersonaIdentity as PersonaIdentity
from db.personas.config import Rule as Rule
from db.personas.config import Tools as Tools
from db.personas.config import Turn as Turn
from db.personas.enums import BindingHours, PersonaMode, PersonaState, StartingPersona, TrialState
from db.personas.trial import CaseExpectation as CaseExpectation
from db.personas.trial import CaseMiss as CaseMiss
from db.personas.trial import Lines
from db.personas.trial import TrialAction as TrialAction
from db.personas.trial import TrialAnswer as TrialAnswer
from db.personas.trial import TrialCitation as TrialCitation
from db.personas.trial import TrialLine as TrialLine
from db.personas.trial import TrialTool as TrialTool
from db.personas.trial import missed as missed

Emoji = Annotated[str, Meta(max_length=32, examples=["🛍️"])]
Note = Annotated[str, Meta(max_length=300, examples=["Frete grátis acima de R$ 200"], extra={"trim": True})]
Priority = Annotated[int, Meta(ge=1, le=100, examples=[50])]


class PersonaBinding(Output):
    """Where a persona serves: what is named must all hold."""

    id: UUID
    channel_id: UUID | None
    label_id: UUID | None
    stage_id: UUID | None
    hours: BindingHours
    priority: Annotated[int, example(50)]  # of those that hold the lowest decides, of equal ones that which names more


class BindingInput(Input):
    """One that names nothing is refused; a label or a stage alone is one for conversations of all channels."""

    channel_id: UUID | None = None
    label_id: UUID | None = None
    stage_id: UUID | None = None
    hours: BindingHours = BindingHours.ALWAYS
    priority: Priority = 50


class PersonaBindings(Input):
    """PUT /v1/personas/{id}/bindings with If-Match → Persona: all of them, in place of those there are."""

    bindings: Annotated[
        list[BindingInput],
        Meta(max_length=50),
        example([{"channel_id": "0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42", "hours": "always"}]),
    ]


class Persona(Output):
    """GET /v1/personas → Page[Persona], by name; POST PersonaCreate; GET, PATCH, DELETE /v1/personas/{id}, and POST …/pause, …/resume,
    with If-Match. What it says and does is its draft (/draft) and what was published (/versions)."""

    id: UUID
    name: Annotated[str, example("Lia")]
    state: PersonaState
    mode: PersonaMode
    emoji: Annotated[str, example("🛍️")]  # "": its initials
    color: StageColor
    picture_id: UUID | None  # stands before emoji and initials: GET …/picture; another one, another id
    picture_waits: bool  # one that was uploaded is being cut
    picture_failed: bool  # the one uploaded last cannot be opened
    role: Annotated[str, example("assistente de vendas")]  # of the draft
    knowledge_base_ids: list[UUID]  # of the draft or of what serves
    bindings: list[PersonaBinding]
    published_number: Annotated[int, example(3)] | None  # of the version that serves
    published_at: Moment | None
    conversations_today: int  # that it answered, by the company's calendar
    cost_today_micro: int | None  # micro-dollars; null for who may not see costs
    has_changes: bool  # the draft differs from what serves
    created_at: Moment
    version: int


class PersonaCreate(Input):
    """POST /v1/personas → Persona: a draft that serves nobody and, once published, suggests."""

    name: Annotated[Label, example("Lia")]
    starting: StartingPersona = StartingPersona.BLANK
    language: Language | None = None  # of what it begins with; null: the company's


class PersonaPatch(Input):
    """Holds at once, without publishing."""

    name: Annotated[Label, example("Lia")] | UnsetType = UNSET
    mode: PersonaMode | UnsetType = UNSET
    emoji: Emoji | UnsetType = UNSET
    color: StageColor | UnsetType = UNSET


_CONFIG = {"instructions": "Ajude a escolher o vestido e tire dúvidas de tamanho.", "identity": {"role": "assistente de vendas"}}


class DraftProblem(Output):
    """What keeps a draft from being published. `field` is a path within its `config`."""

    field: Annotated[str, example("handover.team_id")]
    code: Annotated[str, example("persona_part_gone")]
    message: Annotated[str, example("This is no longer there. Choose another one.")]


class PersonaDraft(Output):
    """GET /v1/personas/{id}/draft; PUT PersonaDraftSave with If-Match. Its version is not the persona's."""

    config: PersonaConfig
    published: PersonaConfig | None  # what serves now
    problems: list[DraftProblem]
    version: int


class PersonaDraftSave(Input):
    """The whole document. What is left out has its default; a draft may be unfinished."""

    config: Annotated[PersonaConfig, example(_CONFIG)]


class PersonaPublish(Input):
    """POST /v1/personas/{id}/publish → Persona, with the draft's ETag as If-Match."""

    note: Note = ""


class PersonaVersion(Output):
    """GET /v1/personas/{id}/versions → Page[PersonaVersion], newest first. A version never changes."""

    id: UUID
    number: Annotated[int, example(3)]
    note: Annotated[str, example("Frete grátis acima de R$ 200")]
    created_by: PersonRef | None  # null: an API key
    created_at: Moment
    is_published: bool  # it is the one that serves


class PersonaVersionDetail(PersonaVersion):
    """GET /v1/personas/{id}/versions/{version_id}; POST …/restore with the draft's If-Match → PersonaDraft."""

    config: PersonaConfig


_TALK = [{"who": "customer", "text": "Vocês entregam em Niterói?"}]


class PersonaTry(Input):
    """POST /v1/personas/{id}/trials → PersonaTrial (202). `lines`: the talk so far, the customer's message last."""

    lines: Annotated[Lines, example(_TALK)]
    published: bool = False  # what serves, in place of the draft


class PersonaTrial(Output):
    """GET /v1/personas/{id}/trials/{trial_id}. `persona.trial` tells when the answer is there. Nobody is sent anything, and no tool acts.
    Kept for 30 days."""

    id: UUID
    published: bool
    state: TrialState
    lines: list[TrialLine]
    answer: TrialAnswer | None  # null while it waits, and when it failed by our fault
    case_id: UUID | None
    case_name: Annotated[str, example("Entrega em Niterói")]
    missed: list[CaseMiss] | None  # of a test case: what the answer lacks, nothing when it passes; null while it waits
    created_at: Moment
    done_at: Moment | None


class PersonaCase(Output):
    """GET /v1/personas/{id}/cases → Page[PersonaCase], oldest first; POST PersonaCaseCreate; PATCH, DELETE …/{case_id} with If-Match."""

    id: UUID
    name: Annotated[str, example("Entrega em Niterói")]
    lines: list[TrialLine]
    expect: CaseExpectation
    created_at: Moment
    version: int


_EXPECT = {"contains": ["3 dias úteis"], "cites": True}


class PersonaCaseCreate(Input):
    """A talk, the customer's message last, and what its answer must be."""

    name: Annotated[Title, example("Entrega em Niterói")]
    lines: Annotated[Lines, example(_TALK)]
    expect: Annotated[CaseExpectation, example(_EXPECT)]


class PersonaCasePatch(Input):
    name: Annotated[Title, example("Entrega em Niterói")] | UnsetType = UNSET
    lines: Annotated[Lines, example(_TALK)] | UnsetType = UNSET
    expect: Annotated[CaseExpectation, example(_EXPECT)] | UnsetType = UNSET


class PersonaRunStart(Input):
    """POST /v1/personas/{id}/runs. `model`: what serves is asked with this model and with its own; "": the draft and what serves."""

    model: Annotated[str, Meta(max_length=100, extra={"trim": True}, examples=[""])] = ""


class PersonaRun(Output):
    """GET /v1/personas/{id}/runs → Page[PersonaRun], the newest only and without trials; POST PersonaRunStart → one of all cases; GET
    …/{run_id}: as far as it is. `persona.trial` tells of each answer. With a `model` the trials that are not `published` asked it in
    place of the one that serves."""

    id: UUID
    created_at: Moment
    model: Annotated[str, example("")]
    is_current: bool  # the cases, the draft and what serves are as they were then; never with a model
    trials: list[PersonaTrial]
