"""Numbers of a trunk, made known to Retell. Source: retell-sdk 6.2.13, phone_number_import_params.py; docs/contracts."""

from typing import Any, ClassVar

import msgspec

from db import storable
from db.channels.agents import MOST
from db.telephony.enums import SetupAccess, SetupStep
from db.telephony.errors import SetupFailure
from db.telephony.running import Plan
from db.telephony.setups import Speaker
from workers.providers.retell.client import RetellClient
from workers.providers.trunks import Part, SetupRefused, Voice
from workers.providers.wire import ProviderError


class _Trunk(msgspec.Struct, frozen=True):
    termination_uri: str | None = None


class _Imported(msgspec.Struct, frozen=True):
    phone_number: str
    sip_outbound_trunk_config: _Trunk | None = None


class RetellNumbers(Voice):
    steps: ClassVar = (SetupStep.IMPORT,)

    def __init__(self, client: RetellClient, termination: str, username: str) -> None:
        """`termination` and `username`: of the trunk."""
        self._client, self._termination, self._username = client, termination, username

    async def speakers(self) -> list[Speaker]:
        found = []
        for one in await self._client.agents(MOST):
            identifier = storable.identifier(one.agent_id, 100)
            if identifier is not None:
                found.append(Speaker(identifier, " ".join(storable.text(one.agent_name or "", 120).split()) or identifier))
        return sorted(found, key=lambda one: one.name.casefold())

    async def find(self, step: SetupStep, plan: Plan) -> Part | None:
        """Raises SetupRefused where the number is known over another trunk."""
        try:
            found = await self._client.imported(plan.number, _Imported)
        except ProviderError as error:
            if error.http_status == 404:
                return None
            raise
        trunk = found.sip_outbound_trunk_config
        if trunk is None or trunk.termination_uri != self._termination:
            raise SetupRefused(SetupFailure.NUMBER_IMPORTED, (trunk.termination_uri if trunk is not None else None) or "")
        return Part(found.phone_number)

    async def make(self, step: SetupStep, plan: Plan) -> Part:
        body: dict[str, Any] = {
            "phone_number": plan.number,
            "termination_uri": self._termination,
            "nickname": plan.name,
            "transport": "TCP",
            "outbound_agents": [{"agent_id": plan.agent_id, "weight": 1}],
            "inbound_agents": [{"agent_id": plan.agent_id, "weight": 1}],
        }
        if plan.access is SetupAccess.CREDENTIALS:
            body |= {"sip_trunk_auth_username": self._username, "sip_trunk_auth_password": plan.trunk_secret}
        return Part((await self._client.import_number(body, _Imported)).phone_number)

    async def unmake(self, step: SetupStep, plan: Plan) -> None:
        try:
            if await self.find(step, plan) is None:
                return
        except SetupRefused:
            return  # it is another trunk's, so it is not ours to delete
        await self._client.delete_number(plan.number)

    def channel(self, plan: Plan) -> dict[str, str | float]:
        return {"api_key": plan.voice_secret, "number": plan.number}
