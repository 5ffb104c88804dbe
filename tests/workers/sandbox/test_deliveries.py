"""Statuses and replies come back: signed, batched, complete, retried, in the order and shares that were asked for."""

import hashlib
import hmac
import signal
import sys
from asyncio import create_subprocess_exec, subprocess
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.workers.sandbox.world import Sandbox, until
from workers.sandbox.meta.webhooks import meta_signature
from workers.sandbox.twilio.webhooks import twilio_signature

# no test has more people than this
PEOPLE = [f"551198765{n:04d}" for n in range(120)]


def test_signatures_match_the_contracts() -> None:
    body = b'{"object":"whatsapp_business_account","entry":[]}'
    assert meta_signature("sim-app-secret", body) == ("sha256=2ff48ad93b702ab2040e5d78d6c07549274fb2e739ecd649af3037518df3b94c")
    fields = [
        ("To", "+5511987654321"),
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("MessageSid", "SM00000000000000000000000000000002"),
        ("MessageStatus", "delivered"),
        ("From", "+15005550006"),
    ]
    url = "https://panel.example.test/hooks/twilio/status?acc=7"
    assert twilio_signature("sim-auth-token", url, fields) == "2c9wCdghId7QoOjKn8Zb89qsM/8="
    json_url = url.replace("status?acc=7", "json?bodySHA256=") + hashlib.sha256(b'{"ok":true}').hexdigest()
    assert twilio_signature("sim-auth-token", json_url, []) == "mD3+EClLAePKXUXTRerjXvYXfwM="


async def test_every_message_is_sent_delivered_and_read(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", throughput=1000)
    await sandbox.template(account)
    sent = {(await sandbox.send(account, to, f"try-{to}")).json()["messages"][0]["id"]: to for to in PEOPLE}
    await until(lambda: len(sandbox.product.values("statuses")) >= 3 * len(PEOPLE))
    statuses = sandbox.product.values("statuses")
    assert Counter(s["status"] for s in statuses) == dict.fromkeys(("sent", "delivered", "read"), len(PEOPLE))
    for status in statuses:
        to = sent[status["id"]]
        assert status["recipient_id"] == to
        assert status["biz_opaque_callback_data"] == f"try-{to}"
        assert status["pricing"]["category"] == "marketing"
    posts = [r for r in sandbox.product.requests if b'"statuses"' in r.body]
    assert len(posts) < len(PEOPLE)
    for request in posts:
        wanted = "sha256=" + hmac.new(account["app_secret"].encode(), request.body, hashlib.sha256).hexdigest()
        assert request.header(b"x-hub-signature-256") == wanted
    await until(
        lambda: sandbox.world.deliveries.in_flight == 0 and sandbox.world.webhooks.waiting == 0
    )  # an answer is noted when it came
    summary = await sandbox.summary()
    assert summary["by_status"] == {"meta:read": len(PEOPLE)}
    assert (summary["in_flight"], summary["pending_webhooks"]) == (0, 0)


async def test_shares_of_failures_and_replies(sandbox: Sandbox) -> None:
    shares = {"failed_share": 0.3, "read_share": 1, "reply_share": 0.35, "opt_out_share": 0.1, "short_wa_share": 1}
    account = await sandbox.account("meta", throughput=1000, behaviour=shares)
    await sandbox.template(account)
    for to in PEOPLE:
        await sandbox.send(account, to.replace("5511", "5531"))
    await until(lambda: sandbox.world.deliveries.in_flight == 0 and sandbox.world.webhooks.waiting == 0)
    statuses = Counter(s["status"] for s in sandbox.product.values("statuses"))
    assert 15 < statuses["failed"] < 60
    assert statuses["sent"] == statuses["read"] == len(PEOPLE) - statuses["failed"]
    codes = {s["errors"][0]["code"] for s in sandbox.product.values("statuses") if s["status"] == "failed"}
    assert codes <= {131026, 131049, 130472, 130403}
    messages = sandbox.product.values("messages")
    assert 15 < len(messages) < 60
    assert all(len(m["from"]) == 12 for m in messages), "the short WhatsApp id of area code 31"
    assert any(m["text"]["body"].upper() in ("SAIR", "PARAR", "STOP", "DESCADASTRAR") for m in messages)


async def test_landlines_fail_and_the_stop_is_obeyed(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    await sandbox.template(account)
    await sandbox.http.post(f"/sandbox/accounts/{account['id']}/opt-out", json={"to_contact": PEOPLE[0]})
    await sandbox.send(account, "551133334444")
    await sandbox.send(account, PEOPLE[0])
    await until(lambda: len(sandbox.product.values("statuses")) == 2 and bool(sandbox.product.values("user_preferences")))
    errors = {s["recipient_id"]: s["errors"][0]["code"] for s in sandbox.product.values("statuses")}
    assert errors == {"551133334444": 131026, PEOPLE[0]: 131050}
    preference = sandbox.product.values("user_preferences")[0]
    assert (preference["value"], preference["wa_id"]) == ("stop", PEOPLE[0])


async def test_bsuid_only_inbound(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    body = {"to_contact": PEOPLE[0], "text": "oi", "bsuid_only": True}
    await sandbox.http.post(f"/sandbox/accounts/{account['id']}/reply", json=body)
    await until(lambda: bool(sandbox.product.values("messages")))
    message = sandbox.product.values("messages")[0]
    assert "from" not in message
    assert message["from_user_id"].startswith("BR.")
    assert sandbox.product.values("contacts")[0]["profile"]["username"]


async def test_meta_retries_until_the_product_is_back(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    await sandbox.template(account)
    sandbox.product.status = 503
    await sandbox.send(account, PEOPLE[0])
    await until(lambda: sandbox.world.webhooks.stored >= 1 and sandbox.world.deliveries.in_flight == 0)
    sandbox.product.status = 200
    await until(lambda: len(sandbox.product.values("statuses")) == 3)
    await until(lambda: sandbox.world.webhooks.waiting == 0)


async def test_paused_webhooks_wait(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", behaviour={"webhooks_paused": True})
    await sandbox.template(account)
    await sandbox.send(account, PEOPLE[0])
    await until(lambda: sandbox.world.webhooks.stored >= 1 and sandbox.world.deliveries.in_flight == 0)
    assert sandbox.product.requests == []
    await sandbox.behave(account, webhooks_paused=False)
    await until(lambda: len(sandbox.product.values("statuses")) == 3)


async def test_disorder_duplicates_and_losses(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", behaviour={"disorder_share": 1, "batch_ms": 0})
    await sandbox.template(account)
    early: list[int] = []
    answer = await sandbox.send(account, PEOPLE[0])
    early.append(len(sandbox.product.values("statuses")))
    assert answer.status_code == 200
    assert early[0] >= 1, "the status overtook our own answer"
    await until(lambda: len(sandbox.product.values("statuses")) == 3)
    assert [s["status"] for s in sandbox.product.values("statuses")] == ["sent", "read", "delivered"]
    await sandbox.behave(account, disorder_share=0, duplicate_webhook_share=1)
    await sandbox.send(account, PEOPLE[1])
    await until(lambda: len(sandbox.product.values("statuses")) == 9)
    await sandbox.behave(account, duplicate_webhook_share=0, webhook_lost_share=1)
    await sandbox.send(account, PEOPLE[2])
    await until(lambda: sandbox.world.deliveries.in_flight == 0)
    assert len(sandbox.product.values("statuses")) == 9


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [
        ({"drop_after_accept_share": 1}, 1),
        ({"hang_share": 1, "hang_seconds": 30}, 1),
        ({"error_5xx_share": 1, "error_5xx_accepted_share": 1}, 1),
        ({"error_5xx_share": 1, "error_5xx_accepted_share": 0}, 0),
        ({"reset_before_share": 1}, 0),
        ({"error_429_share": 1}, 0),
    ],
)
async def test_faults_and_the_truth_in_the_ledger(sandbox: Sandbox, fault: dict[str, float], accepted: int) -> None:
    account = await sandbox.account("meta")
    await sandbox.template(account)
    await sandbox.behave(account, **fault)
    sandbox.http.timeout = httpx.Timeout(0.5)
    try:
        answer = await sandbox.send(account, PEOPLE[0], "try-1")
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.ReadTimeout):
        assert {"drop_after_accept_share", "hang_share", "reset_before_share"} & fault.keys()
    else:
        assert answer.status_code == (429 if "error_429_share" in fault else 500)
    rows = (await sandbox.http.get("/sandbox/ledger")).json()["data"]
    assert [row["correlation"] for row in rows] == ["try-1"] * accepted
    if accepted:
        await until(lambda: len(sandbox.product.values("statuses")) == 3)
        assert sandbox.product.values("statuses")[0]["biz_opaque_callback_data"] == "try-1"


async def test_the_summary_finds_repetitions(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    await sandbox.template(account)
    for to in (PEOPLE[0], PEOPLE[1], PEOPLE[1], PEOPLE[1]):
        await sandbox.send(account, to, "same")
    summary = await sandbox.summary()
    assert (summary["accepted"], summary["distinct_recipients"], summary["duplicates"]) == (4, 2, 2)
    assert summary["duplicate_correlations"] == 3
    assert (summary["repeated"][0]["to"], summary["repeated"][0]["times"]) == (PEOPLE[1], 3)
    page = (await sandbox.http.get("/sandbox/ledger", params={"limit": 3})).json()
    rest = (await sandbox.http.get("/sandbox/ledger", params={"since": page["next"]})).json()
    assert [len(page["data"]), len(rest["data"]), rest["next"]] == [3, 1, None]
    assert page["data"][0]["preview"] == "Oi Ana, chegou a promoção de maio!"
    await sandbox.http.post("/sandbox/reset")
    assert (await sandbox.summary())["accepted"] == 0
    again = await sandbox.send(account, PEOPLE[5])
    assert again.json()["messages"][0]["id"] != page["data"][0]["provider_id"]


async def test_a_restart_keeps_everything(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", throughput=1000, behaviour={"read_seconds": [20, 25]})
    await sandbox.template(account)
    sandbox.product.status = 503
    sent = [(await sandbox.send(account, to)).json()["messages"][0]["id"] for to in PEOPLE[:20]]
    await until(lambda: sandbox.world.webhooks.stored >= 1)
    await sandbox.restart()
    again = await sandbox.account("meta", throughput=1000, behaviour={"read_seconds": [20, 25]})
    assert again["token"] == account["token"]
    assert (await sandbox.summary())["accepted"] == 20
    assert (await sandbox.http.get("/sandbox/accounts/meta-1/templates")).json()["data"][0]["status"] == "APPROVED"
    sandbox.product.status = 200
    await until(
        lambda: (
            {(s["id"], s["status"]) for s in sandbox.product.values("statuses")}
            == {(i, status) for i in sent for status in ("sent", "delivered", "read")}
        )
    )
    assert (await sandbox.send(account, PEOPLE[0])).status_code == 200


async def test_the_program_starts_says_where_and_stops(tmp_path: Path) -> None:
    program = await create_subprocess_exec(
        sys.executable, "-m", "workers.sandbox", "--port", "0", "--smtp-port", "0", "--data", str(tmp_path),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None
    line = (await program.stdout.readline()).decode()
    address = line.split()[2].rstrip(",")
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        health = (await http.get(f"{address}/health")).json()
        assert health["status"] == "ok"
        foreign = await http.post(f"{address}/sandbox/reset", headers={"origin": "https://evil.test"})
        assert foreign.status_code == 403
    program.send_signal(signal.SIGTERM)
    assert await program.wait() == 0
