"""Every state of a page is drawn: skeleton, empty, error, and the loader that goes from one to the next."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from nicegui import helpers, ui

from ui import first_answers, live, session
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.text import Text, icon, title
from ui.i18n import _

T = TypeVar("T")
Draw = Callable[[], Any]


def _state(symbol: str, heading: str, text: str, classes: str) -> ui.element:
    with ui.element("div").classes(f"m-state {classes}") as element:
        with ui.element("div").classes("m-state-icon"):
            icon(symbol)
        title(heading)
        if text:
            Text("p", text, "m-sub")
    return element


def empty(
    symbol: str,
    heading: str,
    text: str = "",
    *,
    action: str = "",
    on_click: Callable[[], Any] | None = None,
    to: str | None = None,
) -> ui.element:
    """What this place is for, and the one button that fills it."""
    with _state(symbol, heading, text, "") as element:
        if action:
            with ui.element("div").classes("m-actions"):
                button(action, on_click, kind="primary", to=to)
    return element


def nothing_found(show_everything: Callable[[], Any]) -> ui.element:
    """A search or filters without a find, and the way out of them."""
    text = _("Try other words or fewer filters.")
    return empty("search_off", _("Nothing found"), text, action=_("Show everything"), on_click=show_everything)


def error_state(text: str, retry: Callable[[], Any] | None = None, *, heading: str = "") -> ui.element:
    """What happened, what to do, and again."""
    with _state("cloud_off", heading or _("This could not be loaded"), text, "m-state-bad") as element:
        element.props["role"] = "alert"
        if retry is not None:
            with ui.element("div").classes("m-actions"):
                button(_("Try again"), retry, icon="refresh")
    return element


def skeleton(*classes: str) -> None:
    """Grey bars, one per class: `line m-w-60`, `title`, `badge`, `round`, `chart`."""
    for name in classes:
        ui.element("div").classes(f"m-skel m-skel-{name}").props["aria-hidden"] = "true"


def gone(place: ui.element, heading: str, back: str) -> None:
    """In place of everything inside `place`: what was asked for does not exist (any more), and the list it was in."""
    place.clear()
    place.classes(replace="m-card")
    with place:
        empty("search_off", heading, _("Somebody may have removed it."), action=_("Back to the list"), to=back)


def skeleton_figures(count: int = 4) -> None:
    with ui.element("div").classes("m-grid m-figs"):
        for _number in range(count):
            with ui.element("div").classes("m-card m-near"):
                skeleton("line m-w-40", "title m-w-60", "line m-w-80")


def skeleton_list(rows: int = 5) -> None:
    with ui.element("div").classes("m-card m-card-flush"):
        for _number in range(rows):
            with ui.element("div").classes("m-item"):
                skeleton("round")
                with ui.element("div").classes("m-col m-near m-grow"):
                    skeleton("line m-w-40", "line m-w-60")
                skeleton("badge")


def skeleton_card(lines: int = 4) -> None:
    with ui.element("div").classes("m-card"):
        skeleton("title m-w-30", *("line m-w-80" if number % 2 else "line m-w-100" for number in range(lines)))


def skeleton_chart() -> None:
    with ui.element("div").classes("m-card"):
        skeleton("line m-w-30", "chart")


class OnceBack:
    """Asks again for a place that shows an error, once the stream shows that the API is back. `refresh` asks."""

    def __init__(self, refresh: Callable[[], Awaitable[None]]) -> None:
        self._refresh = refresh
        self._waits = self._listens = False

    def wait(self, place: ui.element) -> None:
        """The place shows an error."""
        self._waits = True
        if not self._listens and session.token_of(place.client) is not None:
            self._listens = True
            with place:
                live.on_reset(self._reset)

    def over(self) -> None:
        """It is being asked for."""
        self._waits = False

    async def _reset(self) -> None:
        if self._waits:
            await self._refresh()


class Loader(Generic[T]):
    """A place of the page that asks, waits, and shows. Made by `load`."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], draw: Callable[[T], Any], skeleton: Draw, classes: str = "") -> None:
        self._fetch = fetch
        self._draw = draw
        self._skeleton = skeleton
        self._asked = 0
        self._shown: T | None = None
        self._failure: str | None = None
        self._once_back = OnceBack(self.refresh)
        self.element = ui.element("div").classes(f"m-loader {classes}")
        self.element.props["aria-busy"] = "true"
        first_answers.ask(self.element, self.refresh, self._wait)

    def _wait(self) -> None:
        if not self.element.default_slot.children:
            self._skeleton()

    async def refresh(self, *, only_changes: bool = False) -> None:
        """Asks again; what is on the screen stays until the answer is there. Older answers that come late are dropped. `only_changes`:
        an answer equal to what is shown is not drawn again, because a redraw would lose a press that is under way."""
        self._asked += 1
        asked = self._asked
        self._once_back.over()
        try:
            value = await self._fetch()
        except (ApiProblem, Offline) as error:
            if asked == self._asked and not self._gone():
                self._fail(error)
            return
        if asked == self._asked and not (only_changes and value == self._shown):
            await self._paint(value)

    async def show(self, value: T) -> None:
        """What another request answered, in place of asking; questions that are under way are dropped."""
        self._asked += 1
        await self._paint(value)

    async def _paint(self, value: T) -> None:
        if self._gone():
            return
        self._shown, self._failure = value, None
        self.element.props["aria-busy"] = "false"
        self.element.clear()
        with self.element:
            result = self._draw(value)
            if helpers.should_await(result):
                await result

    def _gone(self) -> bool:
        return self.element.is_deleted or self.element.client.is_deleted

    def _fail(self, error: Exception) -> None:
        if isinstance(error, ApiProblem) and error.status == 401:
            with self.element:
                session.expired()
            return
        self._shown = None
        self._once_back.wait(self.element)
        sentence = problems.sentence(error)
        if sentence == self._failure:
            return  # it stands there; its button is not drawn anew under a finger
        self._failure = sentence
        self.element.props["aria-busy"] = "false"
        self.element.clear()
        with self.element:
            error_state(sentence, self._again)

    async def _again(self) -> None:
        self._failure = None
        self.element.clear()
        with self.element:
            self._skeleton()
        await self.refresh()


def load(
    fetch: Callable[[], Awaitable[T]], draw: Callable[[T], Any], skeleton: Draw = skeleton_card, classes: str = ""
) -> Loader[T]:
    """Skeleton at once, then `draw(await fetch())`, or the error with a retry. Keep the Loader to `refresh()` on events."""
    return Loader(fetch, draw, skeleton, classes)


def skeleton_table(columns: int) -> None:
    """The shape of eight rows."""
    with ui.element("div").classes("m-table-skel"):
        for _row in range(8):
            with ui.element("div"):
                skeleton("round", *["line m-grow"] * min(columns, 5))
