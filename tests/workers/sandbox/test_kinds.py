"""Everything that people and Meta can tell, sent by the sandbox over true HTTP and read by the product's own parsers."""

import json
from typing import get_args

import httpx

from db.channels.enums import NoticeCode
from db.messages import content
from db.providers import registry
from tests.workers.sandbox.world import Sandbox, until
from workers.providers.events import AnyEvent, IdentityEvent, InboundMessage, NoticeEvent, OtherEvent, StatusEvent
from workers.providers.meta import inbound as meta
from workers.providers.meta.payloads import buttons_message
from workers.providers.twilio import inbound as twilio
from workers.sandbox.linked import kinds as linked
from workers.sandbox.linked.vendor import News
from workers.sandbox.meta import kinds
from workers.sandbox.twilio.inbound import KINDS as FORMS
from workers.sandbox.vendor import TYPING

TO = "5511987654321"
AS = {"ad": "text", "forwarded": "text", "echo": "text", "voice": "audio", "reaction_removed": "reaction"}


async def reply(sandbox: Sandbox, account: str, kind: str, **more: object) -> httpx.Response:
    body = {"to_contact": TO, "kind": kind, "text": "Oi" if kind == "text" else "", **more}
    return await sandbox.http.post(f"/sandbox/accounts/{account}/reply", json=body)


async def told(sandbox: Sandbox) -> list[AnyEvent]:
    """What came since the last look."""
    await until(lambda: bool(sandbox.product.requests))
    found = [event for request in sandbox.product.requests for event in meta.parse(request.body)]
    sandbox.product.requests.clear()
    return found


async def test_what_a_person_does_in_whatsapp_is_understood(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", behaviour={"batch_ms": 5})
    for kind in sorted(kinds.KINDS):
        answer = await reply(sandbox, account["id"], kind, target="wamid.OURS")
        assert answer.status_code == 201, (kind, answer.text)
        *before, event = await told(sandbox)
        assert len(before) == (kind == "call"), kind
        if kind in kinds.SYSTEM:
            assert isinstance(event, IdentityEvent)
            assert event.change == kind
            continue
        assert isinstance(event, InboundMessage), (kind, event)
        assert event.echo == (kind == "echo")
        assert content.kind_of(event.content) == AS.get(kind, kind)
        assert (event.referral is not None) == (kind == "ad")
        assert content.target_of(event.content) == ("wamid.OURS" if kind in kinds.NEEDS_OURS else None)


async def test_what_a_person_does_over_twilio_is_understood(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio")
    for kind in FORMS:
        assert (await reply(sandbox, account["id"], kind)).status_code == 201
        await until(lambda: bool(sandbox.product.requests))
        event = twilio.parse_message(sandbox.product.requests.pop().body)[0]
        assert isinstance(event, InboundMessage)
        assert content.kind_of(event.content) == AS.get(kind, kind)
        assert (event.referral is not None) == (kind == "ad")


async def test_a_kind_that_is_none_and_a_reaction_to_nothing_are_refused(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    assert (await reply(sandbox, account["id"], "telepathy")).status_code == 400
    assert (await reply(sandbox, account["id"], "reaction")).status_code == 400
    assert (await reply(sandbox, account["id"], "text", text="")).status_code == 400


async def test_news_of_meta_is_understood(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", behaviour={"batch_ms": 5})
    for code in kinds.NEWS:
        answer = await sandbox.http.post(f"/sandbox/accounts/{account['id']}/news", json={"code": code})
        assert answer.status_code == 200, answer.text
        event = (await told(sandbox))[-1]
        if code == "unknown":
            assert isinstance(event, OtherEvent)
            continue
        assert isinstance(event, NoticeEvent)
        assert event.code is NoticeCode(code)
    assert (await sandbox.http.post(f"/sandbox/accounts/{account['id']}/news", json={"code": "rain"})).status_code == 400


async def test_status_webhooks_name_the_people(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    await reply(sandbox, account["id"], "text")
    assert (await sandbox.send(account, f"+{TO}", type="text", text={"body": "Olá"})).status_code == 200
    await until(lambda: bool(sandbox.product.values("statuses")))
    value = next(value for value in sandbox.product.values("") if "statuses" in value)
    assert value["contacts"] == [{"wa_id": TO, "user_id": value["statuses"][0]["recipient_user_id"]}]
    assert any(isinstance(event, StatusEvent) for event in await told(sandbox))


async def test_templates_are_listed_with_a_summary_and_an_edit_names_its_template(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    made = await sandbox.template(account)
    listed = (await sandbox.graph(account, "GET", f"/{account['waba_id']}/message_templates?limit=1")).json()
    assert (listed["summary"]["total_count"], listed["summary"]["message_template_count"]) == (1, 1)
    body = {"components": [{"type": "BODY", "text": "Oi, chegou!"}]}
    edited = await sandbox.graph(account, "POST", f"/{made['id']}", json=body)
    assert edited.json() == {"success": True, "id": made["id"]}


async def test_twilio_takes_texts_away_and_forgets_messages(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio")
    sids = [(await sandbox.sms(account, f"+{TO}", "segredo")).json()["sid"] for _ in range(2)]

    async def status(sid: str) -> str:
        return str((await sandbox.twilio(account, "GET", f"/Messages/{sid}.json")).json()["status"])

    while {await status(sid) for sid in sids} & {"queued", "accepted", "sending"}:
        pass
    redacted = await sandbox.twilio(account, "POST", f"/Messages/{sids[0]}.json", data={"Body": ""})
    assert (redacted.status_code, redacted.json()["body"]) == (200, "")
    assert (await sandbox.twilio(account, "GET", f"/Messages/{sids[0]}.json")).json()["body"] == ""
    assert (await sandbox.twilio(account, "DELETE", f"/Messages/{sids[1]}.json")).status_code == 204
    assert (await sandbox.twilio(account, "GET", f"/Messages/{sids[1]}.json")).status_code == 404
    listed = (await sandbox.twilio(account, "GET", "/Messages.json")).json()["messages"]
    assert [each["sid"] for each in listed] == [sids[0]]
    assert (await sandbox.summary())["accepted"] == 2  # the ledger still proves what was accepted


def test_the_screens_offer_what_the_sandbox_can_do() -> None:
    for provider, known in (("meta", kinds.KINDS), ("twilio", frozenset(FORMS))):
        can = next(each for each in registry.providers() if each.name == provider).capabilities
        assert set(can.rehearsed_kinds) <= known
        assert set(can.rehearsed_news) <= set(kinds.NEWS)
    can = next(each for each in registry.providers() if each.name == "linked").capabilities
    assert set(can.rehearsed_kinds) <= {*linked.KINDS, TYPING}
    assert set(can.rehearsed_news) == set(get_args(News.__annotations__["code"]))


async def test_a_button_that_is_pressed_and_a_row_that_is_chosen_name_their_message(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", behaviour={"batch_ms": 5})
    await reply(sandbox, account["id"], "text")
    await told(sandbox)
    buttons = json.loads(buttons_message(f"+{TO}", "Qual?", ["Azul", "Verde"], "a-1"))
    sent = await sandbox.graph(account, "POST", f"/{account['phone_number_id']}/messages", json=buttons)
    ours = sent.json()["messages"][0]["id"]
    wanted: dict[str, content.MessageContent] = {
        "button_reply": content.ButtonReply(id="2", title="Verde"),
        "list_reply": content.ListReply(id="2", title="Verde", description="Da cor do mar"),
        "button": content.Button(text="Verde", payload="2"),
    }
    for kind, expected in wanted.items():
        await reply(sandbox, account["id"], kind, target=ours, text="Verde", option="2", description="Da cor do mar")
        while True:
            found = [event for event in await told(sandbox) if isinstance(event, InboundMessage)]
            if found:
                break
        assert found[0].content == expected
        assert found[0].context is not None
        assert found[0].context.provider_id == ours
