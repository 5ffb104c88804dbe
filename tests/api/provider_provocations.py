"""What brings sign-in by an account elsewhere to each answer that is documented. No provider is asked: the flows are written as they come
back, and Facebook's address needs none."""

from uuid import uuid4

from api.auth.oidc import derived
from db.crypto import digest, new_token
from db.permissions import Role
from tests.api.conftest import PASSWORD, bearer, make_member
from tests.api.provocations import Request, Scene, Stage


async def _flow(stage: Stage, **columns: object) -> str:
    """A flow that came back with somebody new; `columns` differ."""
    token = new_token()
    given = {
        "token_hash": digest(token), "provider": "google", "issuer": "https://accounts.google.com", "subject": uuid4().hex,
        "email": f"{uuid4().hex}@gmail.com", "email_verified": True, "name": "Ana Lima", **columns,
    }  # fmt: skip
    names, places = ", ".join(given), ", ".join(f"${number}" for number in range(1, len(given) + 1))
    await stage.db.execute(
        f"insert into sign_in_flow({names}, expires_at) values ({places}, now() + interval '10 minutes')", *given.values()
    )
    return token


async def _starts(stage: Stage) -> Request:
    return Request(body={"invitation": None})


async def _turned_back(stage: Stage) -> Request:
    token = await _flow(stage, subject=None, email=None, name=None)
    return Request(body={"flow": token, "state": derived(token, "state"), "code": None, "error": "access_denied", "iss": None})


async def _proves_nothing(stage: Stage) -> Request:
    return Request(body={"state": "another"}, status=401)


async def _looks(stage: Stage) -> Request:
    return Request(body={"flow": await _flow(stage)})


async def _unknown(stage: Stage) -> Request:
    return Request(body={"flow": new_token()}, status=401)


async def _invitation(stage: Stage, email: str) -> bytes:
    made = await stage.client.post("/v1/team/invitations", json={"email": email, "role": "agent"}, headers=stage.auth)
    return digest(str(made.json()["link"]).rpartition("/")[2])


async def _invited_other(stage: Stage) -> Request:
    flow = await _flow(stage, invitation_hash=await _invitation(stage, f"{uuid4().hex}@example.com"))
    return Request(body={"flow": flow}, status=409)


async def _invitation_ended(stage: Stage) -> Request:
    return Request(body={"flow": await _flow(stage, invitation_hash=digest(new_token()))}, status=401)


async def _without_a_company(stage: Stage) -> Request:
    actor = await make_member(stage.db, stage.owner, Role.AGENT, PASSWORD)
    await stage.db.execute("delete from membership where user_id = $1", actor.id)
    flow = await _flow(stage)
    await stage.db.execute(
        "insert into identity(user_id, provider, issuer, subject) select $1, provider, issuer, subject from sign_in_flow where token_hash = $2",
        actor.id,
        digest(flow),
    )
    return Request(body={"flow": flow}, status=403)


async def _links(stage: Stage) -> Request:
    actor = await make_member(stage.db, stage.owner, Role.AGENT, PASSWORD)
    return Request(body={"provider_id": "facebook", "password": PASSWORD}, headers=await bearer(stage.db, actor))


async def _last(stage: Stage) -> Request:
    actor = await make_member(stage.db, stage.owner, Role.AGENT)
    await stage.db.execute("update account_user set password_hash = 'none' where id = $1", actor.id)
    id = await stage.db.fetchval(
        "insert into identity(user_id, provider, issuer, subject) values ($1, 'google', 'x', $2) returning id",
        actor.id,
        uuid4().hex,
    )
    return Request(path={"identity_id": str(id)}, headers=await bearer(stage.db, actor), status=409)


SUCCESS: dict[str, Scene] = {
    "auth_providers_start": _starts,
    "auth_providers_return": _turned_back,
    "auth_providers_look": _looks,
    "auth_providers_complete": _looks,
    "me_identities_create": _links,
}
ALSO: dict[str, list[Scene]] = {
    "auth_providers_return": [_proves_nothing],
    "auth_providers_look": [_unknown, _invitation_ended],
    "auth_providers_complete": [_unknown, _invited_other, _invitation_ended, _without_a_company],
    "me_identities_delete": [_last],
}
