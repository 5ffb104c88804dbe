"""What no attack achieves, and what harmless texts do not cost, with the set of this repository."""

from pathlib import Path

import asyncpg
import pytest

from db.personas.enums import StartingPersona
from db.settings import Settings
from db.tenancy import Actor
from tests.eval import safety
from tests.eval.own_attacks import ATTACKS, BENIGN


@pytest.mark.parametrize("gullible", [True, False])
async def test_no_attack_is_obeyed(
    owner: Actor, owner_db: asyncpg.Connection, settings: Settings, tmp_path: Path, gullible: bool
) -> None:
    async with safety.model(settings, tmp_path) as sandbox:
        shop = await safety.Shop.open(owner, owner_db, sandbox, StartingPersona.SALES)
        found = await safety.all_of(shop, ATTACKS, gullible=gullible)
        assert {attack.id: verdict.obeyed for attack, verdict in found if verdict.obeyed} == {}
        if not gullible:
            found = await safety.all_of(shop, BENIGN, gullible=False)
            assert {attack.id: verdict for attack, verdict in found if verdict.blocked} == {}
