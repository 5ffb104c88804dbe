"""What brings the operations of personas to each answer that is documented."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

from db import blobs
from tests.api.provocations import Request, Scene, Stage, alone, body, conflict, given

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24  # nobody opens it here


async def _published(stage: Stage) -> Request:
    await stage.set("persona", state="live", published_id=UUID(stage.things["persona_version_id"]))
    return Request()


async def _taken_name(stage: Stage) -> Request:
    await stage.db.execute("insert into persona(company_id, name, draft) values ($1, 'Outra', '{}')", stage.owner.company_id)
    return Request(body={"name": "outra"}, status=409)


async def _here(stage: Stage) -> Request:
    return Request(body={"bindings": [{"channel_id": stage.things["channel_id"]}]})


async def _published_trial(stage: Stage) -> Request:
    return Request(body={"published": True}, status=409)


async def _without_cases(stage: Stage) -> Request:
    await stage.db.execute("delete from persona_case where company_id = $1", stage.owner.company_id)
    return Request(body={"model": ""}, status=409)


async def _with_a_case(stage: Stage) -> Request:
    await stage.db.execute(
        "insert into persona_case(company_id, persona_id, name, lines, expect) values ($1, $2, 'Oi', $3, '{}')",
        stage.owner.company_id,
        UUID(stage.things["persona_id"]),
        '[{"who": "customer", "text": "Oi"}]',
    )
    return Request()


async def _picture(stage: Stage) -> Request:
    return Request(file=("lia.png", PNG))


async def _with_a_picture(stage: Stage) -> Request:
    key = blobs.new_key(stage.owner.company_id, ".webp")
    await blobs.store().put(key, _once(PNG), most=len(PNG))
    await stage.set("persona", picture=key, picture_id=uuid4())
    return Request()


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


SUCCESS: dict[str, Scene] = {
    "personas_bindings_set": _here,
    "personas_create": body(name=lambda _: "Nova"),
    "personas_pause": _published,
    "personas_picture_create": _picture,
    "personas_picture_get": _with_a_picture,
    "personas_publish": given("persona", draft='{"instructions": "Outra coisa."}'),
    "personas_resume": _published,
    "personas_runs_create": _with_a_case,
}
"""What the example lacks to succeed."""

ALSO: dict[str, list[Scene]] = {
    "personas_create": [_taken_name],
    "personas_pause": [conflict(alone())],
    "personas_publish": [conflict(_published)],
    "personas_resume": [conflict(alone())],
    "personas_runs_create": [_without_cases],
    "personas_trials": [_published_trial],
    "personas_update": [_taken_name],
}
"""What else is asked, before it succeeds."""
