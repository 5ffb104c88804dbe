"""Form bodies of `POST /Messages.json`. Source: Twilio, "Messages resource"; docs/contracts/twilio.md."""

from collections.abc import Sequence
from urllib.parse import urlencode

BODY_LIMIT = 1600
MAX_MEDIA = 10


class BadMessage(ValueError):
    """This message cannot pass at Twilio; refused without a call."""


def message_form(
    to: str,
    sender: str,
    body: str,
    status_callback: str | None = None,
    *,
    media_urls: Sequence[str] = (),
    validity_seconds: int | None = None,
) -> bytes:
    """The body of one SMS or MMS of at most 1600 characters. `sender`: E.164 number or messaging service (`MG...`).

    `validity_seconds` (1..36000): how long Twilio may keep it queued. Raises `BadMessage`.
    """
    if len(body) > BODY_LIMIT or (not body.strip() and not media_urls) or len(media_urls) > MAX_MEDIA:
        raise BadMessage("text empty or longer than 1600 characters, or more than 10 files")
    if "\x00" in body:
        raise BadMessage("text contains a NUL character")
    fields = [("To", to), ("MessagingServiceSid" if sender.startswith("MG") else "From", sender)]
    if body:
        fields.append(("Body", body))
    fields += [("MediaUrl", url) for url in media_urls]
    if status_callback:
        fields.append(("StatusCallback", status_callback))
    if validity_seconds is not None:
        fields.append(("ValidityPeriod", str(min(max(validity_seconds, 1), 36000))))
    try:
        return urlencode(fields).encode("ascii")
    except UnicodeEncodeError as error:
        raise BadMessage("not valid text") from error
