"""Questions with their answers: many in a row without leaving the keyboard, and one for a question that found nothing."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from nicegui import ui

from api.contract.knowledge import KnowledgeSource, QaSource
from ui import session
from ui.client import knowledge as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import Field, area_field, filled, text_field
from ui.components.text import Text, icon
from ui.components.toast import toast
from ui.i18n import _, pgettext

QUESTION, ANSWER = 300, 4000  # characters


def fields(question: Field[str], answer: Field[str]) -> dict[str, Field[str]]:
    """By the names that the API has for them, alone and as a source."""
    return {
        "question": question, "answer": answer, "content.question": question, "content.answer": answer, "title": question, "body": answer,
    }  # fmt: skip


def on_save_key(field: Field[str], save: Callable[[], Awaitable[None]]) -> None:
    """Ctrl or Cmd with Enter, which alone begins a new line."""
    for key in ("ctrl", "meta"):
        field.control.on(f"keydown.{key}.enter", save, [])


class Pairs:
    """A form that is empty again after each pair, with the cursor in the question; what was saved stands below."""

    def __init__(self, base_id: UUID) -> None:
        self._api, self._base_id = session.current().api, base_id
        self._saving, self._key = False, str(uuid4())
        with ui.element("div").classes("m-col"):
            self._question = text_field(
                pgettext("knowledge", "Question"), placeholder=_("How long can I exchange something?"), limit=QUESTION,
                hint=_("As customers ask it. Enter leads to the answer."), on_enter=lambda: self._answer.focus(),
            )  # fmt: skip
            self._answer = area_field(
                pgettext("knowledge", "Answer"), limit=ANSWER, rows=3, placeholder=_("30 days, with the receipt."),
                hint=_("Ctrl and Enter saves it and begins the next one."),
            )  # fmt: skip
            on_save_key(self._answer, self._save)
            with ui.element("div").classes("m-row"):
                button(_("Save and next"), self._save, kind="primary")
            self._saved = ui.element("ul").classes("m-know-saved")
            self._saved.props["aria-live"] = "polite"

    async def _save(self) -> None:
        if self._saving or not filled([self._question, self._answer]):
            return
        self._saving = True
        content = QaSource(question=self._question.value.strip(), answer=self._answer.value.strip())
        try:
            await client.add(self._api, self._base_id, content, key=self._key)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem):
                self._key = str(uuid4())
            problems.show_in(fields(self._question, self._answer), error)
            return
        finally:
            self._saving = False
        self._key = str(uuid4())
        with self._saved, ui.element("li").classes("m-row m-near items-start") as line:
            icon("check")
            Text("span", content.question, "m-text")
        line.move(self._saved, 0)
        while len(self._saved.default_slot.children) > 5:
            self._saved.default_slot.children[-1].delete()
        self._question.value, self._answer.value = "", ""
        self._question.focus()


def ask_answer(
    question: str,
    save: Callable[[str, str, str], Awaitable[KnowledgeSource]],
    done: Callable[[], Awaitable[None]],
    *,
    others: list[str] | None = None,
) -> None:
    """A window that asks for the answer to a question. `save(question, answer, key)` may raise what the API refuses, under the same
    Idempotency-Key until it answers; `others`: how the same was asked too."""
    saving, key = False, str(uuid4())

    async def keep() -> None:
        nonlocal saving, key
        if saving or not filled([asked, answer]):
            return
        saving = True
        try:
            await save(asked.value.strip(), answer.value.strip(), key)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem):
                key = str(uuid4())
            problems.show_in(fields(asked, answer), error)
            return
        finally:
            saving = False
        box.close()
        toast(_("Saved. It can be found from now on."))
        await done()

    with dialog(_("Write the answer"), wide=True) as box:
        with ui.element("div").classes("m-col"):
            asked = text_field(pgettext("knowledge", "Question"), question[:QUESTION], limit=QUESTION)
            if others:
                with ui.element("div").classes("m-col m-tight"):
                    ui.label(_("Asked like this too")).classes("m-hint")
                    for one in others:
                        Text("q", one, "m-sub m-text")
            answer = area_field(pgettext("knowledge", "Answer"), limit=ANSWER, rows=5, hint=_("Ctrl and Enter saves it."))
            answer.control.props["autofocus"] = True
            on_save_key(answer, keep)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Save the answer"), keep, kind="primary")
    box.open()
