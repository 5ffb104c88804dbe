"""The codes with which each operation can refuse. Most follow from what every request goes through; the table says what the actions
of an operation add, and a test reads it off the code (`tests/api/test_error_codes.py`)."""

from api.openapi.account_codes import ACCOUNTS
from api.openapi.analytics_codes import ANALYTICS
from api.openapi.booking_codes import BOOKINGS
from api.openapi.operations import CHANGES, NEVER, Operation
from api.openapi.schemas import page_of
from api.openapi.session_codes import SESSIONS
from db.accounts.errors import AccountError
from db.ai.errors import AiError
from db.boards.errors import BoardError
from db.cadences.errors import CadenceError
from db.campaigns.errors import CampaignError
from db.channels.errors import ChannelError
from db.contacts.errors import ContactError, ContactImportError
from db.conversations.errors import ConversationError
from db.errors import ErrorCode, RequestError
from db.holds.errors import HoldError
from db.incoming.errors import IncomingError
from db.knowledge.errors import KnowledgeError
from db.kommo.errors import KommoError
from db.messages.errors import CallError, MessageError, ReplyError, UploadError
from db.notifications.errors import NotificationError
from db.personas.errors import PersonaError
from db.proposals.errors import ProposalError
from db.webhooks.errors import WebhookError

_NOT_NOW = (MessageError.CHANNEL_NOT_CONNECTED, MessageError.NO_ADDRESS, MessageError.OPTED_OUT, MessageError.WINDOW_CLOSED)
"""Why somebody cannot be written to over a channel."""
_NOT_CHANGED = (*_NOT_NOW, ReplyError.CHANGE_NOT_TAKEN, ReplyError.CHANGE_TOO_LATE, ReplyError.NOTHING_TO_CHANGE)
_WRITTEN = (*_NOT_NOW, MessageError.SPEND_CAP)
_ANSWERED = (
    ConversationError.SOMEONE_ANSWERED,
    *_WRITTEN,
    ReplyError.CAPTION_NOT_TAKEN,
    ReplyError.FILE_TOO_BIG_FOR_CHANNEL,
    ReplyError.FILE_TYPE_NOT_TAKEN,
    ReplyError.KIND_NOT_TAKEN,
    ReplyError.COUNTRY_UNREACHED,
    ReplyError.MARKETING_REFUSED,
    ReplyError.REPLY_TO_NOT_TAKEN,
    ReplyError.TEMPLATE_NOT_TEXT,
    ReplyError.VOICE_NOT_TAKEN,
)
_NEW_FIELD = (ContactError.FIELD_BUSY, ContactError.FIELD_EXISTS, ContactError.FIELD_NAME_TAKEN)
BY_OPERATION: dict[str, tuple[ErrorCode, ...]] = {
    **ACCOUNTS,
    **ANALYTICS,
    **BOOKINGS,
    **SESSIONS,
    "ai_connection_test": (AiError.NOT_CONNECTED,),
    "boards_ai_set": (BoardError.BOARD_ARCHIVED,),
    "boards_create": (BoardError.TOO_MANY_BOARDS,),
    "boards_fields_create": (BoardError.TOO_MANY_LEAD_FIELDS, *_NEW_FIELD),
    "boards_fields_update": (ContactError.FIELD_NAME_TAKEN,),
    "boards_lost_reasons_create": (BoardError.LOST_REASON_EXISTS, BoardError.TOO_MANY_LOST_REASONS),
    "boards_rules_create": (BoardError.TOO_MANY_RULES,),
    "boards_stages_create": (BoardError.TOO_MANY_STAGES,),
    "boards_update": (BoardError.TOO_MANY_BOARDS,),
    "cadences_delete": (CadenceError.CADENCE_NOT_DELETABLE,),
    "cadences_end": (CadenceError.CADENCE_ENDED,),
    "cadences_enrolments_create": (CadenceError.CADENCE_NOT_RUNNING,),
    "cadences_pause": (CadenceError.CADENCE_ENDED, CadenceError.CADENCE_NOT_RUNNING),
    "cadences_resume": (CadenceError.CADENCE_ENDED, CadenceError.CADENCE_NOT_PAUSED),
    "cadences_start": (CadenceError.CADENCE_ENDED, CadenceError.CADENCE_NOT_READY),
    "cadences_update": (CadenceError.CADENCE_ENDED,),
    "campaigns_cancel": (CampaignError.NOT_CANCELLABLE,),
    "campaigns_compare_csv": (RequestError.NOT_FOUND,),
    "campaigns_compare_get": (RequestError.NOT_FOUND,),
    "campaigns_create": (CampaignError.EXTERNAL_ID_TAKEN, RequestError.NOT_FOUND),
    "campaigns_delete": (CampaignError.NOT_DELETABLE,),
    "campaigns_follow_up": (CampaignError.NOBODY_LEFT, CampaignError.STILL_SENDING),
    "campaigns_launch": (
        CampaignError.ALREADY_LAUNCHED,
        CampaignError.IN_THE_PAST,
        CampaignError.NOT_READY,
    ),
    "campaigns_limit_set": (CampaignError.NOT_EDITABLE,),
    "campaigns_pause": (CampaignError.NOT_RUNNING,),
    "campaigns_resume": (CampaignError.NOT_PAUSED, CampaignError.TEMPLATE_STOPPED),
    "campaigns_retry_failed": (CampaignError.IN_THE_PAST, CampaignError.NOT_RETRYABLE, CampaignError.TEMPLATE_STOPPED),
    "campaigns_test": (
        CampaignError.NOT_READY,
        MessageError.OPTED_OUT,
    ),
    "campaigns_trial_winner": (CampaignError.TRIAL_OVER,),
    "campaigns_update": (
        CampaignError.EXTERNAL_ID_TAKEN,
        CampaignError.NOT_EDITABLE,
        CampaignError.NOT_READY,
    ),
    "channel_signups_create": (ChannelError.SIGNUP_OFF,),
    "channel_signups_finish": (ChannelError.SIGNUP_OVER,),
    "channels_create": (ChannelError.CHANNEL_EXISTS,),
    "channels_talk_address": (ChannelError.NO_TALK,),
    "channels_delete": (ChannelError.CHANNEL_IN_USE,),
    "channels_resume": (ChannelError.CHANNEL_NOT_PAUSED,),
    "channels_templates_sync": (ChannelError.NO_TEMPLATES,),
    "channels_update": (ChannelError.NOT_FOR_THIS_CHANNEL,),
    "contacts_bulk": (
        ContactError.NOBODY_CHOSEN,
        ContactError.TAG_BUSY,
    ),
    "contacts_create": (
        ContactError.CONTACT_EXISTS,
        ContactError.TAG_BUSY,
    ),
    "contacts_duplicates_keep_apart": (RequestError.NOT_FOUND,),
    **dict.fromkeys(("contacts_upsert", "contacts_upsert_bulk"), (ContactError.TAG_BUSY,)),
    "contacts_merges_undo": (ContactError.MERGE_UNDONE,),
    "contacts_update": (
        ContactError.CONTACT_EXISTS,
        ContactError.TAG_BUSY,
    ),
    "conversations_assist_create": (AiError.NOT_CONNECTED,),
    "conversations_create": (RequestError.NOT_FOUND,),
    "conversations_presence_create": (AccountError.PEOPLE_ONLY,),
    "conversations_messages": _ANSWERED,
    **dict.fromkeys(
        ("conversations_messages_reaction_clear", "conversations_messages_reaction_set"),
        (
            *_NOT_NOW,
            ReplyError.REACTION_NOT_TAKEN,
        ),
    ),
    **dict.fromkeys(
        ("conversations_messages_delete", "conversations_messages_text_set"), (*_NOT_CHANGED, ReplyError.NOT_GROUP_ADMIN)
    ),
    "contacts_call": (*CallError, MessageError.CHANNEL_NOT_CONNECTED, MessageError.NO_ADDRESS, MessageError.OPTED_OUT),
    "conversations_messages_send_again": (
        *_NOT_NOW,
        MessageError.NOT_SENT_AGAIN,
        ReplyError.COUNTRY_UNREACHED,
        ReplyError.MARKETING_REFUSED,
    ),
    "conversations_template_preview": (ReplyError.TEMPLATE_NOT_TEXT,),
    "custom_fields_create": (*_NEW_FIELD, ContactError.TOO_MANY_FIELDS),
    "custom_fields_update": (ContactError.FIELD_NAME_TAKEN,),
    "events_get": (RequestError.TOO_MANY_LISTENERS,),
    "events_history_list": (WebhookError.HISTORY_NOT_KEPT, WebhookError.TYPE_NOT_YOURS),
    "holds_decide": (HoldError.ALREADY_DECIDED,),
    "imports_create": (
        ContactImportError.FILE_EMPTY,
        ContactImportError.NOT_A_SPREADSHEET,
        ContactImportError.NO_ROOM_FOR_FILE,
        ContactImportError.TOO_MANY_OPEN_IMPORTS,
        ContactImportError.TOO_MANY_UPLOADS,
        RequestError.FILE_TOO_LARGE,
    ),
    "imports_undo": (
        ContactImportError.IMPORT_NOT_OVER,
        ContactImportError.UNDO_TOO_LATE,
    ),
    "imports_undo_preview_get": (
        ContactImportError.IMPORT_NOT_OVER,
        ContactImportError.UNDO_TOO_LATE,
    ),
    "imports_mend": (
        ContactError.TAG_BUSY,
        ContactImportError.IMPORT_NOT_OVER,
        ContactImportError.IMPORT_UNDONE,
    ),
    "imports_dry_run": (
        BoardError.BOARD_ARCHIVED,
        BoardError.STAGE_LEAVING,
        BoardError.TOO_MANY_LEAD_FIELDS,
        ContactError.FIELD_BUSY,
        ContactError.TOO_MANY_FIELDS,
        ContactImportError.IMPORT_NOT_READY,
        ContactImportError.MAPPING_INVALID,
    ),
    "imports_repeat": (
        ContactImportError.FILE_NOT_KEPT,
        ContactImportError.IMPORT_NOT_OVER,
        ContactImportError.NO_ROOM_FOR_FILE,
        ContactImportError.TOO_MANY_OPEN_IMPORTS,
        ContactImportError.TOO_MANY_UPLOADS,
    ),
    "imports_start": (
        BoardError.BOARD_ARCHIVED,
        BoardError.STAGE_LEAVING,
        BoardError.TOO_MANY_LEAD_FIELDS,
        ContactError.FIELD_BUSY,
        ContactError.TAG_BUSY,
        ContactError.TOO_MANY_FIELDS,
        ContactImportError.IMPORT_NOT_READY,
        ContactImportError.MAPPING_INVALID,
    ),
    "incoming_hooks_create": (IncomingError.TOO_MANY_HOOKS,),
    "incoming_hooks_deliveries_replay": (IncomingError.PAYLOAD_UNREAD,),
    "incoming_hooks_deliveries_try": (ContactError.TAG_BUSY, IncomingError.PAYLOAD_UNREAD),
    "integrations_kommo_push_contact": (KommoError.NOT_CONNECTED, KommoError.NOT_READY, RequestError.NOT_FOUND),
    "integrations_kommo_push_lead_note": (KommoError.NOT_CONNECTED, KommoError.NOT_READY, RequestError.NOT_FOUND),
    "integrations_kommo_tasks_retry": (KommoError.NOT_CONNECTED, KommoError.NOT_FAILED, KommoError.NOT_READY),
    "integrations_kommo_test": (KommoError.NOT_CONNECTED,),
    "integrations_kommo_update": (KommoError.NOT_CONNECTED,),
    "knowledge_bases_create": (KnowledgeError.BASE_EXISTS, KnowledgeError.TOO_MANY_BASES),
    "knowledge_bases_files": (
        KnowledgeError.FILE_KIND,
        KnowledgeError.NO_ROOM_FOR_SOURCE,
        KnowledgeError.TOO_MANY_SOURCES,
        RequestError.FILE_TOO_LARGE,
    ),
    "knowledge_bases_questions_create": (KnowledgeError.TOO_MANY_QUESTIONS,),
    "knowledge_bases_sources_create": (KnowledgeError.BASE_FULL, KnowledgeError.TOO_MANY_SOURCES),
    "knowledge_bases_update": (KnowledgeError.BASE_EXISTS,),
    "knowledge_gaps_answer": (KnowledgeError.BASE_FULL, KnowledgeError.GAP_CLOSED, KnowledgeError.TOO_MANY_SOURCES),
    "knowledge_gaps_dismiss": (KnowledgeError.GAP_CLOSED,),
    "knowledge_sources_file": (
        KnowledgeError.FILE_KIND,
        KnowledgeError.NO_ROOM_FOR_SOURCE,
        KnowledgeError.NOT_OF_THIS_KIND,
        RequestError.FILE_TOO_LARGE,
    ),
    "knowledge_sources_read": (KnowledgeError.NOTHING_TO_READ,),
    "knowledge_sources_update": (KnowledgeError.BASE_FULL, KnowledgeError.NOT_OF_THIS_KIND),
    "labels_create": (ConversationError.LABEL_EXISTS,),
    "labels_update": (ConversationError.LABEL_EXISTS,),
    "lead_proposals_accept": (
        *_WRITTEN,
        ProposalError.NOT_ENROLLED,
        ReplyError.CAPTION_NOT_TAKEN,
        ReplyError.FILE_TOO_BIG_FOR_CHANNEL,
        ReplyError.FILE_TYPE_NOT_TAKEN,
        ProposalError.PROPOSAL_DECIDED,
        ProposalError.PROPOSAL_EXPIRED,
        ReplyError.KIND_NOT_TAKEN,
        ReplyError.COUNTRY_UNREACHED,
        ReplyError.MARKETING_REFUSED,
        ReplyError.TEMPLATE_NOT_TEXT,
    ),
    "lead_proposals_reason_set": (ProposalError.PROPOSAL_DECIDED,),
    "lead_proposals_refuse": (ProposalError.PROPOSAL_DECIDED,),
    "lead_proposals_undo": (
        ProposalError.CANNOT_UNDO,
        ProposalError.PROPOSAL_DECIDED,
        ProposalError.PROPOSAL_TOO_OLD,
        ProposalError.UNDO_CHANGED,
    ),
    "leads_bulk_move": (
        BoardError.BOARD_ARCHIVED,
        BoardError.LOST_REASON_MISSING,
        BoardError.OTHER_BOARD,
        BoardError.STAGE_LEAVING,
        RequestError.NOT_FOUND,
    ),
    "leads_bulk_move_undo": (
        BoardError.BOARD_ARCHIVED,
        BoardError.MOVE_UNDONE,
    ),
    "leads_create": (
        BoardError.BOARD_ARCHIVED,
        BoardError.LOST_REASON_MISSING,
        BoardError.STAGE_LEAVING,
        RequestError.NOT_FOUND,
    ),
    "leads_upsert": (
        BoardError.BOARD_ARCHIVED,
        BoardError.LOST_REASON_MISSING,
        BoardError.OTHER_BOARD,
        BoardError.STAGE_LEAVING,
        RequestError.NOT_FOUND,
    ),
    "leads_move": (
        BoardError.BOARD_ARCHIVED,
        BoardError.LOST_REASON_MISSING,
        BoardError.OTHER_BOARD,
        BoardError.STAGE_LEAVING,
        RequestError.CHANGED_MEANWHILE,
    ),
    "me_push_key_get": (AccountError.PEOPLE_ONLY,),
    "me_push_subscriptions_create": (
        AccountError.PEOPLE_ONLY,
        NotificationError.TOO_MANY_SUBSCRIPTIONS,
    ),
    "me_push_subscriptions_delete": (AccountError.PEOPLE_ONLY,),
    "me_push_subscriptions_list": (AccountError.PEOPLE_ONLY,),
    "message_files_create": (
        RequestError.FILE_TOO_LARGE,
        UploadError.NO_ROOM_FOR_UPLOAD,
        UploadError.UPLOAD_WRONG_TYPE,
    ),
    "messages_create": (*_ANSWERED, RequestError.NOT_FOUND),
    "personas_cases_create": (PersonaError.TOO_MANY_CASES,),
    "personas_runs_create": (
        PersonaError.NO_CASES,
        PersonaError.NEVER_PUBLISHED,
        PersonaError.RUN_UNDER_WAY,
    ),
    "personas_trials": (
        PersonaError.NEVER_PUBLISHED,
        PersonaError.TOO_MANY_TRIALS,
    ),
    "personas_create": (
        PersonaError.PERSONA_EXISTS,
        PersonaError.TOO_MANY_PERSONAS,
    ),
    "personas_picture_create": (RequestError.FILE_TOO_LARGE,),
    "personas_pause": (PersonaError.NEVER_PUBLISHED,),
    "personas_publish": (PersonaError.NOTHING_TO_PUBLISH,),
    "personas_resume": (PersonaError.NEVER_PUBLISHED,),
    "personas_update": (PersonaError.PERSONA_EXISTS,),
    "quick_replies_create": (ConversationError.SHORTCUT_EXISTS,),
    "quick_replies_update": (ConversationError.SHORTCUT_EXISTS,),
    "segments_create": (
        ContactError.SEGMENT_EXISTS,
        ContactError.TOO_MANY_SEGMENTS,
    ),
    "segments_delete": (ContactError.SEGMENT_IN_USE,),
    "segments_update": (ContactError.SEGMENT_EXISTS,),
    "stages_delete": (
        BoardError.LAST_STAGE,
        BoardError.OTHER_BOARD,
        BoardError.STAGE_LEAVING,
        BoardError.STAGE_NOT_EMPTY,
    ),
    "stages_try_rules": (
        BoardError.BOARD_ARCHIVED,
        RequestError.NOT_FOUND,
    ),
    "stages_update": (
        BoardError.STAGE_LEAVING,
        BoardError.STAGE_TOO_FULL,
    ),
    "tags_create": (ContactError.TAG_EXISTS,),
    "tags_update": (ContactError.TAG_EXISTS,),
    "teams_create": (ConversationError.TEAM_EXISTS,),
    "teams_update": (ConversationError.TEAM_EXISTS,),
    "templates_check": (
        ChannelError.NO_TEMPLATES,
        RequestError.NOT_FOUND,
    ),
    "templates_create": (
        ChannelError.NO_TEMPLATES,
        ChannelError.TEMPLATE_EXISTS,
        ChannelError.TEMPLATE_INVALID,
        RequestError.NOT_FOUND,
    ),
    "templates_delete": (ChannelError.TEMPLATE_IN_USE,),
    "templates_set": (
        ChannelError.NO_TEMPLATES,
        ChannelError.TEMPLATE_EDITED_OFTEN,
        ChannelError.TEMPLATE_IN_USE,
        ChannelError.TEMPLATE_INVALID,
        ChannelError.TEMPLATE_NOT_EDITABLE,
    ),
    "templates_unpause": (ChannelError.TEMPLATE_NOT_PAUSED,),
    "webhooks_create": (AccountError.NO_COMPANY, WebhookError.TOO_MANY, WebhookError.TYPE_NOT_YOURS),
    "webhooks_deliveries_get": (WebhookError.TYPE_NOT_YOURS,),
    "webhooks_deliveries_replay": (WebhookError.OFF,),
    "webhooks_replay": (WebhookError.OFF,),
    "webhooks_test": (WebhookError.OFF,),
    "webhooks_update": (AccountError.NO_COMPANY, WebhookError.TYPE_NOT_YOURS),
}


def of_requests(operation: Operation) -> list[ErrorCode]:
    """What may happen to the request, whatever the operation does."""
    public = bool(operation.opt.get("public"))
    versioned = bool(operation.opt.get("versioned"))
    sent = operation.has_body or operation.keyed
    rules: dict[ErrorCode, bool] = {
        RequestError.MALFORMED: operation.has_body,
        RequestError.UNAUTHENTICATED: not public,
        RequestError.FORBIDDEN: not public,
        RequestError.KEY_LACKS_PERMISSION: not public,
        RequestError.SECOND_FACTOR_REQUIRED: not public,
        RequestError.ADDRESS_NOT_ALLOWED: not public,
        RequestError.TEST_KEY: not public and operation.method in CHANGES,
        RequestError.NOT_FOUND: "{" in operation.path,
        RequestError.TOO_SLOW: sent,
        RequestError.IDEMPOTENCY_IN_PROGRESS: operation.keyed,
        RequestError.IDEMPOTENCY_MISMATCH: operation.keyed,
        RequestError.CHANGED_MEANWHILE: versioned,
        RequestError.NO_VERSION: operation.method in CHANGES and not versioned,
        RequestError.TOO_LARGE: sent,
        RequestError.MEDIA_TYPE: operation.has_body,
        RequestError.INVALID: True,
        RequestError.NOT_STORABLE: operation.has_body,
        RequestError.BAD_CURSOR: page_of(operation.gives),
        RequestError.BAD_IDEMPOTENCY_KEY: operation.keyed,
        RequestError.TOO_MANY_REQUESTS: True,
        RequestError.UNAVAILABLE: True,
        RequestError.OUTCOME_UNKNOWN: operation.method in CHANGES,
    }
    return [code for code, holds in rules.items() if holds]


def codes(operation: Operation) -> dict[str, list[ErrorCode]]:
    """By status, those of every request first."""
    found: dict[str, list[ErrorCode]] = {}
    for code in (*of_requests(operation), *BY_OPERATION.get(operation.id, ())):
        if str(code.status) not in NEVER.get(operation.id, frozenset()):
            found.setdefault(str(code.status), []).append(code)
    return dict(sorted(found.items()))
