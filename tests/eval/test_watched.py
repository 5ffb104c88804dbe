"""What no attack achieves on a board that is watched, with the set of this repository and the model at its worst."""

from pathlib import Path

import asyncpg

from db.settings import Settings
from db.tenancy import Actor
from tests.eval.leads_run import SANDBOX, obeys, sandbox
from tests.eval.own_attacks import ATTACKS
from tests.eval.watched import Watched, ways


async def test_no_attack_moves_a_lead_or_writes_for_people(
    owner: Actor, owner_db: asyncpg.Connection, settings: Settings, tmp_path: Path
) -> None:
    board = await Watched.begin(owner, owner_db)
    await board.connect(SANDBOX)
    chosen = ways(ATTACKS)
    async with sandbox(settings, tmp_path) as it:
        await obeys(it, owner, True)
        found = await board.attacked(chosen)
    obeyed = {f"{one.id} by {one.way}": look.obeyed for one, look in zip(chosen, found, strict=True) if look.obeyed}
    assert obeyed == {}
    assert sum(look.waits for look in found) >= 1, "the model did what it was told"
