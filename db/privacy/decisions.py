"""What becomes of each table when a person is erased. A table or a column that nobody decided about fails `tests/db/privacy/test_decisions.py`;
what is decided here is what the receipt says was kept, and why. Who carries it out: `erasing.py`, by verbs of the tables' owners.
"""

from typing import NamedTuple

from db.privacy.enums import Fate as D


class Rule(NamedTuple):
    """`why` of KEEP: shown in the receipt; empty: the table never holds anything of a person outside of the team. `blank` of BLANK: the
    columns that are emptied, `rest` the others that could hold text."""

    decision: D
    why: str = ""
    blank: frozenset[str] = frozenset()
    rest: frozenset[str] = frozenset()


ERASE = Rule(D.ERASE)
OURS = Rule(D.KEEP)
"""Of the company and its team: settings, accounts, figures without a person."""


def _keep(why: str) -> Rule:
    return Rule(D.KEEP, why)


def _blank(columns: str, rest: str = "") -> Rule:
    return Rule(D.BLANK, "", frozenset(columns.split()), frozenset(rest.split()))


_IDS = "Ids alone: without the contact they lead to nobody."
RULES: dict[str, Rule] = {
    # the person
    "contact": ERASE,
    "contact_identity": ERASE,
    "identity_past": ERASE,
    "contact_tag": ERASE,
    "contact_note": ERASE,
    "contact_merge": ERASE,
    "contact_import_member": _blank("before after addresses", "tags"),
    "contact_import_reject": ERASE,
    "contact_import": _keep("Name and figures of a list. Its file, where the person stood in it, is deleted."),
    "contact_import_undo": OURS,
    "contact_bulk": _keep("What somebody searched for when they chose many contacts at once."),
    "suppression": ERASE,
    "consent_entry": _keep(f"What the person asked for, and when: the proof. Addresses in the clear go. {_IDS}"),
    "contact_distinct": _keep(f"Of whom somebody said that they are two people; it goes with either. {_IDS}"),
    "segment": _keep("Whom a segment means, as somebody of the team wrote it."),
    "erased_address": _keep("So that nobody imports the person or writes to them again; not to be read back."),
    "contact_export": _keep(f"Who asked for a file of it and when; the file is deleted. {_IDS}"),
    # what was said
    "message": _blank("address params content provider_id context reacts_to", "dedupe_key reason origin"),
    "attempt": _blank("provider_id detail", "held_by held_name"),
    "lost_attempt": ERASE,
    "inbound_message": _blank("address body content context context_provider_id referral provider_id", "kind origin"),
    "message_file": ERASE,
    "call": ERASE,
    "call_turn": ERASE,
    "call_order": ERASE,
    "call_transfer": ERASE,
    "call_ring": _keep(f"At whose page a call rang; it goes with the call. {_IDS}"),
    "handed_file": OURS,
    "webhook_inbox": _keep("What a provider sent and nobody could read yet, of several people at once, for 30 days at most."),
    "conversation": ERASE,
    "conversation_entry": ERASE,
    "conversation_label": ERASE,
    "talk": _keep(f"When conversations were opened, answered and closed, for figures. {_IDS}"),
    # what was read in it
    "ai_assist": ERASE,
    "ai_conversation": ERASE,
    "ai_trace": ERASE,
    "ai_turn": ERASE,
    "ai_usage": _keep(f"What models cost. {_IDS}"),
    "ai_spending": _keep(f"What models cost. {_IDS}"),
    "enrolment": _keep(f"That somebody went through a sequence, for its figures. {_IDS}"),
    "enrolment_step": _keep(f"That somebody went through a sequence, for its figures. {_IDS}"),
    "enrolment_news": _keep(f"That a message of a sequence has left, for a moment. {_IDS}"),
    "sent_text": _keep("Digests of a number with a text, for eight days, so that nobody gets the same text twice."),
    "model_request": _keep("What the simulator's model read: the newest few of a rehearsal."),
    "lead_judging": ERASE,
    "lead_proposal": ERASE,
    "lead_watch": ERASE,
    "knowledge_gap": ERASE,
    # leads
    "lead": _blank("title search custom tags external_id metadata", "rank lost_reason title_key"),
    "lead_note": ERASE,
    "lead_stay": _keep(f"When leads came into stages and left them, and what they were worth, for figures. {_IDS}"),
    "lead_change": _blank("what", "kind from_stage to_stage"),
    "lead_bulk_move": _keep(f"For seven days, to undo a move of many leads. {_IDS}"),
    "rule_run": _keep(_IDS),
    # what outsiders were told, and told us
    "webhook_delivery": ERASE,
    "webhook_attempt": ERASE,
    "incoming_delivery": _blank("payload problems same_key", "source content_type state lead_done"),
    "kommo_link": ERASE,
    "kommo_task": ERASE,
    "incoming_key": _keep("A digest that tells a repeated call apart, for as long as its hook says, 30 days at most."),
    "channel_log": ERASE,
    "event_noticed": _keep(f"Until it is moved among the others, for moments. {_IDS}"),
    "event_outbox": _keep("Until those who asked have read it, for days at most."),
    "request_log": _keep("What was asked of the interface for programs, by whom, for a week; no words and no ids of the person."),
    "idempotency": _keep("Answers to repeated calls, sealed, for 24 hours."),
    "chat_group": _keep("How a group is called in which a number of the company writes along."),
    "qr_heard": _keep(_IDS),
    "qr_first": _keep(_IDS),
    "qr_key": _keep("Keys of a number that is connected by a code, sealed; they tell of nobody. What votes in the person's polls are read by goes."),
    # proof
    "audit_log": _keep("Who did what, which the company must be able to show. It holds ids and no words of the person."),
    "erasure": _keep("The receipt itself."),
    "retention": OURS,
    "erased_salt": OURS,
    "receipt_key": OURS,
    "job": _keep(f"Work that waits. {_IDS}"),
    "conversion": _keep(f"That a lead was told to the network whose ad brought it; who clicked stands in the conversation alone. {_IDS}"),
    "notification": _keep(f"What happened to somebody of the team, for 90 days. {_IDS}"),
    "appointment": _keep(f"When somebody came. {_IDS}"),
    "campaign": _keep("What a campaign says and who was chosen, as somebody searched for them."),
    "persona_trial": _keep("What somebody of the team typed to try a persona, for 30 days."),
    "persona_case": _keep("What somebody of the team typed to try a persona."),
    **dict.fromkeys(
        """
        account_user ai_budget ai_connection ai_price ai_safety api_key board board_ai booking call_agent call_queue cadence cadence_version channel channel_notice channel_signup company custom_field custom_role
        email_verification event_consumer held_item hold identity incoming_hook installation installation_secret invitation knowledge_base knowledge_chunk kommo_connection kommo_stage
        knowledge_question knowledge_source knowledge_term knowledge_vector known_device label lead_field lost_reason mail membership
        message_cost message_tally model_behaviour office_hours password_reset persona persona_binding persona_run persona_version phone_setup phone_setup_step portfolio_window
        notification_choice push_subscription qr_session quick_reply recovery_code schema_migration second_factor send_hours send_rate session sign_in_flow spend_cap spend_reserved stage
        annotation conversion_setting dashboard saved_view figure_report figure_report_mail figure_report_reader figure_report_run holiday listed_rate call_rule unreached_country opt_out_word own_opt_out_word stage_ever stage_rule stage_tag_total stage_total stat_check stat_day stat_delta stat_hour
        tag team team_channel team_member template template_version tick warm_up warm_up_used webhook_endpoint
        """.split(),  # noqa: SIM905 - a list of lines
        OURS,
    ),
}  # fmt: skip


def kept() -> dict[str, str]:
    """Tables of which something stays, with the reason."""
    return {table: rule.why for table, rule in RULES.items() if rule.decision is D.KEEP and rule.why}
