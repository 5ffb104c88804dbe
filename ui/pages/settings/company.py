"""The part of the settings page about the company: name, language, country of its numbers, time zone."""

from functools import cache
from zoneinfo import available_timezones

from babel.core import get_global
from nicegui import ui

from api.contract.accounts import Company, CompanyPatch
from api.contract.enums import Language, Permission
from ui import formats, session
from ui.client import accounts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.cards import card
from ui.components.forms import filled, form, number_field, select_field, text_field
from ui.components.states import load
from ui.components.toast import toast
from ui.i18n import LANGUAGES, _
from ui.labels.places import countries
from ui.pages.settings.room import draw_room


@cache
def _places(language: str) -> dict[str, str]:
    """City and distance from Greenwich by IANA name, in the language's alphabet; second names of one zone left out."""
    areas = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    aliases = get_global("zone_aliases")
    found = {}
    for name in available_timezones():
        if name.startswith(areas) and name not in aliases:
            found[name] = formats.place(name, language)
    return dict(sorted(found.items(), key=lambda pair: pair[1])) | {"UTC": "UTC"}


def zones() -> dict[str, str]:
    """IANA names to what people read: America/Sao_Paulo → São Paulo (GMT-03:00)."""
    return dict(_places(formats.locale()))


def draw_company() -> None:
    me = session.current()
    may_write = me.may(Permission.COMPANY_WRITE)

    def draw(company: Company) -> None:
        async def save() -> None:
            if not filled([name]):
                return
            body = CompanyPatch(
                name=name.value.strip(),
                language=Language(language.value),
                time_zone=zone.value,
                country=country.value,
                same_text_hours=int(again.value or 0),
            )
            try:
                await accounts.change_company(me.api, body)
            except ApiProblem as error:
                places = {"name": name, "time_zone": zone, "country": country, "language": language, "same_text_hours": again}
                problems.show_in(places, error)
                return
            toast(_("Saved."))

        with (
            ui.element("div").classes("m-forms"),
            card(_("Company"), hint=_("Since {day}").format(day=formats.day(company.created_at))),
        ):
            name = text_field(_("Company name"), company.name, limit=120)
            all_zones = zones()
            all_zones.setdefault(company.time_zone, company.time_zone)
            zone = select_field(
                _("Time zone"), all_zones, company.time_zone, search=True, hint=_("Times and days on all screens follow it.")
            )
            country = select_field(
                _("Country"), countries(), company.country, search=True, hint=_("Numbers without a country code belong to it.")
            )
            language = select_field(
                _("Language"), LANGUAGES, company.language.value, hint=_("For e-mails and for people who join.")
            )
            again = number_field(
                _("Same SMS only once in (hours)"),
                company.same_text_hours,
                low=0,
                high=168,
                hint=_(
                    "The same text does not go to a number twice within this time, in campaigns and sequences. 0: no such rule."
                ),
            )
            if may_write:
                form(save, _("Save"))
            else:
                for field in (name, zone, country, language, again):
                    field.control.props("readonly disable")

    load(lambda: accounts.company(me.api), draw)
    if may_write:
        draw_room()
