"""Where an answer is written."""

from typing import NamedTuple
from uuid import UUID

from db.providers.definition import Capabilities


class Place(NamedTuple):
    """To whom, and over what (`kind` of channel). `address`: where the person is reached. `opted_out`: they asked for no more messages, whatever they wrote
    since."""

    channel_id: UUID
    contact_id: UUID
    address: str
    opted_out: bool
    kind: str
    capabilities: Capabilities
