"""The one place where passwords and codes of the second factor are counted, so that every way to sign in counts its tries.

Counted by the account from one network, by the account from everywhere, by the network, and for the whole installation; all or
nothing, so that a try that is refused takes from nobody. A browser that signed in before holds a device token and has an allowance
of its own: however hard others guess, they keep nobody away from their own account.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from db.accounts.errors import AccountError
from db.accounts.passwords import DECOY, NO_PASSWORD, matches
from db.allowances import Bucket, give_back, network_of, owner_of, take_strictly
from db.crypto import digest
from db.errors import TooManyRequests
from db.tenancy import Origin

DEVICE = Bucket("password-device", 10, 1 / 60)  # one account from one device it knows
PLACE = Bucket("password-place", 10, 1 / 60)  # one account from one network
ACCOUNT = Bucket("password-account", 50, 1 / 30)  # one account from everywhere
NETWORK = Bucket("password-network", 60, 1 / 2)
ALL = Bucket("password-all", 600, 10)
# Of a million codes three are right at any moment: strangers with the password get 300 tries a day, one chance in a thousand.
CODE = Bucket("code-account", 5, 1 / 300)
CODE_DEVICE = Bucket("code-device", 5, 1 / 300)
CODE_NETWORK = Bucket("code-network", 30, 1 / 60)  # who has the passwords of many accounts


async def right_password(origin: Origin, email: str, stored: str | None, password: str, known: str | None) -> bool:
    """Whether the password is the one behind `stored` (None: nobody has this e-mail, which takes as long). `known` names a device or
    session that this account trusts already. Raises TooManyRequests `too_many_attempts`."""
    if stored == NO_PASSWORD:
        stored = None  # and takes as long
    account, network = owner_of(email), network_of(origin.ip or "")
    if known is not None:
        buckets = [(DEVICE, f"{account}:{digest(known).hex()[:32]}")]
    else:
        buckets = [(PLACE, f"{account}:{network}"), (ACCOUNT, account), (NETWORK, network), (ALL, "")]
    try:
        await take_strictly(*buckets)
    except TooManyRequests as error:
        raise AccountError.TOO_MANY_ATTEMPTS(retry_after=error.retry_after) from None
    if not await matches(stored or DECOY, password) or stored is None:
        return False
    await give_back(*buckets)
    return True


@asynccontextmanager
async def counted_code(origin: Origin, user_id: UUID, known: str | None) -> AsyncIterator[None]:
    """One try of a code of the second factor, of the account and of the network; what ends without an error takes nothing. `known` as in
    `right_password`: a device that the account knows has tries of its own. Raises TooManyRequests `too_many_attempts`."""
    account = owner_of(str(user_id))
    if known is not None:
        buckets = [(CODE_DEVICE, f"{account}:{digest(known).hex()[:32]}")]
    else:
        buckets = [(CODE, account), (CODE_NETWORK, network_of(origin.ip or ""))]
    try:
        await take_strictly(*buckets)
    except TooManyRequests as error:
        raise AccountError.TOO_MANY_ATTEMPTS(retry_after=error.retry_after) from None
    yield
    await give_back(*buckets)
