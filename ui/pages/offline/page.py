"""The page that the service worker keeps for when nothing answers."""

from ui.components import error_page
from ui.routing import page


@page("/offline", public=True)
def offline() -> None:
    error_page.draw(503)
