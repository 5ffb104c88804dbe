"""What brings the operations of numbers that are set up for calls to each answer that is documented."""

from tests.api.provocations import Scene, body, conflict, given

_choosing = given("phone_setup", state="choosing")


ALSO: dict[str, list[Scene]] = {
    "phone_setups_continue": [conflict(given("phone_setup", state="working"))],
    "phone_setups_delete": [conflict(given("phone_setup", state="done"))],
    "phone_setups_order": [conflict(given("phone_setup", state="done"))],
    "phone_setups_search": [conflict(given("phone_setup", state="done"))],
    "phone_setups_undo": [conflict(given("phone_setup", state="working"))],
}
ALSO["channels_talk_address"] = [conflict(given("channel", kind="sms"), 422)]
SUCCESS: dict[str, Scene] = {
    "channels_talk_address": given("channel", kind="voice_retell"),
    "phone_setups_create": body(sandbox=lambda _: True),
    "phone_setups_continue": given("phone_setup", state="stopped"),
    "phone_setups_delete": _choosing,
    "phone_setups_order": _choosing,
    "phone_setups_search": _choosing,
    "phone_setups_undo": given("phone_setup", state="done"),
}
