"""The address of a channel's calls in which our persona speaks itself: a secret in it is all the proof that there is, so it is long, sealed,
made anew whenever somebody asks for it, and shown to them alone."""

import hmac
from uuid import UUID

from db import crypto
from db.channels.errors import ChannelError
from db.channels.events import ChannelChanged
from db.channels.queries import channel_in
from db.crypto import SealBroken
from db.permissions import Permission
from db.providers import registry
from db.settings import Settings
from db.tenancy import Actor
from db.work import read, work

_COLUMN = "talk_secret"


async def address(actor: Actor, channel_id: UUID, settings: Settings) -> str:
    """A new one; the one of before leads nowhere from now on. Raises NotFound, Invalid `no_talk`."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        view = await channel_in(w, w.company_id, channel_id)
        provider = registry.provider(view.kind)
        if provider.talk is None:
            raise ChannelError.NO_TALK()
        secret = crypto.new_token()
        sealed = crypto.ring().seal(secret, company_id=w.company_id, table="channel", column=_COLUMN, row_id=channel_id)
        await w.execute("update channel set talk_secret = $3 where company_id = $1 and id = $2", w.company_id, channel_id, sealed)
        w.audit("channel.talk_address_made", channel_id)
        w.emit(ChannelChanged(channel_id=channel_id))
        base = settings.webhook_url.rstrip("/").replace("http", "ws", 1)
        return f"{base}/hooks/{provider.name}/{channel_id}/{provider.talk.path}/{secret}"


async def fits(actor: Actor, channel_id: UUID, secret: str) -> bool:
    """Whether it is the secret of this channel's address."""
    async with read(actor, Permission.CHANNELS_READ) as r:
        sealed = await r.fetchval(
            "select talk_secret from channel where company_id = $1 and id = $2 and archived_at is null",
            actor.company_id,
            channel_id,
        )
    if sealed is None:
        return False
    try:
        known = crypto.ring().open(sealed, company_id=actor.company_id, table="channel", column=_COLUMN, row_id=channel_id)
    except SealBroken:
        return False
    return hmac.compare_digest(known.encode(), secret.encode("utf-8", "replace"))
