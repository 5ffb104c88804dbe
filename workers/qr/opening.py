"""What a session heard, as it is stored: where a message needs what an earlier one brought to be read, it is opened first."""

import contextlib
from collections.abc import Sequence

import msgspec

from db.crypto import SealBroken
from db.qr import inbound
from workers.providers import registry
from workers.qr import port
from workers.qr.hand import Session


async def rows(session: Session, messages: Sequence[port.Message]) -> list[inbound.Message]:
    """In their order. What cannot be opened is stored as it came."""
    adapter, held = registry.adapter(session.kind), session.held
    secrets = {one.id: found for one in messages if (found := adapter.secret_in(bytes(one.message))) is not None}
    needed = {one.id: found for one in messages if (found := adapter.opened_by(bytes(one.message))) is not None}
    known = secrets
    if missing := set(needed.values()) - secrets.keys():
        with contextlib.suppress(SealBroken):
            known = await inbound.secrets(held.company_id, held.channel_id, sorted(missing)) | secrets
    stored: list[inbound.Message] = []
    for one in messages:
        if (secret := known.get(needed.get(one.id, ""))) is not None:
            read = adapter.opened(bytes(one.message), secret, (held.wa_jid, held.lid))
            one = msgspec.structs.replace(one, message=msgspec.Raw(read))
        body = port.encode(one)
        stored.append(inbound.Message(one.chat, one.id, one.whole, body, adapter.is_group(one.chat), secrets.get(one.id)))
    return stored
