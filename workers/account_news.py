"""News about a whole account at a provider: restrictions and bans stop its channels, good news only starts a check."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from db.channels import provider_state
from db.clock import now
from db.jobs import CheckChannel
from db.messages.reasons import FailureReason
from db.work import Work
from workers.providers.events import AccountEvent
from workers.providers.meta.values import moment


class _Restriction(msgspec.Struct):
    restriction_type: str = ""
    expiration: int | float | str | None = None


class _Ban(msgspec.Struct):
    waba_ban_state: str = ""


class _Account(msgspec.Struct):
    restriction_info: list[_Restriction] = []
    ban_info: _Ban | None = None


async def apply(w: Work, event: AccountEvent) -> None:
    """Restrictions and bans stop the account's channels at once; good news only starts a check."""
    try:
        detail = msgspec.json.decode(event.detail, type=_Account)
    except (ValueError, RecursionError):
        detail = _Account()
    channels = await provider_state.channels_of_account(w, event.account_id)
    ban = detail.ban_info.waba_ban_state if detail.ban_info else ""
    binding = [info for info in detail.restriction_info if info.restriction_type == "RESTRICTED_BIZ_INITIATED_MESSAGING"]
    fresh = (event.at or now()) > now() - timedelta(days=1)
    stops = fresh and (event.event == "ACCOUNT_DELETED" or ban == "DISABLE" or bool(binding))
    until = _latest(info.expiration for info in binding) if ban != "DISABLE" else None
    for channel_id in channels:
        if stops and (until is None or until > now()):
            await provider_state.stop(w, channel_id, FailureReason.ACCOUNT_LOCKED, event.event, until=until)
        elif not stops:
            w.enqueue(CheckChannel(channel_id=channel_id))


def _latest(values: Iterable[int | float | str | None]) -> datetime | None:
    found = [moment(value) for value in values]
    return max((at for at in found if at is not None), default=None)
