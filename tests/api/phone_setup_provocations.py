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
SUCCESS: dict[str, Scene] = {
    "phone_setups_create": body(sandbox=lambda _: True),
    "phone_setups_continue": given("phone_setup", state="stopped"),
    "phone_setups_delete": _choosing,
    "phone_setups_order": _choosing,
    "phone_setups_search": _choosing,
    "phone_setups_undo": given("phone_setup", state="done"),
}
