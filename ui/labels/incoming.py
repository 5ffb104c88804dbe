"""Incoming hooks in words: what became of a delivery, and what a field of a step is called."""

from api.contract.enums import IncomingSource, IncomingState, LeadChoice, LeadDone, Sameness, SignatureEncoding
from api.contract.incoming import IncomingDelivery
from ui.components.text import Tone
from ui.i18n import _

STATE_TONES: dict[IncomingState, Tone] = {
    IncomingState.WAITING: "info",
    IncomingState.DONE: "ok",
    IncomingState.DUPLICATE: "quiet",
    IncomingState.FAILED: "bad",
    IncomingState.OFF: "quiet",
}


def states() -> dict[IncomingState, str]:
    return {
        IncomingState.WAITING: _("Waiting"),
        IncomingState.DONE: _("Done"),
        IncomingState.DUPLICATE: _("Came before"),
        IncomingState.FAILED: _("Not done"),
        IncomingState.OFF: _("Switched off"),
    }


def sources() -> dict[IncomingSource, str]:
    return {
        IncomingSource.POST: _("Posted"),
        IncomingSource.TEST: _("Sample"),
        IncomingSource.REPLAY: _("Carried out again"),
    }


def choices() -> dict[LeadChoice, str]:
    return {
        LeadChoice.MOVE: _("Move the open card of this contact, if there is one"),
        LeadChoice.NEW: _("Always make a new card"),
    }


def samenesses() -> dict[Sameness, str]:
    return {
        Sameness.BODY: _("Exactly the same content"),
        Sameness.KEY: _("The same value at one place"),
        Sameness.NONE: _("Nothing: everything is carried out"),
    }


def encodings() -> dict[SignatureEncoding, str]:
    return {SignatureEncoding.HEX: _("Hexadecimal"), SignatureEncoding.BASE64: _("Base64")}


def lead_done(done: LeadDone) -> str:
    return {
        LeadDone.MADE: _("card made"),
        LeadDone.MOVED: _("card moved"),
        LeadDone.CHANGED: _("card updated"),
    }[done]


def effects(delivery: IncomingDelivery) -> str:
    """What a delivery did, in a few words; "" for one that did nothing."""
    parts = []
    if delivery.contact_id is not None:
        parts.append(_("contact made") if delivery.contact_made else _("contact found"))
    if delivery.lead_done is not None:
        parts.append(lead_done(delivery.lead_done))
    if delivery.message_id is not None:
        parts.append(_("message queued"))
    if delivery.campaign_id is not None:
        parts.append(_("put into a campaign"))
    if delivery.cadence_id is not None:
        parts.append(_("put into a sequence"))
    return " · ".join(parts)


def place(field: str) -> str:
    """The field of a step that a problem names, as the form calls it."""
    name = field.split(".")[1].partition("[")[0] if "." in field else ""
    return {
        "external_id": _("Your own id"),
        "phone": _("Phone"),
        "email": _("E-mail"),
        "name": _("Name"),
        "fields": _("Own fields"),
        "tags": _("Tags"),
        "board_id": _("Board"),
        "stage_id": _("Stage"),
        "title": _("Title of the card"),
        "value": _("Value"),
        "template_id": _("Template"),
        "campaign_id": _("Campaign"),
        "cadence_id": _("Sequence"),
        "values": _("Gaps of the template"),
    }.get(name, "")
