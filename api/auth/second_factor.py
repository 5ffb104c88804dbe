"""The second step of signing in: what a person sets up for themselves, and whether a company asks it of everybody."""

from litestar import Controller, get, post, put
from litestar.params import JSONBody

from api.auth.guard import Caller, forget_all, person
from api.auth.views import CallOrigin
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
from api.pagination import struct
from db.accounts import second_factor


class SecondFactorController(Controller):
    path = "/v1/me/second-factor"
    tags = ("Me",)

    @get(
        summary="Does my sign-in ask for codes",
        description="Since when it asks for codes of an authenticator app, how many recovery codes are left, and whether the company asks for it.",
    )
    async def state(self, actor: Caller) -> SecondFactor:
        found = await second_factor.state(person(actor))
        return SecondFactor(
            since=found.since, recovery_codes=found.recovery_codes, required=found.required, password=found.password
        )

    @post(
        status_code=200,
        opt={"idempotent": False},  # a secret is made anew each time
        summary="Begin to set up an authenticator app",
        description="A secret for the app, in place of an earlier one that was not confirmed. Nothing changes until a code of it is confirmed. "
        "422 `wrong_password`, 409 `second_factor_on`, 403 `sign_in_again` for who has no password and signed in long ago.",
    )
    async def begin(self, data: JSONBody[SecondFactorStart], actor: Caller, origin: CallOrigin) -> SecondFactorStarted:
        secret, address = await second_factor.begin(person(actor), origin, data.password)
        return SecondFactorStarted(secret=secret, address=address)

    @post(
        "/confirm",
        status_code=200,
        opt={"idempotent": False},  # a code works once
        summary="Ask for codes from now on",
        description="With a first code of the app. Ends all other sessions of the person, and answers recovery codes, shown once. "
        "422 `wrong_code`, 409 `second_factor_on`.",
    )
    async def confirm(self, data: JSONBody[SecondFactorCode], actor: Caller, origin: CallOrigin) -> RecoveryCodes:
        codes = await second_factor.confirm(person(actor), origin, data.code)
        forget_all()
        return RecoveryCodes(codes=codes)

    @post(
        "/recovery-codes",
        status_code=200,
        opt={"idempotent": False},
        summary="Make new recovery codes",
        description="In place of those there are, shown once. 422 `wrong_code`, 409 `second_factor_off`.",
    )
    async def recovery_codes(self, data: JSONBody[SecondFactorCode], actor: Caller, origin: CallOrigin) -> RecoveryCodes:
        return RecoveryCodes(codes=await second_factor.new_codes(person(actor), origin, data.code))

    @post(
        "/turn-off",
        status_code=200,
        opt={"idempotent": False},
        summary="Ask for codes no more",
        description="With a code of the app or a recovery code. 422 `wrong_code`, 409 `second_factor_off`.",
    )
    async def turn_off(self, data: JSONBody[SecondFactorCode], actor: Caller, origin: CallOrigin) -> Done:
        await second_factor.turn_off(person(actor), origin, data.code)
        forget_all()
        return Done()


class SecondFactorRuleController(Controller):
    path = "/v1/company/second-factor"
    tags = ("Company",)

    @put(
        summary="Ask a second step of everybody",
        description="Needs `company:write` and an owner (403 `owner_only`), who has one themselves (409 `second_factor_off`). Who has none "
        "can do nothing but set it up, nor can their API keys: 403 `second_factor_required`.",
    )
    async def require(self, data: JSONBody[SecondFactorRule], actor: Caller) -> Company:
        row = await second_factor.require_of_all(person(actor), data.required)
        forget_all()
        return struct(row, Company)
