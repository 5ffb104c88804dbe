"""What single keys do in the inbox, outside of fields."""

from ui.components.cards import key_values
from ui.components.confirm import dialog
from ui.i18n import _

KEYS = ("j", "k", "ArrowDown", "ArrowUp", "r", "q", "t", "n", "a", "e", "s", "?", "/", "Escape")


def help_dialog() -> None:
    with dialog(_("Keys")) as box:
        key_values([
            ("J  ↓", _("Next conversation")),
            ("K  ↑", _("Previous conversation")),
            ("R", _("Write an answer")),
            ("Q", _("Answer the newest message; again for the one before")),
            ("T", _("Send a template")),
            ("N", _("Write a note for your team")),
            ("A", _("Take the conversation")),
            ("E", _("Close it, or open it again")),
            ("S", _("Snooze")),
            ("/", _("Search")),
            ("Esc", _("Leave a field, or go back to the list")),
            ("Enter", _("Send; Shift+Enter begins a new line")),
        ])  # fmt: skip
    box.open()
