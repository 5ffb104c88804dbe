"""Sending a place or a contact, as they come in: chosen in a small window."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from nicegui import events, ui

from api.contract.contents import Card, CardPhone, Contacts, Location, MessageContent
from api.contract.conversations import Conversation
from api.contract.kinds import ReplyKind
from api.contract.messages import Message
from api.contract.replies import ContactReply, LocationReply
from ui import formats, session
from ui.client import contacts as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.contact_field import ContactField
from ui.components.forms import Field, filled, mark, text_field
from ui.components.toast import toast
from ui.i18n import _
from ui.pages.inbox.outgoing import Outgoing
from ui.pages.inbox.thread import Thread

_DEGREES = r"(-?\d{1,3}(?:\.\d+)?)"
_IN_LINKS = (
    re.compile(rf"!3d{_DEGREES}!4d{_DEGREES}"),  # the pin, before where the map looks
    re.compile(rf"[?&](?:q|query|ll|destination|daddr)=(?:loc:)?{_DEGREES}(?:,|%2C)\+?\s*{_DEGREES}", re.IGNORECASE),
    re.compile(rf"@{_DEGREES},{_DEGREES}"),
    re.compile(rf"[?&]mlat={_DEGREES}&mlon={_DEGREES}"),
    re.compile(rf"#map=[\d.]+/{_DEGREES}/{_DEGREES}"),
)
# "-23,56" is one number as it is written in Portuguese: a bare comma stands between two only where both have a point.
_PLAIN = (
    re.compile(rf"\s*{_DEGREES}°?(?:\s*,\s+|\s*;\s*|\s+){_DEGREES}°?\s*"),
    re.compile(r"\s*(-?\d{1,3}\.\d+)°?\s*,\s*(-?\d{1,3}\.\d+)°?\s*"),
)
Written = LocationReply | ContactReply
Quoted = Callable[[], Message | None]


def coordinates(text: str) -> tuple[float, float] | None:
    """Latitude and longitude in a link of a map, or as they are written."""
    written = next((match for one in _PLAIN if (match := one.fullmatch(text))), None)
    found = written or next((match for one in _IN_LINKS if (match := one.search(text))), None)
    if found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


class Places:
    """`take` gives the message that the next answer names; `sent` is called after each that went."""

    def __init__(self, one: Conversation, thread: Thread, take: Quoted, sent: Callable[[], Awaitable[Any]]) -> None:
        self._one, self._thread, self._take, self._sent = one, thread, take, sent
        self._api = session.current().api

    def open(self, kind: ReplyKind) -> None:
        if kind is ReplyKind.LOCATION:
            self._ask_place(None, self._take)
        else:
            self._ask_contact(self._take)

    def _ask_place(self, known: LocationReply | None, quoted: Quoted) -> None:
        hint = _("A link of a map that shows the place, or latitude and longitude: -23.5614, -46.6559")
        with dialog(_("Send a place")) as box:
            written = f"{known.latitude}, {known.longitude}" if known else ""
            where = text_field(_("Place"), written, limit=2000, hint=hint)
            _here(where, hint)
            name = text_field(_("Name, if you like"), (known.name if known else "") or "", limit=200)
            address = text_field(_("Address, if you like"), (known.address if known else "") or "", limit=300)

            async def send() -> None:
                if not filled([where]):
                    return
                point = coordinates(where.value)
                if point is None:
                    said = _("No place was found in it. Open a short link first and copy the address of its page.")
                    mark({where: said})
                    return
                box.close()
                texts = ((one.value or "").strip() or None for one in (name, address))
                reply = LocationReply(latitude=point[0], longitude=point[1], name=next(texts), address=next(texts))
                shown = Location(latitude=point[0], longitude=point[1], name=reply.name, address=reply.address)
                await self._send(reply, shown, quoted())

            _foot(box, send)
        box.open()

    def _ask_contact(self, quoted: Quoted) -> None:
        with dialog(_("Send a contact"), _("The name and the number go, nothing else.")) as box:
            chosen = ContactField(self._api, None, write=True)

            async def send() -> None:
                if chosen.value is None:
                    mark({chosen.field: _("Choose a contact.")})
                    return
                try:
                    contact = await client.contact(self._api, chosen.value)
                except (ApiProblem, Offline) as error:
                    problems.show(error)
                    return
                number = next((one.value for one in contact.identities if one.kind == "phone"), "")
                box.close()
                card = Card(name=contact.name or number, phones=[CardPhone(phone=number)])
                await self._send(ContactReply(contact_id=contact.id), Contacts(contacts=[card]), quoted())

            _foot(box, send)
        box.open()

    async def _send(self, reply: Written, shown: MessageContent, quoted: Message | None) -> None:
        self._thread.to_end()
        back = partial(self._back, reply, quoted)
        await Outgoing(self._one.id, self._thread, reply, quoted, back, like=shown).send()
        await self._sent()

    def _back(self, reply: Written, quoted: Message | None, sure: bool) -> None:
        """What was not sent, to be changed and sent again."""
        if not sure:
            name = self._one.contact_name or self._one.address
            said = _("We do not know whether the message to {name} was sent: look before you send it again.")
            toast(said.format(name=name), "bad")
        if isinstance(reply, LocationReply):
            self._ask_place(reply, lambda: quoted)
        else:
            self._ask_contact(lambda: quoted)


def _here(where: Field[str], hint: str) -> None:
    """A press puts the coordinates of this browser into the field, once it may know them."""

    def told(event: events.GenericEventArguments) -> None:
        press.props.pop("loading", None)
        where.note(hint)
        if "refused" in event.args:
            mark({where: _unseen(event.args["refused"])})
            return
        where.value = f"{float(event.args['latitude']):.6f}, {float(event.args['longitude']):.6f}"
        where.note(_("You are here, to within {n} m.").format(n=formats.number(max(1, round(float(event.args["within"]))))))

    def asked() -> None:
        press.props["loading"] = True
        where.error("")
        where.note(_("Allow your place in the browser…"))

    press = button(_("My current place"), icon="my_location")
    press.on("click", asked, [])
    press.on("click", told, js_handler="() => masteria.here(emit)")


def _unseen(reason: object) -> str:
    """Why the browser does not say where it is, and what to do."""
    if reason == 1:
        return _("The browser may not know where you are. Allow it by the symbol beside the address, then press again.")
    return _("The browser did not find where you are. Press again, or paste a link of a map.")


def _foot(box: ui.dialog, send: Callable[[], Awaitable[None]]) -> None:
    with ui.element("div").classes("m-dialog-foot"):
        button(_("Cancel"), box.close, kind="plain")
        button(_("Send"), send, kind="primary", icon="send")
