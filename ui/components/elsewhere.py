"""Buttons of the identity providers that the installation has; nothing where it has none."""

from functools import partial

from nicegui import ui

from api.contract.providers import SignInProvider
from ui import elsewhere, session
from ui.client import providers
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.states import load
from ui.i18n import _

MARKS = {"google": "/assets/static/google.svg", "facebook": "/assets/static/facebook.svg"}


def provider_mark(id: str) -> None:
    """The provider's sign, beside its name."""
    if id in MARKS:
        ui.element("img").classes("m-mark").props.update({"src": MARKS[id], "alt": ""})


def provider_buttons(text: str, next: str = "/", invitation: str | None = None) -> None:
    """Under the form that they stand for. `text` has a place for the provider's name: “Sign in with {name}”."""
    api = session.anonymous()

    async def fetch() -> list[SignInProvider]:
        try:
            return await providers.providers(api)
        except (ApiProblem, Offline):
            return []  # the form above works without them

    async def there(one: SignInProvider) -> None:
        try:
            started = await providers.start(api, one.id, invitation)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        elsewhere.go(started, next)

    def draw(found: list[SignInProvider]) -> None:
        if not found:
            return
        with ui.element("div").classes("m-or"):
            ui.label(_("or")).classes("m-hint")
        for one in found:
            with button(text.format(name=one.label), partial(there, one)).classes("m-elsewhere"):
                provider_mark(one.id)

    load(fetch, draw, lambda: None, "m-col m-near w-full")
