"""Why notifications are refused."""

from db.errors import ErrorCode, FieldCode


class NotificationError(ErrorCode):
    TOO_MANY_SUBSCRIPTIONS = (
        "too_many_subscriptions",
        409,
        "You have notifications in {limit} browsers, as many as there can be. Switch them off in one first.",
    )


class NotificationField(FieldCode):
    NO_PUSH_TARGET = "no_push_target", "This is not what a browser gives for notifications."
    ALWAYS_MAILED = "always_mailed", "News that may stop your messages always comes by mail, too."
    NEVER_MAILED = "never_mailed", "A call does not wait for a mail."
