"""The engine connected by signs that are typed in: it writes to itself when it hears nothing, and goes on while the phone is off."""

from db.messages.enums import MessageState as M
from tests.db.qr import scenes
from tests.workers.qr.test_bridge import NUMBER, Stage, eventually
from tests.workers.qr.test_bridge import stage as stage
from workers.qr.canary import BACK, QUIET


async def test_eight_signs_that_are_typed_in_connect_it_too(stage: Stage) -> None:
    await stage.pair(typed=True)
    assert await scenes.column(stage.db, stage.channel_id, "wa_jid") == f"{NUMBER}@s.whatsapp.net"
    message_id = await stage.write("Oi Bia")
    await stage.send()
    await stage.state_of(message_id, M.READ)
    stage.scene.gateway.open[0].proved_at -= QUIET  # it hears nothing for long, and writes to itself
    await stage.scene.gateway.watch()
    await eventually(lambda: scenes.column(stage.db, stage.channel_id, "canary_at"))
    assert stage.wa.ledger[-1].to == f"{NUMBER}@s.whatsapp.net"
    await _goes_on_while_the_phone_is_off(stage)


async def _goes_on_while_the_phone_is_off(stage: Stage) -> None:
    """The platform takes what a device writes without its phone, so that proves the connection."""
    stage.wa.receipts = False
    session = stage.scene.gateway.open[0]
    assert session.proves
    session.proved_at -= QUIET
    await stage.scene.gateway.watch()
    assert session.canary is not None
    assert session.canary.taken
    session.canary = session.canary._replace(at=session.canary.at - BACK - 1)
    await stage.scene.gateway.watch()
    found = {name: await scenes.column(stage.db, stage.channel_id, name) for name in ("reason", "silent_since")}
    assert found == {"reason": "network", "silent_since": None}
    await stage.again()
    assert stage.scene.gateway.clients[stage.channel_id].speaks
    message_id = await stage.write("Ainda aqui")
    await stage.send()
    await stage.state_of(message_id, M.SENT)
