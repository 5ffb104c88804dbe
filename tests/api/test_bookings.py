"""Appointments over the wire."""

import httpx
import pytest

from tests.api.conftest import SignInAs


@pytest.mark.parametrize("path", ["/v1/boards/00000000-0000-7000-8000-000000000000/free-times", "/v1/appointments"])
async def test_a_moment_without_an_offset_is_refused(client: httpx.AsyncClient, sign_in_as: SignInAs, path: str) -> None:
    answer = await client.get(path, params={"since": "2026-12-01T10:00:00"}, headers=await sign_in_as())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "needs_offset"
