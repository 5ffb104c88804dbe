from uuid import uuid4

import httpx

from tests.api.conftest import PASSWORD


def new_company(**more: str) -> dict[str, str]:
    return {
        "company_name": "Loja Aurora",
        "name": "Ana Lima",
        "email": f"{uuid4().hex}@example.com",
        "password": PASSWORD,
        **more,
    }


async def test_sign_up_then_in(client: httpx.AsyncClient) -> None:
    body = new_company()
    response = await client.post("/v1/auth/sign-up", json=body)
    assert response.status_code == 201, response.text
    assert response.json()["me"]["role"] == "owner"
    response = await client.post("/v1/auth/sign-in", json={"email": body["email"].upper(), "password": PASSWORD})
    assert response.status_code == 200, response.text
