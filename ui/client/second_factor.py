"""The second step of signing in, over the API."""

from api.contract.accounts import Company
from api.contract.base import Done
from api.contract.second_factor import (
    RecoveryCodes,
    SecondFactor,
    SecondFactorCode,
    SecondFactorRule,
    SecondFactorStart,
    SecondFactorStarted,
)
from ui.client.base import ApiClient

_PATH = "/v1/me/second-factor"


async def state(api: ApiClient) -> SecondFactor:
    return await api.get(_PATH, SecondFactor)


async def begin(api: ApiClient, password: str | None) -> SecondFactorStarted:
    return await api.post(_PATH, SecondFactorStarted, SecondFactorStart(password=password))


async def confirm(api: ApiClient, code: str) -> RecoveryCodes:
    return await api.post(f"{_PATH}/confirm", RecoveryCodes, SecondFactorCode(code=code))


async def new_codes(api: ApiClient, code: str) -> RecoveryCodes:
    return await api.post(f"{_PATH}/recovery-codes", RecoveryCodes, SecondFactorCode(code=code))


async def turn_off(api: ApiClient, code: str) -> None:
    await api.post(f"{_PATH}/turn-off", Done, SecondFactorCode(code=code))


async def require(api: ApiClient, required: bool) -> Company:
    return await api.put("/v1/company/second-factor", Company, SecondFactorRule(required=required))
