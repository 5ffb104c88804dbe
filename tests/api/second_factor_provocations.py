"""What brings the operations of the second factor to each answer that is documented."""

import time

from db.accounts import second_factor, totp
from db.permissions import Role
from db.tenancy import Actor, Origin
from tests.api import provocations
from tests.api.conftest import PASSWORD, bearer, make_member
from tests.api.provocations import Request, Scene, Stage


async def _person(stage: Stage) -> Actor:
    return await make_member(stage.db, stage.owner, Role.OWNER, PASSWORD)


def code(secret: str, ahead: int = 0) -> str:
    """A code of the present step, or of one `ahead` of it."""
    return totp.code_of(secret, int(time.time()) // totp.STEP + ahead)


async def turned_on(actor: Actor) -> tuple[str, list[str]]:
    """Secret and recovery codes of somebody who has just set it up, with the code of the step before: the present one still works."""
    secret, _ = await second_factor.begin(actor, Origin(ip="127.0.0.1"), PASSWORD)
    return secret, await second_factor.confirm(actor, Origin(ip="127.0.0.1"), code(secret, -1))


async def _begins(stage: Stage) -> Request:
    return Request(headers=await bearer(stage.db, await _person(stage)))


async def _begins_twice(stage: Stage) -> Request:
    actor = await _person(stage)
    await turned_on(actor)
    return Request(headers=await bearer(stage.db, actor), status=409)


async def _confirms(stage: Stage) -> Request:
    actor = await _person(stage)
    secret, _ = await second_factor.begin(actor, Origin(ip="127.0.0.1"), PASSWORD)
    return Request(body={"code": code(secret)}, headers=await bearer(stage.db, actor))


async def _on(stage: Stage) -> Request:
    actor = await _person(stage)
    _, (recovery, *_rest) = await turned_on(actor)
    return Request(body={"code": recovery}, headers=await bearer(stage.db, actor))


async def _off(stage: Stage) -> Request:
    return Request(headers=await bearer(stage.db, await _person(stage)), status=409)


async def _rule(stage: Stage) -> Request:
    actor = await _person(stage)
    await turned_on(actor)
    return Request(body={"required": False}, headers=await bearer(stage.db, actor))


async def _rule_without(stage: Stage) -> Request:
    return Request(body={"required": True}, status=409)


async def _resets_without_a_code(stage: Stage) -> Request:
    request = await provocations.SUCCESS["auth_reset_password"](stage)
    await stage.db.execute(
        "update account_user set second_factor_at = now() where id = (select user_id from password_reset order by id desc limit 1)"
    )
    request.status = 401
    return request


SUCCESS: dict[str, Scene] = {
    "me_second_factor_create": _begins,
    "me_second_factor_confirm": _confirms,
    "me_second_factor_recovery_codes": _on,
    "me_second_factor_turn_off": _on,
    "company_second_factor_set": _rule,
}
ALSO: dict[str, list[Scene]] = {
    "auth_reset_password": [_resets_without_a_code],
    "me_second_factor_create": [_begins_twice],
    "me_second_factor_confirm": [_begins_twice],
    "me_second_factor_recovery_codes": [_off],
    "me_second_factor_turn_off": [_off],
    "company_second_factor_set": [_rule_without],
}
