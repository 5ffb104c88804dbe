"""The catalogue of background jobs: each is one Struct of ids, with its queue and limits. How they run: workers/runtime.py."""

from typing import ClassVar, Literal, get_args
from uuid import UUID

import msgspec

WhenHeld = Literal["keep", "hold", "drop"]
QueueName = Literal["default", "assistant", "assist", "judge", "bulk", "inbound", "media", "inspect", "dry_run", "import", "knowledge", "kommo"]  # fmt: skip
QUEUES: tuple[QueueName, ...] = get_args(QueueName)
ALONE: frozenset[QueueName] = frozenset(
    ("inspect", "dry_run", "import", "knowledge", "kommo")
)  # one of a company at a time (`job_alone`)

LEASE = 60.0  # seconds


class Job(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of all jobs. Ids only: no secrets, no message text."""

    queue: ClassVar[QueueName] = "default"
    timeout: ClassVar[float] = 60  # seconds; also the lease of a run, unless:
    # shorter, and prolonged while it runs, so that what its worker's death left lying is soon taken up. Each step of such a job is fenced by its own row.
    lease: ClassVar[float | None] = None
    max_tries: ClassVar[int] = 8
    # What a hold (db/holds) does with it: `hold` what somebody outside notices and would notice twice, `drop` what is asked anew by itself.
    when_held: ClassVar[WhenHeld] = "keep"
    unique: ClassVar[str | None] = None  # two waiting jobs of a company for which this reads the same, filled in, are one

    @property
    def key(self) -> str | None:
        return None if self.unique is None else self.unique.format_map(msgspec.structs.asdict(self))


class SendMail(Job, frozen=True, kw_only=True):
    """Sends one mail that was written (`db/accounts/mails.py`)."""

    when_held: ClassVar[WhenHeld] = "hold"
    mail_id: UUID


class MailReport(Job, frozen=True, kw_only=True):
    """Writes one report of figures for one reader and mails it (`db/analytics/report_mails.py`)."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 120
    when_held: ClassVar[WhenHeld] = "hold"
    mail_id: UUID
    unique: ClassVar[str | None] = "report:{mail_id}"


class TellConversion(Job, frozen=True, kw_only=True):
    """Tells an ad's network of a lead that it brought (`db/analytics/conversions.py`)."""

    max_tries: ClassVar[int] = 20
    when_held: ClassVar[WhenHeld] = "hold"
    conversion_id: UUID
    unique: ClassVar[str | None] = "conversion:{conversion_id}"


class SendPush(Job, frozen=True, kw_only=True):
    """Notifies one person in the browsers that they chose (`db/notifications/subscriptions.py`)."""

    max_tries: ClassVar[int] = 4
    when_held: ClassVar[WhenHeld] = "drop"
    user_id: UUID
    kind: Literal["assigned", "waits", "mentioned", "call", "lead", "rule_stopped", "campaign", "import", "notice"]
    subject_id: UUID | None = None
    topic: str | None = None
    code: str | None = None
    about: str | None = None
    path: str | None = None
    conversation_id: UUID | None = None  # in jobs of versions before this one
    lead_id: UUID | None = None


class MailNotifications(Job, frozen=True, kw_only=True):
    """Mails one person what they have not read on a page (`db/notifications/mailing.py`)."""

    when_held: ClassVar[WhenHeld] = "drop"
    user_id: UUID
    unique: ClassVar[str | None] = "mail-notifications:{user_id}"


class TryPersona(Job, frozen=True, kw_only=True):
    """Composes one answer of a persona that is tried (`db/personas/trials.py`)."""

    timeout: ClassVar[float] = 180
    max_tries: ClassVar[int] = 3
    trial_id: UUID
    unique: ClassVar[str | None] = "trial:{trial_id}"


class RunCase(Job, frozen=True, kw_only=True):
    """The same, for one of many test cases."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 180
    max_tries: ClassVar[int] = 3
    trial_id: UUID
    unique: ClassVar[str | None] = "trial:{trial_id}"


class MarkRead(Job, frozen=True, kw_only=True):
    """Tells the provider how far a conversation was read (`db/conversations/receipts.py`)."""

    when_held: ClassVar[WhenHeld] = "drop"
    conversation_id: UUID
    unique: ClassVar[str | None] = "read:{conversation_id}"


class SayAway(Job, frozen=True, kw_only=True):
    """Tells who wrote outside of the office hours that nobody is here (`db/conversations/away.py`)."""

    when_held: ClassVar[WhenHeld] = "drop"
    conversation_id: UUID
    message_id: UUID
    unique: ClassVar[str | None] = "away:{conversation_id}"


class MissAnswer(Job, frozen=True, kw_only=True):
    """An answer did not go: whoever asked waits again (`db/conversations/missed.py`)."""

    message_id: UUID


class RunTurn(Job, frozen=True, kw_only=True):
    """Composes and says one answer of the assistant, once the customer has paused (`db/assistant/turns.py`)."""

    queue: ClassVar[QueueName] = "assistant"
    timeout: ClassVar[float] = 240
    max_tries: ClassVar[int] = 6
    when_held: ClassVar[WhenHeld] = "drop"  # a copy must not answer, and what it would say is old by then
    turn_id: UUID
    unique: ClassVar[str | None] = "turn:{turn_id}"


class NoteGap(Job, frozen=True, kw_only=True):
    """Notes what a turn was asked and no passage answers (`db/assistant/turns.py`)."""

    max_tries: ClassVar[int] = 6
    turn_id: UUID


class RunAssist(Job, frozen=True, kw_only=True):
    """Writes what an agent asked for and waits to see (`db/assistant/assists.py`)."""

    queue: ClassVar[QueueName] = "assist"
    timeout: ClassVar[float] = 120
    max_tries: ClassVar[int] = 3
    when_held: ClassVar[WhenHeld] = "drop"  # nobody waits for it any more
    assist_id: UUID
    unique: ClassVar[str | None] = "assist:{assist_id}"


class JudgeConversation(Job, frozen=True, kw_only=True):
    """Looks once at a conversation for a board that watches it (`db/proposals/watch.py`)."""

    queue: ClassVar[QueueName] = "judge"
    timeout: ClassVar[float] = 150
    max_tries: ClassVar[int] = 3
    when_held: ClassVar[WhenHeld] = "drop"  # what is due is asked anew
    conversation_id: UUID
    board_id: UUID
    unique: ClassVar[str | None] = "judge:{conversation_id}:{board_id}"


class CheckChannel(Job, frozen=True, kw_only=True):
    """Live check of a channel's credentials, number, quality and limits."""

    when_held: ClassVar[WhenHeld] = "drop"  # it has the provider call us: a copy would take that over
    channel_id: UUID
    unique: ClassVar[str | None] = "check:{channel_id}"


class FinishSignup(Job, frozen=True, kw_only=True):
    """Exchanges what the provider's window gave and makes the channel; codes live less than a minute."""

    max_tries: ClassVar[int] = 4
    when_held: ClassVar[WhenHeld] = "drop"
    signup_id: UUID
    unique: ClassVar[str | None] = "signup:{signup_id}"


class SearchNumbers(Job, frozen=True, kw_only=True):
    """Reads the accounts of a number that is to be set up, and what numbers could be bought (`db/telephony/running.py`)."""

    timeout: ClassVar[float] = 120
    max_tries: ClassVar[int] = 3
    when_held: ClassVar[WhenHeld] = "drop"
    setup_id: UUID
    asked_at: int  # each search is a job of its own


class RunPhoneSetup(Job, frozen=True, kw_only=True):
    """Goes on with a number that is set up, or takes it back, one step after another (`db/telephony/running.py`)."""

    timeout: ClassVar[float] = 180
    max_tries: ClassVar[int] = 6
    when_held: ClassVar[WhenHeld] = "hold"  # it buys
    setup_id: UUID
    unique: ClassVar[str | None] = "phone-setup:{setup_id}"


class MakeSimulator(Job, frozen=True, kw_only=True):
    """Gives a new company a number to rehearse with, a text and sample contacts."""

    max_tries: ClassVar[int] = 6
    unique: ClassVar[str | None] = "simulator"


class ProbeChannel(Job, frozen=True, kw_only=True):
    """Asks a provider that was down whether it answers again; the channel goes on when it does."""

    timeout: ClassVar[float] = 15
    channel_id: UUID
    unique: ClassVar[str | None] = "probe:{channel_id}"


class SyncTemplates(Job, frozen=True, kw_only=True):
    channel_id: UUID
    unique: ClassVar[str | None] = "templates:{channel_id}"


class FollowTemplates(Job, frozen=True, kw_only=True):
    """Pauses what uses a template of this channel that may not be sent any more."""

    timeout: ClassVar[float] = 30
    channel_id: UUID
    unique: ClassVar[str | None] = "follow-templates:{channel_id}"


class SubmitTemplate(Job, frozen=True, kw_only=True):
    """Creates, edits or deletes a template at the provider, or asks it to let a paused one go again."""

    when_held: ClassVar[WhenHeld] = "hold"
    template_id: UUID
    verb: Literal["create", "edit", "delete", "unpause"]


class InspectImport(Job, frozen=True, kw_only=True):
    """Looks at an uploaded list: its kind, columns and first rows."""

    queue: ClassVar[QueueName] = "inspect"
    timeout: ClassVar[float] = 120
    max_tries: ClassVar[int] = 3
    import_id: UUID
    unique: ClassVar[str | None] = "inspect:{import_id}"


class DryRunImport(Job, frozen=True, kw_only=True):
    """Counts what an import would do, before it is started."""

    queue: ClassVar[QueueName] = "dry_run"
    timeout: ClassVar[float] = 900
    max_tries: ClassVar[int] = 3
    import_id: UUID
    unique: ClassVar[str | None] = "dry-run:{import_id}"


class RunImport(Job, frozen=True, kw_only=True):
    queue: ClassVar[QueueName] = "import"
    timeout: ClassVar[float] = 900
    lease: ClassVar[float | None] = LEASE
    import_id: UUID
    unique: ClassVar[str | None] = "import:{import_id}"


class UndoImport(Job, frozen=True, kw_only=True):
    """Takes an import back, batch by batch."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    import_id: UUID
    unique: ClassVar[str | None] = "undo:{import_id}"


class ForgetFile(Job, frozen=True, kw_only=True):
    """Deletes the file of an import that is over."""

    import_id: UUID
    unique: ClassVar[str | None] = "forget:{import_id}"


class DownloadFile(Job, frozen=True, kw_only=True):
    """Fetches a file of a message from its provider into the file store. Tried for thirty hours: providers keep files for days."""

    queue: ClassVar[QueueName] = "media"
    timeout: ClassVar[float] = 420
    max_tries: ClassVar[int] = 20
    file_id: UUID
    unique: ClassVar[str | None] = "file:{file_id}"


class RemindOfAppointment(Job, frozen=True, kw_only=True):
    """Reminds a customer of what they booked (`db/bookings/reminders.py`)."""

    when_held: ClassVar[WhenHeld] = "hold"
    appointment_id: UUID
    unique: ClassVar[str | None] = "remind:{appointment_id}"


class AskAboutCall(Job, frozen=True, kw_only=True):
    """Asks a provider what became of a call of which it told no end (`workers/calls.py`)."""

    max_tries: ClassVar[int] = 3
    when_held: ClassVar[WhenHeld] = "drop"
    channel_id: UUID
    provider_call_id: str
    unique: ClassVar[str | None] = "call:{provider_call_id}"


class SpeakAnswer(Job, frozen=True, kw_only=True):
    """Composes one answer while somebody holds the line (`db/assistant/speaking.py`)."""

    queue: ClassVar[QueueName] = "assist"
    timeout: ClassVar[float] = 40
    max_tries: ClassVar[int] = 1
    when_held: ClassVar[WhenHeld] = "drop"
    speech_id: UUID


class OrderCall(Job, frozen=True, kw_only=True):
    """Tells a provider what somebody of the team wants of a call that goes on (`db/transfers/orders.py`)."""

    timeout: ClassVar[float] = 45
    max_tries: ClassVar[int] = 2
    when_held: ClassVar[WhenHeld] = "drop"  # the call is over by then
    order_id: UUID
    unique: ClassVar[str | None] = "order:{order_id}"


class LookAtFile(Job, frozen=True, kw_only=True):
    """Opens a picture that somebody uploaded, and makes a small one of it."""

    queue: ClassVar[QueueName] = "media"
    timeout: ClassVar[float] = 180
    file_id: UUID
    unique: ClassVar[str | None] = "look:{file_id}"


class CutPicture(Job, frozen=True, kw_only=True):
    """Opens a picture that somebody uploaded for a persona, and cuts it to a small square."""

    queue: ClassVar[QueueName] = "media"
    timeout: ClassVar[float] = 180
    persona_id: UUID
    picture_id: UUID
    unique: ClassVar[str | None] = "cut:{picture_id}"


class SendFile(Job, frozen=True, kw_only=True):
    """Hands the file of a message over to the provider, then it waits in its channel's queue (`db/messages/uploads.py`), or that at the head of templates (`db/messages/header_files.py`). Tried for a day in which the channel sends: so long is a window open."""

    queue: ClassVar[QueueName] = "media"
    timeout: ClassVar[float] = 420
    max_tries: ClassVar[int] = 150
    file_id: UUID
    unique: ClassVar[str | None] = "send:{file_id}"


class DeleteFiles(Job, frozen=True, kw_only=True):
    """Deletes the files of messages whose contact was deleted."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    unique: ClassVar[str | None] = "files:delete"


class BulkContacts(Job, frozen=True, kw_only=True):
    """A bulk action over more contacts than one request should touch."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    lease: ClassVar[float | None] = LEASE
    bulk_id: UUID


class EraseContact(Job, frozen=True, kw_only=True):
    """Erases a person and signs the receipt (`db/privacy/erasing.py`)."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    max_tries: ClassVar[int] = 20
    erasure_id: UUID
    unique: ClassVar[str | None] = "erase:{erasure_id}"


class ExportContact(Job, frozen=True, kw_only=True):
    """Puts everything about a person into one file (`db/privacy/exporting.py`)."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    max_tries: ClassVar[int] = 4
    export_id: UUID
    unique: ClassVar[str | None] = "export:{export_id}"


class KeepRules(Job, frozen=True, kw_only=True):
    """Forgets what is older than the company keeps (`db/privacy/retention.py`)."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    unique: ClassVar[str | None] = "retention"


class RemoveField(Job, frozen=True, kw_only=True):
    """Takes the values of a deleted custom field off all contacts."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    field_id: UUID
    unique: ClassVar[str | None] = "field:{field_id}"


class RemoveStage(Job, frozen=True, kw_only=True):
    """Moves the leads of a stage that is leaving, then deletes it."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    stage_id: UUID
    unique: ClassVar[str | None] = "stage:{stage_id}"


class RemoveLeadField(Job, frozen=True, kw_only=True):
    """Takes the values of a board's deleted field off its leads."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    field_id: UUID
    unique: ClassVar[str | None] = "lead-field:{field_id}"


class PrepareCampaign(Job, frozen=True, kw_only=True):
    """Materialises the audience, then the campaign runs."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    lease: ClassVar[float | None] = LEASE
    campaign_id: UUID
    unique: ClassVar[str | None] = "prepare:{campaign_id}"


class GiveUpChange(Job, frozen=True, kw_only=True):
    """Ends a change of a message of ours that still waits when the platform takes it no more (`db/messages/changes.py`)."""

    message_id: UUID


class ReleaseHeld(Job, frozen=True, kw_only=True):
    """Hours or the pace of a number were changed: whoever waits for them is asked about anew (`db/messages/loosened.py`). `again`: a while later, for
    whom the rules of before put off at that moment."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    again: bool = False
    unique: ClassVar[str | None] = "release-held:{again}"


class LookUpUnknown(Job, frozen=True, kw_only=True):
    """Asks a provider that can be asked (Twilio) whether a message of unknown outcome exists."""

    channel_id: UUID
    unique: ClassVar[str | None] = "lookup:{channel_id}"


class ReadEvents(Job, frozen=True, kw_only=True):
    """A consumer of durable events has something to read (`db/event_consumers.py`)."""

    max_tries: ClassVar[int] = 20
    consumer: str
    unique: ClassVar[str | None] = "events:{consumer}"


class RunRules(Job, frozen=True, kw_only=True):
    """Carries out what the rules of stages owe to one lead (`db/boards/rule_steps.py`)."""

    when_held: ClassVar[WhenHeld] = "hold"  # they write to people
    lead_id: UUID
    unique: ClassVar[str | None] = "rules:{lead_id}"


class RunIncoming(Job, frozen=True, kw_only=True):
    """Carries out what came for an incoming hook (`db/incoming/deliveries.py`)."""

    max_tries: ClassVar[int] = 20  # hours: a campaign that it puts people into may be written for long
    when_held: ClassVar[WhenHeld] = "hold"  # it may write to people
    delivery_id: UUID
    unique: ClassVar[str | None] = "incoming:{delivery_id}"


class CheckAi(Job, frozen=True, kw_only=True):
    """Live check of the AI service: its key, models, an answer, a vector."""

    timeout: ClassVar[float] = 120
    max_tries: ClassVar[int] = 4
    when_held: ClassVar[WhenHeld] = "drop"
    unique: ClassVar[str | None] = "ai"


class CheckKommo(Job, frozen=True, kw_only=True):
    """Live check of the connection to Kommo: its token, account, pipelines and webhook."""

    queue: ClassVar[QueueName] = "kommo"
    timeout: ClassVar[float] = 90
    max_tries: ClassVar[int] = 4
    when_held: ClassVar[WhenHeld] = "drop"  # it has Kommo call us: a copy would take that over
    unique: ClassVar[str | None] = "kommo:check"


class SyncKommo(Job, frozen=True, kw_only=True):
    """Does what is owed to Kommo and takes over what came from there (`db/kommo/tasks.py`)."""

    queue: ClassVar[QueueName] = "kommo"
    timeout: ClassVar[float] = 110
    when_held: ClassVar[WhenHeld] = "hold"
    unique: ClassVar[str | None] = "kommo:sync"


class ReadSource(Job, frozen=True, kw_only=True):
    """Reads a file, a page or a site of a knowledge base and cuts it into passages."""

    queue: ClassVar[QueueName] = "knowledge"
    timeout: ClassVar[float] = 900
    max_tries: ClassVar[int] = 4
    source_id: UUID
    unique: ClassVar[str | None] = "source:{source_id}"


class EmbedBase(Job, frozen=True, kw_only=True):
    """Gives the passages of a knowledge base the vectors that they lack, and changes to another model once all have one of it."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 600
    max_tries: ClassVar[int] = 12
    when_held: ClassVar[WhenHeld] = "drop"  # asked anew by the round over all bases
    base_id: UUID
    unique: ClassVar[str | None] = "embed:{base_id}"


class MeasureBase(Job, frozen=True, kw_only=True):
    """Searches the test questions of a knowledge base, or one of them, and keeps where the source of each stood."""

    queue: ClassVar[QueueName] = "bulk"
    timeout: ClassVar[float] = 900
    when_held: ClassVar[WhenHeld] = "drop"
    base_id: UUID
    question_id: UUID | None = None
    unique: ClassVar[str | None] = "measure:{base_id}:{question_id}"


class EmbedQuestion(Job, frozen=True, kw_only=True):
    """Makes the vectors of a question that somebody tries (`db/knowledge/asking.py`)."""

    timeout: ClassVar[float] = 30
    max_tries: ClassVar[int] = 1
    when_held: ClassVar[WhenHeld] = "drop"
    question_id: UUID


class SandboxControl(Job, frozen=True, kw_only=True):
    """A person plays with the sandbox: answers as a customer, changes its behaviour, reviews a template, scans a code."""

    when_held: ClassVar[WhenHeld] = "hold"
    channel_id: UUID
    verb: Literal["behaviour", "reply", "opt_out", "template_review", "quality", "news", "scan"]
    params: dict[str, str | float | int | bool]


class SandboxModel(Job, frozen=True, kw_only=True):
    """Fetches what the simulator's model read, or tells it how to behave (`db/ai/sandbox_model.py`)."""

    when_held: ClassVar[WhenHeld] = "drop"
    max_tries: ClassVar[int] = 4
    verb: Literal["requests", "behaviour"]
    unique: ClassVar[str | None] = "sandbox_model:{verb}"


JOBS: tuple[type[Job], ...] = tuple(Job.__subclasses__())  # all of them: what is not here cannot be read from its row
