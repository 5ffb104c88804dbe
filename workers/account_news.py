"""News about a whole account at a provider: what forbids it to send stops its channels, anything else starts a check of them."""

from datetime import timedelta

from db.channels import provider_state
from db.clock import now
from db.jobs import CheckChannel
from db.messages.reasons import FailureReason
from db.work import Work
from workers.providers.events import AccountEvent

FRESH = timedelta(days=1)  # older news says nothing of now: the check asks


async def apply(w: Work, event: AccountEvent) -> None:
    """Stops the account's channels at once, or has them checked. A prohibition that is over does neither."""
    stops = event.forbids and (event.at or now()) > now() - FRESH
    for channel_id in await provider_state.channels_of_account(w, event.account_id):
        if stops and (event.until is None or event.until > now()):
            await provider_state.stop(w, channel_id, FailureReason.ACCOUNT_LOCKED, event.event, until=event.until)
        elif not stops:
            w.enqueue(CheckChannel(channel_id=channel_id))
