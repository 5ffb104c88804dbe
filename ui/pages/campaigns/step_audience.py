"""Second step: who gets the message: everyone, by tags, the people of an import, or a filter; and who is spared this time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import structs
from nicegui import ui

from api.contract.campaigns import CampaignSettings
from api.contract.contacts import ContactFilter, CustomField, Import, Tag
from api.contract.enums import ImportState
from api.contract.segments import Received, Segment
from ui import formats
from ui.client import campaigns, segments
from ui.client.base import ApiClient
from ui.components.cards import card, note
from ui.components.forms import number_field, select_field, switch_field, text_field
from ui.components.picks import Picks
from ui.components.text import icon
from ui.i18n import _, ngettext, pgettext
from ui.labels import campaigns as campaign_labels
from ui.labels import reasons

RECENT_DAYS = 7


class Choices(NamedTuple):
    tags: list[Tag]
    fields: list[CustomField]
    imports: list[Import]
    segments: list[Segment]


async def choices(api: ApiClient) -> Choices:
    """All that there is to choose from."""
    return Choices(
        await campaigns.tags(api), await campaigns.custom_fields(api), await campaigns.imports(api), await segments.segments(api)
    )


def mode_of(audience: ContactFilter) -> str | None:
    """The choice that this audience came from; None when nothing was chosen yet."""
    if audience.everyone:
        return "everyone"
    if audience.ids:
        return "selection"
    if followed(audience) is not None:
        return "follow"
    if audience.segment_id is not None or audience.rule is not None:
        return "segment"
    if audience.import_id is not None:
        return "import"
    if audience.tags or audience.without_tags:
        return "tags"
    return "filter" if audience.picks else None


def followed(audience: ContactFilter) -> Received | None:
    """The campaign of which this audience is a part, where it is nothing else."""
    rule = audience.rule
    if rule is None or rule.groups or len(rule.conditions) != 1 or audience != ContactFilter(rule=rule) or rule.match == "none":
        return None
    only = rule.conditions[0]
    return only if isinstance(only, Received) else None


def beside(mode: str | None, audience: ContactFilter, fields: Sequence[str]) -> ContactFilter:
    """What else this audience asks for, that the choice `mode` does not show. `fields`: keys of the own fields that it can show."""
    key = next((key for key in audience.custom if key in fields), "")
    shown: dict[str, dict[str, Any]] = {
        "everyone": {"everyone": False},
        "tags": {"tags": [], "all_tags": False, "without_tags": []},
        "segment": {"segment_id": None, "rule": None},
        "import": {"import_id": None},
        "filter": {"search": None, "line": None, "custom": {name: text for name, text in audience.custom.items() if name != key}},
        "selection": {"ids": []},
        "follow": {"rule": None},
    }
    return structs.replace(audience, **shown.get(mode or "", {}))


def missing(mode: str | None) -> str:
    """What to do about a choice with nothing picked."""
    return {
        "tags": _("Choose at least one tag. To write to all contacts, choose “Everyone”."),
        "segment": _("Choose the segment. To write to all contacts, choose “Everyone”."),
        "import": _("Choose the import. To write to all contacts, choose “Everyone”."),
        "filter": _("Fill in at least one field. To write to all contacts, choose “Everyone”."),
    }.get(mode or "", _("Choose who gets the message."))


def _unlisted(tags: Sequence[UUID], names: Mapping[str, str]) -> list[UUID]:
    return [tag for tag in tags if str(tag) not in names]


class AudienceStep:
    """Draws the choices; `change(audience=…)` or `change(settings=…)` on every move. What the audience of a partner holds beside them
    stays as long as something is picked: a choice here never lets more people in than it says."""

    def __init__(self, audience: ContactFilter, settings: CampaignSettings, choices: Choices, change: Callable[..., Any]) -> None:
        self._audience, self._settings, self._choices, self._change = audience, settings, choices, change
        self._mode, self._first = mode_of(audience), audience
        with ui.element("div").classes("m-col m-gap"):
            self._draw_picks()
            self._panel = ui.element("div").classes("w-full")
            self._beside = ui.element("div").classes("w-full")
            self._missing = ui.element("div").classes("w-full")
            self._draw_panel()
            with card():
                self._draw_recent()

    def _draw_picks(self) -> None:
        modes = [
            ("everyone", "groups", _("Everyone")),
            ("tags", "sell", _("By tags")),
            ("segment", "diversity_3", _("A segment")),
            ("import", "upload_file", _("From an import")),
            ("filter", "filter_alt", _("With a filter")),
        ]
        if self._audience.ids:
            modes.append(("selection", "checklist", _("Chosen contacts")))
        if followed(self._audience) is not None:
            modes.append(("follow", "subdirectory_arrow_right", _("From a campaign")))
        picks = Picks(_("Audience"), self._mode, self._choose, "m-picks-small")
        for key, symbol, name in modes:
            with picks.card(key):
                icon(symbol)
                ui.label(name).classes("m-strong m-clip")

    def _draw_panel(self) -> None:
        self._panel.clear()
        with self._panel:
            {
                None: lambda: None,
                "everyone": lambda: None,
                "tags": self._draw_tags,
                "segment": self._draw_segments,
                "import": self._draw_imports,
                "filter": self._draw_filter,
                "selection": self._draw_selection,
                "follow": self._draw_followed,
            }[self._mode]()
        self._draw_beside()

    def _draw_beside(self) -> None:
        """Says what narrows the audience besides what is shown, as the list of contacts or a partner set it."""
        found = self._choices
        names = campaign_labels.Names(
            tags={str(tag.id): tag.name for tag in found.tags},
            fields={one.key: one.label for one in found.fields},
            file=next((one.filename for one in found.imports if one.id == self._audience.import_id), ""),
            segment=next((one.name for one in found.segments if one.id == self._audience.segment_id), ""),
        )
        rest = beside(self._mode, self._audience, list(names.fields))
        said = campaign_labels.conditions(rest, names)
        self._beside.clear()
        self._beside.set_visibility(bool(said))
        if said:
            with self._beside, note("info", _("Only those who also fit: {conditions}").format(conditions=" · ".join(said))):
                pass

    def _choose(self, mode: str) -> None:
        if mode != self._mode:
            self._mode = mode
            self._set(self._first if mode == "follow" else ContactFilter(everyone=mode == "everyone"))
            self._draw_panel()

    def _set(self, audience: ContactFilter) -> None:
        self._audience = audience
        self._missing.clear()
        self._draw_beside()
        self._change(audience=audience)

    def complete(self) -> bool:
        """Whether somebody is picked; says what is missing where it is not."""
        if self._audience.picks:
            return True
        self._missing.clear()
        with self._missing, note("bad", missing(self._mode)) as said:
            pass
        said.props.update({"role": "alert", "tabindex": "-1"})
        ui.run_javascript(f"masteria.reveal({said.id})")
        return False

    def _draw_tags(self) -> None:
        if not self._choices.tags:
            with note("info", _("You have no tags yet. Give your contacts tags, or choose another way.")):
                ui.link(_("To the contacts"), "/contacts").classes("m-link")
            return
        names = {str(tag.id): f"{tag.name} · {formats.number(tag.contacts)}" for tag in self._choices.tags}

        known = self._audience
        unlisted = _unlisted(known.tags, names)
        # Nobody is meant while it stands here: it is shown, so that it can be taken out.
        left_out = {**names, **{str(tag): _("A tag that was deleted") for tag in _unlisted(known.without_tags, names)}}

        def read() -> None:
            tags = [UUID(tag) for tag in chosen.value or []]
            self._set(
                structs.replace(
                    known if tags else ContactFilter(),
                    tags=[*tags, *unlisted] if tags else [],
                    all_tags=every.value == "all",
                    without_tags=[UUID(tag) for tag in without.value or []],
                )
            )

        with card():
            with ui.element("div").classes("m-grid m-grid-wide"):
                chosen = select_field(
                    _("With these tags"), names, [str(t) for t in known.tags if str(t) in names],
                    search=True, multiple=True, clearable=True, placeholder=_("Choose tags"), on_change=read,
                )  # fmt: skip
                every = select_field(
                    _("How many of them"),
                    {"any": _("Any of these tags"), "all": _("All of these tags")},
                    "all" if known.all_tags else "any",
                    on_change=read,
                )
            without = select_field(
                _("But not with these tags"), left_out, [str(t) for t in known.without_tags],
                search=True, multiple=True, clearable=True, on_change=read,
            )  # fmt: skip

    def _draw_segments(self) -> None:
        known = self._audience
        if known.rule is not None and known.segment_id is None:
            with note("info", _("Conditions of its own, made over the API.")):
                pass
            return
        if not self._choices.segments:
            with note(
                "info", _("You have no segments yet. A segment is a group such as customers who have not written for 30 days.")
            ):
                ui.link(_("New segment"), "/contacts/segments/new").classes("m-link")
            return
        names = {str(one.id): one.name for one in self._choices.segments}

        def read() -> None:
            self._set(structs.replace(before, segment_id=UUID(chosen.value)) if chosen.value else ContactFilter())

        before = known
        now = str(known.segment_id) if known.segment_id else None
        with card():
            chosen = select_field(
                _("Segment"), names, now if now in names else None, search=len(names) > 8, on_change=read,
                hint=_("Who is in it when the campaign starts gets the message."),
            )  # fmt: skip
            ui.link(_("See or make segments"), "/contacts/segments").classes("m-link")

    def _draw_imports(self) -> None:
        done = [one for one in self._choices.imports if one.state == ImportState.COMPLETED]
        if not done:
            with note("info", _("You have not imported a list yet.")):
                ui.link(_("Import contacts"), "/imports").classes("m-link")
            return
        names = {
            str(
                one.id
            ): f"{one.filename} · {formats.moment(one.created_at)} · {formats.number(one.created + one.updated + one.unchanged)}"
            for one in done
        }

        def read() -> None:
            self._set(structs.replace(before, import_id=UUID(chosen.value)) if chosen.value else ContactFilter())

        before = self._audience
        known = str(before.import_id) if before.import_id else None
        with card():
            chosen = select_field(
                pgettext("a list that came in", "Import"), names, known if known in names else None, search=len(names) > 8, on_change=read,
                hint=_("Everyone in the file gets it, new and already known."),
            )  # fmt: skip

    def _draw_filter(self) -> None:
        known = self._audience
        fields = {"": _("No field"), **{one.key: one.label for one in self._choices.fields}}
        key = next((key for key in known.custom if key in fields), "")
        value = known.custom.get(key, "")
        unlisted = {other: text for other, text in known.custom.items() if other != key}

        def read() -> None:
            custom = {field.value: text.value.strip()} if field.value and text.value.strip() else {}
            line_value = line.value if line.value in {"mobile", "fixed"} else None
            shown = ContactFilter(search=search.value.strip() or None, line=line_value, custom=custom)
            if shown.picks:
                shown = structs.replace(known, search=shown.search, line=shown.line, custom=unlisted | custom)
            self._set(shown)

        with card():
            with ui.element("div").classes("m-grid m-grid-wide"):
                search = text_field(_("Name or number contains"), known.search or "", limit=100, on_change=read)
                line = select_field(
                    _("Kind of line"),
                    {"any": _("Any line"), "mobile": _("Mobile"), "fixed": _("Landline")},
                    known.line or "any",
                    on_change=read,
                )
            if self._choices.fields:
                with ui.element("div").classes("m-grid m-grid-wide"):
                    field = select_field(_("Own field"), fields, key, on_change=read)
                    text = text_field(_("is exactly"), value, limit=500, on_change=read)
            else:
                field, text = select_field("", {"": ""}, ""), text_field("")
                field.hide()
                text.hide()

    def _draw_selection(self) -> None:
        count = len(self._audience.ids)
        text = ngettext("{n} contact that you chose in the list.", "{n} contacts that you chose in the list.", count)
        with note("info", text.format(n=formats.number(count))):
            pass

    def _draw_followed(self) -> None:
        only = followed(self._audience)
        assert only is not None
        said = {
            "not_read": _(
                "Exactly those who got another campaign and did not read it. Who reads it before the start is left out."
            ),
            "not_replied": _(
                "Exactly those who got another campaign and did not answer. Who answers before the start is left out."
            ),
            "failed": _("Exactly those whom another campaign did not reach."),
            "not_sent": _("Exactly those whose turn had not come when another campaign stopped."),
        }.get(only.result, _("Exactly a part of those of another campaign."))
        if only.reason:
            said += " " + _("Reason: {reason}").format(reason=reasons.failure(only.reason).name)
        with note("info", said):
            ui.link(_("See that campaign"), f"/campaigns/{only.campaign_id}").classes("m-link")

    def _draw_recent(self) -> None:
        days = self._settings.skip_recent_days

        def switched(on: bool) -> None:
            amount.hide(not on)
            amount.value = RECENT_DAYS if on and not amount.value else amount.value
            read()

        def read() -> None:
            value = int(amount.value or 0) if switch.value else 0
            if 0 <= value <= 90 and value != self._settings.skip_recent_days:
                self._settings = structs.replace(self._settings, skip_recent_days=value)
                self._change(settings=self._settings)

        switch = switch_field(
            _("Spare people who got a campaign not long ago"),
            bool(days),
            hint=_(
                "They stay out of this one, so nobody gets too much. What another campaign still has for them counts, what failed does not."
            ),
            on_change=switched,
        )
        amount = number_field(_("How many days back"), days or RECENT_DAYS, low=1, high=90, suffix=_("days"), on_change=read)
        amount.element.classes("m-short")
        amount.hide(not days)
