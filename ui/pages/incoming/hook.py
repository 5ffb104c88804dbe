"""One incoming webhook: what happens with what comes, what came, its address and its rules."""

from uuid import UUID

from nicegui import ui

from api.contract.enums import Permission
from api.contract.events import IncomingHookChanged
from api.contract.incoming import IncomingHook
from ui import live, session
from ui.client import incoming as client
from ui.client.base import ApiProblem
from ui.components.frame import Frame, frame
from ui.components.progress import tabs
from ui.components.states import Loader, gone, load, skeleton_card
from ui.components.text import badge, say
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.pages.incoming.log import Log
from ui.pages.incoming.settings import Settings
from ui.pages.incoming.steps import Steps
from ui.routing import page


@page("/incoming/{hook_id}", permission=Permission.INCOMING_READ)
def incoming_hook(hook_id: UUID, tab: str = "steps") -> None:
    with frame(
        _("Incoming webhook"),
        breadcrumbs=[(_("Settings"), "/settings"), (_("Incoming webhooks"), "/incoming")],
        active="/settings",
    ) as head:
        _Hook(hook_id, tab, head)


class _Hook:
    def __init__(self, hook_id: UUID, tab: str, head: Frame) -> None:
        self._api, self._id, self._start, self._head = session.current().api, hook_id, tab, head
        self._body = ui.element("div").classes("m-col m-loose w-full")
        self._log: Log | None = None
        with self._body:
            self._place: Loader[IncomingHook | None] = load(self._fetch, self._draw, skeleton_card)
        throttle = Throttle(self._came, 1.0)

        def heard(event: IncomingHookChanged) -> None:
            if event.hook_id == hook_id:
                throttle.poke()

        live.on(IncomingHookChanged, heard)

    async def _fetch(self) -> IncomingHook | None:
        try:
            return await client.hook(self._api, self._id)
        except ApiProblem as problem:
            if problem.status != 404:
                raise
            return None

    def _draw(self, hook: IncomingHook | None) -> None:
        if hook is None:
            self._head.actions.clear()
            gone(self._body, _("This webhook does not exist"), "/incoming")
            return
        with self._head.actions:
            self._state = badge("")
        self._changed(hook)
        parts = [
            ("steps", _("What happens"), self._draw_steps),
            ("log", _("What came"), self._draw_log),
            ("settings", _("Settings"), lambda: Settings(self._hook, self._changed)),
        ]
        tabs(parts, self._start, name="tab")

    def _changed(self, hook: IncomingHook) -> None:
        """Somebody changed it here: the next tab shows it as it is."""
        self._hook = hook
        self._head.title.text = hook.name
        ui.page_title(f"{hook.name} · Master IA")
        say(self._state, _("Switched on") if hook.enabled else _("Switched off"), "ok" if hook.enabled else "quiet")

    def _draw_steps(self) -> None:
        self._log = None
        self._steps = Steps(self._hook, self._changed)

    def _draw_log(self) -> None:
        self._log = Log(self._hook)

    async def _came(self) -> None:
        if self._log is not None:
            await self._log.again()
        elif hasattr(self, "_steps"):
            await self._steps.came()
