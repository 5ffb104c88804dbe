"""The window that makes or changes a webhook, and the one that shows its secret, once."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from api.contract.enums import Permission, WebhookType
from api.contract.webhooks import Webhook, WebhookCreate, WebhookKind, WebhookPatch, WebhookSecret
from ui import session
from ui.client import webhooks as client
from ui.client.base import ApiClient, ApiProblem
from ui.components import problems
from ui.components.buttons import button, copy_field
from ui.components.cards import note
from ui.components.confirm import dialog
from ui.components.forms import filled, lead_to, switch_field, text_field
from ui.components.text import Text
from ui.i18n import _
from ui.labels import webhooks as labels


async def edit(api: ApiClient, done: Callable[[], Awaitable[None]], seen: Webhook | None = None) -> None:
    """Opens it; `seen`: the one that is changed. `done` after what was made or changed."""
    kinds = await client.kinds(api)
    may = session.current().me.permissions
    ticks: dict[WebhookType, ui.checkbox] = {}

    async def submit() -> None:
        types = [kind for kind, tick in ticks.items() if tick.value]
        wrong.text = "" if types else _("Choose at least one event.")
        if not filled([url]):
            return
        if not types:
            lead_to(wrong, wrong.text)
            return
        try:
            if seen is None:
                body = WebhookCreate(url=url.value, types=types, description=name.value, legacy_signature=bool(legacy.value))
                show_secret(await client.create(api, body), inside, box)
            else:
                same = set(types) == set(seen.types)
                patch = WebhookPatch(url=url.value, description=name.value)
                if not same:  # who chooses them answers for them
                    patch.types = types
                await client.change(api, seen, patch)
                box.close()
        except ApiProblem as error:
            problems.show_in({"url": url, "description": name}, error)
            return
        await done()

    heading = _("New webhook") if seen is None else _("Change webhook")
    with (
        dialog(heading, _("Your system is told at this address."), wide=True) as box,
        ui.element("div").classes("m-col") as inside,
    ):
        url = text_field(_("Address"), seen.url if seen else "", placeholder="https://example.com/hooks", limit=2048, kind="url")
        name = text_field(
            _("What it is for"), seen.description if seen else "", placeholder=_("For example: online shop"), limit=200
        )
        _draw_types(kinds, may, seen, ticks)
        wrong = ui.label().classes("m-field-error").props("aria-live=polite")
        if seen is None:
            legacy = switch_field(
                _("Older signature too"),
                hint=_("Adds x-webhook-signature, for receivers that know only the hex HMAC-SHA256 of the body."),
            )
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Create webhook") if seen is None else _("Save"), submit, kind="primary")
    box.open()


def _draw_types(
    kinds: list[WebhookKind], may: list[Permission], seen: Webhook | None, ticks: dict[WebhookType, ui.checkbox]
) -> None:
    """What one may not see oneself cannot be chosen."""
    asks = {kind.type: set(kind.permissions) for kind in kinds}
    ui.label(_("What it is told of")).classes("m-label")
    for group, names in labels.groups():
        with ui.element("div").classes("m-col m-tight").props("role=group") as place:
            place.props["aria-label"] = group
            Text("p", group, "m-hint")
            for kind, text in names.items():
                if kind not in asks:
                    continue
                tick = ticks[kind] = ui.checkbox(text, value=seen is not None and kind in seen.types).props("dense size=sm")
                tick.set_enabled(asks[kind] <= set(may))


def show_secret(made: WebhookSecret, inside: ui.element, box: ui.dialog) -> None:
    """In place of what the window held."""
    inside.clear()
    with inside:
        with note("warn", _("Copy the secret now. It is not shown again."), name="warning"):
            ui.label(_("With it your system checks that an event comes from here (Standard Webhooks).")).classes("m-sub")
        copy_field(made.secret, label=_("Copy secret"))
        if made.legacy_secret is not None:
            ui.label(_("The key of the older signature")).classes("m-label")
            copy_field(made.legacy_secret, label=_("Copy key"))
        if made.webhook.old_until is not None:
            ui.label(_("For 24 hours the former secret holds too.")).classes("m-hint")
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="primary")
