"""The Graph API answers as the real one does: every refusal, templates and their review, numbers, media."""

from typing import Any

import httpx
import pytest

from tests.workers.sandbox.world import TEMPLATE, Sandbox, until

TO = "+5511987654321"


def code(answer: httpx.Response) -> int:
    error = answer.json()["error"]
    assert error["fbtrace_id"].startswith("A")
    assert error["type"] == "OAuthException"
    found: int = error["code"]
    return found


def body(*texts: Any, **more: Any) -> dict[str, Any]:
    parameters = [{"type": "text", "text": text} if isinstance(text, str) else text for text in texts]
    template = {"name": "promo_1", "language": {"code": "pt_BR"}, "components": [{"type": "body", "parameters": parameters}]}
    return {"template": {**template, **more}}


REFUSALS = [
    ("one parameter of two", body("Ana"), 132000),
    ("three parameters of two", body("Ana", "maio", "x"), 132000),
    ("an image where text belongs", body("Ana", {"type": "image", "image": {"id": "1"}}), 132012),
    ("an empty text", body("Ana", ""), 131008),
    ("a line break in a parameter", body("Ana", "a\nb"), 132018),
    ("a body that grows too long", body("Ana", "x" * 1100), 132005),
    ("an unknown name", body("Ana", "maio", name="none"), 132001),
    ("another language", body("Ana", "maio", language={"code": "en"}), 132001),
    ("no language", body("Ana", "maio", language=None), 131008),
    ("free text outside the window", {"type": "text", "text": {"body": "oi"}}, 131047),
    ("text of 4097 characters", {"type": "text", "text": {"body": "x" * 4097}}, 100),
    ("no text", {"type": "text", "text": {}}, 131008),
    ("an unknown type", {"type": "smoke", "smoke": {}}, 100),
    ("four buttons", {"type": "interactive", "interactive": {"type": "button", "action": {"buttons": [{}] * 4}}}, 131009),
    ("media that is not there", {"type": "image", "image": {"id": "1"}}, 131053),
    ("no recipient", {"to": ""}, 100),
    ("a recipient of letters", {"to": "ana"}, 131009),
    ("a long correlation", {"biz_opaque_callback_data": "x" * 513}, 100),
    ("not for WhatsApp", {"messaging_product": "sms"}, 100),
]


@pytest.mark.parametrize(("fields", "expected"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
async def test_refuses(sandbox: Sandbox, fields: dict[str, Any], expected: int) -> None:
    account = await sandbox.account("meta")
    await sandbox.template(account)
    answer = await sandbox.send(account, TO, **fields)
    assert code(answer) == expected
    assert (await sandbox.summary())["accepted"] == 0


async def test_accepts_and_shows_the_person(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", behaviour={"short_wa_share": 1})
    await sandbox.template(account)
    answer = await sandbox.send(account, "+55 31 98765-4321")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["contacts"][0]["input"] == "+55 31 98765-4321"
    assert shown["contacts"][0]["wa_id"] == "553187654321"
    assert shown["messages"][0]["id"].startswith("wamid.")
    assert shown["messages"][0]["message_status"] == "accepted"
    assert account["waba_id"] in answer.headers["x-business-use-case-usage"]
    by_user = await sandbox.send(account, "", to=None, recipient=shown["contacts"][0]["user_id"])
    assert by_user.status_code == 200
    assert "wa_id" not in by_user.json()["contacts"][0]


async def test_tokens_numbers_and_permissions(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    other = await sandbox.account("meta", id="meta-2")
    await sandbox.template(account)
    wrong = await sandbox.send({**account, "token": "EAAwrong"}, TO)
    assert (wrong.status_code, code(wrong)) == (401, 190)
    foreign = await sandbox.send({**account, "phone_number_id": other["phone_number_id"]}, TO)
    assert (code(foreign), foreign.json()["error"]["error_subcode"]) == (100, 33)
    assert code(await sandbox.send({**account, "phone_number_id": "999"}, TO)) == 100
    await sandbox.behave(account, access="expired")
    expired = await sandbox.send(account, TO)
    assert (expired.status_code, code(expired), expired.json()["error"]["error_subcode"]) == (401, 190, 463)
    await sandbox.behave(account, access="no_permission")
    assert code(await sandbox.send(account, TO)) == 10
    assert code(await sandbox.graph(account, "GET", f"/{account['waba_id']}/phone_numbers")) == 200
    await sandbox.behave(account, access="valid", refuse_code=131042)
    assert code(await sandbox.send(account, TO)) == 131042


async def test_limits(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", throughput=3)
    await sandbox.template(account)
    answers = [await sandbox.send(account, f"551198765{n:04d}") for n in range(20)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {code(answer) for answer in refused} == {130429}
    await sandbox.account("meta", throughput=1000, behaviour={"pair_burst": 2})
    answers = [await sandbox.send(account, TO) for _ in range(4)]
    assert [a.status_code for a in answers[:2]] == [200, 200]
    assert [code(a) for a in answers[2:]] == [131056, 131056]
    await sandbox.account("meta", throughput=1000, tier="TIER_250", behaviour={"pair_burst": 45})
    answers = [await sandbox.send(account, f"55119875{n:05d}") for n in range(260)]
    assert code(answers[-1]) == 131048
    assert 200 < sum(a.status_code == 200 for a in answers) <= 250


async def test_the_window_opens_with_a_reply(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    said = await sandbox.http.post(f"/sandbox/accounts/{account['id']}/reply", json={"to_contact": TO, "text": "Oi!"})
    assert said.status_code == 201
    text = await sandbox.send(account, TO, type="text", text={"body": "Olá"})
    assert text.status_code == 200
    assert "message_status" not in text.json()["messages"][0]
    await until(lambda: bool(sandbox.product.values("messages")))
    message = sandbox.product.values("messages")[0]
    assert (message["from"], message["text"]["body"], message["id"]) == (TO[1:], "Oi!", said.json()["id"])
    assert " " in sandbox.product.values("contacts")[0]["profile"]["name"]


async def test_template_review_pause_and_delete(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    edge = f"/{account['waba_id']}/message_templates"
    made = await sandbox.graph(account, "POST", edge, json=TEMPLATE)
    assert made.json()["status"] == "PENDING"
    assert code(await sandbox.send(account, TO)) == 132001
    await sandbox.graph(account, "POST", edge, json={**TEMPLATE, "name": "reject_me"})
    await until(lambda: len(sandbox.product.values("")) == 2)
    events = {value["message_template_name"]: value for value in sandbox.product.values("")}
    assert events["promo_1"]["event"] == "APPROVED"
    assert str(events["promo_1"]["message_template_id"]) == made.json()["id"]
    assert (events["reject_me"]["event"], events["reject_me"]["reason"]) == ("REJECTED", "INCORRECT_CATEGORY")
    assert events["promo_1"]["field"] == "message_template_status_update"
    page = await sandbox.graph(account, "GET", edge, params={"limit": 1, "fields": "name,status,quality_score"})
    assert page.json()["data"][0].keys() == {"id", "name", "status", "quality_score"}
    following = await sandbox.http.get(page.json()["paging"]["next"])
    assert code(following) == 190
    second = await sandbox.graph(account, "GET", edge, params={"limit": 1, "after": "1"})
    assert "next" not in second.json()["paging"]
    review = {"name": "promo_1", "language": "pt_BR", "event": "PAUSED"}
    await sandbox.http.post(f"/sandbox/accounts/{account['id']}/template-review", json=review)
    assert code(await sandbox.send(account, TO)) == 132015
    assert (await sandbox.graph(account, "POST", f"/{made.json()['id']}/unpause")).json() == {"success": True}
    assert (await sandbox.send(account, TO)).status_code == 200
    assert (await sandbox.graph(account, "DELETE", edge, params={"name": "promo_1"})).json() == {"success": True}
    assert code(await sandbox.graph(account, "GET", f"/{made.json()['id']}")) == 100


BAD_TEMPLATES = [
    {"name": "Promo"},
    {"category": "SPAM"},
    {"components": []},
    {"components": [{"type": "BODY", "text": "{{1}} oi", "example": {"body_text": [["a"]]}}]},
    {"components": [{"type": "BODY", "text": "oi {{1}} tudo bem"}]},
    {"components": [{"type": "BODY", "text": "oi {{2}} ok", "example": {"body_text": [["a"]]}}]},
    {"components": [{"type": "BODY", "text": "x" * 1025}]},
    {"components": [{"type": "BODY", "text": "x"}, {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "y" * 26}]}]},
    {"components": [{"type": "BODY", "text": "x"}, {"type": "HEADER", "format": "IMAGE"}]},
    {"message_send_ttl_seconds": 5},
]


@pytest.mark.parametrize("fields", BAD_TEMPLATES)
async def test_refuses_bad_templates(sandbox: Sandbox, fields: dict[str, Any]) -> None:
    account = await sandbox.account("meta")
    answer = await sandbox.graph(account, "POST", f"/{account['waba_id']}/message_templates", json={**TEMPLATE, **fields})
    assert code(answer) == 100


async def test_named_parameters_media_header_and_url_button(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    example = {"body_text_named_params": [{"param_name": "nome", "example": "Ana"}]}
    components = [
        {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::a"]}},
        {"type": "BODY", "text": "Oi {{nome}}!", "example": example},
        {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Abrir", "url": "https://x.test/{{1}}", "example": ["a"]}]},
    ]
    await sandbox.template(account, name="named", parameter_format="NAMED", components=components)
    image = {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://x.test/a.png"}}]}
    named = {"type": "body", "parameters": [{"type": "text", "parameter_name": "nome", "text": "Ana"}]}
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "abc"}]}

    async def send(*parts: Any) -> httpx.Response:
        template = {"name": "named", "language": {"code": "pt_BR"}, "components": list(parts)}
        return await sandbox.send(account, TO, template=template)

    assert (await send(image, named, button)).status_code == 200
    assert code(await send(named, button)) == 132012
    assert code(await send(image, named)) == 131008
    assert code(await send(image, {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}, button)) == 100


async def test_numbers_subscription_and_registration(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta", phone_number="+5511400000000", quality="YELLOW", tier="TIER_10K", throughput=1000)
    listed = await sandbox.graph(account, "GET", f"/{account['waba_id']}/phone_numbers")
    assert listed.json()["data"][0]["quality_rating"] == "YELLOW"
    fields = "display_phone_number,throughput,whatsapp_business_manager_messaging_limit,status"
    number = (await sandbox.graph(account, "GET", f"/{account['phone_number_id']}", params={"fields": fields})).json()
    assert number["throughput"] == {"level": "HIGH"}
    assert number["whatsapp_business_manager_messaging_limit"] == "TIER_10K"
    assert number["status"] == "CONNECTED"
    edge = f"/{account['waba_id']}/subscribed_apps"
    address = {"override_callback_uri": f"{sandbox.product.url}/hooks/meta/7", "verify_token": "wrong"}
    assert code(await sandbox.graph(account, "POST", edge, json=address)) == 2200
    assert (await sandbox.graph(account, "POST", edge, json={**address, "verify_token": "verify-me"})).json() == {"success": True}
    assert (await sandbox.graph(account, "GET", edge)).json()["data"][0]["override_callback_uri"].endswith("/7")
    node = f"/{account['phone_number_id']}"
    assert code(await sandbox.graph(account, "POST", f"{node}/register", json={"pin": "1"})) == 100
    assert (await sandbox.graph(account, "POST", f"{node}/deregister")).json() == {"success": True}
    assert (await sandbox.graph(account, "GET", node, params={"fields": "status"})).json()["status"] == "DISCONNECTED"


async def test_media_goes_up_and_comes_down(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    other = await sandbox.account("meta", id="meta-2")
    form = {"messaging_product": "whatsapp", "type": "image/png"}
    file = {"file": ("a.png", b"\x89PNG\r\n\r\n--bytes", "image/png")}
    up = await sandbox.graph(account, "POST", f"/{account['phone_number_id']}/media", data=form, files=file)
    identifier = up.json()["id"]
    shown = (await sandbox.graph(account, "GET", f"/{identifier}")).json()
    link = shown["url"]
    assert (await sandbox.http.get(link)).status_code == 401
    got = await sandbox.http.get(link, headers={"authorization": f"Bearer {account['token']}"})
    assert got.content == file["file"][1]
    assert code(await sandbox.graph(other, "GET", f"/{identifier}")) == 100
    assert (await sandbox.graph(account, "DELETE", f"/{identifier}")).json() == {"success": True}
    exe = await sandbox.graph(account, "POST", f"/{account['phone_number_id']}/media", data=form | {"type": "x/y"}, files=file)
    assert code(exe) == 100


@pytest.mark.parametrize("outage", ["errors", "hang_up", "silence"])
async def test_a_provider_that_is_down_answers_no_call_of_the_account(sandbox: Sandbox, outage: str) -> None:
    account = await sandbox.account("meta")
    await sandbox.template(account)
    await sandbox.behave(account, outage=outage, hang_seconds=0.2)
    other = await sandbox.account("meta", id="meta-2")
    for call in (lambda: sandbox.send(account, TO), lambda: sandbox.graph(account, "GET", f"/{account['waba_id']}")):
        if outage == "errors":
            answer = await call()
            assert (answer.status_code, code(answer)) == (503, 131016)
        else:
            with pytest.raises(httpx.RemoteProtocolError):
                await call()
    assert (await sandbox.graph(other, "GET", f"/{other['waba_id']}")).status_code == 200
    assert (await sandbox.summary())["accepted"] == 0


async def test_the_person_sees_what_was_read_and_that_somebody_writes(sandbox: Sandbox) -> None:
    account = await sandbox.account("meta")
    reply, path = f"/sandbox/accounts/{account['id']}/reply", f"/{account['phone_number_id']}/messages"
    ids = [
        (await sandbox.http.post(reply, json={"to_contact": TO, "text": text})).json()["id"] for text in ("um", "dois", "três")
    ]

    async def tell(message_id: str, **more: Any) -> httpx.Response:
        said = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id, **more}
        return await sandbox.graph(account, "POST", path, json=said)

    async def thread() -> tuple[list[bool], bool]:
        shown = (await sandbox.http.get(f"/sandbox/accounts/{account['id']}/thread", params={"contact": TO})).json()
        return [line["read"] for line in shown["data"]], shown["typing"]

    assert await thread() == ([False, False, False], False)
    assert (await tell(ids[1], typing_indicator={"type": "text"})).json() == {"success": True}
    assert await thread() == ([True, True, False], True)
    await tell(ids[0])
    assert (await thread())[0] == [True, True, False], "an older one takes nothing back"
    assert code(await tell("")) == 100
    assert code(await tell(ids[2], typing_indicator={"type": "dance"})) == 100
    assert (await sandbox.summary())["accepted"] == 0
