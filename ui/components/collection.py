"""A list of small things that a company keeps and people change now and then: rows, a dialog to make or change one, a question before
one goes. What somebody else did meanwhile is shown before anything of it is written over."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from nicegui import ui

from api.contract.events import InboxChanged
from api.contract.problems import RequestError
from ui import live
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import confirm, dialog
from ui.components.forms import Field, filled, mark
from ui.components.states import Loader, load, skeleton_list
from ui.components.toast import toast
from ui.i18n import _


class Kept(Protocol):
    """What such a list holds."""

    id: Any
    version: int


T = TypeVar("T", bound=Kept)


class Form(NamedTuple):
    """What a dialog holds. `fields` by their names in the API; `needed` of them must be filled; `write` on condition of a version, null
    for something new; `taken`: which field a refusal with a code of its own is about."""

    fields: Mapping[str, Field[Any]]
    needed: Sequence[str]
    write: Callable[[int | None], Awaitable[object]]
    taken: Mapping[str, str]


class Collection(Generic[T]):
    """`draw(things)` draws the rows, and what stands there while there are none."""

    def __init__(self, fetch: Callable[[], Awaitable[list[T]]], draw: Callable[[list[T]], Any]) -> None:
        self._draw, self._shown = draw, list[T]()
        self._place: Loader[list[T]] = load(fetch, self._drawn, lambda: skeleton_list(4))
        live.on(InboxChanged, lambda event: self._place.refresh(only_changes=True))
        live.on_reset(self._place.refresh)

    def _drawn(self, found: list[T]) -> None:
        self._shown = found
        self._draw(found)

    def edit(self, heading: str, one: T | None, draw: Callable[[], Form], *, wide: bool = False) -> None:
        """A dialog to make something new, or to change `one`."""
        version = one.version if one is not None else None

        async def save() -> None:
            nonlocal version
            if not filled([form.fields[name] for name in form.needed]):
                return
            try:
                await form.write(version)
            except (ApiProblem, Offline) as error:
                if isinstance(error, ApiProblem) and error.code == RequestError.CHANGED_MEANWHILE:
                    await self._place.refresh()
                    now = next((other for other in self._shown if one is not None and other.id == one.id), None)
                    version = now.version if now is not None else version
                    toast(
                        _("A colleague changed this meanwhile: it stands behind this window. Save again to keep yours."), "warn"
                    )
                elif isinstance(error, ApiProblem) and error.code in form.taken:
                    mark({form.fields[form.taken[error.code]]: problems.sentence(error)})
                else:
                    problems.show_in(form.fields, error)
                return
            box.close()
            await self._place.refresh()

        with dialog(heading, wide=wide) as box, ui.element("div").classes("m-col"):
            form = draw()
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    async def delete(
        self, one: T, heading: str, text: str, delete: Callable[[], Awaitable[None]], more: Sequence[str] = ()
    ) -> None:
        """Asks first; what is gone by then is no error."""
        if not await confirm(heading, text, more=more, yes=_("Delete"), danger=True):
            return
        try:
            await delete()
        except ApiProblem as error:
            if error.status == 412:
                toast(_("A colleague changed this meanwhile. Look at it, then delete it if it still has to go."), "warn")
            elif error.status != 404:
                raise
        await self._place.refresh()

    async def refresh(self) -> None:
        await self._place.refresh()
