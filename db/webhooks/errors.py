"""Why webhooks out refuse."""

from db.errors import ErrorCode, FieldCode


class WebhookError(ErrorCode):
    HISTORY_NOT_KEPT = "history_not_kept", 409, "Events are not kept yet. Turn their history on first."
    TYPE_NOT_YOURS = (
        "webhook_type_not_yours",
        403,
        "You can only have told what you may see yourself: {permission} is not one of your permissions.",
    )
    TOO_MANY = "too_many_webhooks", 409, "Your company has {limit} webhooks, as many as it can have. Delete one first."
    OFF = "webhook_off", 409, "This webhook is switched off. Switch it on first."


class WebhookField(FieldCode):
    ADDRESS = "webhook_address", "Write a public address that begins with https://, without a password in it."
    RANGE = "webhook_range", "Choose a start before the end."
