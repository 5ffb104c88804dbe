"""What brings the operations of incoming hooks to each answer that is documented."""

from tests.api.provocations import Scene, conflict, given

_READ = given("incoming_delivery", payload='{"cliente": {"telefone": "11 98765-4321"}}')
SUCCESS: dict[str, Scene] = {"incoming_hooks_deliveries_replay": _READ, "incoming_hooks_deliveries_try": _READ}
"""What the example lacks to succeed."""

ALSO: dict[str, list[Scene]] = {
    "incoming_hooks_deliveries_replay": [conflict(given("incoming_delivery", payload=None))],
    "incoming_hooks_deliveries_try": [conflict(given("incoming_delivery", payload=None))],
}
"""Answers that no rule tells."""
