"""What a rule of a stage must say, and who may make it."""

from uuid import uuid4

import asyncpg
import msgspec
import pytest

from db.boards import rules
from db.boards.enums import RuleOccasion
from db.boards.rule import AddTag, Assign, Move, Notify, RuleAction, SendTemplate, SendText
from db.errors import Conflict, Forbidden, Invalid
from db.permissions import Permission
from db.tenancy import Actor
from tests.db.boards.test_moves import stages_of
from tests.db.boards.test_rules import letter as letter
from tests.db.boards.test_rules import rule


async def test_a_rule_is_refused_that_says_too_little_or_what_is_not_there(
    owner: Actor, owner_db: asyncpg.Connection, letter: SendTemplate
) -> None:
    first, _talking, _proposal, _won, lost = await stages_of(owner_db, owner)
    wrong: list[tuple[RuleAction, str, str]] = [
        (Assign(), "action.user_id", "choose_one"),
        (Assign(user_id=uuid4()), "action.user_id", "rule_unknown"),
        (Notify(user_id=uuid4()), "action.user_id", "rule_unknown"),
        (Move(stage_id=first["id"]), "action.stage_id", "own_stage"),
        (Move(stage_id=lost["id"]), "action.lost_reason", "required"),
        (Move(stage_id=uuid4()), "action.stage_id", "rule_unknown"),
        (SendTemplate(template_id=letter.template_id), "action.bindings", "fill_without_gap"),
        (SendText(channel_id=uuid4(), text="oi"), "action.channel_id", "rule_unknown"),
        (SendText(channel_id=uuid4(), text="oi {{name}}"), "action.text", "fill_without_gap"),
        (AddTag(tag="  "), "action.tag", "required"),
    ]
    for action, path, code in wrong:
        with pytest.raises(Invalid) as refused:
            await rule(owner, first, action)
        assert [(field.path, field.code.value) for field in refused.value.fields] == [(path, code)]
    with pytest.raises(Invalid):
        await rule(owner, first, AddTag(tag="vip"), RuleOccasion.STAY)


async def test_who_may_not_write_to_people_makes_no_rule_that_does(
    owner: Actor, owner_db: asyncpg.Connection, letter: SendTemplate
) -> None:
    first, *_ = await stages_of(owner_db, owner)
    key = msgspec.structs.replace(owner, kind="api_key", permissions=frozenset({Permission.BOARDS_WRITE, Permission.LEADS_WRITE}))
    await rule(key, first, AddTag(tag="vip"))
    with pytest.raises(Forbidden):
        await rule(key, first, letter)
    made = await rule(owner, first, letter)
    await rules.change_rule(key, made, enabled=False)
    with pytest.raises(Forbidden):  # nor switches one on
        await rules.change_rule(key, made, enabled=True)


async def test_a_board_has_so_many_rules(owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST", 1)
    first, *_ = await stages_of(owner_db, owner)
    await rule(owner, first, AddTag(tag="vip"))
    with pytest.raises(Conflict):
        await rule(owner, first, AddTag(tag="vip"))
