"""Rules that a law or a provider sets, with their source and since when they hold: words that end messages, and holidays. A company adds words of its
own; nobody takes ours out."""

from datetime import datetime
from functools import partial

from nicegui import ui

from api.contract.enums import Permission
from api.contract.events import ContactsChanged
from api.contract.sending_rules import Holiday, OptOutWord
from ui import formats, live, session
from ui.client import sending_rules as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled, text_field
from ui.components.states import Loader, load, skeleton_list
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import costs as labels

_Found = tuple[list[OptOutWord], list[Holiday]]


def draw_rules() -> None:
    _Rules()


class _Rules:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.COMPANY_WRITE)
        self._place: Loader[_Found] = load(self._fetch, self._draw, lambda: skeleton_list(6))
        live.on(ContactsChanged, self._heard)

    async def _heard(self, event: ContactsChanged) -> None:
        if event.contact_id is None:
            await self._place.refresh(only_changes=True)

    async def _fetch(self) -> _Found:
        return await client.words(self._api), await client.holidays(self._api)

    def _draw(self, found: _Found) -> None:
        words, days = found
        with ui.element("div").classes("m-col m-gap w-full"):
            new = partial(button, _("Add a word"), self._add, kind="primary", icon="add")
            hint = _(
                "Whoever answers only this, in whatever case and with or without accents, gets no more messages. Ours hold for every company: the law asks for them, so nobody takes them out."
            )
            with card(_("Words that end messages"), hint=hint, actions=new if self._write else None, flush=True):
                for word in words:
                    if word.own:
                        self._own(word)
                for group in _grouped(words):
                    self._group(group)
            self._days(days)

    def _own(self, word: OptOutWord) -> None:
        with item():
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(word.word).classes("m-strong")
                facts = (_("yours"), _("since {day}").format(day=formats.day(word.valid_from)), word.source)
                Text("p", " · ".join(fact for fact in facts if fact), "m-hint m-text")
            if self._write:
                icon_button("delete", _("Take out {name}").format(name=word.word), partial(self._remove, word))

    def _group(self, group: list[OptOutWord]) -> None:
        first = group[0]
        with item(), ui.element("div").classes("m-col m-tight m-grow"):
            name = _("Gets no more messages") if first.means == "out" else _("Gets messages again")
            ui.label(f"{name} · {labels.language(first.language)}").classes("m-strong")
            Text("p", " · ".join(word.word for word in group), "m-sub m-text")
            Text("p", " · ".join(labels.held(first.valid_from, first.valid_until, first.source)), "m-hint m-text")

    def _days(self, days: list[Holiday]) -> None:
        today = datetime.now(formats.zone()).date()
        hint = _(
            "Rules that leave holidays out write to nobody there on these days. States and towns have more: add them to your office hours."
        )
        to = partial(button, _("Office hours"), to="/settings/inbox?tab=hours", icon="schedule")
        with card(_("Holidays"), hint=hint, actions=to, flush=True):
            for day in [one for one in days if one.day >= today][:14]:
                with item():
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(day.name or _("Closed by your office hours")).classes("m-strong")
                        facts = [_("yours")] if day.own else [labels.country(day.country)]
                        if day.valid_from is not None:
                            facts += labels.held(day.valid_from, day.valid_until, day.source)
                        Text("p", " · ".join(facts), "m-hint m-text")
                    ui.label(formats.day(day.day)).classes("m-num")

    def _add(self) -> None:
        text = _(
            "It holds within half a minute. Take care: a word that people also say otherwise, like yes or ok, would silence them."
        )
        with dialog(_("Add a word"), text) as box, ui.element("div").classes("m-col"):
            word = text_field(_("Word or short phrase"), limit=80, placeholder=_("leave me alone"))
            source = text_field(_("Source"), limit=200, placeholder=_("A law, a contract, or what you decided"))

            async def save() -> None:
                if not filled([word]):
                    return
                try:
                    await client.add_word(self._api, word.value.strip(), (source.value or "").strip())
                except ApiProblem as problem:
                    problems.show_in({"word": word, "source": source}, problem)
                    return
                box.close()
                toast(_("Saved."))
                await self._place.refresh()

            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    async def _remove(self, word: OptOutWord) -> None:
        text = _("Whoever asked for no more messages by it is not written to all the same.")
        heading = _("Take out “{name}”?").format(name=word.word)
        if word.id is not None and await confirm(heading, text, yes=_("Take it out"), danger=True):
            try:
                await client.remove_word(self._api, word.id)
            except ApiProblem as problem:
                if problem.status != 404:
                    raise
            await self._place.refresh()


def _grouped(words: list[OptOutWord]) -> list[list[OptOutWord]]:
    """Ours, by what they mean, their language and their source."""
    found: dict[tuple[object, ...], list[OptOutWord]] = {}
    for word in words:
        if not word.own:
            found.setdefault((word.means, word.language, word.source, word.valid_from, word.valid_until), []).append(word)
    return sorted(found.values(), key=lambda group: (group[0].means != "out", group[0].language != "pt", -len(group)))
