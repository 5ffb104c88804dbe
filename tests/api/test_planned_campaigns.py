"""What goes out by itself is changed only by who may send."""

import httpx

from db.permissions import Permission
from tests.api.conftest import Headers, SignInAs
from tests.api.test_campaigns import auth, ready

__all__ = ["auth", "ready"]


async def test_what_goes_out_of_a_scheduled_campaign_takes_the_right_to_send(
    client: httpx.AsyncClient, auth: Headers, ready: dict, sign_in_as: SignInAs
) -> None:
    url = f"/v1/campaigns/{ready['id']}"
    (await client.post(f"{url}/launch", json={"at": "2030-01-01T12:00:00Z"}, headers=auth)).raise_for_status()
    writer = await sign_in_as(scopes=[Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_READ])
    for body in ({"body": "x"}, {"audience": {"everyone": True}}, {"settings": {}}, {"name": "y", "bindings": []}):
        refused = await client.patch(url, json=body, headers=writer)
        assert (refused.status_code, refused.json()["code"]) == (403, "key_lacks_permission"), body
    assert (await client.patch(url, json={"metadata": {"a": "b"}, "name": "z"}, headers=writer)).status_code == 200
    assert (await client.patch(url, json={"audience": {"everyone": True}}, headers=auth)).status_code == 200
