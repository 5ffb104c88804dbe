"""Files that a board's AI sends and sequences into which it puts people: only what the board allows, once, never over a person, and taken back
where that can be."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.assistant import actions
from db.errors import AppError, Invalid
from db.messages import files, uploads
from db.proposals import decide, store
from db.proposals.allowed import BoardFile
from db.proposals.enums import LeadPolicy, LeadTool, ProposalState
from db.proposals.enums import ProposalWhy as Why
from db.tenancy import Actor
from tests import factories
from tests.db.proposals.scene import ALL, Scene
from tests.db.proposals.test_decide import code

SENDS = {"send_file": "suggest", "add_to_cadence": "suggest"}
ASKED = "Pode mandar a tabela de preços?"


async def stored(db: asyncpg.Connection, owner: Actor) -> UUID:
    """A file that the owner uploaded."""
    found: UUID = await db.fetchval(
        "insert into message_file(company_id, number, uploaded_by, name, claimed_type, key, state, mime_type, size, stored_at)"
        " values ($1, 0, $2, 'tabela.pdf', 'application/pdf', $3, 'stored', 'application/pdf', 1000, now()) returning id",
        owner.company_id,
        owner.id,
        f"k{uuid4().hex}",
    )
    return found


async def shop(owner: Actor, db: asyncpg.Connection, *, mode: str = "auto", **chosen: Any) -> tuple[Scene, UUID]:
    """A board with one file, on a channel that a persona serves; somebody has a lead there and asks for it."""
    scene = await Scene.make(owner, db)
    await factories.persona(db, owner, scene.channel, mode, name=f"Lia {uuid4().hex[:6]}", tools=SENDS)
    file_id = await stored(db, owner)
    await scene.chosen(files=[BoardFile(file_id, "Tabela de preços", "Aqui está!")], **chosen)
    await scene.lead()
    await scene.wrote(ASKED)
    return scene, file_id


async def sent(scene: Scene) -> list[tuple[str, str]]:
    """What was queued for this person: whose it is, and what goes along with the file."""
    rows = await scene.db.fetch(
        "select split_part(dedupe_key, ':', 1) as by, content->>'caption' as caption from message where contact_id = $1 order by id",
        scene.contact,
    )
    return [(row["by"], row["caption"]) for row in rows]


# -- files


async def test_a_file_goes_once_with_the_boards_words_and_stays_for_the_next(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, file_id = await shop(owner, owner_db)
    seen = await scene.looked()
    found = await store.propose(seen, [scene.proposed(LeadTool.SEND_FILE, file_id=file_id)])
    assert found is not None
    assert [(one.state, one.why) for one in found] == [(ProposalState.APPLIED, None)]
    assert await store.propose(seen, [scene.proposed(LeadTool.SEND_FILE, file_id=file_id)]) is None  # a run that comes twice
    assert await sent(scene) == [("ai", "Aqui está!")]
    key = await owner_db.fetchval("select dedupe_key from message where contact_id = $1", scene.contact)
    assert key == f"ai:{found[0].id}:lead"
    assert found[0].id is not None
    assert await code(decide.undo(owner, found[0].id)) == "cannot_undo"
    other = await scene.another()
    await other.lead()
    await other.wrote(ASKED)
    assert (await other.propose(LeadTool.SEND_FILE, file_id=file_id)).state is ProposalState.APPLIED
    rows = await owner_db.fetch("select id, key, message_id, shelf_id from message_file where company_id = $1", owner.company_id)
    assert len({row["key"] for row in rows}) == 1
    assert sorted(row["shelf_id"] == file_id and row["message_id"] is not None for row in rows) == [False, True, True]
    assert await uploads.used(owner) == 1000  # it takes its room once


async def test_the_same_file_is_not_sent_again_within_a_day_unless_a_person_says_so(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    scene, file_id = await shop(owner, owner_db)
    await scene.propose(LeadTool.SEND_FILE, file_id=file_id)
    await scene.wrote("Não chegou, manda a tabela de novo")
    again = await scene.propose(LeadTool.SEND_FILE, file_id=file_id)
    assert (again.state, again.why) == (ProposalState.PROPOSED, Why.SENT_BEFORE)
    assert again.id is not None
    await decide.accept(owner, again.id)
    assert await sent(scene) == [("ai", "Aqui está!"), ("answer", "Aqui está!")]


async def test_where_people_answer_a_person_decides(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, file_id = await shop(owner, owner_db)
    assert scene.conversation is not None
    await actions.take_over(owner, scene.conversation)
    waits = await scene.propose(LeadTool.SEND_FILE, file_id=file_id)
    assert (waits.state, waits.why, await sent(scene)) == (ProposalState.PROPOSED, Why.PEOPLE_ANSWER, [])
    suggests, file_id = await shop(owner, owner_db, mode="suggest")
    assert (await suggests.propose(LeadTool.SEND_FILE, file_id=file_id)).why is Why.PEOPLE_ANSWER


async def test_who_takes_over_after_the_look_comes_before_the_file(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, file_id = await shop(owner, owner_db)
    seen = await scene.looked()
    assert scene.conversation is not None
    await actions.take_over(owner, scene.conversation)
    found = await store.propose(seen, [scene.proposed(LeadTool.SEND_FILE, file_id=file_id)])
    assert found is not None
    assert (found[0].why, await sent(scene)) == (Why.PEOPLE_ANSWER, [])


async def test_no_file_goes_when_the_window_is_closed_nor_one_that_the_board_took_out(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    scene, file_id = await shop(owner, owner_db)
    for past in (
        "inbound_message set received_at = now() - interval '25 hours' where contact_id = $1",
        "conversation set opened_at = now() - interval '26 hours' where contact_id = $1",
    ):
        await owner_db.execute(f"update {past}", scene.contact)
    blocked = await scene.propose(LeadTool.SEND_FILE, file_id=file_id)
    assert (blocked.state, blocked.why) == (ProposalState.BLOCKED, Why.CANNOT_SEND)
    scene, file_id = await shop(owner, owner_db, tools=ALL | {LeadTool.SEND_FILE: LeadPolicy.SUGGEST})
    waits = await scene.propose(LeadTool.SEND_FILE, file_id=file_id)
    await scene.chosen(files=[])
    assert waits.id is not None
    assert await code(decide.accept(owner, waits.id)) == "proposal_expired"
    assert await sent(scene) == []


async def test_only_files_of_this_board_are_sent(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, _ = await shop(owner, owner_db)
    secret = await stored(owner_db, owner)
    assert (await scene.propose(LeadTool.SEND_FILE, file_id=secret)).why is Why.NOT_OFFERED
    await scene.chosen(files=[])
    await scene.wrote(ASKED)
    assert LeadTool.SEND_FILE not in (await scene.looked()).offered()


async def test_a_persona_that_may_not_send_files_is_not_offered_any(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await factories.persona(owner_db, owner, scene.channel, name="Lia calada")
    template = await factories.template(owner_db, owner, scene.channel)
    cadence = await factories.cadence(owner_db, owner, scene.channel, template)
    await scene.chosen(files=[BoardFile(await stored(owner_db, owner), "Tabela", "")], cadence_ids=[cadence])
    await scene.lead()
    await scene.wrote(ASKED)
    offered = (await scene.looked()).offered()
    assert not {LeadTool.SEND_FILE, LeadTool.ADD_TO_CADENCE} & set(offered)


async def test_a_board_takes_files_of_who_saves_it_and_keeps_them(
    owner: Actor, owner_db: asyncpg.Connection, stranger: Actor
) -> None:
    scene, file_id = await shop(owner, owner_db)
    for one in (BoardFile(uuid4(), "Nada"), BoardFile(await stored(owner_db, stranger), "Alheio"), BoardFile(file_id, "  ")):
        with pytest.raises(Invalid) as refused:
            await scene.chosen(files=[one])
        assert [each.path for each in refused.value.fields] in (["files[0].file_id"], ["files[0].name"])
    await scene.propose(LeadTool.SEND_FILE, file_id=file_id)
    await owner_db.execute("update message_file set created_at = now() - $2::interval where id = $1", file_id, timedelta(days=2))
    await uploads.forget_untaken(owner.company_id)
    assert await owner_db.fetchval("select state from message_file where id = $1", file_id) == "stored"
    await scene.chosen(files=[])
    await uploads.forget_untaken(owner.company_id)
    assert await owner_db.fetchval("select state from message_file where id = $1", file_id) == "deleted"


async def test_bytes_stay_until_nobody_names_them(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, file_id = await shop(owner, owner_db)
    await scene.propose(LeadTool.SEND_FILE, file_id=file_id)
    gone: list[str] = []

    async def delete(key: str) -> None:
        gone.append(key)

    monkeypatch.setattr(files, "delete_bytes", delete)
    key = await owner_db.fetchval("select key from message_file where id = $1", file_id)
    await owner_db.execute("update message_file set state = 'deleted' where id = $1", file_id)
    await files.delete_step(owner.company_id)
    assert gone == []
    await owner_db.execute("update message_file set state = 'deleted' where company_id = $1", owner.company_id)
    await files.delete_step(owner.company_id)
    assert gone == [key]


# -- sequences


async def into(owner: Actor, db: asyncpg.Connection, **chosen: Any) -> tuple[Scene, UUID, UUID]:
    """A board with one sequence, and another one that it does not allow."""
    scene = await Scene.make(owner, db)
    template = await factories.template(db, owner, scene.channel)
    cadence = await factories.cadence(db, owner, scene.channel, template, name="Lançamentos")
    other = await factories.cadence(db, owner, scene.channel, template, name="Cobrança")
    await scene.chosen(cadence_ids=[cadence], **chosen)
    await scene.lead()
    await scene.wrote("Quero receber os lançamentos")
    return scene, cadence, other


async def inside(scene: Scene, cadence: UUID) -> list[tuple[str, str]]:
    rows = await scene.db.fetch("select state, source from enrolment where cadence_id = $1 order by id", cadence)
    return [(row["state"], row["source"]) for row in rows]


async def test_somebody_comes_into_a_sequence_once_and_is_taken_out_again(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, cadence, _ = await into(owner, owner_db)
    done = await scene.propose(LeadTool.ADD_TO_CADENCE, cadence_id=cadence)
    assert (done.state, await inside(scene, cadence)) == (ProposalState.APPLIED, [("active", "ai")])
    await scene.wrote("Quero os lançamentos mesmo")
    assert (await scene.propose(LeadTool.ADD_TO_CADENCE, cadence_id=cadence)).why is Why.IN_CADENCE
    assert done.id is not None
    assert (await decide.undo(owner, done.id))["state"] == "undone"
    assert await inside(scene, cadence) == [("stopped", "ai")]


async def test_who_left_meanwhile_is_not_taken_out_again(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, cadence, _ = await into(owner, owner_db)
    done = await scene.propose(LeadTool.ADD_TO_CADENCE, cadence_id=cadence)
    await owner_db.execute("update enrolment set state = 'stopped' where cadence_id = $1", cadence)
    assert done.id is not None
    assert await code(decide.undo(owner, done.id)) == "undo_changed"


async def test_only_sequences_of_the_list_and_nobody_who_opted_out(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, cadence, other = await into(owner, owner_db)
    assert (await scene.propose(LeadTool.ADD_TO_CADENCE, cadence_id=other)).why is Why.NOT_OFFERED
    await owner_db.execute("update contact set opted_out_at = now() where id = $1", scene.contact)
    await scene.wrote("Oi, quero os lançamentos")  # who writes again is answered, not put into anything
    seen = await owner_db.fetchval(
        "select count(*) from lead_watch where conversation_id = $1 and due_at is not null", scene.conversation
    )
    if seen:
        judging = await scene.begun()
        assert judging is None
    assert await inside(scene, cadence) == await inside(scene, other) == []


async def test_a_suggestion_is_out_of_date_once_they_are_inside(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, cadence, _ = await into(owner, owner_db, tools=ALL | {LeadTool.ADD_TO_CADENCE: LeadPolicy.SUGGEST})
    waits = await scene.propose(LeadTool.ADD_TO_CADENCE, cadence_id=cadence)
    assert waits.id is not None
    await owner_db.execute("update contact set opted_out_at = now() where id = $1", scene.contact)
    with pytest.raises(AppError) as refused:
        await decide.accept(owner, waits.id)
    assert refused.value.code.value == "not_enrolled"
    await owner_db.execute("update contact set opted_out_at = null where id = $1", scene.contact)
    assert (await decide.accept(owner, waits.id))["state"] == "applied"
    assert await inside(scene, cadence) == [("active", "ai")]
    with pytest.raises(Invalid) as wrong:
        await scene.chosen(cadence_ids=[uuid4()])
    assert [each.path for each in wrong.value.fields] == ["cadence_ids[0]"]
