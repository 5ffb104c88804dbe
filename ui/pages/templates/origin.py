"""Where somebody came from to see or write a template: the draft of a campaign, to which the pages lead back."""

from urllib.parse import urlencode

from ui import session
from ui.components.address import address
from ui.components.buttons import button
from ui.i18n import _


def draft() -> str:
    """The address of the draft; "" for who came from nowhere."""
    back = address().get("back")
    return back if back.startswith("/campaigns/") and session.safe_next(back) == back else ""


def keeping(path: str) -> str:
    """A path of templates from which the way back is still known."""
    return path + (f"?{urlencode({'back': draft()})}" if draft() else "")


def way_back() -> None:
    """The button that leads back; nothing for who came from nowhere."""
    if draft():
        button(_("Back to the campaign"), icon="arrow_back", to=draft())
