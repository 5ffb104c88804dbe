"""The draft as somebody edits it: changed at once on the screen, saved a moment later, taken back step by step."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

import msgspec

from api.contract.personas import PersonaConfig, PersonaDraft
from ui.client import personas as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.throttle import Throttle

State = Literal["saved", "writing", "waiting", "taken", "refused"]
"""waiting: the service does not answer; taken: somebody else saved the draft meanwhile; refused: a value that cannot be kept."""
_STEPS = 100


class Document:
    """`changed(state, error)` is called whenever the state is another one."""

    def __init__(
        self, api: ApiClient, persona_id: UUID, draft: PersonaDraft, changed: Callable[[State, Exception | None], None]
    ) -> None:
        self._api, self._id, self._changed = api, persona_id, changed
        self.draft, self.config = draft, draft.config
        self.state: State = "saved"
        self._past: list[PersonaConfig] = []
        self._last = ""  # where the newest step was: what is typed in one field is one step
        self._saving = asyncio.Lock()
        self._throttle = Throttle(self._save, 0.8, later=True)

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def differs(self) -> bool:
        """From what serves."""
        return self.config != self.draft.published

    def change(self, part: str = "", **values: Any) -> None:
        """New values of a part of the document (`identity`), or of the document itself."""
        before = getattr(self.config, part) if part else self.config
        after = msgspec.structs.replace(before, **values)
        if after == before:
            return
        where = f"{part}.{','.join(values)}"
        if where != self._last:
            self._past = [*self._past, self.config][-_STEPS:]
            self._last = where
        self.config = msgspec.structs.replace(self.config, **{part: after}) if part else after
        self._poke()

    def undo(self) -> None:
        """Takes the newest step back."""
        if self._past:
            self.config = self._past.pop()
            self._last = ""
            self._poke()

    def take(self, draft: PersonaDraft) -> None:
        """What somebody else saved, or a version that was restored, in place of what is here; a step that can be taken back."""
        if draft.config != self.config:
            self._past = [*self._past, self.config][-_STEPS:]
            self._last = ""
        self.draft, self.config = draft, draft.config
        self._tell("saved", None)

    def keep_mine(self, theirs: PersonaDraft) -> None:
        """What is here, over what somebody else saved."""
        self.draft = theirs
        self._poke()

    def _poke(self) -> None:
        self._tell("writing", None)
        self._throttle.poke()

    async def flush(self) -> bool:
        """Saves now. Whether all of it is kept."""
        await self._save()
        return self.state == "saved"

    async def _save(self) -> None:
        async with self._saving:
            if self.state not in {"saved", "taken"}:
                await self._send()

    async def _send(self) -> None:
        sent = self.config
        try:
            draft = await client.save_draft(self._api, self._id, sent, self.draft.version)
        except Offline as error:
            self._tell("waiting", error)
            return
        except ApiProblem as error:
            self._tell("taken" if error.status == 412 else "refused" if error.status == 422 else "waiting", error)
            return
        self.draft = draft
        if self.config is sent:
            self._tell("saved", None)
        else:
            self._throttle.poke()

    def _tell(self, state: State, error: Exception | None) -> None:
        self.state = state
        self._changed(state, error)
