"""What an answer of the assistant cites: a chip for each source, and the passage with the quoted words marked when it is pressed."""

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from api.contract.assistant import Citation
from api.contract.enums import Permission
from ui import session
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.text import Text, icon, safe_link
from ui.i18n import _


def draw_citations(citations: Sequence[Citation]) -> None:
    """Under what cites them, one for each passage."""
    if not citations:
        return
    with ui.element("div").classes("m-cites"):
        for number, one in enumerate({each.passage_id: each for each in citations}.values(), 1):
            with ui.element("button").classes("m-cite").props("type=button") as chip:
                icon("menu_book")
                ui.label(f"{number} · {one.title}").classes("m-clip")
            chip.props["title"] = "\n".join(one.statements) or one.quote
            chip.on("click", partial(_open, [each for each in citations if each.passage_id == one.passage_id]), [])


def _open(cited: list[Citation]) -> None:
    """The passage as it was when it was cited."""
    one = cited[0]
    with dialog(one.title, one.heading or "") as box:
        if one.statements:
            with ui.element("div").classes("m-col gap-0"):
                ui.label(_("What it proves in the answer")).classes("m-hint")
                for statement in one.statements:
                    Text("p", f"“{statement}”", "m-strong")
        with ui.element("div").classes("m-cite-body"):
            for marked, text in parts(one.body, [each.quote for each in cited]):
                Text("mark" if marked else "span", text)
        with ui.element("div").classes("m-row m-near m-wrap"):
            if one.page is not None:
                ui.label(_("Page {n}").format(n=one.page)).classes("m-hint")
            if one.url:
                safe_link(one.url, one.url).classes("m-hint m-clip")
            if session.current().may(Permission.KNOWLEDGE_READ):
                ui.link(_("Open the source"), f"/knowledge/sources/{one.source_id}").classes("m-link")
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="primary")
    box.open()


def parts(body: str, quotes: Sequence[str]) -> list[tuple[bool, str]]:
    """The passage in pieces: whether it was quoted, and the text. Case does not matter; a quote that is spelled otherwise marks nothing."""
    lower, spans = body.casefold(), []
    if len(lower) == len(body):
        for quote in quotes:
            at = lower.find(quote.strip().casefold())
            if quote.strip() and at >= 0:
                spans.append((at, at + len(quote.strip())))
    found, done = [], 0
    for start, end in sorted(spans):
        if start < done:
            continue
        found += [(False, body[done:start]), (True, body[start:end])]
        done = end
    return [piece for piece in (*found, (False, body[done:])) if piece[1]]
