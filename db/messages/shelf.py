"""Files of ours that go to many people: one in the store, and for each message a row that names the same bytes.

Who lets one go looks whether another row still names its bytes (`files.delete_bytes_of`).
"""

from uuid import UUID

from db.errors import RequestError
from db.messages.errors import ReplyField
from db.work import Work

_COPY = """
insert into message_file(company_id, number, uploaded_by, name, claimed_type, key, state, mime_type, size, sha256, width, height, thumbnail,
    stored_at, shelf_id)
select company_id, 0, uploaded_by, name, claimed_type, key, state, mime_type, size, sha256, width, height, thumbnail, now(), id
from message_file where company_id = $1 and id = $2 and state = 'stored' and message_id is null for share
returning id
"""


async def copied(w: Work, file_id: UUID) -> UUID:
    """A row for one message, which takes it in this transaction (`FileReply.shelved`). Raises Invalid without such a file."""
    found: UUID | None = await w.fetchval(_COPY, w.company_id, file_id)
    if found is None:
        raise RequestError.INVALID(fields=[ReplyField.NO_SUCH_FILE("content.file_id")])
    return found
