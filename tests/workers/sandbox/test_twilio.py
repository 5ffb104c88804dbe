"""Twilio answers as the real one does: refusals, the sender's queue, lists, callbacks with signatures, STOP."""

import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.workers.sandbox.world import Sandbox, until
from workers.sandbox.twilio.segments import count_segments
from workers.sandbox.twilio.webhooks import twilio_signature

TO = "+5511987654321"

REFUSALS = [
    ({"To": ""}, 21604, 400),
    ({"To": "5511"}, 21211, 400),
    ({"To": "+551133334444"}, 21614, 400),
    ({"To": "+15005550001"}, 21211, 400),
    ({"To": "+15005550009"}, 21614, 400),
    ({"To": "+447700900123"}, 21408, 400),
    ({"From": ""}, 21603, 400),
    ({"From": "x"}, 21212, 400),
    ({"From": "+15551234567"}, 21606, 400),
    ({"From": "", "MessagingServiceSid": "MGx"}, 21703, 400),
    ({"Body": ""}, 21602, 400),
    ({"Body": "x" * 1601}, 21617, 400),
    ({"StatusCallback": "ftp://x"}, 21609, 400),
]


@pytest.mark.parametrize(("fields", "code", "status"), REFUSALS)
async def test_refuses(sandbox: Sandbox, fields: dict[str, str], code: int, status: int) -> None:
    account = await sandbox.account("twilio", geo=["+55", "+1"])
    form = {"To": TO, "From": account["phone_number"], "Body": "oi", **fields}
    answer = await sandbox.twilio(account, "POST", "/Messages.json", data=form)
    shown = answer.json()
    assert (answer.status_code, shown["code"], shown["status"]) == (status, code, status)
    assert shown["more_info"].endswith(f"/{code}")


async def test_who_may_call(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio")
    wrong = await sandbox.twilio(account, "GET", ".json", auth=(account["account_sid"], "wrong"))
    assert (wrong.status_code, wrong.json()["code"]) == (401, 20003)
    assert (await sandbox.twilio(account, "GET", ".json")).json()["status"] == "active"
    foreign = await sandbox.http.get("/2010-04-01/Accounts/AC000.json", auth=(account["account_sid"], account["auth_token"]))
    assert (foreign.status_code, foreign.json()["code"]) == (404, 20404)
    numbers = await sandbox.twilio(account, "GET", "/IncomingPhoneNumbers.json")
    assert numbers.json()["incoming_phone_numbers"][0]["phone_number"] == account["phone_number"]
    await sandbox.behave(account, error_429_share=1)
    limited = await sandbox.sms(account, TO)
    assert (limited.status_code, limited.json()["code"]) == (429, 20429)


async def test_callbacks_are_signed_and_complete(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio")
    people = [f"+551198765{n:04d}" for n in range(40)]
    callback = f"{sandbox.product.url}/hooks/twilio/9/status/"
    sids: dict[str, str] = {}
    for to in people:
        answer = await sandbox.sms(account, to, "Olá, promoção", StatusCallback=f"{callback}{to[1:]}")
        assert (answer.status_code, answer.json()["status"], answer.json()["num_segments"]) == (201, "queued", "1")
        sids[answer.json()["sid"]] = to
    await until(lambda: len(sandbox.product.requests) >= 80)
    assert Counter(form["MessageStatus"] for form in sandbox.product.forms()) == {"sent": 40, "delivered": 40}
    for request, form in zip(sandbox.product.requests, sandbox.product.forms(), strict=True):
        to = sids[form["MessageSid"]]
        assert (form["To"], request.path) == (to, f"/hooks/twilio/9/status/{to[1:]}")
        wanted = twilio_signature(account["auth_token"], callback + to[1:], list(form.items()))
        assert request.header(b"x-twilio-signature") == wanted
    sid = next(iter(sids))
    shown = (await sandbox.twilio(account, "GET", f"/Messages/{sid}.json")).json()
    assert (shown["status"], shown["price"], shown["date_sent"][-5:]) == ("delivered", "-0.05000", "+0000")
    assert (await sandbox.twilio(account, "GET", "/Messages/SM" + "0" * 32 + ".json")).json()["code"] == 20404
    rows = (await sandbox.http.get("/sandbox/ledger", params={"channel": "twilio"})).json()["data"]
    assert rows[0]["correlation"] == people[0][1:]
    assert rows[0]["provider_id"] == sid


async def test_listing_finds_an_unknown_outcome(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio", behaviour={"drop_after_accept_share": 1})
    for _ in range(3):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await sandbox.sms(account, TO, "para achar")
    await sandbox.behave(account, drop_after_accept_share=0)
    await sandbox.sms(account, "+5511900000000")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    found: list[dict[str, Any]] = []
    path = "/Messages.json"
    query: dict[str, str] = {"To": TO, "DateSent>": today, "PageSize": "2"}
    page = (await sandbox.twilio(account, "GET", path, params=query)).json()
    found += page["messages"]
    following = page["next_page_uri"]
    auth = (account["account_sid"], account["auth_token"])
    page = (await sandbox.http.get(following, auth=auth)).json()
    found += page["messages"]
    assert [m["body"] for m in found] == ["para achar"] * 3
    assert page["next_page_uri"] is None
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90_000))
    assert not (await sandbox.twilio(account, "GET", path, params={"DateSent>": tomorrow})).json()["messages"]


async def test_the_queue_sends_at_the_senders_rate(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio", segments_per_second=2, queue_hours=0.002)
    callback = f"{sandbox.product.url}/status/"
    answers = [await sandbox.sms(account, f"+551198765{n:04d}", StatusCallback=f"{callback}{n}") for n in range(20)]
    assert [a.status_code for a in answers[:10]] == [201] * 10
    assert answers[-1].json()["code"] == 21611
    last = answers[10].json()["sid"]
    canceled = await sandbox.twilio(account, "POST", f"/Messages/{last}.json", data={"Status": "canceled"})
    assert canceled.json()["status"] == "canceled"
    first = answers[0].json()["sid"]
    await until(lambda: len([f for f in sandbox.product.forms() if f["MessageStatus"] == "sent"]) >= 3)
    assert {f["To"][-1] for f in sandbox.product.forms()} <= {"0", "1", "2", "3", "4"}
    refused = await sandbox.twilio(account, "POST", f"/Messages/{first}.json", data={"Status": "canceled"})
    assert refused.json()["code"] == 30409


async def test_stop_and_start(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio")
    address = f"/sandbox/accounts/{account['id']}/reply"
    await sandbox.http.post(address, json={"to_contact": TO, "text": " stop "})
    await until(lambda: bool(sandbox.product.forms()))
    form = sandbox.product.forms()[0]
    assert (form["From"], form["Body"], form["OptOutType"]) == (TO, " stop ", "STOP")
    wanted = twilio_signature(account["auth_token"], account["inbound_url"], list(form.items()))
    assert sandbox.product.requests[0].header(b"x-twilio-signature") == wanted
    assert (await sandbox.sms(account, TO)).json()["code"] == 21610
    await sandbox.restart()
    assert (await sandbox.sms(account, TO)).json()["code"] == 21610
    await sandbox.http.post(address, json={"to_contact": TO, "text": "START"})
    assert (await sandbox.sms(account, TO)).status_code == 201
    thread = (await sandbox.http.get(f"/sandbox/accounts/{account['id']}/thread", params={"contact": TO})).json()["data"]
    assert [(line["direction"], line["text"]) for line in thread] == [("in", " stop "), ("in", "START"), ("out", "oi")]


async def test_undelivered_and_twilio_is_not_retried(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio", behaviour={"failed_share": 1})
    await sandbox.sms(account, TO, StatusCallback=f"{sandbox.product.url}/status/1")
    await until(lambda: len(sandbox.product.requests) == 2)
    assert sandbox.product.forms()[1]["MessageStatus"] == "undelivered"
    assert int(sandbox.product.forms()[1]["ErrorCode"]) in (30003, 30005, 30006, 30007)
    sandbox.product.status = 503
    await sandbox.sms(account, TO, StatusCallback=f"{sandbox.product.url}/status/2")
    await until(lambda: sandbox.world.deliveries.in_flight == 0 and sandbox.world.webhooks.waiting == 0)
    assert sandbox.world.webhooks.stored == 0
    assert len(sandbox.product.requests) == 2


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 10, 2),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("à" * 160, 1),
    ],
)
def test_segments(text: str, segments: int) -> None:
    assert count_segments(text) == segments
