"""A file of a message, as far as it came."""

from typing import Annotated
from uuid import UUID

from api.contract.base import Output, example
from db.messages.enums import FileReason, FileState


class MessageFile(Output):
    """A file of a message. One that was written elsewhere is fetched from the provider at once; ours is uploaded first: POST
    /v1/message-files (multipart with `file`) → MessageFile (201)."""

    id: UUID
    state: FileState
    reason: FileReason | None  # why it is not here
    name: Annotated[str, example("comprovante.pdf")] | None
    mime_type: Annotated[str, example("image/jpeg")] | None  # what its bytes are; until it is stored, what it was called
    size: int | None  # bytes
    width: int | None  # pixels, of a picture
    height: int | None
    thumbnail: bool  # a small picture of it is there
    inline: bool  # a browser may show it in place; else it is saved
