"""Whatever JSON or form a provider sends, every value that a parser yields can be written, and no parser falls."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.messages.content import Text
from tests.poison import LEAVES, TEXTS, assert_storable, raw, spoiled
from tests.workers.providers.test_meta_inbound import envelope
from workers.outcomes import Accepted, Unknown
from workers.providers.events import BadWebhook, InboundMessage, StatusEvent
from workers.providers.meta import client as meta_client
from workers.providers.meta import errors as meta_errors
from workers.providers.meta import inbound as meta_inbound
from workers.providers.meta import statuses
from workers.providers.meta.check import limit_of
from workers.providers.meta.types import Page, PhoneNumber, listed_template
from workers.providers.twilio import client as twilio_client
from workers.providers.twilio import errors as twilio_errors
from workers.providers.twilio import inbound as twilio_inbound
from workers.providers.wire import Answer, decoded

ACCEPTED = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+5511", "wa_id": "5511", "user_id": "BR.1"}],
    "messages": [{"id": "wamid.1", "message_status": "accepted"}],
}
REFUSED = {"error": {"message": "no", "code": 131026, "error_data": {"details": "x"}, "is_transient": False, "fbtrace_id": "t"}}
TWILIO = {
    "sid": "SM1",
    "status": "queued",
    "error_code": None,
    "code": 21211,
    "message": "no",
    "date_created": "Thu, 01 Jan 2026",
}
WHO = {"metadata": {"phone_number_id": "1", "display_phone_number": "55"}}
STATUS = {
    "id": "wamid.OUR", "status": "failed", "timestamp": "1760000001", "recipient_id": "5511", "recipient_user_id": "BR.1",
    "biz_opaque_callback_data": "a", "errors": [{"code": 131026, "title": "t", "error_data": {"details": "d"}}],
    "pricing": {"billable": True, "category": "marketing"},
}  # fmt: skip
MESSAGE = {
    "from": "5511987654321", "id": "wamid.IN", "timestamp": "1760000001", "type": "text", "text": {"body": "Oi"},
    "context": {"id": "wamid.Q"}, "image": {"id": "9", "caption": "c"}, "location": {"latitude": 1.5, "longitude": 2},
    "reaction": {"message_id": "wamid.R", "emoji": "x"}, "errors": [{"code": 1}], "referral": {"source_url": "u", "headline": "h"},
}  # fmt: skip
MESSAGES = [
    {**MESSAGE, "type": kind, kind: part} for kind, part in {
        "image": {"id": "9", "caption": "c", "sha256": "s", "mime_type": "m", "file_size": 9},
        "location": {"latitude": 1.5, "longitude": 2, "name": "n"},
        "contacts": [{"name": {"formatted_name": "X"}, "phones": [{"phone": "1"}], "emails": [{"email": "e"}]}],
        "order": {"catalog_id": "c", "product_items": [{"product_retailer_id": "p", "quantity": 1, "item_price": 1.5, "currency": "BRL"}]},
        "interactive": {"type": "nfm_reply", "nfm_reply": {"name": "f", "body": "b", "response_json": '{"a": [1, {"b": "c"}]}'}},
        "edit": {"original_message_id": "wamid.X", "message": {"type": "text", "text": {"body": "n"}}},
        "reaction": {"message_id": "wamid.R", "emoji": "x"},
        "button": {"text": "t", "payload": "p"},
        "poll": {},
    }.items()
]  # fmt: skip
CALL = {"id": "wacid.1", "from": "5511", "event": "terminate", "timestamp": "1760000001", "status": "COMPLETED", "duration": 9}
THREAD = {"id": "5511987654321", "messages": [MESSAGE]}
MOVED_ID = {"user_id": {"previous": "BR.1", "current": "BR.2"}, "wa_id": "5511", "detail": "d", "timestamp": "1760000001"}
WISH = {"wa_id": "5511", "category": "marketing_messages", "value": "stop", "timestamp": 1760000000, "detail": "d"}
MOVED = {
    "from": "5511",
    "id": "w",
    "type": "system",
    "timestamp": "1",
    "system": {"type": "user_changed_number", "wa_id": "5512"},
}
PERSON = {"profile": {"name": "Ana", "username": "ana"}, "wa_id": "5511987654321", "user_id": "BR.1"}
TEMPLATE = {
    "message_template_id": 77,
    "event": "REJECTED",
    "reason": "r",
    "message_template_name": "n",
    "new_category": "UTILITY",
}
CHANGES = [
    {"field": "messages", "value": {**WHO, "statuses": [STATUS, STATUS], "contacts": [PERSON], "messages": [MESSAGE, MOVED]}},
    {"field": "user_preferences", "value": {**WHO, "user_preferences": [WISH]}},
    {"field": "message_template_status_update", "value": TEMPLATE},
    {
        "field": "phone_number_quality_update",
        "value": {"display_phone_number": "55", "event": "FLAGGED", "current_limit": "TIER_50"},
    },
    {
        "field": "business_capability_update",
        "value": {"max_daily_conversations_per_business": 9, "max_phone_numbers_per_business": 2},
    },
    {"field": "messages", "value": {**WHO, "contacts": [PERSON], "messages": MESSAGES}},
    {"field": "calls", "value": {**WHO, "calls": [CALL]}},
    {
        "field": "history",
        "value": {**WHO, "history": [{"metadata": {"progress": 5}, "threads": [THREAD], "errors": [{"code": 1, "title": "t"}]}]},
    },
    {"field": "user_id_update", "value": {**WHO, "user_id_update": [MOVED_ID]}},
    {"field": "security", "value": {"event": "PIN_CHANGED", "display_phone_number": "55"}},
    {
        "field": "account_alerts",
        "value": {"alert_info": {"alert_severity": "CRITICAL", "alert_type": "X", "alert_description": "d"}},
    },
    {"field": "flows", "value": {"event": "FLOW_STATUS_CHANGE", "message": "m", "flow_id": 5, "new_status": "BLOCKED"}},
    {"field": "account_update", "value": {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}},
]
LISTED = {
    "id": "7", "name": "promo", "language": "pt_BR", "status": "APPROVED", "category": "MARKETING", "parameter_format": "NAMED",
    "components": [{"type": "BODY", "text": "Oi {{1}}"}], "quality_score": {"score": "GREEN"}, "rejected_reason": "NONE",
}  # fmt: skip
NUMBER = {
    "id": "1", "display_phone_number": "+55 11 4000-0000", "quality_rating": "GREEN", "status": "CONNECTED",
    "throughput": {"level": "HIGH"}, "whatsapp_business_manager_messaging_limit": "TIER_1K",
}  # fmt: skip
FORM = {
    "MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "30003", "ErrorMessage": "e", "From": "whatsapp:+5511987654321",
    "To": "+15005550006", "Body": "Oi", "ProfileName": "Ana", "NumMedia": "1", "MediaUrl0": "u", "OptOutType": "STOP",
    "RawDlrDoneDate": "2601011200", "OriginalRepliedMessageSid": "SM0", "ExternalUserId": "BR.1", "ButtonPayload": "p",
    "Latitude": "1", "Longitude": "2", "Label": "l", "ListId": "i", "ListTitle": "t", "InteractiveData": "{}", "ReferralHeadline": "h",
}  # fmt: skip
STATUSES = st.sampled_from([200, 201, 302, 400, 401, 403, 404, 429, 500, 503])
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"retry-after", b"x-business-use-case-usage"]),
        st.one_of(
            st.sampled_from(["9" * 400, "-5", "nan", "Thu, 01 Jan 99999 00:00:00 GMT", '{"1":[{"estimated_time_to_regain_access":"nan"}]}']),
            st.text(st.characters(codec="latin-1"), max_size=30),
        ).map(lambda text: text.encode("latin-1")),
    ),
    max_size=2,
)  # fmt: skip
many = settings(max_examples=60, deadline=None)


@many
@given(status=STATUSES, body=st.one_of(spoiled(ACCEPTED), spoiled(REFUSED)), headers=HEADERS)
def test_what_meta_answers_to_a_send(status: int, body: Any, headers: list[tuple[bytes, bytes]]) -> None:
    answer = Answer(status, raw(body), headers)
    outcome = meta_client.accepted(answer.body) if status < 300 else meta_errors.classify(answer)
    assert_storable(outcome)
    assert isinstance(outcome, Accepted | Unknown) or 400 <= status < 500


@many
@given(status=STATUSES, body=spoiled(TWILIO), headers=HEADERS)
def test_what_twilio_answers_to_a_send(status: int, body: Any, headers: list[tuple[bytes, bytes]]) -> None:
    answer = Answer(status, raw(body), headers)
    assert_storable(twilio_client.accepted(answer.body) if status < 300 else twilio_errors.classify(answer))


@many
@given(changes=st.sampled_from(CHANGES).flatmap(lambda change: spoiled([change, CHANGES[1]], 20)))
def test_what_meta_tells_by_webhook(changes: Any) -> None:
    try:
        events = meta_inbound.parse(raw({"entry": [{"id": "W1", "time": 1760000000, "changes": changes}]}))
    except BadWebhook:
        return
    assert_storable(events)


STATUSES_ONLY = {
    "field": "messages",
    "value": {**WHO, "statuses": [STATUS, {**STATUS, "status": "read", "errors": [{"code": 131026}]}]},
}


@settings(max_examples=200, deadline=None)
@given(
    changes=spoiled([STATUSES_ONLY, STATUSES_ONLY], 120),
    at=st.one_of(st.just(1760000000), LEAVES),
    account=st.one_of(st.just("W1"), LEAVES),
)
def test_statuses_that_are_read_in_one_pass_are_those_read_piece_by_piece(changes: Any, at: Any, account: Any) -> None:
    body = raw({"entry": [{"id": account, "time": at, "changes": changes}]})
    told = statuses.whole(body)
    assert told is None or told == meta_inbound.piece_by_piece(body)


def test_which_webhooks_are_read_in_one_pass() -> None:
    def read(change: Any) -> bool:
        return statuses.whole(raw({"entry": [{"id": "W1", "time": 1760000000, "changes": [STATUSES_ONLY, change]}]})) is not None

    value: Any = STATUSES_ONLY["value"]
    assert read(STATUSES_ONLY)
    assert read({**STATUSES_ONLY, "value": {**value, "contacts": [PERSON], "messages": [], "of tomorrow": {"x": 1}}})
    assert not read({**STATUSES_ONLY, "field": "calls"})
    assert not read({**STATUSES_ONLY, "value": {**value, "messages": [MESSAGE]}})
    assert not read({**STATUSES_ONLY, "value": {**value, "statuses": []}})
    for change in CHANGES:
        assert not read(change)
    for spoilt in ({"status": "lost"}, {"id": 5}, {"recipient_id": "a\0b"}, {"errors": [{"code": None}]}):
        assert not read({**STATUSES_ONLY, "value": {**value, "statuses": [STATUS, {**STATUS, **spoilt}]}})


@many
@given(form=st.fixed_dictionaries({name: st.one_of(st.just(good), LEAVES.map(str)) for name, good in FORM.items()}))
def test_what_twilio_tells_by_webhook(form: dict[str, str]) -> None:
    body = urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in form.items()}).encode()
    for parse in (lambda: [twilio_inbound.parse_status(body, None)], lambda: twilio_inbound.parse_message(body)):
        try:
            events = parse()
        except BadWebhook:
            continue
        assert_storable(events)


@many
@given(item=spoiled(LISTED))
def test_one_template_of_a_list(item: Any) -> None:
    try:
        [found] = decoded(raw({"data": [item]}), Page[dict[str, Any]]).data
        template = listed_template(found)
    except ValueError:
        return
    for name in ("id", "name", "language", "status", "category", "rejected_reason"):
        assert_storable(getattr(template, name), "template_id" if name == "id" else name)
    assert_storable(json.dumps(template.components))


@many
@given(item=spoiled(NUMBER))
def test_a_number_that_is_checked(item: Any) -> None:
    try:
        number = decoded(raw(item), PhoneNumber)
    except (ValueError, RecursionError):
        return
    assert_storable(number)
    assert_storable(limit_of(number.whatsapp_business_manager_messaging_limit)[1])


@many
@given(date=st.one_of(st.sampled_from([*TEXTS, "Thu, 01 Jan 2026 10:00:00 -0000", "Thu, 01 Jan 2026 10:00:00 +9999"]), st.text()))
def test_when_twilio_took_a_message(date: str) -> None:
    assert_storable(twilio_client.Message(sid="SM1", date_created=date).created_at)


@pytest.mark.parametrize("bad", ["a\0b", "\ud83d", "x" * 9000])
def test_an_accepted_message_with_an_impossible_id_is_accepted(bad: str) -> None:
    """Under the same name under which its statuses will come."""
    outcome = meta_client.accepted(raw({"messages": [{"id": bad}]}))
    if bad == "\ud83d":  # no JSON at all for a strict reader: nobody knows
        assert isinstance(outcome, Unknown)
        return
    assert isinstance(outcome, Accepted)
    [event] = meta_inbound.parse(envelope({"field": "messages", "value": {**WHO, "statuses": [{**STATUS, "id": bad}]}}))
    assert isinstance(event, StatusEvent)
    assert event.provider_id == outcome.provider_id


def test_a_message_with_an_impossible_id_is_heeded() -> None:
    [event] = meta_inbound.parse(envelope({"field": "messages", "value": {**WHO, "messages": [{**MESSAGE, "id": "x" * 9000}]}}))
    assert isinstance(event, InboundMessage)
    assert event.content == Text(text="Oi")
    assert event.provider_id.startswith("sha256:")


def test_a_template_with_an_impossible_name_takes_no_other_one_s_place() -> None:
    page = decoded(
        raw({"data": [LISTED, {**LISTED, "id": "8", "name": "promo\0"}, {**LISTED, "id": "9", "quality_score": 5}]}),
        Page[dict[str, Any]],
    )
    good, mended, odd = (listed_template(item) for item in page.data)
    assert (good.name, good.status, odd.status) == ("promo", "APPROVED", "APPROVED")
    assert (mended.id, mended.name) == ("8", "promo\ufffd")
