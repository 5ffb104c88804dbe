"""The layout of the pages before sign-in: a form on the left, on the right an example of what the product does."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from nicegui import ui

from ui import formats, session
from ui.components import problems
from ui.components.buttons import button
from ui.components.landmarks import main
from ui.components.menus import Choice, choices
from ui.components.phone import Preview, phone
from ui.components.text import Text
from ui.i18n import LANGUAGES, _, preferences


@contextmanager
def auth_layout(heading: str, text: str = "") -> Iterator[ui.element]:
    """Opens the box of the form, under heading and text."""
    ui.page_title(f"{heading} · Master IA")
    problems.catch_all()
    with main("m-auth"):
        with ui.element("div").classes("m-auth-form"):
            with ui.element("div").classes("m-row m-near"):
                ui.element("img").classes("m-logo").props.update({"src": "/assets/static/icon.svg", "alt": ""})
                ui.label("Master IA").classes("m-h2")
            with ui.element("div").classes("m-auth-box") as box:
                with ui.element("div").classes("m-col m-tight"):
                    Text("h1", heading, "m-auth-title")
                    if text:
                        Text("p", text, "m-sub")
            with ui.element("div").classes("m-auth-foot"):
                ui.label(_("WhatsApp and SMS in one place")).classes("m-hint")
                with button(LANGUAGES[preferences().language], kind="plain", icon="language"), ui.menu():
                    choices(
                        [
                            Choice(name, partial(session.change_language, key), on=key == preferences().language)
                            for key, name in LANGUAGES.items()
                        ]
                    )
        _outlook()
    with box:
        yield box


def _outlook() -> None:
    with ui.element("div").classes("m-auth-side").props("aria-hidden=true"), ui.element("div").classes("m-outlook"):
        phone(
            "Loja Aurora",
            _("online"),
            Preview(
                _("Hi, Bia! The blue dress is back, in sizes S, M and L. Shall I keep one for you?"),
                media="image",
                time="09:41",
                buttons=[("reply", _("Yes, please!")), ("url", _("See the shop"))],
            ),
            (Preview(_("Yes! Size M 💚"), time="09:42"), True),
            Preview(_("Done. It is waiting for you until Saturday."), time="09:42"),
        )
        for classes, name, value, hint in (
            ("m-float-1", _("Delivered"), formats.percent(0.961), _("58,910 of 61,284")),
            ("m-float-2", _("Replied"), formats.number(2415), _("+12% against yesterday")),
        ):
            with ui.element("div").classes(f"m-card m-fig m-float {classes}"):
                ui.label(name).classes("m-hint")
                ui.label(value).classes("m-figure")
                ui.label(hint).classes("m-hint")
