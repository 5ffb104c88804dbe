"""All webhooks of the company: where they lead, what they are told of, and whether they arrive."""

from functools import partial

from nicegui import ui

from api.contract.enums import Permission
from api.contract.events import WebhookChanged
from api.contract.webhooks import Webhook
from ui import formats, live, session
from ui.client import webhooks as client
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.frame import frame
from ui.components.states import empty, load, skeleton_list
from ui.components.text import Tone, badge, icon
from ui.i18n import _, ngettext, pgettext
from ui.pages.webhooks.form import edit
from ui.routing import page

_SEVERAL = 3


@page("/webhooks", permission=Permission.WEBHOOKS_READ)
def webhooks() -> None:
    me = session.current()
    write = me.may(Permission.WEBHOOKS_WRITE)
    crumbs = [(_("Settings"), "/settings")]
    with frame(
        _("Webhooks"), _("Your own systems hear at once what happens here"), breadcrumbs=crumbs, active="/settings"
    ) as head:

        def draw(found: list[Webhook]) -> None:
            create = partial(edit, me.api, place.refresh)
            head.actions.clear()
            if not found:
                with card():
                    text = _(
                        "An online shop, a spreadsheet or an automation is told of messages, leads and campaigns, without asking."
                    )
                    empty("webhook", _("No webhooks yet"), text, action=_("Create webhook") if write else "", on_click=create)
                return
            if write:
                with head.actions:
                    button(_("Create webhook"), create, kind="primary", icon="add")
            with card(flush=True):
                for one in found:
                    _line(one)

        place = load(lambda: client.webhooks(me.api), draw, lambda: skeleton_list(3))
    live.on(WebhookChanged, lambda event: place.refresh())
    live.on_reset(place.refresh)


def _line(one: Webhook) -> None:
    with item(to=f"/webhooks/{one.id}"):
        icon("webhook")
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(one.description or one.url).classes("m-strong m-clip")
            if one.description:
                ui.label(one.url).classes("m-hint m-clip")
            ui.label(_facts(one)).classes("m-hint")
        badge(*health(one))


def _facts(one: Webhook) -> str:
    count = ngettext("{n} event", "{n} events", len(one.types)).format(n=len(one.types))
    last = (
        _("last delivered {when}").format(when=formats.ago(one.delivered_at)) if one.delivered_at else _("nothing delivered yet")
    )
    return f"{count} · {last}"


def failing(one: Webhook) -> bool:
    """More than a try that went wrong: several in a row, without a success."""
    return one.failing_since is not None and one.failures >= _SEVERAL


def health(one: Webhook) -> tuple[str, Tone]:
    """In a word."""
    if one.off_because is not None:
        return pgettext("webhook", "Off"), "quiet"
    if failing(one):
        return _("Failing"), "bad"
    return pgettext("webhook", "On"), "ok"
