"""What setting a number up asks of a provider, step by step: to find what is there, to make it, to take it away.

Each part is found by a name of ours before it is made, so that a repetition makes no second one. Everything raises `ProviderError`, or
`SetupRefused` where the reason is known better.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import ClassVar, NamedTuple

from db.telephony.enums import SetupStep
from db.telephony.errors import SetupFailure
from db.telephony.running import Plan
from db.telephony.setups import Offer, Speaker, Wanted


class SetupRefused(Exception):
    """Why a step cannot be done; `detail` in the provider's words."""

    def __init__(self, failure: SetupFailure, detail: str = "") -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure, self.detail = failure, detail


class Part(NamedTuple):
    """What a step made or found. `ours`: undoing deletes it."""

    ref: str
    ours: bool = True


class Builder(ABC):
    """The steps that one provider does for one number."""

    steps: ClassVar[Collection[SetupStep]]

    @abstractmethod
    async def find(self, step: SetupStep, plan: Plan) -> Part | None:
        """What is there already."""

    @abstractmethod
    async def make(self, step: SetupStep, plan: Plan) -> Part:
        """Asks for it, once."""

    @abstractmethod
    async def unmake(self, step: SetupStep, plan: Plan) -> None:
        """Takes it away; harmless where it is gone."""


class Carrier(Builder):
    """Sells numbers and has trunks."""

    @abstractmethod
    def termination(self, plan: Plan) -> str:
        """Where calls go that are to leave over the trunk."""

    @abstractmethod
    def username(self, plan: Plan) -> str:
        """Of whoever calls over the trunk, where it asks for credentials."""

    @abstractmethod
    async def owned(self) -> list[Offer]:
        """Numbers of the account that can call."""

    @abstractmethod
    async def offers(self, wanted: Wanted) -> list[Offer]:
        """What could be bought, with its price."""


class Voice(Builder):
    """Speaks over numbers of a trunk."""

    @abstractmethod
    async def speakers(self) -> list[Speaker]:
        """Virtual agents of the account."""

    @abstractmethod
    def channel(self, plan: Plan) -> dict[str, str | float]:
        """What connecting the number asks for, by the names of the provider's form."""
