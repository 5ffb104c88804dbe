"""What the OpenAPI document says of itself: ids that stay, examples that fit, and what holds for every address."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from api.openapi.schemas import NoExample, example, reachable
from tests.api import snapshot
from tests.api.conftest import SignInAs
from tests.api.schemas import Schemas
from tests.api.test_every_operation import PUBLIC, _filled, operations

IDS = Path(__file__).with_name("operations.txt")


async def test_operation_ids_are_frozen(document: dict[str, Any]) -> None:
    """Generated clients call operations by these names: a line that changes or goes breaks somebody's program."""
    assert [f"{each['operationId']} {method} {path}" for method, path, each in sorted(operations(document), key=_id)] == [
        line for line in IDS.read_text().splitlines() if line
    ]


async def test_every_change_of_the_document_is_seen_in_review(document: dict[str, Any]) -> None:
    """Renewed by `just document`. A line that goes or changes may break a partner: CHANGELOG.md names it under "Breaking"."""
    known = snapshot.PLACE.read_text(encoding="utf-8").splitlines()
    said = snapshot.lines(document)
    assert (
        [f"- {line}" for line in known if line not in set(said)],
        [f"+ {line}" for line in said if line not in set(known)],
    ) == ([], [])


def _id(operation: tuple[str, str, dict[str, Any]]) -> str:
    return str(operation[2]["operationId"])


async def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    schemas, checked = Schemas(document), 0
    for method, path, operation in operations(document):
        contents = list(operation.get("requestBody", {}).get("content", {}).values())
        for answer in operation["responses"].values():
            contents += answer.get("content", {}).values()
        pairs = [
            (content["schema"], shown)
            for content in contents
            for shown in [*(each["value"] for each in content.get("examples", {}).values()), content.get("example")]
            if shown is not None
        ]
        pairs += [(each["schema"], each["example"]) for each in operation["parameters"] if "example" in each]
        for schema, shown in pairs:
            assert schemas.errors(schema, shown) == [], (method, path)
            checked += 1
    for name, header in document["components"]["headers"].items():
        assert schemas.errors(header["schema"], header["example"]) == [], name
    assert checked > 500


async def test_every_text_that_is_always_there_has_an_example(document: dict[str, Any]) -> None:
    schemas, silent = document["components"]["schemas"], []
    for component, schema in schemas.items():
        for name, field in schema.get("properties", {}).items():
            if name in schema.get("required", ()):
                try:
                    example(field, schemas)
                except NoExample:
                    silent.append(f"{component}.{name}")
    assert silent == [], "give each an example: Annotated[str, example(...)]"


async def test_no_schema_is_named_after_a_file_of_ours(document: dict[str, Any]) -> None:
    """As two of one name are, and then the classes of generated clients."""
    assert [name for name in document["components"]["schemas"] if "." in name] == []


async def test_every_component_is_used_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert reachable(
        [document["paths"], document["webhooks"]],
        {**schemas, **{f"#/components/headers/{n}": {} for n in document["components"]["headers"]}},
    ) >= set(schemas)
    for name, schema in schemas.items():
        if name.endswith(("Create", "Patch")):
            assert schema["additionalProperties"] is False, name


async def test_head_answers_where_get_does(
    client: httpx.AsyncClient, document: dict[str, Any], belongings: dict[str, str], sign_in_as: SignInAs
) -> None:
    auth, walked = await sign_in_as(), 0
    paths = [path for method, path, _ in operations(document) if method == "GET" and path != "/v1/events"]
    for path in [*paths, "/health", "/ready", "/v1/openapi.json", "/docs"]:
        address = _filled(path, {**belongings, "token": "x" * 43})
        head, got = await client.head(address, headers=auth), await client.get(address, headers=auth)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert got.content, path
        for name in ("content-type", "etag", "content-disposition"):
            assert head.headers.get(name) == got.headers.get(name), path
        walked += 1
    assert walked >= 40


async def test_head_of_a_stream_ends(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    answer = await client.head("/v1/events", headers=await sign_in_as())
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_allow_names_what_the_address_takes(client: httpx.AsyncClient, document: dict[str, Any]) -> None:
    paths = {path: {method.upper() for method in item} for path, item in document["paths"].items()}
    for path, methods in {**paths, "/health": {"GET"}, "/ready": {"GET"}, "/docs": {"GET"}}.items():
        wrong = next(method for method in ("PUT", "PATCH", "DELETE", "POST") if method not in methods)
        answer = await client.request(wrong, _filled(path, dict.fromkeys(_NAMES, str(UUID(int=1)))))
        assert answer.status_code == 405, path
        allowed = set(answer.headers["allow"].split(", ")) - {"OPTIONS"}
        assert allowed == methods | ({"HEAD"} if "GET" in methods else set()), path


_NAMES = (
    "appointment_id", "case_id", "question_id", "run_id", "trial_id",
    "annotation_id", "view_id", "report_id", "mail_id", "identity_id", "provider_id", "address", "assist_id", "base_id", "board_id", "bulk_id", "bulk_move_id", "cadence_id", "call_id", "campaign_id", "channel_id", "contact_id", "conversation_id", "field_id", "file_id", "gap_id", "hold_id", "incoming_delivery_id", "incoming_hook_id", "kommo_task_id",
    "import_id", "invitation_id", "key_id", "label_id", "lead_field_id", "lead_id", "lead_note_id", "lead_proposal_id", "merge_id", "message_id", "note_id", "notice_id", "notification_id", "persona_id",
    "persona_version_id", "reason_id", "reply_id", "role_id", "segment_id", "session_id", "signup_id", "source_id", "stage_id", "stage_rule_id", "subscription_id", "tag_id", "team_id", "template_id",
    "opt_out_word_id", "rate_id", "setup_id", "send_hours_id", "token", "transfer_id", "turn_id", "user_id", "webhook_id", "delivery_id", "contact_export_id", "erasure_id",
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/contacts", {"name": "Ana"}),
        ("/v1/campaigns", {"name": "Verão"}),
        ("/v1/campaigns/{campaign_id}/clone", None),
        ("/v1/channels", {"kind": "whatsapp", "sandbox": True, "name": "Ensaio"}),
        ("/v1/contacts/bulk", {"filter": {"everyone": True}, "verb": "add_tags", "tags": ["vip"]}),
    ],
)
async def test_what_was_made_is_where_location_says(
    client: httpx.AsyncClient, sign_in_as: SignInAs, belongings: dict[str, str], path: str, body: Any
) -> None:
    auth = {**await sign_in_as(), "Idempotency-Key": "once"}
    made = await client.post(_filled(path, belongings), json=body, headers=auth)
    assert made.is_success, made.text
    found = await client.get(made.headers["location"], headers=auth)
    assert found.json()["id"] == made.json()["id"]
    again = await client.post(_filled(path, belongings), json=body, headers=auth)
    assert (again.headers["idempotency-replayed"], again.headers["location"]) == ("true", made.headers["location"])


async def test_tables_are_csv_in_one_charset(
    client: httpx.AsyncClient, document: dict[str, Any], belongings: dict[str, str], sign_in_as: SignInAs
) -> None:
    auth, walked = await sign_in_as(), 0
    for method, path, operation in operations(document):
        if path.endswith(".csv"):
            answer = await client.request(method, _filled(path, belongings), headers=auth)
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert list(operation["responses"]["200"]["content"]) == ["text/csv"]
            walked += 1
    assert walked == 7


async def test_public_operations_say_so(app: Litestar, document: dict[str, Any]) -> None:
    assert {(method, path) for method, path, each in operations(document) if each["security"] == []} == PUBLIC
