"""A channel goes on over another connection: its conversations stay where they are, and its number speaks through another provider.

Nothing is sent meanwhile: it is paused, until a person has seen that the new way works.
"""

from uuid import UUID

from db import crypto
from db.channels.events import ChannelChanged
from db.channels.secrets import seal, unseal
from db.jobs import SyncTemplates
from db.providers.definition import Provider
from db.work import Work

_PAUSED = (
    "state = 'paused', state_reason = 'person', state_detail = null, paused_until = null, check_result = null, checked_at = null"
)
_TAKE = f"""
update channel a set kind = b.kind, account_id = b.account_id, external_id = b.external_id, portfolio_id = b.portfolio_id, app_id = b.app_id,
    token = $4, signing_secret = $5, verify_token = b.verify_token, number = coalesce(b.number, a.number), quality = b.quality,
    messaging_limit = b.messaging_limit, throughput = b.throughput, unknown_horizon = b.unknown_horizon, heard_at = b.heard_at, {_PAUSED}
from channel b where a.company_id = $1 and a.id = $2 and b.company_id = $1 and b.id = $3
"""
_GIVE = "update channel set archived_at = now(), token = null, signing_secret = null, verify_token = null where company_id = $1 and id = $2"
_TEMPLATES = """
update template t set channel_id = $2 where company_id = $1 and channel_id = $3 and not exists (
    select from template o where o.company_id = $1 and o.channel_id = $2 and o.name = t.name and o.language = t.language)
"""
_BY_CODE = f"""
update channel set kind = $3, account_id = $4, external_id = $4, portfolio_id = $4, app_id = null, token = $5, signing_secret = $6, verify_token = null,
    quality = 'unknown', messaging_limit = $7, throughput = $8, unknown_horizon = $9, heard_at = null, {_PAUSED}
where company_id = $1 and id = $2
"""


async def take_over(w: Work, channel_id: UUID, other: UUID) -> None:
    """The channel has what another one was connected with, its templates too; the other one is archived. Both rows are held."""
    row = await w.fetchrow("select token, signing_secret from channel where company_id = $1 and id = $2", w.company_id, other)
    assert row is not None
    token, secret = (unseal(w.company_id, other, column, row[column]) for column in ("token", "signing_secret"))
    await w.execute(_GIVE, w.company_id, other)  # first: a number is one channel's
    await w.execute(
        _TAKE,
        w.company_id,
        channel_id,
        other,
        seal(w.company_id, channel_id, "token", token),
        seal(w.company_id, channel_id, "signing_secret", secret),
    )
    await w.execute(_TEMPLATES, w.company_id, channel_id, other)
    w.enqueue(SyncTemplates(channel_id=channel_id))
    for one in (channel_id, other):
        w.emit(ChannelChanged(channel_id=one))


async def by_code(w: Work, channel_id: UUID, provider: Provider) -> None:
    """The channel is of a kind that is paired, and not paired yet. Its row is held."""
    place = f"{provider.name}-{channel_id.hex}"
    await w.execute(
        _BY_CODE,
        w.company_id,
        channel_id,
        provider.kind,
        place,
        seal(w.company_id, channel_id, "token", crypto.new_token()),
        seal(w.company_id, channel_id, "signing_secret", crypto.new_token()),
        provider.messaging_limit,
        provider.throughput,
        provider.unknown_horizon,
    )
    w.emit(ChannelChanged(channel_id=channel_id))
