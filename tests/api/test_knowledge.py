"""Knowledge over HTTP: what is written is found, tried, changed and answered, by whom it may be."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from db.knowledge import gaps, readings
from db.knowledge.errors import SourceFailure
from db.permissions import Permission, Role
from db.tenancy import Actor
from db.work import work
from tests.api.conftest import Headers, SignInAs


@pytest.fixture
async def auth(sign_in_as: SignInAs) -> Headers:
    return await sign_in_as()


@pytest.fixture
async def base(client: httpx.AsyncClient, auth: Headers) -> dict[str, Any]:
    made = await client.post("/v1/knowledge-bases", json={"name": "Loja"}, headers=auth)
    assert made.status_code == 201, made.text
    return made.json()


async def add(client: httpx.AsyncClient, auth: Headers, base: dict[str, Any], **content: Any) -> httpx.Response:
    return await client.post(f"/v1/knowledge-bases/{base['id']}/sources", json={"content": content}, headers=auth)


async def tried(client: httpx.AsyncClient, auth: Headers, base: dict[str, Any], question: str) -> dict[str, Any]:
    answer = await client.post(f"/v1/knowledge-bases/{base['id']}/search", json={"question": question}, headers=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_written_is_found_at_once_and_says_why(
    client: httpx.AsyncClient, auth: Headers, base: dict[str, Any]
) -> None:
    assert (base["language"], base["embedder"], base["passages"]) == ("pt", None, 0)
    made = await add(client, auth, base, kind="text", title="Trocas", body="# Prazo\nTrocamos em até 30 dias.")
    assert made.status_code == 201, made.text
    source = made.json()
    assert (await client.get(made.headers["location"], headers=auth)).json() == source
    assert (source["state"], source["passages"], source["body"]) == ("ready", 1, "# Prazo\nTrocamos em até 30 dias.")
    found = await tried(client, auth, base, "qual prazo pra trocar?")
    assert found["by_meaning"] is False
    (passage,) = found["passages"]
    assert (passage["heading"], passage["source_title"], sorted(passage["words"])) == ("Prazo", "Trocas", ["prazo", "trocar"])
    listed = (await client.get(f"/v1/knowledge-bases/{base['id']}/sources", headers=auth)).json()["items"]
    assert [(each["id"], each["body"]) for each in listed] == [(source["id"], None)]
    cut = (await client.get(f"/v1/knowledge-sources/{source['id']}/passages", headers=auth)).json()["items"]
    assert [each["body"] for each in cut] == ["Trocamos em até 30 dias."]
    path, etag = f"/v1/knowledge-sources/{source['id']}", f'"{source["version"]}"'
    changed = await client.patch(path, json={"body": "Trocamos em até 60 dias."}, headers={**auth, "If-Match": etag})
    assert changed.status_code == 200, changed.text
    assert (await tried(client, auth, base, "trocar"))["passages"][0]["body"] == "Trocamos em até 60 dias."
    assert (await client.delete(path, headers={**auth, "If-Match": etag})).status_code == 412
    assert (await client.delete(path, headers=auth)).status_code == 204
    assert (await tried(client, auth, base, "trocar"))["passages"] == []


async def test_a_source_that_is_wrong_is_marked_where(client: httpx.AsyncClient, auth: Headers, base: dict[str, Any]) -> None:
    for content, field, code in (
        ({"kind": "page", "url": "loja"}, "content.url", "url"),
        ({"kind": "text", "title": "x", "body": " \n"}, "content.body", "no_text"),
        ({"kind": "qa", "question": "x", "answer": ""}, "content.answer", "required"),
        ({"kind": "site", "url": "https://a.example", "max_pages": 1}, "content.max_pages", "too_small"),
    ):
        answer = await add(client, auth, base, **content)
        assert (answer.status_code, [(each["field"], each["code"]) for each in answer.json()["errors"]]) == (422, [(field, code)])


async def test_why_a_source_failed_is_said_and_it_is_read_again(
    client: httpx.AsyncClient, auth: Headers, base: dict[str, Any], owner: Actor
) -> None:
    made = (await add(client, auth, base, kind="site", url="https://loja.example/ajuda", max_pages=5, schedule="weekly")).json()
    assert (made["state"], made["title"], made["schedule"], made["max_pages"]) == ("queued", "loja.example/ajuda", "weekly", 5)
    await readings.failed(owner.company_id, UUID(made["id"]), SourceFailure.HTTP_STATUS, status=503)
    failed = (await client.get(f"/v1/knowledge-bases/{base['id']}/sources?failed=true", headers=auth)).json()["items"][0]
    assert (failed["failure"], failed["failure_params"], failed["failure_text"]) == (
        "http_status",
        {"status": 503},
        "The server refused the page with status 503.",
    )
    again = await client.post(f"/v1/knowledge-sources/{made['id']}/read", headers=auth)
    assert (again.status_code, again.json()["state"], again.json()["failure"]) == (202, "queued", None)


async def test_a_gap_becomes_an_answer(client: httpx.AsyncClient, auth: Headers, base: dict[str, Any], owner: Actor) -> None:
    async with work(owner, Permission.KNOWLEDGE_WRITE) as w:
        await gaps.note_gap(w, UUID(base["id"]), "vcs entregam em Santos?", None)
    path = f"/v1/knowledge-bases/{base['id']}/gaps"
    (gap,) = (await client.get(path, headers=auth)).json()["items"]
    assert (gap["questions"], gap["times"], gap["state"]) == (["vcs entregam em Santos?"], 1, "open")
    body = {"answer": "Sim, em três dias.", "question": "Vocês entregam em Santos?"}
    answered = await client.post(f"/v1/knowledge-gaps/{gap['id']}/answer", json=body, headers=auth)
    assert (answered.status_code, answered.json()["kind"], answered.json()["title"]) == (201, "qa", "Vocês entregam em Santos?")
    assert (await client.get(path, headers=auth)).json()["items"] == []
    closed = (await client.get(f"{path}?state=answered", headers=auth)).json()["items"]
    assert [each["source_id"] for each in closed] == [answered.json()["id"]]


async def test_agents_read_and_try_and_managers_write(
    client: httpx.AsyncClient, base: dict[str, Any], sign_in_as: SignInAs
) -> None:
    agent, viewer, manager = await sign_in_as(Role.AGENT), await sign_in_as(Role.VIEWER), await sign_in_as(Role.MANAGER)
    assert (await tried(client, agent, base, "frete"))["passages"] == []
    assert (await add(client, agent, base, kind="qa", question="Frete?", answer="Grátis.")).status_code == 403
    assert (await add(client, manager, base, kind="qa", question="Frete?", answer="Grátis.")).status_code == 201
    assert (await client.get("/v1/knowledge-bases", headers=viewer)).status_code == 403
