"""What members of closed lists are called: every one has a name, and the names their Portuguese."""

from babel.messages.pofile import read_po

from api.contract import labels
from api.contract.problems import LOCALES
from db.messages.enums import MessageState, SkipReason
from db.messages.reasons import FailureReason


def test_every_member_is_called_something() -> None:
    assert set(labels.MESSAGE_STATES) == {state.label for state in MessageState}
    assert set(labels.FAILURES) == {reason.value for reason in FailureReason}
    assert set(labels.SKIPS) == {reason.value for reason in SkipReason}


def test_every_label_has_its_portuguese_twin_and_no_other() -> None:
    with (LOCALES / "pt_BR.labels.po").open("rb") as file:
        known = {(message.context, str(message.id)): str(message.string) for message in read_po(file) if message.id}
    lists = (
        (labels.MESSAGE, labels.MESSAGE_STATES),
        (None, labels.FAILURES),
        (None, labels.SKIPS),
        (None, labels.RECIPIENT_COLUMNS),
        (None, labels.REPORT),
        (labels.ANALYTICS_CONTEXT, labels.ANALYTICS),
    )
    assert set(known) == {(context, label) for context, each in lists for label in each.values()}
    assert all(known.values())
