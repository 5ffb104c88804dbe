"""Meta's Embedded Signup: the window of Facebook Login for Business in which a person picks their WhatsApp number.
Source: Meta, "Embedded Signup" (version 4)."""

from urllib.parse import urlsplit

from db.providers.definition import SignupWindow
from db.settings import Settings

SDK = "https://connect.facebook.net/en_US/sdk.js"


def signup(settings: Settings) -> SignupWindow | None:
    """Where the operator set an app, or has the sandbox play one."""
    played = settings.signup_played
    if not played and settings.meta_app_id in ("", "sandbox"):
        return None
    return SignupWindow(
        script=f"{settings.sandbox_url}/connect/sdk.js" if played else SDK,
        origin=urlsplit(settings.sandbox_url).netloc if played else ".facebook.com",
        app_id=settings.meta_app_id,
        config_id=settings.meta_config_id or settings.meta_app_id,
        version=settings.graph_version,
        sandbox=played,
    )
