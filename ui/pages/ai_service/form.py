"""Connecting the AI service: a provider by its card, then only what that one asks for."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from api.contract.ai import AiConnection, AiConnectionSet, AiModel
from api.contract.enums import EmbedderKind, ModelKind, ModelState, Provider
from api.contract.problems import RequestError
from ui import formats, session
from ui.client import ai as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.cards import card, note
from ui.components.forms import Field, filled, form, password_field, select_field, text_field
from ui.components.picks import Picks
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import ai as labels

_LISTED = (Provider.OPENAI, Provider.SANDBOX)  # their models are chosen from a list
_FIRST = "gpt-6.1-terra"


class ConnectionForm:
    """`saved` is called once the API took it; `leave` None: there is nothing to go back to."""

    def __init__(
        self,
        found: AiConnection,
        models: list[AiModel],
        saved: Callable[[], Awaitable[None]],
        leave: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._found, self._models, self._saved = found, models, saved
        self._provider = found.provider or Provider.OPENAI
        with ui.element("div").classes("m-forms"):
            with card(_("Who provides the models?")):
                picks = Picks(_("Provider"), self._provider, self._choose)
                for provider in (Provider.OPENAI, Provider.AZURE, Provider.COMPATIBLE, Provider.SANDBOX):
                    picks.described(provider, *labels.provider(provider))
            self._place = ui.element("div").classes("m-col m-loose w-full")
            self._draw()
            form(self._save, _("Save and test"), cancel=leave)

    def _choose(self, provider: Provider) -> None:
        if provider is not self._provider:
            self._provider = provider
            self._draw()

    def _draw(self) -> None:
        self._fields: dict[str, Field[Any]] = {}
        self._place.clear()
        with self._place:
            if self._provider is Provider.SANDBOX:
                with note(
                    "info",
                    _("Nothing more to fill in. Costs are shown as OpenAI would charge them; nobody pays them."),
                    name="lightbulb",
                ):
                    pass
            else:
                with card(_("Access")):
                    self._draw_access()
            with card(_("Models")):
                self._draw_chat()
                self._draw_embedding()

    @property
    def _same(self) -> bool:
        return self._provider is self._found.provider

    def _draw_access(self) -> None:
        found = self._found
        if self._provider is not Provider.OPENAI:
            azure = self._provider is Provider.AZURE
            self._fields["base_url"] = text_field(
                _("Address"),
                found.base_url if self._same else "",
                placeholder="https://empresa.openai.azure.com" if azure else "https://servidor.exemplo.com/v1",
                hint=_("The endpoint of your resource, from the Azure portal.") if azure else _("With /v1 at its end, as most servers want it."),
                limit=500,
                kind="url",
            )  # fmt: skip
        keeps = self._same and found.has_key
        hint = _("Leave this empty to keep the stored key. Another address asks for it anew.") if keeps else self._key_hint()
        self._fields["key"] = password_field(_("Key"), hint=hint)
        self._fields["key"].control.props["autocomplete"] = "off"
        if self._provider is Provider.AZURE:
            self._fields["api_version"] = text_field(
                _("API version"), found.api_version if self._same else "", placeholder="2024-10-21", limit=40,
                hint=_("Empty is fine, and so is an address that ends in /openai/v1."),
            )  # fmt: skip

    def _key_hint(self) -> str:
        return {
            Provider.OPENAI: _(
                "On OpenAI's platform under API keys: create one, copy it, paste it here. It is sealed and never shown again."
            ),
            Provider.AZURE: _("In the Azure portal under Keys and endpoint. It is sealed and never shown again."),
            Provider.COMPATIBLE: _("Empty if your server asks for none. It is sealed and never shown again."),
            Provider.SANDBOX: "",
        }[self._provider]

    # -- models -------------------------------------------------------------------------------------------------

    def _draw_chat(self) -> None:
        chosen = self._found.chat_model if self._same else ""
        if self._provider not in _LISTED:
            azure = self._provider is Provider.AZURE
            label = _("Deployment for answers") if azure else _("Model for answers")
            hint = _("The name that you gave the deployment.") if azure else _("As your server calls it.")
            self._fields["chat_model"] = text_field(label, chosen, hint=hint, limit=120)
            return
        names = self._names(ModelKind.CHAT) or {_FIRST: _FIRST}
        if chosen and chosen not in names:
            names = {chosen: chosen, **names}
        first = next(iter(names))
        field = select_field(
            _("Model for answers"), names, chosen or first, search=True, on_change=self._model_changed,
            hint=_("Personas may choose another one. The first one is a good start."),
        )  # fmt: skip
        self._fields["chat_model"] = field
        self._said = ui.element("div").classes("w-full").props("aria-live=polite")
        self._model_changed()

    def _names(self, kind: ModelKind) -> dict[str, str]:
        """Models that can be used come first; those that are switched off stay selectable. None of another server's own, whoever priced them."""
        order = {ModelState.CURRENT: 0, ModelState.ENDING: 1, ModelState.RETIRED: 2}
        mine = self._models if self._found.provider in (None, *_LISTED) else [model for model in self._models if model.context]
        models = sorted((model for model in mine if model.kind is kind), key=lambda model: order[model.state])
        if kind is ModelKind.CHAT and (best := next((model for model in models if model.name == _FIRST), None)):
            models = [best, *(model for model in models if model is not best)]
        return {model.name: self._named(model) for model in models}

    def _named(self, model: AiModel) -> str:
        parts = [model.name]
        if model.price is not None:
            parts.append(
                _("{price} per million tokens written").format(price=formats.dollars(model.price.output_micro))
                if model.kind is ModelKind.CHAT
                else _("{price} per million tokens").format(price=formats.dollars(model.price.input_micro))
            )
        told = labels.model_state(model)
        return " · ".join([*parts, told[0]] if told else parts)

    def _model_changed(self) -> None:
        self._said.clear()
        model = next((model for model in self._models if model.name == self._fields["chat_model"].value), None)
        told = labels.model_state(model) if model is not None else None
        if model is None or told is None or self._provider is Provider.SANDBOX:
            return
        text = f"{model.name}: {told[0]}."
        if model.replacement:
            text += " " + _("We suggest {model}.").format(model=model.replacement)
        with self._said, note("bad" if told[1] == "bad" else "warn", text, name="warning"):
            pass

    def _draw_embedding(self) -> None:
        found = self._found
        kinds = {kind: labels.embedder(kind) for kind in EmbedderKind}
        self._kind: Field[EmbedderKind] = select_field(
            _("Search in your knowledge by meaning"), kinds, found.embedder if self._same else EmbedderKind.SERVICE,
            hint=_("Finds “how long does delivery take” where the text says “shipping time”."), on_change=self._kind_changed,
        )  # fmt: skip
        chosen = found.embedding_model if self._same else ""
        if self._provider in _LISTED:
            names = self._names(ModelKind.EMBEDDING) or {"text-embedding-3-small": "text-embedding-3-small"}
            if chosen and chosen not in names:
                names = {chosen: chosen, **names}
            self._embedding: Field[Any] = select_field(_("Model for the search"), names, chosen or next(iter(names)))
        else:
            hint = _("Empty: the search goes by words alone.")
            self._embedding = text_field(_("Model for the search"), chosen, hint=hint, limit=120)
        self._fields["embedding_model"] = self._embedding
        self._kind_changed()

    def _kind_changed(self) -> None:
        self._embedding.hide(self._kind.value is not EmbedderKind.SERVICE)

    # -- saving -------------------------------------------------------------------------------------------------

    def _value(self, name: str) -> str:
        field = self._fields.get(name)
        return str(field.value or "").strip() if field is not None else ""

    async def _save(self) -> None:
        needed = [self._fields[name] for name in ("base_url", "chat_model") if name in self._fields]
        keeps = self._same and self._found.has_key and self._value("base_url") == self._found.base_url
        if self._provider in (Provider.OPENAI, Provider.AZURE) and not keeps:
            needed.append(self._fields["key"])
        if not filled(needed):
            return
        body = AiConnectionSet(
            provider=self._provider,
            base_url=self._value("base_url"),
            api_version=self._value("api_version"),
            organization=self._found.organization if self._same else "",  # set by the API alone
            key=self._value("key") or None,
            chat_model=self._value("chat_model"),
            embedder=self._kind.value,
            embedding_model=self._value("embedding_model") if self._kind.value is EmbedderKind.SERVICE else "",
        )
        try:
            await client.connect(session.current().api, body, self._found.version)
        except ApiProblem as error:
            if error.code == RequestError.CHANGED_MEANWHILE:
                toast(_("A colleague changed this meanwhile. Save again to keep yours."), "bad")
                self._found = await client.connection(session.current().api)
            else:
                problems.show_in(self._fields, error)
            return
        await self._saved()
