"""What happens between here and Kommo by itself, and which stage stands for which status."""

from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.boards import Board
from api.contract.enums import Permission
from api.contract.kommo import Kommo, KommoPatch, KommoStageSet
from ui import session
from ui.client import boards as boards_client
from ui.client import kommo as client
from ui.components import problems
from ui.components.cards import card
from ui.components.forms import Field, form, select_field, switch_field
from ui.components.states import Loader, empty, load
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import kommo as labels

_NONE = ""


class _Found(NamedTuple):
    kommo: Kommo
    boards: list[Board]


def draw_rules() -> None:
    _Rules()


class _Rules:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.INTEGRATIONS_WRITE)
        self._sees = me.may(Permission.BOARDS_READ)
        self._place: Loader[_Found] = load(self._fetch, self._draw)

    async def _fetch(self) -> _Found:
        return _Found(await client.connection(self._api), await boards_client.boards(self._api) if self._sees else [])

    def _draw(self, found: _Found) -> None:
        if found.kommo.way is None:
            with card():
                empty("handshake", _("Kommo is not connected"), _("Connect it first, then choose what happens by itself."))
            return
        statuses = {
            f"{pipeline.id}:{status.id}": status.name for pipeline in found.kommo.pipelines for status in pipeline.statuses
        }
        headings = {
            f"{pipeline.id}:{pipeline.statuses[0].id}": pipeline.name for pipeline in found.kommo.pipelines if pipeline.statuses
        }
        switches: dict[str, ui.switch] = {}
        chosen: dict[UUID, Field[str]] = {}
        known = {one.stage_id: f"{one.pipeline_id}:{one.status_id}" for one in found.kommo.stages}

        async def save() -> None:
            body = KommoPatch()
            for name, switch in switches.items():
                setattr(body, name, bool(switch.value))
            if statuses:
                body.stages = [_mapped(stage_id, field.value) for stage_id, field in chosen.items() if field.value]
            try:
                await client.change(self._api, body, found.kommo.version)
            except Exception as error:
                problems.show(error)
                return
            toast(_("Saved."))
            await self._place.refresh()

        with ui.element("div").classes("m-forms"):
            with card(_("What happens by itself")):
                for name, (label, hint) in labels.rules().items():
                    switches[name] = switch_field(label, getattr(found.kommo.rules, name), hint=hint)
                    switches[name].set_enabled(self._write)
            hint = _("A lead in a stage without a status stays here alone.")
            for board in found.boards:
                with card(board.name, hint=hint if statuses else _("Test the connection first: the statuses come from there.")):
                    for stage in board.stages if statuses else []:
                        options = {_NONE: _("No status"), **statuses}
                        value = known.get(stage.id, _NONE)
                        chosen[stage.id] = select_field(
                            stage.name, options, value if value in options else _NONE, headings=headings, search=len(options) > 10
                        )
                        if not self._write:
                            chosen[stage.id].control.props["disable"] = True
            if self._write:
                form(save, _("Save"))


def _mapped(stage_id: UUID, value: str) -> KommoStageSet:
    pipeline, _colon, status = value.partition(":")
    return KommoStageSet(stage_id=stage_id, pipeline_id=int(pipeline), status_id=int(status))
