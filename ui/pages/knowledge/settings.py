"""The settings of a base: its name, how it is found and who makes that possible, who knows it, and its end."""

from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.enums import EmbedderKind, Permission
from api.contract.events import KnowledgeBaseChanged, PersonaChanged
from api.contract.knowledge import KnowledgeBase
from api.contract.personas import Persona
from api.contract.problems import KnowledgeError, RequestError
from ui import live, session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, key_values
from ui.components.confirm import confirm
from ui.components.forms import Field, filled, mark, text_field
from ui.components.states import load
from ui.components.text import Text, icon
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import ai as ai_labels
from ui.labels import knowledge as labels


def draw_settings(base_id: UUID) -> None:
    _Settings(base_id)


class _Found(NamedTuple):
    base: KnowledgeBase
    personas: list[Persona]


class _Settings:
    """The form and what can be pressed are drawn once; what the cards say follows."""

    def __init__(self, base_id: UUID) -> None:
        me = session.current()
        self._api, self._id, self._me = me.api, base_id, me
        self._write = me.may(Permission.KNOWLEDGE_WRITE)
        self._version, self._name = 0, ""
        self._field: Field[str] | None = None
        self._seen: _Found | None = None
        load(self._fetch, self._draw)
        throttle = Throttle(self._follow, 1.0)
        live.on(KnowledgeBaseChanged, lambda event: throttle.poke() if event.base_id == base_id else None)
        live.on(PersonaChanged, lambda event: throttle.poke())
        live.on_reset(self._follow)

    async def _fetch(self) -> _Found:
        personas = await client.personas(self._api) if self._me.may(Permission.PERSONAS_READ) else []
        return _Found(await client.base(self._api, self._id), personas)

    def _draw(self, found: _Found) -> None:
        self._version, self._name = found.base.version, found.base.name
        with ui.element("div").classes("m-forms"):
            with ui.element("div").classes("m-col m-loose"):
                with card(_("Base")):
                    self._draw_form(found.base)
            with ui.element("div").classes("m-col m-loose"):
                with card(_("How it is found")):
                    self._finding = ui.element("div").classes("m-col")
                    text = _(
                        "By meaning, “do you swap it?” finds “exchanges” too. Who does this is chosen once, for all bases of the company."
                    )
                    Text("p", text, "m-hint")
                    if self._me.may(Permission.AI_READ):
                        ui.link(_("Choose under AI service"), "/settings/ai").classes("m-link")
                if self._me.may(Permission.PERSONAS_READ):
                    with card(_("Who answers from it")):
                        self._knowers = ui.element("div").classes("m-col m-near")
            if self._write:
                with card(
                    _("Delete this base"), hint=_("With all its sources and unanswered questions. It cannot be taken back.")
                ):
                    with ui.element("div").classes("m-row"):
                        button(_("Delete the base"), self._delete, kind="danger", icon="delete")
        self._show(found)

    def _draw_form(self, base: KnowledgeBase) -> None:
        if self._write:
            self._field = text_field(_("Name"), base.name, limit=60, on_enter=self._save)
        else:
            key_values([(_("Name"), base.name)])
        key_values([(_("Its texts are in"), labels.languages()[base.language])])
        Text("p", _("The language stays: it decides how words are found. For another one, make a base of its own."), "m-hint")
        if self._write:
            with ui.element("div").classes("m-row"):
                button(_("Save"), self._save, kind="primary")

    async def _follow(self) -> None:
        try:
            found = await self._fetch()
        except (ApiProblem, Offline):
            return  # the page's head says what is wrong
        if self._seen is None or self._finding.is_deleted:
            return
        if self._field is not None and self._field.value == self._name:
            self._version, self._name = found.base.version, found.base.name
            self._field.value = self._name
        self._show(found)

    def _show(self, found: _Found) -> None:
        """Draws anew what differs from what stands there."""
        seen, self._seen = self._seen, found
        if seen is None or seen.base != found.base:
            self._finding.clear()
            with self._finding:
                self._draw_finding(found.base)
        knowers = [one for one in found.personas if self._id in one.knowledge_base_ids]
        names = [one.name for one in knowers]
        if self._me.may(Permission.PERSONAS_READ) and (seen is None or labels.knowers(self._id, seen.personas) != names):
            self._knowers.clear()
            with self._knowers:
                self._draw_knowers(knowers)

    @staticmethod
    def _draw_finding(base: KnowledgeBase) -> None:
        Text("p", labels.base_says(base), "m-sub")
        kind, model = labels.embedder(base.embedder)
        said = ai_labels.embedder(kind)
        if kind is EmbedderKind.SERVICE:
            said = _("{who} ({model})").format(who=said, model=model)
        facts = [(_("Words"), _("Always, and at once")), (_("Meaning"), said)]
        if base.next_embedder is not None:
            kind, model = labels.embedder(base.next_embedder)
            facts.append((_("Being prepared"), model or ai_labels.embedder(kind)))
        key_values(facts)

    @staticmethod
    def _draw_knowers(knowers: list[Persona]) -> None:
        if not knowers:
            Text("p", _("No persona knows it yet. Choose it where you edit a persona, under what it knows."), "m-sub")
        for one in knowers:
            with ui.element("div").classes("m-row m-near"):
                icon("smart_toy").classes("m-hint")
                ui.link(one.name, f"/personas/{one.id}").classes("m-link")

    async def _save(self) -> None:
        assert self._field is not None
        if not filled([self._field]):
            return
        try:
            base = await client.rename_base(self._api, self._id, self._field.value.strip(), self._version)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and error.code == KnowledgeError.BASE_EXISTS:
                mark({self._field: problems.sentence(error)})
            elif isinstance(error, ApiProblem) and error.code == RequestError.CHANGED_MEANWHILE:
                self._version = (await client.base(self._api, self._id)).version
                toast(_("A colleague changed this meanwhile. Save again to keep yours."), "warn")
            else:
                problems.show_in({"name": self._field}, error)
            return
        self._version, self._name = base.version, base.name
        self._field.value = base.name
        toast(_("Saved."))

    async def _delete(self) -> None:
        found = await self._fetch()
        more = [
            _("It holds {sources} with {passages}.").format(
                sources=labels.source_count(found.base.sources), passages=labels.passage_count(found.base.passages)
            )
        ]
        if knowers := labels.knowers(self._id, found.personas):
            more.append(_("These personas answer from it, and would no longer: {names}.").format(names=", ".join(knowers)))
        heading = _("Delete {name}?").format(name=found.base.name)
        if not await confirm(heading, _("This cannot be taken back."), more=more, yes=_("Delete"), danger=True):
            return
        try:
            await client.delete_base(self._api, self._id)
        except (ApiProblem, Offline) as error:
            if not (isinstance(error, ApiProblem) and error.status == 404):
                problems.show(error)
                return
        ui.navigate.to("/knowledge")
