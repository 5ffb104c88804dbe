"""What polls bring, in people's words, goes with the person who asked and with the words of messages."""

from uuid import UUID

import asyncpg
import msgspec

from db import storable
from db.contacts.actions import create_contact
from db.jobs import EraseContact, KeepRules
from db.permissions import Permission
from db.privacy import erasing, retention
from db.qr import inbound, keys
from db.tenancy import Actor, worker
from db.work import work
from tests.db.qr import scenes
from workers.privacy import job

LONG = "é" * 600
"""An id that is longer than an index takes, and no ASCII."""


async def said(
    db: asyncpg.Connection, owner: Actor, channel_id: UUID, contact_id: UUID, provider_id: str, writer: str | None = None
) -> None:
    await db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at, context)"
        " values ($1, $2, $3, $4, '+5511900000000', 'text', 'x', '{\"kind\": \"text\", \"text\": \"x\"}', now(), $5)",
        owner.company_id, channel_id, contact_id, provider_id, writer and msgspec.json.encode({"writer_number": writer}).decode(),
    )  # fmt: skip


async def test_polls_go_with_their_person_and_with_the_words_of_messages(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    held = await scenes.held(owner_db, owner, groups="show")
    company, channel = held.company_id, held.channel_id
    asker = (await create_contact(owner, name="Zuleica", phone="+5511987654321"))["id"]
    other = (await create_contact(owner, name="Ana", phone="+5511987654322"))["id"]
    group = (await create_contact(owner, name="Obra", phone="+5511987654323"))["id"]
    await owner_db.execute(
        "insert into chat_group(company_id, id, channel_id, address) values ($1, $2, $3, 'x@g.us')", company, group, channel
    )
    ids = ["asked", "phone", "group", "others", "groups", LONG]
    await inbound.hear(company, channel, "x", [inbound.Message("chat", one, True, b"{}", False, f"secret {one}") for one in ids])
    long = storable.key(LONG)
    for contact_id, provider_id, writer in ((asker, "asked", None), (asker, long, None), (other, "others", None),
                                            (group, "group", "+5511987654321"), (group, "groups", "+5511987654322")):  # fmt: skip
        await said(owner_db, owner, channel, contact_id, provider_id, writer)
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state, provider_id, sent_at)"
        " values ($1, $2, $2, $3, '+5511987654321', 'echo:x:phone', 3, 'phone', now())", company, channel, asker,
    )  # fmt: skip
    started = await erasing.start(owner, asker)
    await job.erase(company, EraseContact(erasure_id=started.id))
    assert sorted(await inbound.secrets(company, channel, [*ids, long])) == ["groups", "others"]
    receipt = (await erasing.erasure(owner, started.id)).receipt
    assert receipt is not None
    assert msgspec.json.decode(receipt)["erased"]["qr_key"] == 4

    async with work(worker(company), Permission.CHANNELS_WRITE) as w:
        await keys.keep_secrets(w, channel, {"new": "secret"})
    await keys.save(company, channel, 1, {keys.Name("creds", ""): "noise"})
    theirs = await scenes.held(owner_db, stranger)
    await inbound.hear(theirs.company_id, theirs.channel_id, "x", [inbound.Message("chat", "far", True, b"{}", False, "secret")])
    await owner_db.execute("update qr_key set kept_at = now() - interval '8 days' where channel_id = any($1::uuid[]) and id <> $2",
                           [channel, theirs.channel_id], keys.named(channel, keys.MESSAGE, "new"))  # fmt: skip
    await retention.set_retention(owner, 7, None, None)
    await job.keep_rules(company, KeepRules())
    assert list(await inbound.secrets(company, channel, ["groups", "others", "new"])) == ["new"]
    assert await owner_db.fetchval("select count(*) from qr_key where channel_id = $1 and kind = 'creds'", channel) == 1
    assert list(await inbound.secrets(theirs.company_id, theirs.channel_id, ["far"])) == ["far"], "of another company"
