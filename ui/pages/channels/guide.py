"""The way to a connected number, step by step: what to do at the provider, where, and what to copy from there.

Each finding of a check that is not good leads to its step. What the steps say is each provider's (`guides/`).
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from nicegui import ui

import ui.pages.channels.guides as folder
from api.contract.channels import Channel, CheckLine
from ui import formats, kinds
from ui.components.buttons import button, copy_field
from ui.components.confirm import dialog
from ui.components.text import Text, icon, safe_link, title
from ui.i18n import _
from ui.pages.channels import pictures
from ui.pages.channels.steps import Guide, Step

PASSING = ("network", "temporary", "api_rate", "throughput", "provider_outage")
"""Reasons of a check that no step mends: the provider did not answer."""

_GUIDES: dict[str, Guide] = {
    guide.kind: guide
    for module in pkgutil.iter_modules(folder.__path__)
    for guide in [importlib.import_module(f"{folder.__name__}.{module.name}").GUIDE]
}


def of(kind: str) -> Guide | None:
    """The guide to channels of this kind; None where the form alone has to do."""
    return _GUIDES.get(kind)


def step_of(channel: Channel, line: CheckLine) -> tuple[int, Step] | None:
    """The step, counted from 1, that mends a finding of the check; None where no step does."""
    guide = of(channel.kind)
    if guide is None or channel.sandbox or line.ok or line.reason in PASSING:
        return None
    key = guide.refused if line.reason in {"token_invalid", "permission"} else guide.mends.get(line.code)
    steps = enumerate([*guide.steps(), *guide.after()], 1)
    return next(((number, step) for number, step in steps if step.key == key), None)


def draw(number: int, step: Step, paste: Callable[[], Any] | None = None) -> ui.element:
    """One step: its number, what to do, the picture, and the fields that take what was copied."""
    with ui.element("section").classes("m-card m-guide") as element:
        element.props["id"] = f"step-{step.key}"
        with ui.element("div").classes("m-guide-head"):
            Text("span", str(number), "m-todo-no")
            title(step.heading)
        with ui.element("div").classes("m-guide-body"):
            with ui.element("div").classes("m-col m-near"):
                with ui.element("ol").classes("m-guide-todo"):
                    for text in step.todo:
                        Text("li", text)
                for text, address in step.links:
                    with ui.element("div").classes("m-row m-near items-center"):
                        icon("open_in_new")
                        safe_link(text, address)
            pictures.draw(step.picture)
        if paste is not None:
            with ui.element("div").classes("m-guide-paste"):
                paste()
    return element


def show(number: int, step: Step, channel: Channel) -> None:
    """The step in a dialog, with our addresses where it asks for them."""
    with dialog(_("How it is done")) as box:
        draw(number, step, (lambda: addresses(channel)) if step.key == "webhook" else None)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="plain")
    box.open()


def addresses(channel: Channel) -> None:
    """What the provider is to be told, and whether it has ever called."""
    ui.label(_("For incoming messages")).classes("m-label")
    copy_field(channel.webhook_url or "", label=_("Copy address"))
    for question in channel.webhook_questions:
        ui.label(kinds.text(question.label)).classes("m-label")
        copy_field(question.url, label=_("Copy address"))
    if channel.verify_token:
        ui.label(_("Word to confirm it with")).classes("m-label")
        copy_field(channel.verify_token, label=_("Copy word"))
    vendor = kinds.of(channel.kind).vendor
    with ui.element("div").classes("m-row m-near items-center m-check-line"):
        if channel.heard_at is None:
            ui.spinner(size="18px")
            ui.label(_("Waiting for the first report of {vendor}. This page notices by itself.").format(vendor=vendor)).classes(
                "m-hint"
            )
        else:
            icon("check_circle").classes("m-tone-icon-ok")
            text = _("The first report of {vendor} came {when}.")
            ui.label(text.format(vendor=vendor, when=formats.moment(channel.heard_at))).classes("m-sub")
