"""The inbox: conversations, their threads, who cares for them, and what the team has for them.

One conversation per contact and channel; it closes and opens again, it is never another one. Live: `conversation.updated` when a row
of the list changed, `conversation.answered` and `conversation.closed` with how long it took, `conversation.entry` when a thread grew, `conversation.changed` (with the contact) when what we sent was delivered
or read, `conversation.presence` when somebody looks or types, `conversation.customer_typing` when the person does, `inbox.changed` when labels, teams or quick replies changed.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import TRIM, Input, Output, example
from api.contract.base import Label as ShortName
from api.contract.base import PersonRef as PersonRef
from api.contract.contents import Referral
from api.contract.kinds import ChannelKind
from api.contract.messages import Message
from api.contract.replies import MessageText, ReplyButton, ReplyContent
from db.assistant.enums import AssistantMode, Owner, TurnReason
from db.contacts.filter import Moment
from db.conversations.enums import AssignmentStrategy as AssignmentStrategy
from db.conversations.enums import ConversationState as ConversationState
from db.conversations.enums import ConversationView as ConversationView
from db.conversations.enums import LineKind as LineKind
from db.conversations.enums import Priority as Priority
from db.conversations.hours import OpenHours as OpenHours
from db.texts import END

COLOR = "^#[0-9a-f]{6}" + END
SHORTCUT = "^[a-z0-9_-]{1,40}" + END
Name = Annotated[ShortName, example("Vendas")]
NoteText = Annotated[str, Meta(min_length=1, max_length=4000, examples=["Prefere ser atendida à tarde."])]
Color = Annotated[str, Meta(pattern=COLOR, examples=["#2f6f4f"])]
QuickButtons = Annotated[list[ReplyButton], Meta(max_length=3)]
WeekHours = Annotated[list[OpenHours], Meta(max_length=70)]
AwayText = Annotated[str, Meta(max_length=1000)]
Shortcut = Annotated[str, Meta(pattern=SHORTCUT, examples=["horario"], extra=TRIM)]


class TeamRef(Output):
    id: UUID
    name: Annotated[str, example("Vendas")]


class LabelRef(Output):
    """One that stands on a conversation. PUT and DELETE /v1/conversations/{id}/labels/{label_id} → Conversation."""

    id: UUID
    name: Annotated[str, example("Troca")]
    color: Annotated[str, example("#2f6f4f")]


class Label(Output):
    """GET /v1/labels?counted= → Page[Label] by name; POST LabelCreate → Label (201); PATCH /v1/labels/{id} LabelPatch → Label (If-Match);
    DELETE (If-Match): taken off everywhere. `conversations`: how many have it, 1000 for that and more; null unless `counted`."""

    id: UUID
    name: Annotated[str, example("Troca")]
    color: Annotated[str, example("#2f6f4f")]
    version: int
    conversations: int | None


class LabelCreate(Input):
    name: Name
    color: Color


class LabelPatch(Input):
    name: Name | UnsetType = UNSET
    color: Color | UnsetType = UNSET


class Touch(Output):
    """What brought the person: a campaign that they answered, or an ad."""

    at: Moment
    campaign_id: UUID | None
    campaign_name: str | None
    referral: Referral | None


class LastMessage(Output):
    """The newest message that is no campaign's. `kind` and `state` as a Message has them."""

    id: UUID
    at: Moment
    direction: Literal["in", "out"]
    kind: Annotated[str, example("text")]
    text: Annotated[str, example("Ainda tem no tamanho M?")]  # the first 200 characters
    state: str | None


class TextMark(Output):
    """A part of a text, in characters."""

    start: Annotated[int, example(12)]
    end: Annotated[int, example(19)]


class FoundLine(Output):
    """The newest message or note of a conversation that has all words of a search: what stands around the first of them, in one line.
    `marks`: where in `text` they are."""

    entry_id: UUID
    at: Moment
    side: Literal["in", "out", "note"]
    text: Annotated[str, example("Ainda tem o vestido azul?")]
    marks: list[TextMark]


class ConversationAssistant(Output):
    """`mode`: of its last turn. `writing`: it gathers or composes an answer; `draft`: one waits for an agent; `alarm`: a person is
    needed."""

    persona: Annotated[str, example("Lia")]
    persona_id: UUID | None
    emoji: Annotated[str, example("🌷")]
    color: Annotated[str, example("teal")]
    picture_id: UUID | None  # of GET /v1/personas/{id}/picture
    mode: AssistantMode
    owner: Owner
    writing: bool
    draft: bool
    alarm: TurnReason | None


class Conversation(Output):
    """GET /v1/conversations?view=&channel_id=&team_id=&assignee_id=&label_id=&campaign_id=&search=&cursor= → Page[Conversation], newest message
    first; GET /v1/conversations/{id}; GET /v1/contacts/{id}/conversations → Page[Conversation]; POST /v1/conversations
    ConversationCreate → Conversation: finds or opens the one; PATCH ConversationUpdate (If-Match: 412 when somebody changed it)."""

    id: UUID
    version: int
    contact_id: UUID
    contact_name: Annotated[str, example("Ana Lima")]
    address: Annotated[str, example("+5511987654321")]
    channel_id: UUID
    channel_name: Annotated[str, example("WhatsApp da loja")]
    channel_kind: ChannelKind | None
    state: ConversationState
    priority: Priority
    assignee: PersonRef | None
    team: TeamRef | None
    labels: list[LabelRef]
    snoozed_until: Moment | None
    unread: int  # messages that came in since somebody read; at most 999
    last_at: Moment  # of the newest message that is no campaign's, else when it was opened: what lists are sorted by
    last: LastMessage | None
    last_inbound_at: Moment | None
    waiting_since: Moment | None  # when the first message came in that nobody answered
    answer_due_at: Moment | None  # by when somebody who waits is to be answered, by the company's `answer_target`
    window_until: Moment | None  # free texts go until then; null: the channel has no window, or it was never open
    first_reply_at: Moment | None  # our first answer since it was opened
    opened_at: Moment
    closed_at: Moment | None
    first_touch: Touch | None
    last_touch: Touch | None
    opted_out: bool
    first_reply_seconds: int | None  # from when it was opened to our first answer, office hours only
    resolution_seconds: int | None  # of a closed one: from when it was opened to when it was closed
    found: FoundLine | None  # of a search that met something said
    assistant: ConversationAssistant | None  # who answers beside people; null: no assistant ever did
    group: bool  # with a group: `contact_id` is the group's, and leads to no contact
    group_admin: bool  # our number administers the group: what others wrote there can be deleted, too


class ConversationCreate(Input):
    contact_id: UUID
    channel_id: UUID


class ConversationCounts(Output):
    """GET /v1/conversations/counts: how many each view has, 1000 for that and more."""

    open: int
    mine: int
    unassigned: int
    unread: int
    snoozed: int


class ConversationsToday(Output):
    """GET /v1/conversations/today: the day so far, in the company's time zone; 10,000 for that and more."""

    wrote: Annotated[int, example(23)]  # conversations in which the person wrote today
    answered: Annotated[int, example(19)]  # of those: nobody waits any more
    waiting: Annotated[int, example(4)]  # open ones in which somebody waits now, since whenever
    first_reply_seconds: (
        Annotated[int, example(340)] | None
    )  # the middle of today's first answers, in office hours; null: none yet


class ConversationUpdate(Input):
    """What is left out stays. `state` `snoozed` needs `snoozed_until`."""

    state: ConversationState | UnsetType = UNSET
    snoozed_until: Moment | None | UnsetType = UNSET
    assignee_id: UUID | None | UnsetType = UNSET
    team_id: UUID | None | UnsetType = UNSET
    priority: Annotated[Priority, example("high")] | UnsetType = UNSET


class ConversationNote(Output):
    """For colleagues only."""

    body: Annotated[str, example("Prefere ser atendida à tarde.")]
    author: PersonRef | None
    mentions: list[PersonRef]


class SystemLine(Output):
    """What was done. `by` null: by itself, or over the API; `whom`: to whom it was assigned; `what`: the name of the team or label, the
    priority, until when it is snoozed, how somebody opted out (keyword, provider, person, import, api), the name of the merged contact, the
    persona that was relieved or got it back, why the assistant handed over or stopped."""

    kind: LineKind
    by: PersonRef | None
    whom: PersonRef | None
    what: str | None


class ThreadEntry(Output):
    """GET /v1/conversations/{id}/entries → Page[ThreadEntry], newest first. `?cursor=` goes on with older ones, `?after=` gives newer
    ones, oldest first; both take the `cursor` of any entry. `?around=` an entry's id: that one, with what stands before and after it. One of `message`, `note` and `line` is there."""

    id: UUID
    at: Moment
    cursor: Annotated[str, example("8-3YnC5rq9lbIjIwMjYtMDMtMDJUMTQ6MDU6MDBaIl0")]
    message: Message | None
    note: ConversationNote | None
    line: SystemLine | None


class ReplyCreate(Input):
    """POST /v1/conversations/{id}/messages → Message (202), under an Idempotency-Key. `reply_to`: the message of the conversation
    that it answers, where the channel's kind has `reply_to`. `seen`: the newest entry that the writer saw; 409 `someone_answered` when an
    answer of somebody else came after it, and its `params.seen` is what to send with to go on."""

    content: ReplyContent
    reply_to: UUID | None = None
    seen: UUID | None = None


class ConversationNoteCreate(Input):
    """POST /v1/conversations/{id}/notes → ThreadEntry."""

    body: NoteText
    mentions: Annotated[list[UUID], Meta(max_length=20)] = []


class ReadMark(Input):
    """POST /v1/conversations/{id}/read → Conversation. `seen`: the newest entry that was seen; what came in after it stays unread. The
    person is shown that it was read, where their channel does that and is set so (`read_receipts`)."""

    seen: Annotated[UUID, example("0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42")] | None = None


class Presence(Output):
    """GET /v1/conversations/{id}/presence → Page[Presence]; POST PresenceUpdate → Page[Presence] says that the caller is here."""

    user: PersonRef
    typing: bool
    until: Moment


class PresenceUpdate(Input):
    """To be sent again every 15 seconds while somebody looks, and at once when they begin or stop to write an answer; `typing` is shown to
    the person too, where their channel does that (`read_receipts`), so never say it of a note. `here` false: they left."""

    typing: Annotated[bool, example(True)] = False
    here: bool = True


class Team(Output):
    """GET /v1/teams → Page[Team] by name; POST TeamCreate (201); PATCH /v1/teams/{id} TeamPatch and DELETE (If-Match).
    `channel_ids`: conversations of these channels go to it when they open. `hours`: its own office hours, which count for its
    conversations in place of the company's, but for the holidays; null: the company's. `away_text`: what is said by itself
    outside of its own hours; empty: the company's text."""

    id: UUID
    name: Annotated[str, example("Vendas")]
    strategy: AssignmentStrategy
    members: list[PersonRef]
    channel_ids: list[UUID]
    hours: list[OpenHours] | None
    away_text: Annotated[str, example("O suporte volta às 8h.")]
    version: int


class TeamCreate(Input):
    name: Name
    strategy: AssignmentStrategy = AssignmentStrategy.MANUAL
    member_ids: Annotated[list[UUID], Meta(max_length=200)] = []
    channel_ids: Annotated[list[UUID], Meta(max_length=200)] = []
    hours: WeekHours | None = None
    away_text: AwayText = ""


class TeamPatch(Input):
    name: Name | UnsetType = UNSET
    strategy: AssignmentStrategy | UnsetType = UNSET
    member_ids: Annotated[list[UUID], Meta(max_length=200)] | UnsetType = UNSET
    channel_ids: Annotated[list[UUID], Meta(max_length=200)] | UnsetType = UNSET
    hours: WeekHours | None | UnsetType = UNSET
    away_text: AwayText | UnsetType = UNSET


class QuickReplyButton(Output):
    title: Annotated[str, example("Quero")]


class QuickReply(Output):
    """GET /v1/quick-replies → Page[QuickReply] by shortcut; POST QuickReplyCreate (201); PATCH
    /v1/quick-replies/{id} and DELETE (If-Match). With `buttons` it is sent as an answer of kind `buttons`."""

    id: UUID
    shortcut: Annotated[str, example("horario")]
    text: Annotated[str, example("Atendemos de segunda a sábado, das 9h às 18h.")]
    buttons: list[QuickReplyButton]
    version: int


class QuickReplyCreate(Input):
    """`text`: up to 1024 characters with buttons."""

    shortcut: Shortcut
    text: MessageText
    buttons: QuickButtons = []


class QuickReplyPatch(Input):
    shortcut: Shortcut | UnsetType = UNSET
    text: MessageText | UnsetType = UNSET
    buttons: QuickButtons | UnsetType = UNSET


class OfficeHours(Output):
    """GET /v1/office-hours; PATCH OfficeHoursPatch (If-Match). In the company's time zone. `enabled` false: it always answers. `away_text`
    is said by itself, once for a conversation and a closed time, to who writes outside of the hours; empty: nothing is said."""

    enabled: bool
    hours: list[OpenHours]
    holidays: list[date]
    away_text: Annotated[str, example("Agora estamos fechados. Respondemos amanhã a partir das 9h.")]
    version: int


class OfficeHoursPatch(Input):
    enabled: bool | UnsetType = UNSET
    hours: WeekHours | UnsetType = UNSET
    holidays: Annotated[list[date], Meta(max_length=400)] | UnsetType = UNSET
    away_text: AwayText | UnsetType = UNSET
