"""Closed lists of names of the accounts: pure data for database, API and screens."""

from enum import StrEnum


class KeyEnd(StrEnum):
    """Why an API key ended that nobody revoked."""

    MAKER_REMOVED = "maker_removed"
    MAKER_DEMOTED = "maker_demoted"
    MAKER_UNKNOWN = "maker_unknown"  # made by a key of which nothing is known any more


class MailTemplate(StrEnum):
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name
    VERIFY_EMAIL = "verify_email"
    CHANNEL_NOTICE = "channel_notice"  # news of a provider that cannot wait
    AI_NOTICE = "ai_notice"  # the AI service stopped, is nearly spent, or loses a model
    COST_NOTICE = "cost_notice"  # the month's limit of costs is nearly spent, or reached
    KOMMO_NOTICE = "kommo_notice"  # the connection to Kommo stopped
    WEBHOOK_NOTICE = "webhook_notice"  # an address of the company takes no events
    ACCOUNT_NOTICE = "account_notice"  # a person's ways in changed
    NOTIFICATIONS = "notifications"  # what somebody wants to hear by mail and has not read


class AccountNotice(StrEnum):
    """What a person is told of about their own ways in."""

    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    IDENTITY_WITHDRAWN = "identity_withdrawn"  # at the provider
    SECOND_FACTOR_OFF = "second_factor_off"
    SECOND_FACTOR_TAKEN_OFF = "second_factor_taken_off"  # by the operator


class InvitationMail(StrEnum):
    """What became of the mail of an invitation. Without it the link still works, and is handed on by who invited."""

    SENT = "sent"
    VERIFY_FIRST = "verify_first"  # who invites has not shown that their own address is theirs
    RECIPIENT_LIMIT = "recipient_limit"  # this address got enough invitations today
    COMPANY_LIMIT = "company_limit"  # the company sent enough invitations today


class SignInStep(StrEnum):
    """What is still needed after a provider said who somebody is."""

    READY = "ready"  # nothing, or the code of the second factor
    PASSWORD = "password"  # noqa: S105 - there is an account with this address, and its password shows whose it is
    SIGN_UP = "sign_up"  # there is no account yet: a company
    LINKED = "linked"  # it was for the account of who is signed in, and is linked
    TAKEN = "taken"  # the same, but it is linked to another person
    OTHER_ADDRESS = "other_address"  # the invitation is for another address than the provider says
    CANCELLED = "cancelled"  # the person turned back at the provider


class Language(StrEnum):
    PT_BR = "pt-BR"
    EN = "en"
