"""Which models there are, when they end, and what a million tokens of each costs; a price of the company's own by hand."""

from functools import partial

from nicegui import ui

from api.contract.ai import AiModel, AiPriceSet
from api.contract.enums import ModelKind, ModelState, Permission
from api.contract.events import AiConnectionChanged
from ui import formats, live, session
from ui.client import ai as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card
from ui.components.confirm import dialog
from ui.components.forms import Field, filled, number_field, text_field
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import badge
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import ai as labels

MICRO = 1_000_000


def draw_models() -> None:
    _Models()


class _Models:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.AI_WRITE)
        self._place: Loader[list[AiModel]] = load(lambda: client.models(self._api), self._draw, lambda: skeleton_list(8))
        live.on(AiConnectionChanged, self._heard)

    async def _heard(self, _event: AiConnectionChanged) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, models: list[AiModel]) -> None:
        hint = _(
            "US dollars for a million tokens, about 750,000 words. Our list is of November 2026; your provider's bill is what counts."
        )
        if not models:
            with card():
                empty("dns", _("No models yet"), _("Connect a service first; what it offers stands here then."))
            return
        add = (lambda: button(_("Add a price"), partial(self._edit, None), icon="add")) if self._write else None
        with card(_("Models"), hint=hint, actions=add, flush=True):
            with ui.element("div").classes("m-ai-prices").props("role=table"):
                with ui.element("div").classes("m-ai-price m-ai-price-head").props("role=row"):
                    for name in (_("Model"), _("Text read"), _("Read again"), _("Text written")):
                        ui.label(name).classes("m-hint").props("role=columnheader")
                    ui.element("div").props("role=cell")
                for model in models:
                    self._row(model)

    def _row(self, model: AiModel) -> None:
        with ui.element("div").classes("m-ai-price").props("role=row"):
            with ui.element("div").classes("m-col m-tight").props("role=cell"):
                with ui.element("div").classes("m-row m-near m-wrap items-baseline"):
                    ui.label(model.name).classes("m-strong m-break")
                    if model.in_use:
                        badge(_("In use"), "ok")
                    if told := labels.model_state(model):
                        badge(*told)
                    if model.price is not None and model.price.own:
                        badge(_("Your price"), "info")
                if model.replacement:
                    ui.label(_("We suggest {model}.").format(model=model.replacement)).classes("m-hint")
                if model.personas:
                    self._users(model)
            if model.price is None:
                ui.label(_("Price missing")).classes("m-hint m-ai-missing").props("role=cell")
            else:
                price = model.price
                written = formats.dollars(price.output_micro) if model.kind is ModelKind.CHAT else formats.DASH
                for value in (formats.dollars(price.input_micro), formats.dollars(price.cached_micro), written):
                    ui.label(value).classes("m-num").props("role=cell")
            with ui.element("div").props("role=cell"):
                if self._write:
                    icon_button("edit", _("Change the price of {model}").format(model=model.name), partial(self._edit, model))

    def _users(self, model: AiModel) -> None:
        """Who asks for it; of a model that ends each leads to the test cases on what follows it."""
        ends = model.replacement is not None and model.state is not ModelState.CURRENT
        with ui.element("div").classes("m-row m-near m-wrap items-baseline"):
            ui.label(_("Test on it:") if ends else _("Used by")).classes("m-hint")
            for one in model.personas:
                ui.link(one.name, f"/personas/{one.id}" + ("?tests=1" if ends else "")).classes("m-link")

    def _edit(self, model: AiModel | None) -> None:
        text = _("For a million tokens, from now on. What was spent keeps its cost.")
        with dialog(model.name if model else _("Add a price"), text) as box:
            price = model.price if model else None
            name = text_field(_("Model"), placeholder=_("As your provider calls it"), limit=120) if model is None else None
            read = _amount(_("Text read, US$"), price.input_micro if price else None)
            again = _amount(_("Text read again from the cache, US$"), price.cached_micro if price else None)
            kept = _amount(_("Text kept in the cache, US$"), price.cache_write_micro if price else None)
            written = _amount(_("Text written, US$"), price.output_micro if price else None)

            async def save() -> None:
                if not filled([*([name] if name else []), read, written]):
                    return
                body = AiPriceSet(
                    model=model.name if model else str(name.value if name else "").strip(),
                    input_micro=_micro(read),
                    cached_micro=_micro(again, read),
                    cache_write_micro=_micro(kept, read),
                    output_micro=_micro(written),
                )
                try:
                    found = await client.set_price(self._api, body)
                except ApiProblem as error:
                    problems.show_in(
                        {"model": name, "input_micro": read, "output_micro": written} if name else {"input_micro": read}, error
                    )
                    return
                box.close()
                toast(_("Saved."))
                await self._place.show(found)

            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()


def _amount(label: str, micro: int | None) -> Field[float | None]:
    return number_field(label, None if micro is None else micro / MICRO, low=0, step=0.001)


def _micro(field: Field[float | None], otherwise: Field[float | None] | None = None) -> int:
    """Empty: as much as the other field says."""
    value = field.value if field.value is not None or otherwise is None else otherwise.value
    return round((value or 0) * MICRO)
