"""The part of the settings page about API keys: make one (shown once), see what it may do and from where, give it a new secret, revoke."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from nicegui import ui

from api.contract.accounts import ApiKey, ApiKeyCreate, ApiKeyCreated, ApiKeyPatch, ApiKeyRotate
from api.contract.base import Page
from api.contract.enums import KeyEnd, Permission
from ui import formats, session
from ui.client import accounts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, copy_field
from ui.components.cards import card, item, note
from ui.components.confirm import confirm, dialog
from ui.components.forms import Field, area_field, filled, lead_to, select_field, text_field
from ui.components.menus import Choice, more
from ui.components.states import empty, load, skeleton_list
from ui.components.text import badge, icon
from ui.components.toast import toast
from ui.i18n import _, ngettext, pgettext
from ui.labels.accounts import permission_name

DAYS = (30, 90, 365)
OVERLAP = (0, 1, 7, 30)  # days in which the old secret works too


def draw_keys() -> None:
    me = session.current()

    async def revoke(key: ApiKey) -> None:
        sure = await confirm(
            _("Revoke {name}?").format(name=key.name),
            _("What uses this key stops working at once."),
            yes=_("Revoke"),
            danger=True,
            more=[_("Webhooks that were made with it go on; they stand under Settings, Webhooks.")],
        )
        if sure:
            await accounts.revoke_api_key(me.api, key.id)
            toast(_("The key no longer works."))
            await place.refresh()

    def draw(page: Page[ApiKey]) -> None:
        if not page.items:
            with card():
                empty(
                    "key",
                    _("No API keys yet"),
                    _("With a key your own systems can do what you do here: contacts, campaigns, results."),
                    action=_("Create key"),
                    on_click=lambda: _create(place.refresh),
                )
            return
        create = lambda: button(_("Create key"), lambda: _create(place.refresh), kind="primary", icon="add")  # noqa: E731
        with card(_("API keys"), hint=_("For your own systems. Treat them like passwords."), actions=create, flush=True):
            for key in page.items:
                with item():
                    icon("key")
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(key.name).classes("m-strong m-clip")
                        ui.label(_facts(key)).classes("m-hint")
                        ui.label(_may(key)).classes("m-hint")
                        if key.ended_because is not None:
                            ui.label(_ended(key.ended_because)).classes("m-hint")
                        elif key.second_factor_missing:
                            text = _("It works again once {name} has set up the second step at sign-in.")
                            ui.label(text.format(name=key.created_by)).classes("m-hint")
                    _draw_state(key)
                    if key.ended_at is not None:
                        continue
                    more(
                        [
                            Choice(_("Addresses"), partial(_from_where, key, place.refresh), "lan"),
                            Choice(_("New secret"), partial(_rotate, key, place.refresh), "autorenew"),
                            *_outdated(key, place.refresh),
                            *_asked(key),
                            Choice(_("Revoke"), partial(revoke, key), "block", danger=True, line=True),
                        ],
                        _("More about {name}").format(name=key.name),
                    )

    place = load(lambda: accounts.api_keys(me.api), draw, lambda: skeleton_list(3))


def _draw_state(key: ApiKey) -> None:
    if key.test:
        badge(_("Test"), "info")
    if key.ended_at is not None:
        badge(_("Ended"), "warn")
    elif key.expires_at and key.expires_at < datetime.now(UTC):
        badge(_("Expired"), "warn")
    elif key.second_factor_missing:
        badge(pgettext("api key", "Stopped"), "warn")


def _outdated(key: ApiKey, refresh: Callable[[], Awaitable[None]]) -> list[Choice]:
    """The way to the newest version of the API, for who is not there yet."""
    if key.api_version == key.newest_version:
        return []

    async def renew() -> None:
        sure = await confirm(
            _("Answer {name} in the newest version?").format(name=key.name),
            _("What uses the key gets answers in the form of {day}. Whoever built it should have tried that before.").format(
                day=key.newest_version
            ),
            yes=_("Use the newest version"),
        )
        if sure:
            await accounts.change_api_key(session.current().api, key.id, ApiKeyPatch(api_version=key.newest_version))
            toast(_("Saved."))
            await refresh()

    return [Choice(_("Use the newest version of the API"), renew, "upgrade")]


def _asked(key: ApiKey) -> list[Choice]:
    """The way to what was asked with it, for who may see that."""
    if not session.current().may(Permission.AUDIT_READ):
        return []
    return [Choice(_("API requests"), lambda: ui.navigate.to(f"/settings/requests?key={key.id}"), "receipt_long")]


def _facts(key: ApiKey) -> str:
    maker = [_("made by {name}").format(name=key.created_by)] if key.created_by else []
    used = _("last used {when}").format(when=formats.ago(key.last_used_at)) if key.last_used_at else _("never used")
    if key.last_used_at and key.last_used_from:
        used = _("last used {when} from {address}").format(when=formats.ago(key.last_used_at), address=key.last_used_from)
    until = [_("valid until {day}").format(day=formats.day(key.expires_at))] if key.expires_at else []
    where = [_("only from {addresses}").format(addresses=", ".join(key.addresses))] if key.addresses else []
    old = []
    if key.old_valid_until:
        old = [_("the old secret works until {when}").format(when=formats.day(key.old_valid_until))]
    version = [_("API version {day}").format(day=key.api_version)] if key.api_version != key.newest_version else []
    return " · ".join([f"{key.prefix}…", *maker, used, *until, *where, *old, *version])


def _may(key: ApiKey) -> str:
    if set(key.scopes) == set(Permission):
        return _("May do everything")
    return ", ".join(permission_name(scope) for scope in sorted(key.scopes, key=list(Permission).index))


def _ended(because: KeyEnd) -> str:
    return {
        KeyEnd.MAKER_REMOVED: _("The person who made it is no longer in the team. Make a new key for what still needs one."),
        KeyEnd.MAKER_DEMOTED: _(
            "It could do more than the person who made it may do now. Make a new key for what still needs one."
        ),
        KeyEnd.MAKER_UNKNOWN: _("Nobody knows any more who made it. Make a new key for what still needs one."),
    }[because]


def _create(refresh: Callable[[], Awaitable[None]]) -> None:
    me = session.current()
    ticks: dict[Permission, ui.checkbox] = {}

    async def submit() -> None:
        scopes = [scope for scope, tick in ticks.items() if tick.value]
        wrong.text = "" if scopes else _("Choose at least one permission.")
        if not filled([name]):
            return
        if not scopes:
            lead_to(wrong, wrong.text)
            return
        expires = datetime.now(UTC) + timedelta(days=int(days.value)) if days.value else None
        try:
            created = await accounts.create_api_key(
                me.api,
                ApiKeyCreate(
                    name=name.value.strip(), scopes=scopes, expires_at=expires, addresses=_lines(where.value), test=test.value
                ),
            )
        except ApiProblem as error:
            problems.show_in({"name": name, "addresses": where}, error)
            return
        _show_secret(created, inside, box)
        await refresh()

    with dialog(_("New API key"), wide=True) as box, ui.element("div").classes("m-col") as inside:
        name = text_field(_("Name"), placeholder=_("What uses it, for example: online shop"), limit=120)
        choices = {0: _("Does not end")} | {n: ngettext("{n} day", "{n} days", n).format(n=n) for n in DAYS}
        days = select_field(_("Valid for"), choices, 90)
        where = _addresses([])
        test = ui.checkbox(_("Test key: reaches the simulator only")).props("dense size=sm")
        ui.label(_("What it may do")).classes("m-label")
        with ui.element("div").classes("m-scopes"):
            for scope in sorted(me.me.permissions, key=list(Permission).index):
                ticks[scope] = ui.checkbox(permission_name(scope)).props("dense size=sm")
        wrong = ui.label().classes("m-field-error").props("aria-live=polite")
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Create key"), submit, kind="primary")
    box.open()


def _addresses(known: list[str]) -> Field[str]:
    return area_field(
        _("Only from these addresses"),
        "\n".join(known),
        placeholder="203.0.113.7\n203.0.113.0/24",
        hint=_("One address or network per line. Empty: from everywhere."),
        rows=3,
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace(",", "\n").splitlines() if line.strip()]


def _from_where(key: ApiKey, refresh: Callable[[], Awaitable[None]]) -> None:
    me = session.current()

    async def submit() -> None:
        try:
            await accounts.change_api_key(me.api, key.id, ApiKeyPatch(addresses=_lines(where.value)))
        except ApiProblem as error:
            problems.show_in({"addresses": where}, error)
            return
        box.close()
        toast(_("Saved."))
        await refresh()

    with dialog(_("From where {name} is used").format(name=key.name)) as box, ui.element("div").classes("m-col"):
        where = _addresses(key.addresses)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Save"), submit, kind="primary")
    box.open()


def _rotate(key: ApiKey, refresh: Callable[[], Awaitable[None]]) -> None:
    me = session.current()

    async def submit() -> None:
        until = datetime.now(UTC) + timedelta(days=int(days.value)) if days.value else None
        if until is not None:
            until -= timedelta(minutes=1)  # clocks differ: thirty days are the most
        try:
            created = await accounts.rotate_api_key(me.api, key.id, ApiKeyRotate(old_valid_until=until))
        except ApiProblem as error:
            problems.show_in({"old_valid_until": days}, error)
            return
        _show_secret(created, inside, box)
        await refresh()

    with dialog(_("New secret for {name}").format(name=key.name)) as box, ui.element("div").classes("m-col") as inside:
        choices = {n: ngettext("{n} day", "{n} days", n).format(n=n) if n else _("Not at all") for n in OVERLAP}
        days = select_field(
            _("How long the old secret works too"),
            choices,
            7,
            hint=_("Until then change it where it is used; nothing stops meanwhile."),
        )
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Make new secret"), submit, kind="primary")
    box.open()


def _show_secret(created: ApiKeyCreated, inside: ui.element, box: ui.dialog) -> None:
    inside.clear()
    with inside:
        with note("warn", _("Copy the key now. It is not shown again."), name="warning"):
            pass
        copy_field(created.secret, label=_("Copy key"))
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="primary")
