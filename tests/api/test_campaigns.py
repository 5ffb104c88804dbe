"""Campaigns over HTTP: drafting, problems that forbid a launch, launching, and what comes out of the ledger."""

import csv
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from db import valkey
from db.campaigns import export, lifecycle
from db.campaigns.recipients import RecipientQuery
from db.engine import DB
from db.event_stream import stream_key
from db.permissions import Permission, Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, SignInAs


@pytest.fixture
async def auth(sign_in_as: SignInAs) -> Headers:
    return await sign_in_as(Role.MANAGER)


async def _draft(client: httpx.AsyncClient, auth: Headers, **patch: object) -> dict:
    made = (await client.post("/v1/campaigns", json={"name": "Black Friday"}, headers=auth)).raise_for_status()
    changed = await client.patch(
        f"/v1/campaigns/{made.json()['id']}", json=patch, headers={**auth, "If-Match": made.headers["etag"]}
    )
    return changed.raise_for_status().json()


@pytest.fixture
async def ready(client: httpx.AsyncClient, auth: Headers, owner_db: asyncpg.Connection, owner: Actor) -> dict:
    """A WhatsApp draft without problems, for six people: one opted out, one with a landline only for SMS to refuse."""
    channel_id = await factories.channel(owner_db, owner)
    template_id = await factories.template(owner_db, owner, channel_id)
    await factories.contacts(owner_db, owner, 5)
    await owner_db.execute(
        "update contact set opted_out_at = now() where company_id = $1 and name = 'Pessoa 3'", owner.company_id
    )
    await owner_db.execute("insert into contact(company_id, name) values ($1, 'Sem telefone')", owner.company_id)
    return await _draft(
        client,
        auth,
        channel_id=str(channel_id),
        template_id=str(template_id),
        bindings=factories.BINDINGS,
        audience={"everyone": True},
    )


async def test_a_draft_says_what_is_missing(client: httpx.AsyncClient, auth: Headers) -> None:
    draft = await _draft(client, auth)
    preview = (await client.post(f"/v1/campaigns/{draft['id']}/preview", headers=auth)).json()
    assert [p["code"] for p in preview["problems"]] == ["no_channel", "no_audience"]
    refused = await client.post(f"/v1/campaigns/{draft['id']}/launch", json={}, headers=auth)
    assert refused.status_code == 409
    assert refused.json()["code"] == "not_ready"
    assert refused.json()["errors"] == [
        {"field": "channel", "code": "no_channel", "message": "Choose the channel that sends."},
        {"field": "audience", "code": "no_audience", "message": "Choose who gets the message."},
    ]


async def test_missing_fallbacks_and_unapproved_templates_forbid_a_launch(
    client: httpx.AsyncClient, auth: Headers, ready: dict, owner_db: asyncpg.Connection
) -> None:
    bindings = [factories.BINDINGS[0] | {"fallback": " "}, factories.BINDINGS[1] | {"source": "custom.pais"}]
    (await client.patch(f"/v1/campaigns/{ready['id']}", json={"bindings": bindings}, headers=auth)).raise_for_status()
    await owner_db.execute("update template set status = 'paused' where id = $1", UUID(ready["template_id"]))
    preview = (await client.post(f"/v1/campaigns/{ready['id']}/preview", headers=auth)).json()
    codes = {(p["code"], p["params"].get("name")) for p in preview["problems"]}
    assert ("template_not_approved", None) in codes
    assert ("missing_fallback", "{{1}}") in codes


async def test_the_preview_reads_as_people_get_it(client: httpx.AsyncClient, auth: Headers, ready: dict) -> None:
    preview = (await client.post(f"/v1/campaigns/{ready['id']}/preview", headers=auth)).json()
    assert (preview["problems"], preview["audience"]["matched"], preview["audience"]["reachable"]) == ([], 6, 4)
    assert {s["reason"]: s["count"] for s in preview["audience"]["skipped"]} == {"opted_out": 1, "no_address": 1}
    told = {f"Oi Pessoa, tem novidade em {city}!" for city in ("Niterói", "sua cidade")}
    assert {m["body"] for m in preview["messages"]} <= told
    assert preview["messages"][0]["footer"] == "Responda SAIR para não receber"
    refused = await client.post(f"/v1/campaigns/{ready['id']}/preflight", json={"at": "9999-12-31T23:59:59-14:00"}, headers=auth)
    assert refused.json()["errors"][0]["code"] == "too_late"


async def test_launching_materialises_everyone_exactly_once(
    client: httpx.AsyncClient, auth: Headers, ready: dict, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    launched = await client.post(f"/v1/campaigns/{ready['id']}/launch", json={}, headers=auth)
    assert launched.status_code == 202, launched.text
    assert launched.json()["state"] == "preparing"
    campaign_id = UUID(ready["id"])
    assert await lifecycle.prepare(owner.company_id, campaign_id) == 6
    assert await lifecycle.prepare(owner.company_id, campaign_id) == 0
    progress = (await client.get(f"/v1/campaigns/{campaign_id}/progress", headers=auth)).json()
    assert progress["state"] == "running"
    assert progress["figures"]["audience"] == progress["figures"]["waiting"] == 4
    assert progress["counts"]["queued"] == 4
    assert progress["counts"]["skipped"] == 2
    assert {g["reason"] for g in progress["skipped"]} == {"opted_out", "no_address"}
    recipients = (await client.get(f"/v1/campaigns/{campaign_id}/recipients?state=skipped", headers=auth)).json()
    assert {r["reason"] for r in recipients["items"]} == {"opted_out", "no_address"}


async def test_a_slow_download_of_recipients_holds_no_connection(
    client: httpx.AsyncClient, auth: Headers, ready: dict, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_PAGE", 2)
    (await client.post(f"/v1/campaigns/{ready['id']}/launch", json={}, headers=auth)).raise_for_status()
    await lifecycle.prepare(owner.company_id, UUID(ready["id"]))
    seen = []
    async for rows in export.exported(owner, RecipientQuery(UUID(ready["id"]))):
        assert DB.pool is not None
        assert DB.pool.gate._shares.held[owner.company_id] == 0
        seen += [row["dedupe_key"] for row in rows]
    assert len(seen) == len(set(seen)) == 6


async def test_recipients_page_by_page_and_as_csv(
    client: httpx.AsyncClient, auth: Headers, ready: dict, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await owner_db.execute("update contact set name = '=1+1' where company_id = $1 and name = 'Pessoa 1'", owner.company_id)
    (await client.post(f"/v1/campaigns/{ready['id']}/launch", json={}, headers=auth)).raise_for_status()
    await lifecycle.prepare(owner.company_id, UUID(ready["id"]))
    seen, cursor = [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        found = (await client.get(f"/v1/campaigns/{ready['id']}/recipients", params=query, headers=auth)).json()
        seen += [r["message_id"] for r in found["items"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6
    exported = await client.get(f"/v1/campaigns/{ready['id']}/recipients.csv", headers=auth)
    lines = exported.text.removeprefix("\ufeff").splitlines()
    assert (len(lines), any(line.startswith('"\'=1+1"') for line in lines)) == (7, True)
    assert lines[0] == (
        '"Pessoa";"Número";"Situação";"Motivo";"Código do provedor";"Tentativas";"Envio";"Entrega";"Leitura";"Data da resposta";"Resposta"'
        ';"No lugar dela";"Motivo no lugar dela";"Enviada no lugar dela em"'
    )
    sent = datetime(2026, 1, 2, 23, 30, tzinfo=UTC)  # 20:30 in São Paulo
    await owner_db.execute(
        "update message set state = 5, sent_at = $2 where campaign_id = $1 and id = (select id from message where campaign_id = $1 and state = 0 limit 1)",
        UUID(ready["id"]), sent,
    )  # fmt: skip
    english = await client.get(f"/v1/campaigns/{ready['id']}/recipients.csv?language=en&separator=,&state=read", headers=auth)
    [head, line] = english.text.removeprefix("\ufeff").splitlines()
    assert head.startswith('"Person","Number","State"')
    assert '"Read"' in line
    assert '"2026-01-02 20:30:00"' in line
    assert 'filename="black-friday-' in english.headers["content-disposition"]
    left_out = await client.get(f"/v1/campaigns/{ready['id']}/recipients.csv?state=skipped", headers=auth)
    assert '"Ficou de fora"' in left_out.text
    assert "opted_out" not in left_out.text
    found = await client.get(f"/v1/campaigns/{ready['id']}/recipients.csv?search=nobody+of+that+name", headers=auth)
    assert len(found.text.splitlines()) == 1
    assert (
        await client.head(f"/v1/campaigns/{ready['id']}/recipients.csv", headers=auth)
    ).status_code == 200  # hands nothing over
    noted = await owner_db.fetch(
        "select subject_id from audit_log where company_id = $1 and action = 'campaign.recipients_exported'", owner.company_id
    )
    assert [row["subject_id"] for row in noted] == [UUID(ready["id"])] * 4


async def test_states_allow_only_their_moves(client: httpx.AsyncClient, auth: Headers, ready: dict, owner: Actor) -> None:
    url = f"/v1/campaigns/{ready['id']}"
    assert (await client.post(f"{url}/pause", headers=auth)).json()["code"] == "not_running"
    (await client.post(f"{url}/launch", json={}, headers=auth)).raise_for_status()
    assert (await client.post(f"{url}/launch", json={}, headers=auth)).json()["code"] == "already_launched"
    assert (await client.patch(url, json={"name": "x"}, headers=auth)).json()["code"] == "not_editable"
    assert (await client.delete(url, headers=auth)).json()["code"] == "not_deletable"
    await lifecycle.prepare(owner.company_id, UUID(ready["id"]))
    assert (await client.post(f"{url}/pause", headers=auth)).json()["state"] == "paused"
    assert (await client.post(f"{url}/resume", headers=auth)).json()["state"] == "running"
    assert (await client.post(f"{url}/cancel", headers=auth)).json()["state"] == "cancelled"
    await lifecycle.reconcile()
    progress = (await client.get(f"{url}/progress", headers=auth)).json()
    assert progress["counts"]["cancelled"] == 4
    assert (await client.get(url, headers=auth)).json()["finished_at"] is not None
    cloned = (await client.post(f"{url}/clone", headers=auth)).json()
    assert (cloned["state"], cloned["cloned_from"], cloned["bindings"]) == ("draft", ready["id"], ready["bindings"])


async def test_a_scheduled_campaign_waits_can_be_edited_and_called_off(
    client: httpx.AsyncClient, auth: Headers, ready: dict, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    url = f"/v1/campaigns/{ready['id']}"
    past = await client.post(f"{url}/launch", json={"at": "2020-01-01T00:00:00Z"}, headers=auth)
    assert (past.status_code, past.json()["code"]) == (422, "in_the_past")
    planned = (await client.post(f"{url}/launch", json={"at": "2099-01-01T12:00:00Z"}, headers=auth)).json()
    assert planned["state"] == "scheduled"
    assert await lifecycle.prepare(owner.company_id, UUID(ready["id"])) == 0
    assert (await client.patch(url, json={"name": "Outro nome"}, headers=auth)).json()["name"] == "Outro nome"
    assert (await client.post(f"{url}/cancel", headers=auth)).json()["state"] == "draft"
    assert await owner_db.fetchval("select count(*) from job where company_id = $1", owner.company_id) == 0


async def test_two_editors_are_told_apart(client: httpx.AsyncClient, auth: Headers, ready: dict) -> None:
    url = f"/v1/campaigns/{ready['id']}"
    seen = await client.get(url, headers=auth)
    etag = seen.headers["etag"]
    assert etag == f'"{seen.json()["version"]}"'
    changed = await client.patch(url, json={"name": "A"}, headers={**auth, "If-Match": f'"1", {etag}'})
    assert (changed.json()["version"], changed.headers["etag"]) == (seen.json()["version"] + 1, f'"{seen.json()["version"] + 1}"')
    late = await client.patch(url, json={"name": "B"}, headers={**auth, "If-Match": etag})
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    for method, path in (("DELETE", url), ("POST", f"{url}/launch")):
        body = {} if method == "POST" else None
        stale = await client.request(method, path, json=body, headers={**auth, "If-Match": etag})
        assert (stale.status_code, stale.json()["code"]) == (412, "changed_meanwhile"), path
    fresh = (await client.get(url, headers=auth)).headers["etag"]
    assert (await client.delete(url, headers={**auth, "If-Match": fresh})).status_code == 200
    assert (await client.delete(url, headers={**auth, "If-Match": "*"})).status_code == 404


async def test_who_may_act_gets_the_answer_of_the_action(
    client: httpx.AsyncClient, auth: Headers, ready: dict, owner: Actor, sign_in_as: SignInAs
) -> None:
    """Reading again would need another permission, and may see what somebody did since."""
    url = f"/v1/campaigns/{ready['id']}"
    (await client.post(f"{url}/launch", json={}, headers=auth)).raise_for_status()
    await lifecycle.prepare(owner.company_id, UUID(ready["id"]))
    before = (await client.get(url, headers=auth)).json()["version"]
    sender = await sign_in_as(scopes=[Permission.CAMPAIGNS_SEND])
    paused = await client.post(f"{url}/pause", headers=sender)
    assert (paused.status_code, paused.json()["state"], paused.json()["version"]) == (200, "paused", before + 1)
    entries = await valkey.client().xrange(stream_key(owner.company_id))
    assert msgspec.json.decode(entries[-1][1][b"e"])["data"] == {
        "campaign_id": ready["id"],
        "state": "paused",
        "version": before + 1,
    }


async def test_an_sms_text_shows_its_segments_and_needs_fallbacks(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel_id = await factories.channel(owner_db, owner, "sms", throughput=1)
    await factories.contacts(owner_db, owner, 3)
    draft = await _draft(
        client, auth, channel_id=str(channel_id), body="Oi {{first_name}}, promoção!", audience={"everyone": True}
    )
    preview = (await client.post(f"/v1/campaigns/{draft['id']}/preview", headers=auth)).json()
    assert [p["code"] for p in preview["problems"]] == ["missing_fallback"]
    wrong = "Oi {{first_name|" + "a" * 1025 + "}} {{ }} {{nome|x}} {{"
    (await client.patch(f"/v1/campaigns/{draft['id']}", json={"body": wrong}, headers=auth)).raise_for_status()
    preview = (await client.post(f"/v1/campaigns/{draft['id']}/preview", headers=auth)).json()
    codes = [p["code"] for p in preview["problems"]]
    assert codes == ["fallback_too_long", "bad_variable", "unknown_contact_field", "open_variable"]
    (
        await client.patch(f"/v1/campaigns/{draft['id']}", json={"body": "Oi {{first_name|cliente}}, promoção!"}, headers=auth)
    ).raise_for_status()
    preview = (await client.post(f"/v1/campaigns/{draft['id']}/preview", headers=auth)).json()
    assert preview["problems"] == []
    assert preview["messages"][0]["body"] == "Oi Pessoa, promoção!"
    assert preview["messages"][0]["forcing_character"] == "ç"
    assert (preview["messages"][0]["encoding"], preview["messages"][0]["segments"]) == ("ucs2", 1)
    assert (preview["segments_total"], preview["limiting_factor"]) == (3, "segments")


async def test_a_test_send_goes_through_the_ledger_outside_the_counts(
    client: httpx.AsyncClient, auth: Headers, ready: dict, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    url = f"/v1/campaigns/{ready['id']}/test"
    bad = await client.post(url, json={"to": ["12"]}, headers=auth)
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "to[0]")
    sent = await client.post(url, json={"to": ["(11) 90000-0002", "(21) 99999-0000"]}, headers=auth)
    assert sent.status_code == 202, sent.text
    rows = await owner_db.fetch(
        "select address, params, campaign_id, content from message where company_id = $1 order by address", owner.company_id
    )
    assert [(r["address"], r["params"], r["campaign_id"]) for r in rows] == [
        ("+5511900000002", ["Pessoa 2", "Niterói"], None),
        ("+5521999990000", ["", ""], None),
    ]


async def test_days_numbers_and_answers_are_said_as_the_contact_reads_them(
    client: httpx.AsyncClient, auth: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    """A contact of no language, or of one that we do not write, reads the company's. Preview, test and campaign agree."""
    channel_id = await factories.channel(owner_db, owner, "sms")
    await factories.contacts(owner_db, owner, 3, first=1)
    await owner_db.execute(
        "insert into custom_field(company_id, key, label, kind) values ($1, 'dia', 'Dia', 'date'), ($1, 'valor', 'Valor', 'number'),"
        " ($1, 'socio', 'Sócio', 'boolean'), ($1, 'nota', 'Nota', 'text')",
        owner.company_id,
    )
    custom = {"dia": "2025-02-03", "valor": "139.48", "socio": "true", "nota": "2025-02-03"}
    await owner_db.execute(
        "update contact set custom = $2::jsonb, language = case name when 'Pessoa 2' then 'en-US' when 'Pessoa 3' then 'es' end"
        " where company_id = $1",
        owner.company_id,
        msgspec.json.encode(custom).decode(),
    )
    body = "{{custom.dia|x}} {{custom.valor|x}} {{custom.socio|x}} {{custom.nota|x}}"
    ready = await _draft(client, auth, channel_id=str(channel_id), body=body, audience={"everyone": True})
    portuguese, english = ["03/02/2025", "139,48", "sim", "2025-02-03"], ["2025-02-03", "139.48", "yes", "2025-02-03"]
    preview = (await client.post(f"/v1/campaigns/{ready['id']}/preview", headers=auth)).json()
    said = {message["contact_name"]: message["body"] for message in preview["messages"]}
    assert said == {f"Pessoa {i}": " ".join(english if i == 2 else portuguese) for i in (1, 2, 3)}
    numbers = [f"(11) 90000-000{i}" for i in (1, 2, 3)]
    (await client.post(f"/v1/campaigns/{ready['id']}/test", json={"to": numbers}, headers=auth)).raise_for_status()
    (await client.post(f"/v1/campaigns/{ready['id']}/launch", json={}, headers=auth)).raise_for_status()
    await lifecycle.prepare(owner.company_id, UUID(ready["id"]))
    rows = await owner_db.fetch(
        "select address, array_agg(params::text) as params from message where company_id = $1 group by 1 order by 1",
        owner.company_id,
    )
    arrays = ["{" + ",".join(values) + "}" for values in (portuguese, english, portuguese)]
    arrays = [array.replace("139,48", '"139,48"') for array in arrays]
    assert [row["params"] for row in rows] == [[array] * 2 for array in arrays]


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.AGENT, 403), (Role.MANAGER, 202), (Role.ADMIN, 202)])
async def test_who_may_launch(client: httpx.AsyncClient, sign_in_as: SignInAs, ready: dict, role: Role, status: int) -> None:
    answer = await client.post(f"/v1/campaigns/{ready['id']}/launch", json={}, headers=await sign_in_as(role))
    assert answer.status_code == status


async def test_another_company_finds_nothing(
    client: httpx.AsyncClient, ready: dict, headers_for: SignInAs, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    other = await headers_for(stranger)
    for method, path in [
        ("GET", ""),
        ("GET", "/progress"),
        ("GET", "/recipients"),
        ("POST", "/preview"),
        ("POST", "/pause"),
        ("DELETE", ""),
    ]:
        assert (await client.request(method, f"/v1/campaigns/{ready['id']}{path}", headers=other)).status_code == 404, path
    foreign = await client.post("/v1/campaigns", json={"name": "x", "channel_id": ready["channel_id"]}, headers=other)
    assert foreign.status_code == 404


async def test_a_comparison_is_a_table_with_a_row_for_each_campaign(
    client: httpx.AsyncClient, auth: Headers, ready: dict
) -> None:
    other = (await client.post("/v1/campaigns", json={"name": "=Natal"}, headers=auth)).raise_for_status().json()
    asked = {"campaign_id": [other["id"], ready["id"], other["id"]], "separator": ",", "language": "en"}
    answer = (await client.get("/v1/campaigns/compare.csv", params=asked, headers=auth)).raise_for_status()
    heads, first, second = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    assert heads[:2] == ["Campaign", "Channel"]
    assert (first[0], second[0], second[3]) == ("'=Natal", "Black Friday", "0")
    assert len(first) == len(second) == len(heads)
    gone = await client.get("/v1/campaigns/compare.csv", params={"campaign_id": str(UUID(int=1))}, headers=auth)
    assert gone.status_code == 404


async def test_a_campaign_of_calls_is_written_looked_at_and_listed(
    client: httpx.AsyncClient, auth: Headers, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel_id = await factories.channel(owner_db, owner, "voice_retell", external_id="+551130000000")
    await factories.contacts(owner_db, owner, 2)
    calls = {"tries": 2, "voicemail": "Oi {{first_name}}", "at_once": 3}
    draft = await _draft(
        client,
        auth,
        channel_id=str(channel_id),
        body="Oi {{first_name|tudo bem}}, aqui é da loja.",
        audience={"everyone": True},
        settings={"calls": calls},
    )
    assert draft["settings"]["calls"] == {**calls, "agent": "", "callback": True}
    preview = (await client.post(f"/v1/campaigns/{draft['id']}/preview", headers=auth)).json()
    assert [(p["code"], p["step"]) for p in preview["problems"]] == [("missing_fallback", "message")]
    calls["voicemail"] = ""
    (await client.patch(f"/v1/campaigns/{draft['id']}", json={"settings": {"calls": calls}}, headers=auth)).raise_for_status()
    preview = (await client.post(f"/v1/campaigns/{draft['id']}/preview", headers=auth)).json()
    assert preview["problems"] == []
    assert preview["messages"][0]["body"] == "Oi Pessoa, aqui é da loja."
    (await client.post(f"/v1/campaigns/{draft['id']}/launch", json={}, headers=auth)).raise_for_status()
    await lifecycle.prepare(owner.company_id, UUID(draft["id"]))
    await owner_db.execute(
        "insert into call(company_id, id, channel_id, provider_call_id, stage, outcome, seconds) select $1, id, $2, id::text, 3,"
        " 'no_answer', 9 from message where campaign_id = $3 and address = '+5511900000001'",
        owner.company_id,
        channel_id,
        UUID(draft["id"]),
    )
    progress = (await client.get(f"/v1/campaigns/{draft['id']}/progress", headers=auth)).json()["calls"]
    assert (progress["calls"], progress["places"], progress["again"], progress["seconds"]) == (1, 3, 1, 9)
    assert progress["outcomes"] == [{"outcome": "no_answer", "calls": 1}]
    listed = (await client.get(f"/v1/campaigns/{draft['id']}/calls", headers=auth)).json()["items"]
    assert [(one["outcome"], one["contact_name"], one["number"], one["stage"]) for one in listed] == [
        ("no_answer", "Pessoa 1", 1, "analyzed")
    ]
    one = (await client.get(f"/v1/calls/{listed[0]['id']}", headers=auth)).json()
    assert (one["message_id"], one["files"]) == (one["id"], [])
    none = await client.get(f"/v1/campaigns/{draft['id']}/calls", params={"outcome": "answered"}, headers=auth)
    assert none.json()["items"] == []
