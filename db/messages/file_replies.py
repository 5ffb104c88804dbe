"""A file as an answer: whether a channel takes it, and as what it is sent."""

from uuid import UUID

from db.messages import uploads
from db.messages.errors import ReplyError
from db.messages.place import Place
from db.messages.render import FileContent
from db.work import Work

VOICE = "audio/ogg"
RECORDED = (VOICE, "audio/webm", "audio/mp4", "video/webm")
"""What browsers record; a job makes one format of it."""


async def to_send(
    w: Work, place: Place, file_id: UUID, caption: str, *, voice: bool, shelved: bool, reply_to: str | None
) -> FileContent:
    """Raises Invalid without such a file, and Conflict with what the channel does not take."""
    can, file = place.capabilities, await uploads.ready(w, file_id, shelved=shelved)
    mime_type = file.mime_type
    if voice:
        if not can.voice or mime_type not in RECORDED:
            raise ReplyError.VOICE_NOT_TAKEN()
        mime_type = VOICE
    rule = next((rule for rule in can.files if mime_type in rule.types), None)
    if rule is None:
        raise ReplyError.FILE_TYPE_NOT_TAKEN()
    if file.size > rule.most:
        most = f"{rule.most // 1_000_000} MB" if rule.most >= 1_000_000 else f"{rule.most // 1000} KB"
        raise ReplyError.FILE_TOO_BIG_FOR_CHANNEL(most=most)
    if caption and not rule.caption:
        raise ReplyError.CAPTION_NOT_TAKEN()
    return FileContent(
        file_id=file.id,
        form=rule.form,
        mime_type=mime_type,
        size=file.size,
        name=file.name,
        caption=caption,
        voice=voice,
        reply_to=reply_to,
    )
