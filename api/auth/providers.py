"""Which identity providers this installation has, by its settings. In the order in which the screens show them."""

from urllib.parse import urlsplit

import msgspec

from db.settings import Settings

PLAYED = "sandbox"
_FACEBOOK = "https://www.facebook.com"


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """`issuer` is what identities are kept under. `dialog` and `graph` are Facebook's alone."""

    id: str
    label: str
    issuer: str
    client_id: str
    client_secret: str
    scope: str = "openid email profile"
    dialog: str = ""
    graph: str = ""

    @property
    def facebook(self) -> bool:
        return bool(self.graph)


def providers(settings: Settings) -> list[Provider]:
    found = []
    played = f"{settings.sandbox_url}/identity"
    if settings.google_client_id == PLAYED:
        found.append(_openid("google", "Google", f"{played}/google", PLAYED, PLAYED))
    elif settings.google_client_id:
        own = settings.google_client_id, settings.google_client_secret
        found.append(_openid("google", "Google", "https://accounts.google.com", *own))
    if settings.facebook_app_id == PLAYED:
        found.append(_meta(f"{played}/facebook", f"{played}/facebook/dialog/oauth", f"{played}/facebook/graph", PLAYED, PLAYED))
    elif settings.facebook_app_id:
        version = settings.graph_version
        dialog, graph = f"{_FACEBOOK}/{version}/dialog/oauth", f"{settings.graph_url}/{version}"
        found.append(_meta(_FACEBOOK, dialog, graph, settings.facebook_app_id, settings.facebook_app_secret))
    if settings.oidc_issuer == PLAYED:
        found.append(_openid("oidc", settings.oidc_name, f"{played}/oidc", PLAYED, PLAYED))
    elif settings.oidc_issuer:
        own = settings.oidc_client_id, settings.oidc_client_secret
        found.append(_openid("oidc", settings.oidc_name, settings.oidc_issuer, *own))
    return found


def by_id(settings: Settings, id: str) -> Provider | None:
    return next((one for one in providers(settings) if one.id == id), None)


def redirect_uri(settings: Settings) -> str:
    """Where providers send browsers back to; the operator registers it there, byte by byte."""
    return f"{settings.public_url}/session/back"


def _openid(id: str, label: str, issuer: str, client_id: str, secret: str) -> Provider:
    return Provider(
        id=id, label=label or str(urlsplit(issuer).hostname), issuer=issuer, client_id=client_id, client_secret=secret
    )


def _meta(issuer: str, dialog: str, graph: str, client_id: str, secret: str) -> Provider:
    return Provider(
        id="facebook",
        label="Facebook",
        issuer=issuer,
        client_id=client_id,
        client_secret=secret,
        scope="public_profile,email",
        dialog=dialog,
        graph=graph,
    )
