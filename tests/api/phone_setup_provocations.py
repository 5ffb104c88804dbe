"""What brings the operations of numbers that are set up for calls to each answer that is documented."""

from uuid import UUID

from tests.api.provocations import Request, Scene, Stage, body, conflict, given


def _stands(state: str) -> Scene:
    """So far the number is."""

    async def scene(stage: Stage) -> Request:
        await stage.db.execute("update phone_setup set state = $2 where id = $1", UUID(stage.things["setup_id"]), state)
        return Request()

    return scene


_choosing = _stands("choosing")


ALSO: dict[str, list[Scene]] = {
    "phone_setups_continue": [conflict(_stands("working"))],
    "phone_setups_delete": [conflict(_stands("done"))],
    "phone_setups_order": [conflict(_stands("done"))],
    "phone_setups_search": [conflict(_stands("done"))],
    "phone_setups_undo": [conflict(_stands("working"))],
}
ALSO["channels_talk_address"] = [conflict(given("channel", kind="sms"), 422)]
SUCCESS: dict[str, Scene] = {
    "channels_talk_address": given("channel", kind="voice_retell"),
    "phone_setups_create": body(sandbox=lambda _: True),
    "phone_setups_continue": _stands("stopped"),
    "phone_setups_delete": _choosing,
    "phone_setups_order": _choosing,
    "phone_setups_search": _choosing,
    "phone_setups_undo": _stands("done"),
}
