"""A person who is erased is nowhere in the database, is not made again, and the receipt can be proved."""

import asyncio
import base64
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from db import blobs
from db.contacts import actions, consent, erased, found, upserts
from db.contacts.actions import create_contact
from db.contacts.enums import MergeReason, UpsertOutcome
from db.contacts.identities import refresh
from db.contacts.merges import merge, undo
from db.contacts.senders import Sender, contact_of
from db.errors import Forbidden, Invalid, NotFound
from db.jobs import EraseContact, ExportContact
from db.permissions import Permission, Role
from db.privacy import erasing, exporting
from db.privacy.decisions import RULES
from db.privacy.enums import ErasureState, Fate
from db.privacy.erasing import Next
from db.settings import Settings
from db.tenancy import Actor, built_in, member
from db.work import work
from tests import factories
from tests.architecture.test_sql import migrated
from workers.privacy import archive, job
from workers.runtime import Snooze

PHONE, TYPED = "+5511987654321", "(11) 98765-4321"
MARKS = ("11987654321", "98765-4321", "zuleica", "xyzzy", "wamid.hers")


@pytest.fixture
def store(settings: Settings) -> blobs.Blobs:
    return blobs.connect(settings)


async def everywhere(db: asyncpg.Connection, owner: Actor) -> dict[str, UUID]:
    """One person in every table that knows people; each text says who."""

    async def insert(sql: str, *args: Any) -> UUID:
        found: UUID = await db.fetchval(sql, owner.company_id, *args)
        return found

    contact: UUID = (await create_contact(owner, name="Zuleica Prado", phone=TYPED, email="zuleica@example.com", tag_names=["vip"]))["id"]  # fmt: skip
    channel = await factories.channel(db, owner)
    template = await factories.template(db, owner, channel)
    campaign = await factories.campaign(db, owner, channel, template)
    file = await factories.message_file(db, owner, channel, contact, name="xyzzy.jpg")
    await db.execute("update inbound_message set address = $2 where company_id = $1", owner.company_id, PHONE)
    conversation = await insert(
        "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at, first_touch)"
        " values ($1, $2, $3, $4, now(), now(), '{\"headline\": \"xyzzy\"}') on conflict (company_id, contact_id, channel_id) do update set"
        " address = excluded.address returning id",
        contact, channel, PHONE,
    )  # fmt: skip
    sent = await insert(
        "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, params, provider_id, sent_at)"
        " values ($1, $2, $3::uuid, $3::uuid, $4::uuid, $5, $3::uuid || ':' || $4::uuid, 3, '{Zuleica}', 'wamid.hers', now()) returning id",
        channel, campaign, contact, PHONE,
    )  # fmt: skip
    await insert(
        "insert into attempt(company_id, message_id, channel_id, epoch, state, provider_id, detail) values ($1, $2, $3, 1, 1, 'wamid.hers', $4) returning id",
        sent, channel, f"to {PHONE}",
    )  # fmt: skip
    await insert(
        "with made as (insert into call(company_id, id, channel_id, provider_call_id, stage, outcome, summary) values ($1, $2, $3, 'call_hers', 3, 'answered',"
        " 'xyzzy') returning company_id, id) insert into call_turn(company_id, call_id, number, speaker, body) select company_id, id, 0, 'person', 'xyzzy'"
        " from made returning call_id", sent, channel,
    )  # fmt: skip
    wants = "insert into call_transfer(company_id, key, call_id, reason, summary, state) values ($1, uuidv7(), $2, 'xyzzy', 'xyzzy', 'ended')"
    await insert(f"{wants} returning id", sent)
    await insert("insert into call_order(company_id, call_id, kind, body) values ($1, $2, 'hint', 'xyzzy') returning id", sent)
    await insert(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state, content, provider_id, context)"
        " values ($1, $2, $2, $3, $4, 'echo:x:wamid.hers.2', 3, '{\"kind\": \"text\", \"text\": \"xyzzy\"}', 'wamid.hers.2', '{\"provider_id\": \"wamid.hers\"}')"
        " returning id",
        channel, contact, PHONE,
    )  # fmt: skip
    await insert(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at, referral)"
        " values ($1, $2, $3, 'wamid.hers.3', $4, 'text', 'xyzzy', '{\"kind\": \"text\", \"text\": \"xyzzy\"}', now(), '{\"headline\": \"xyzzy\"}') returning id",
        channel, contact, PHONE,
    )  # fmt: skip
    await insert(
        "insert into lost_attempt(company_id, id, channel_id, address) values ($1, uuidv7(), $2, $3) returning id", channel, PHONE
    )
    await insert(
        "insert into conversation_entry(company_id, conversation_id, kind, body) values ($1, $2, 'note', 'xyzzy') returning id",
        conversation,
    )
    await insert("insert into contact_note(company_id, contact_id, body) values ($1, $2, 'xyzzy') returning id", contact)
    await insert(
        "insert into identity_past(company_id, contact_id, kind, value, since, by_kind) values ($1, $2, 'email', 'xyzzy@example.com', now(), 'user')"
        " returning id", contact,
    )  # fmt: skip
    await insert(
        "insert into contact_merge(company_id, contact_id, merged_id, reason, snapshot) values ($1, $2, uuidv7(), 'username', '{\"name\": \"Zuleica\"}')"
        " returning id", contact,
    )  # fmt: skip
    imported = await insert(
        "insert into contact_import(company_id, filename, blob, size, state, file_until) values ($1, 'a.csv', 'x', 1, 'done', now() + interval '1 day') returning id"
    )
    await insert(
        "insert into contact_import_member(company_id, import_id, contact_id, before, after, addresses)"
        " values ($1, $2, $3, '{\"name\": \"Zuleica\"}', '{}', '{+5511987654321}') returning contact_id", imported, contact,
    )  # fmt: skip
    await insert(
        "insert into contact_import_reject(company_id, import_id, row_number, field, value, reason, cells)"
        " values ($1, $2, 1, 'email', 'x', 'email_invalid', array['Zuleica', $3]) returning import_id", imported, TYPED,
    )  # fmt: skip
    lead = await factories.lead(
        db, owner, "Reforma da Zuleica", contact_id=contact, conversation_id=conversation, tags=["xyzzy"], note_count=1
    )
    await insert("insert into lead_note(company_id, lead_id, body) values ($1, $2, 'xyzzy') returning id", lead)
    await insert(
        "insert into lead_change(company_id, lead_id, kind, what) values ($1, $2, 'title', '{\"title\": \"xyzzy\"}') returning id",
        lead,
    )
    await insert(
        "insert into ai_conversation(company_id, conversation_id, episode_at) values ($1, $2, now()) returning conversation_id",
        conversation,
    )
    turn = await insert(
        "insert into ai_turn(company_id, conversation_id, seq, episode, mode, persona_id, persona_version_id, persona_name, since, due_at, hard_at,"
        " first_inbound_id, last_inbound_id, answer) values ($1, $2, 1, 1, 'auto', uuidv7(), uuidv7(), 'Lia', now(), now(), now(), uuidv7(), uuidv7(),"
        " '{\"decision\": \"reply\", \"texts\": [\"xyzzy\"]}') returning id", conversation,
    )  # fmt: skip
    await insert(
        "insert into ai_trace(company_id, turn_id, epoch, steps) values ($1, $2, 1, '[\"xyzzy\"]') returning turn_id", turn
    )
    await insert(
        "insert into ai_assist(company_id, conversation_id, what, language, asked_by, text) values ($1, $2, 'summary', 'pt-BR', uuidv7(), 'xyzzy') returning id",
        conversation,
    )  # fmt: skip
    board = await insert("select board_id from lead where company_id = $1")
    await insert(
        "insert into lead_judging(company_id, id, board_id, conversation_id, through_id, steps) values ($1, uuidv7(), $2, $3, uuidv7(), '[\"xyzzy\"]') returning id",
        board, conversation,
    )  # fmt: skip
    await insert(
        "insert into lead_proposal(company_id, board_id, conversation_id, through_id, tool, args, reason, confidence, evidence, state)"
        " values ($1, $2, $3, uuidv7(), 'set_value', '{}', 'xyzzy', 0.9, '[\"xyzzy\"]', 'proposed') returning id", board, conversation,
    )  # fmt: skip
    base = await insert("insert into knowledge_base(company_id, name, language) values ($1, 'Loja', 'pt') returning id")
    await insert(
        "insert into knowledge_gap(company_id, base_id, lexemes, questions, conversation_id) values ($1, $2, '{xyzzy}', '{xyzzy}', $3) returning id",
        base, conversation,
    )  # fmt: skip
    endpoint = await insert(
        "insert into webhook_endpoint(company_id, id, url, types, secret) values ($1, uuidv7(), 'https://example.com/', '{lead.moved}', '') returning id"
    )
    for sequence, state in enumerate(("delivered", "waiting")):
        await insert(
            "insert into webhook_delivery(company_id, endpoint_id, event_id, type, entity, sequence, body, state, foremost)"
            " values ($1, $2, $3, 'message.received', 'contact_id:' || $4::uuid, $5, $6, $7, $7 = 'waiting') returning id",
            endpoint, uuid4().hex, contact, sequence, f'{{"contact_id": "{contact}", "text": "xyzzy"}}', state,
        )  # fmt: skip
    hook = await insert(
        "insert into incoming_hook(company_id, name, token_hash, token_hint) values ($1, 'Site', $2, 'abcd') returning id",
        uuid4().bytes,
    )
    await insert(
        "insert into incoming_delivery(company_id, hook_id, source, content_type, size, payload, state)"
        " values ($1, $2, 'post', 'application/json', 2, $3, 'done') returning id", hook, f'{{"nome": "Zuleica", "fone": "{TYPED}"}}',
    )  # fmt: skip
    await insert("insert into channel_log(company_id, channel_id, kind, ok, summary, request) values ($1, $2, 'send', false, 'x', $3) returning id",
                 channel, '{"to": "5511987654321", "body": "xyzzy"}')  # fmt: skip
    await insert(
        "insert into kommo_task(company_id, kind, local_id, note, state) values ($1, 'push_note', $2, 'xyzzy', 'failed') returning id",
        lead,
    )
    for kind, local in (("contact", contact), ("lead", lead)):
        await insert(
            "insert into kommo_link(company_id, kind, local_id, kommo_id, ours) values ($1, $2, $3, 7, 'xyzzy') returning local_id",
            kind,
            local,
        )
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await refresh(w, [contact])
    return {
        "contact": contact,
        "channel": channel,
        "conversation": conversation,
        "lead": lead,
        "message": sent,
        "file": file,
        "campaign": campaign,
    }


async def named(db: asyncpg.Connection, company_id: UUID, marks: tuple[str, ...] = MARKS) -> dict[str, list[str]]:
    """Tables in which something still names the person, with the rows."""
    left = {}
    for table in sorted(migrated() - {"schema_migration"}):
        rows = await db.fetch(
            f"select t::text as row from {table} t where lower(t::text) like any($1::text[])", [f"%{mark}%" for mark in marks]
        )
        if rows := [row["row"] for row in rows if str(company_id) in row["row"]]:
            left[table] = rows
    return left


async def run(company_id: UUID, erasure_id: UUID) -> None:
    await job.erase(company_id, EraseContact(erasure_id=erasure_id))


async def test_nothing_names_a_person_who_was_erased(
    owner: Actor, owner_db: asyncpg.Connection, store: blobs.Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "SLICE", 1)
    things = await everywhere(owner_db, owner)
    before = set(await named(owner_db, owner.company_id))
    assert before >= {table for table, rule in RULES.items() if rule.decision is not Fate.KEEP} - {
        "contact_tag", "conversation_label", "ai_conversation", "lead_watch", "suppression", "webhook_attempt"
    }, "the scene is not whole"  # fmt: skip
    started = await erasing.start(owner, things["contact"])
    assert (await erasing.start(owner, things["contact"])).id == started.id
    for _ in range(3):
        assert await erasing.step(owner.company_id, started.id) in (Next.MORE, Next.FILES)  # then the worker dies
    assert await owner_db.fetchval("select opt_out_source from contact where id = $1", things["contact"]) == "erasure"
    await run(owner.company_id, started.id)
    await run(owner.company_id, started.id)
    assert await named(owner_db, owner.company_id) == {}
    assert await owner_db.fetchval("select count(*) from message where company_id = $1 and campaign_id = $2 and state = 3",
                                   owner.company_id, things["campaign"]) == 1, "what was sent stays counted"  # fmt: skip
    assert await owner_db.fetchval("select title from lead where id = $1", things["lead"]) == "—"
    for table in ("webhook_delivery", "kommo_task", "kommo_link"):
        assert await owner_db.fetchval(f"select count(*) from {table} where company_id = $1", owner.company_id) == 0

    done = await erasing.erasure(owner, started.id)
    assert done.state is ErasureState.DONE
    assert done.receipt is not None
    assert done.signature is not None
    assert done.public_key is not None
    receipt = msgspec.json.decode(done.receipt)
    assert receipt["erased"]["message"] == 2
    assert receipt["erased"]["inbound_message"] == 2
    assert receipt["erased"]["message_file"] == 1
    assert receipt["erased"]["contact"] == receipt["erased"]["conversation"] == 1
    assert receipt["asked_by"] == {"kind": "user", "id": str(owner.id)}
    assert receipt["kept"]["audit_log"]
    assert not any(mark in done.receipt.lower() for mark in MARKS)
    Ed25519PublicKey.from_public_bytes(base64.b64decode(done.public_key)).verify(
        base64.b64decode(done.signature), done.receipt.encode()
    )
    assert await erasing.verify(owner, done.receipt, done.signature)
    assert not await erasing.verify(owner, done.receipt.replace('"message":2', '"message":3'), done.signature)
    assert not await erasing.verify(owner, done.receipt, "not base64")


async def gone(owner: Actor) -> UUID:
    """Somebody with a phone and an e-mail who was erased."""
    contact = (await create_contact(owner, name="Zuleica", phone=TYPED, email="zuleica@example.com"))["id"]
    started = await erasing.start(owner, contact)
    await run(owner.company_id, started.id)
    return UUID(str(contact))


async def test_who_was_erased_is_not_made_again(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, store: blobs.Blobs
) -> None:
    await gone(owner)
    for given in ({"phone": TYPED}, {"phone": "11 8765-4321"}, {"email": "ZULEICA@example.com"}):
        with pytest.raises(Invalid) as refused:
            await create_contact(owner, name="Zu", **given)  # type: ignore[arg-type]
        assert refused.value.fields[0].code == "erased"
    other = (await create_contact(owner, name="Bia"))["id"]
    with pytest.raises(Invalid):
        await actions.change_contact(owner, other, phone=TYPED)
    some = await upserts.upsert(owner, [upserts.Item(name="Zu", phone=TYPED), upserts.Item(name="Ciro", phone="11 98888-7777")])
    assert [one.outcome for one in some] == [UpsertOutcome.REFUSED, UpsertOutcome.CREATED]
    with pytest.raises(Invalid):
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await found.upsert_in(w, phone=TYPED, email="", name="Zu", custom={}, source="hook")
    await owner_db.execute("update contact set external_id = '7' where id = $1", other)
    for phone, email, external_id in ((TYPED, "", "7"), ("11 97777-6666", "zuleica@example.com", "")):
        with pytest.raises(Invalid) as refused:
            async with work(owner, Permission.CONTACTS_WRITE) as w:
                await found.upsert_in(w, phone=phone, email=email, name="", custom={}, source="hook", external_id=external_id)
        assert refused.value.fields[0].code == "erased"
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1 and name like 'Z%'", owner.company_id) == 0
    await create_contact(stranger, name="Zuleica", phone=TYPED)


async def test_who_was_erased_may_write_and_is_answered_but_not_written_to(
    owner: Actor, owner_db: asyncpg.Connection, store: blobs.Blobs
) -> None:
    await gone(owner)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        back = await contact_of(w, Sender(phone=PHONE, name="Zuleica"))
    assert await owner_db.fetchval("select opt_out_source from contact where id = $1", back) == "erasure"
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await consent.opt_in(w, back)
        assert await erased.known(w, owner.company_id, [PHONE]) == set()
    assert (await upserts.upsert(owner, [upserts.Item(phone=TYPED, name="Zuleica P")]))[0].outcome is UpsertOutcome.UPDATED


async def test_a_message_under_way_is_waited_for(owner: Actor, owner_db: asyncpg.Connection, store: blobs.Blobs) -> None:
    things = await everywhere(owner_db, owner)
    await owner_db.execute("update message set state = 1, epoch = 1 where id = $1", things["message"])
    queued = await owner_db.fetchval(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key) values ($1, $2, $2, $3, $4, 'reply:1') returning id",
        owner.company_id, things["channel"], things["contact"], PHONE,
    )  # fmt: skip
    started = await erasing.start(owner, things["contact"])
    assert await owner_db.fetchval("select state from message where id = $1", queued) in (8, 9), (
        "nothing more goes out from here on"
    )
    with pytest.raises(Snooze):
        await run(owner.company_id, started.id)
    assert await owner_db.fetchval("select true from contact where id = $1", things["contact"])
    await owner_db.execute(
        "update message set state = 3, provider_id = 'wamid.hers' where id = $1", things["message"]
    )  # its answer
    await run(owner.company_id, started.id)
    assert await named(owner_db, owner.company_id) == {}


async def test_twins_that_become_one_meanwhile_are_erased_as_one(
    owner: Actor, owner_db: asyncpg.Connection, store: blobs.Blobs
) -> None:
    asked = (await create_contact(owner, name="Zuleica", phone=TYPED))["id"]
    twin = (await create_contact(owner, name="Zuleica P", email="zuleica@example.com"))["id"]
    started = await erasing.start(owner, asked)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await merge(w, twin, asked, MergeReason.USERNAME)
    await run(owner.company_id, started.id)
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1", owner.company_id) == 0
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert len(await erased.known(w, owner.company_id, [PHONE, "zuleica@example.com"])) == 2
    kept, parted = (
        (await create_contact(owner, name="A", email="a@example.com"))["id"],
        (await create_contact(owner, name="B", email="b@example.com"))["id"],
    )
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await merge(w, kept, parted, MergeReason.USERNAME)
    merged = await owner_db.fetchval("select id from contact_merge where contact_id = $1", kept)
    assert await undo(owner, kept, merged) == parted
    await run(owner.company_id, (await erasing.start(owner, parted)).id)
    assert await owner_db.fetchval("select count(*) from contact_merge where company_id = $1", owner.company_id) == 0, (
        "what the other remembered of them"
    )
    assert await owner_db.fetchval("select true from contact where id = $1", kept)


async def test_whoever_writes_at_the_same_moment_is_before_or_after(
    owner: Actor, owner_db: asyncpg.Connection, store: blobs.Blobs
) -> None:
    contact = (await create_contact(owner, name="Zuleica", phone=TYPED))["id"]
    started = await erasing.start(owner, contact)

    async def arrives() -> UUID:
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            return await contact_of(w, Sender(phone=PHONE))

    _, back = await asyncio.gather(run(owner.company_id, started.id), arrives())
    assert await owner_db.fetchval("select true from contact where id = $1", contact) is None
    if back != contact:
        assert await owner_db.fetchval("select opt_out_source from contact where id = $1", back) == "erasure"


async def test_a_stranger_or_somebody_without_the_right_erases_nobody(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    contact = (await create_contact(owner, name="Zuleica"))["id"]
    with pytest.raises(NotFound):
        await erasing.start(stranger, contact)
    with pytest.raises(Forbidden):
        await erasing.start(member(owner.company_id, uuid4(), built_in(Role.MANAGER)), contact)
    started = await erasing.start(owner, contact)
    with pytest.raises(NotFound):
        await erasing.erasure(stranger, started.id)
    assert await erasing.erasures(stranger, before=None, limit=10) == []
    assert await erasing.step(stranger.company_id, started.id) is Next.DONE
    assert await owner_db.fetchval("select true from contact where id = $1", contact)


async def test_a_file_of_somebody_who_is_erased_meanwhile_is_not_left(
    owner: Actor, owner_db: asyncpg.Connection, store: blobs.Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = (await create_contact(owner, name="Zuleica", phone=TYPED))["id"]
    asked = await exporting.start(owner, contact, "en")
    readable = archive._readable

    async def erased_meanwhile(*args: Any) -> None:
        await readable(*args)
        await owner_db.execute("update contact_export set state = 'expired', key = null where id = $1", asked.id)

    monkeypatch.setattr(archive, "_readable", erased_meanwhile)
    await job.export(owner.company_id, ExportContact(export_id=asked.id))
    assert asked.key is not None
    with pytest.raises(NotFound):
        await anext(store.get(asked.key))
