"""Which codes each operation documents, held against its code; and the page of each code."""

from typing import Any

import httpx
from litestar import Litestar

from api.contract.problems import ERROR_LISTS, ERRORS
from api.errors import PATTERNS
from api.openapi.codes import BY_OPERATION
from api.openapi.document import operations
from db import texts
from db.accounts.errors import AccountError
from db.boards.errors import BoardError
from db.bookings.errors import BookingError
from db.cadences.errors import CadenceError
from db.channels.errors import ChannelError
from db.conversations.errors import ConversationError
from db.errors import ErrorCode, RequestError
from db.kommo.errors import KommoError
from db.messages.errors import CallError, MessageError, ReplyError
from tests.api import test_every_operation
from tests.api.conftest import fill_budgets
from tests.architecture.call_graph import mentions

BY_METHODS: dict[str, set[ErrorCode]] = {
    "events_get": {RequestError.TOO_MANY_LISTENERS},
    "imports_create": {RequestError.FILE_TOO_LARGE},
    "knowledge_bases_files": {RequestError.FILE_TOO_LARGE},
    "knowledge_sources_file": {RequestError.FILE_TOO_LARGE},
    "message_files_create": {RequestError.FILE_TOO_LARGE},
    "personas_picture_create": {RequestError.FILE_TOO_LARGE},
    "leads_move": {RequestError.CHANGED_MEANWHILE},
    "templates_create": {ChannelError.TEMPLATE_INVALID},
    "templates_set": {ChannelError.TEMPLATE_INVALID},
}
"""Raised in methods of objects (the hub, the file store, a provider), which the walk does not see, or for a version in the body."""
TOLD_ONLY = {
    "integrations_kommo_set": {KommoError.NOT_CONNECTED},  # it has just been written
    "contacts_reply_channels_list": set(MessageError),  # they are what the answer says
    "contacts_call_channels_list": {*MessageError, *CallError},
    "contacts_call": {MessageError.WINDOW_CLOSED},  # nothing is written over it
    "templates_check": {ChannelError.TEMPLATE_INVALID},
    "stages_try_rules": {
        *MessageError,
        BoardError.LOST_REASON_MISSING,
        BoardError.OTHER_BOARD,
        BoardError.STAGE_LEAVING,
    },  # so are these
    "incoming_hooks_deliveries_try": {
        *MessageError,
        CadenceError.CADENCE_NOT_RUNNING,
        BoardError.BOARD_ARCHIVED,
        BoardError.LOST_REASON_MISSING,
        BoardError.OTHER_BOARD,
        BoardError.STAGE_LEAVING,
    },  # problems of the answer, by codes of its own
    # what a board refuses says that the proposal is of before; templates and files answer nothing, and no file is a recording
    "lead_proposals_accept": {
        BoardError.BOARD_ARCHIVED,
        BoardError.LOST_REASON_MISSING,
        BoardError.OTHER_BOARD,
        BoardError.STAGE_LEAVING,
        ConversationError.SOMEONE_ANSWERED,
        CadenceError.CADENCE_NOT_RUNNING,
        ReplyError.REPLY_TO_NOT_TAKEN,
        ReplyError.VOICE_NOT_TAKEN,
        *BookingError,
    },
    "lead_proposals_undo": {*BookingError, BoardError.BOARD_ARCHIVED, BoardError.STAGE_LEAVING},
    "auth_providers_complete": {AccountError.TOO_MANY_MAILS},
    "auth_sign_up": {AccountError.TOO_MANY_MAILS},  # nobody was sent a mail before they signed up
}


def _reached(function: Any) -> set[ErrorCode]:
    lists = {each.__name__: each for each in ERROR_LISTS if each is not RequestError}
    return {lists[name][member] for name, member in mentions((function.__module__, function.__qualname__)) if name in lists}


def test_an_operation_documents_what_its_actions_raise(app: Litestar) -> None:
    walked = {each.id: _reached(each.handler.fn) for each in operations(app)}
    expected = {id: (codes | BY_METHODS.get(id, set())) - TOLD_ONLY.get(id, set()) for id, codes in walked.items()}
    documented = {id: set(BY_OPERATION.get(id, ())) - {RequestError.NOT_FOUND} for id in walked}
    assert documented == expected
    assert set(BY_OPERATION) <= set(walked)


async def test_every_documented_code_is_a_code(document: dict[str, Any]) -> None:
    for method, path, operation in test_every_operation.operations(document):
        for status, answer in operation["responses"].items():
            if status >= "300":
                examples = answer["content"]["application/problem+json"]["examples"]
                assert [ERRORS[code].status for code in examples] == [int(status)] * len(examples), (method, path)
                assert [each["value"]["type"] for each in examples.values()] == [f"/docs/errors/{code}" for code in examples]


async def test_every_code_has_its_page(client: httpx.AsyncClient) -> None:
    index = (await client.get("/docs/errors")).text
    for number, code in enumerate(ERRORS.values()):
        if number % 50 == 0:
            await fill_budgets()
        page = await client.get(f"/docs/errors/{code}")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), code
        assert 'lang="pt-BR"' in page.text
        assert f'href="/docs/errors/{code}"' in index
    assert "/v1/campaigns/{campaign_id}/pause" in (await client.get("/docs/errors/not_running")).text
    assert (await client.get("/docs/errors/no_such_code")).json()["code"] == "not_found"


async def test_a_problem_names_the_address_of_its_page(client: httpx.AsyncClient) -> None:
    problem = (await client.get("/v1/me")).json()
    assert (await client.get(problem["type"])).status_code == 200


def _patterns(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["pattern"]} if isinstance(value.get("pattern"), str) else set()
        return own.union(*(_patterns(item) for item in value.values()))
    return set().union(*map(_patterns, value)) if isinstance(value, list) else set()


def _parameters(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = [operation.get("parameters", []) for _, _, operation in test_every_operation.operations(document)]
    return [one for parameters in found for one in parameters]


async def test_no_pattern_of_the_document_takes_a_line_break_at_the_end(document: dict[str, Any]) -> None:
    """The document's `$` is the end; Python's also stands before a last line break."""
    asked = [one for one in _parameters(document) if one["in"] != "header"]  # no header can hold a line break
    assert [pattern for pattern in _patterns([document["components"]["schemas"], asked]) if pattern.endswith("$")] == []
    assert all(pattern.endswith(texts.END) for pattern in PATTERNS)


async def test_every_pattern_of_the_document_has_a_code_of_its_own(document: dict[str, Any]) -> None:
    """`pattern` alone would only say that something is wrong."""
    bodies = [operation.get("requestBody", {}) for _, _, operation in test_every_operation.operations(document)]
    assert _patterns([bodies, document["components"]["schemas"]]) - set(PATTERNS) == set()
