"""POST /{phone_number_id}/messages: every check the real one makes, then acceptance into the ledger.

The hot path of the sandbox: one JSON decode, dictionary look-ups, one ledger row, one flight.
"""

import random
import re
import time
from typing import Any, Final

import msgspec

from workers.sandbox import people
from workers.sandbox.behaviour import BEYOND, HEALTHY, IMPOSSIBLE, chance, draw_fault
from workers.sandbox.config import Settings
from workers.sandbox.deliveries import Deliveries
from workers.sandbox.inbound import Inbound
from workers.sandbox.ledger import Flight, Ledger
from workers.sandbox.meta.account import MetaAccount, Number
from workers.sandbox.meta.errors import fail
from workers.sandbox.meta.ids import wamid
from workers.sandbox.meta.limits import Limits
from workers.sandbox.meta.media import Media
from workers.sandbox.meta.template_send import Refusal, check, media_ids
from workers.sandbox.meta.templates import Templates
from workers.sandbox.server import Reply, Request, json_reply

_JUNK: Final = str.maketrans("", "", " ()-.")
_DIGITS: Final = re.compile(r"\+?([1-9]\d{6,14})")
MEDIA_TYPES: Final = ("image", "video", "audio", "document", "sticker")
CATEGORIES: Final = {"MARKETING": "marketing", "UTILITY": "utility", "AUTHENTICATION": "authentication"}
CUT: Final = Reply(0, cut=True)


class Messages:
    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        limits: Limits,
        templates: Templates,
        media: Media,
        inbound: Inbound,
        deliveries: Deliveries,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._limits = limits
        self._templates = templates
        self._media = media
        self._inbound = inbound
        self._deliveries = deliveries
        self._dice = random.Random(settings.seed + 2)

    def send(self, account: MetaAccount, number: Number, request: Request) -> Reply:
        """One send, with the account's faults around it."""
        behaviour = account.behaviour
        fault = draw_fault(behaviour, self._dice)
        if fault.before == "reset":
            return CUT
        latency = behaviour.latency(self._dice)
        if fault.before == "429":
            reply = fail(130429, "Cloud API message throughput has been reached.")
        elif fault.before == "5xx":
            reply = fail(131000, "Something went wrong.", status=500)
        elif fault.before == "poison":
            reply = fail(self._dice.choice([131026, BEYOND]), "Poisoned\0")
        else:
            early = fault is HEALTHY and behaviour.disorder_share > 0 and self._dice.random() < behaviour.disorder_share
            try:
                reply = self._handle(account, number, request, early)
            except Refusal as refusal:
                reply = fail(refusal.code, refusal.details)
            else:
                if fault.after == "drop":
                    return CUT
                if fault.after == "5xx":
                    reply = fail(131000, "Something went wrong.", status=500)
                elif fault.after == "poison":
                    reply = json_reply({"messages": [{"id": self._dice.choice(IMPOSSIBLE)}]})
                elif fault.after == "hang":
                    latency = behaviour.hang_seconds
            if early:
                # long enough for the status webhook to come first
                latency += 0.3 + behaviour.batch_ms / 1000
        reply.delay = latency
        return reply

    def _handle(self, account: MetaAccount, number: Number, request: Request, early: bool) -> Reply:
        body = _decoded(request.body)
        if body.get("status") == "read":
            return self._receipt(account, body)
        if account.behaviour.refuse_code:
            raise Refusal(account.behaviour.refuse_code, "Refused as the sandbox was told to")
        if not number.registered:
            raise Refusal(133010, "The account is not registered on the Cloud API")
        phone = self._recipient(body)
        kind = body.get("type", "text")
        content = body.get(kind) if isinstance(kind, str) else None
        correlation = _correlation(body)
        context = body.get("context")
        if context is not None and not (isinstance(context, dict) and str(context.get("message_id", "")).startswith("wamid.")):
            raise Refusal(131009, "The parameter context['message_id'] is not the id of a message")
        if phone == number.display_phone_number:
            raise Refusal(131021, "The sender and the recipient are the same phone number")
        now = time.time()
        open_window = self._inbound.window_open(account.id, phone, now)
        if kind == "template":
            category = self._template(account, content)
        else:
            self._free_form(account, kind, content)
            if not open_window:
                raise Refusal(
                    131047,
                    "Message failed to send because more than 24 hours have passed since the customer last replied to "
                    "this number.",
                )
            category = "reaction" if kind == "reaction" else "service"
        self._limit(account, number, phone, open_window, now)
        return self._accept(account, number, request, body, phone, kind, content, category, correlation, early)

    def _limit(self, account: MetaAccount, number: Number, phone: str, open_window: bool, now: float) -> None:
        """Books the message against the limits of number, pair and portfolio. Raises `Refusal`."""
        if not self._limits.throughput(number, now):
            raise Refusal(130429, "Cloud API message throughput has been reached.")
        if not self._limits.pair(account, number, phone, now):
            raise Refusal(131056, "Too many messages sent from the sender phone number to the same recipient in a short period.")
        if not open_window and not self._limits.tier(account, phone, now):
            raise Refusal(131048, "Message failed to send because there are restrictions on how many messages can be sent.")

    def _accept(
        self,
        account: MetaAccount,
        number: Number,
        request: Request,
        body: dict[str, Any],
        phone: str,
        kind: str,
        content: Any,
        category: str,
        correlation: str,
        early: bool,
    ) -> Reply:
        wa_id = people.wa_id(phone, account.behaviour.short_wa_share)
        flight = Flight(0, "meta", account.id, number.phone_number_id, phone, wa_id, correlation, "", category, "accepted")
        said = {"type": kind, kind: content, **({"context": body["context"]} if body.get("context") else {})}
        booked = self._ledger.accept(flight, msgspec.json.encode(said), request.body, 0)
        self._deliveries.depart(flight, account, early=early)
        contact = {"input": body.get("to") or body.get("recipient"), "user_id": people.bsuid(phone)}
        if body.get("to"):
            contact["wa_id"] = wa_id
        message = {"id": wamid(self._inbound.salt, booked, wa_id)}
        if kind == "template":
            held = chance(self._settings.seed, booked, 40) < account.behaviour.held_share
            message["message_status"] = "held_for_quality_assessment" if held else "accepted"
        return json_reply({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})

    def _receipt(self, account: MetaAccount, body: dict[str, Any]) -> Reply:
        """Shows the person that their message was read; with a `typing_indicator` also that somebody writes."""
        message_id = body.get("message_id")
        if not isinstance(message_id, str) or not message_id.startswith("wamid."):
            raise Refusal(100, "The parameter message_id is required.")
        typing = body.get("typing_indicator")
        if typing is not None and typing != {"type": "text"}:
            raise Refusal(100, "Param typing_indicator['type'] must be one of {TEXT}")
        self._inbound.mark_read(account.id, message_id, typing=typing is not None)
        return json_reply({"success": True})

    def _recipient(self, body: dict[str, Any]) -> str:
        """Digits of the person. `to` wins over `recipient` (BSUID)."""
        to = body.get("to")
        if to is None and isinstance(body.get("recipient"), str):
            phone = people.phone_of(body["recipient"])
            if not phone:
                raise Refusal(131062, "The user id is not known to this business")
            return phone
        if not isinstance(to, str) or not to:
            raise Refusal(100, "The parameter to is required.")
        match = _DIGITS.fullmatch(to) or _DIGITS.fullmatch(to.translate(_JUNK))
        if match is None:
            raise Refusal(131009, f"Recipient {to[:40]!r} is not a valid phone number")
        return match[1]

    def _template(self, account: MetaAccount, content: Any) -> str:
        if not isinstance(content, dict) or not isinstance(content.get("name"), str):
            raise Refusal(131008, "The parameter template['name'] is required.")
        language = content.get("language")
        code = language.get("code") if isinstance(language, dict) else None
        if not isinstance(code, str):
            raise Refusal(131008, "The parameter template['language']['code'] is required.")
        template = self._templates.find(account.id, content["name"], code)
        if template is None or template.status not in ("APPROVED", "PAUSED", "DISABLED"):
            raise Refusal(132001, f"template name ({content['name']}) does not exist in {code}")
        if template.status == "PAUSED":
            raise Refusal(132015, f"Template {template.name} ({code}) is paused because of low quality")
        if template.status == "DISABLED":
            raise Refusal(132016, f"Template {template.name} ({code}) is disabled because of low quality")
        components = content.get("components") or []
        if not isinstance(components, list):
            raise Refusal(131009, "components must be a list")
        check(template, components)
        for identifier in media_ids(components):
            if self._media.find(account.id, identifier) is None:
                raise Refusal(131053, f"Media ID {identifier} does not exist or has expired")
        return CATEGORIES[template.category]

    def _free_form(self, account: MetaAccount, kind: Any, content: Any) -> None:
        if kind == "text":
            text = content.get("body") if isinstance(content, dict) else None
            if not isinstance(text, str) or not text:
                raise Refusal(131008, "The parameter text['body'] is required.")
            if len(text) > 4096:
                raise Refusal(100, "Param text['body'] must be at most 4096 characters long.")
        elif kind in MEDIA_TYPES:
            self._media_content(account, kind, content)
        elif kind == "interactive":
            _interactive(content)
        elif kind == "location":
            if not isinstance(content, dict) or not {"latitude", "longitude"} <= content.keys():
                raise Refusal(131008, "location needs latitude and longitude")
        elif kind == "contacts":
            if not isinstance(content, list) or not content:
                raise Refusal(131008, "contacts must be a list of contacts")
        elif kind == "reaction":
            if not isinstance(content, dict) or not content.get("message_id"):
                raise Refusal(131008, "The parameter reaction['message_id'] is required.")
        else:
            raise Refusal(100, f"Param type must be one of the supported message types, got {kind!r}")

    def _media_content(self, account: MetaAccount, kind: str, content: Any) -> None:
        if not isinstance(content, dict) or not (content.get("id") or content.get("link")):
            raise Refusal(131008, f"The parameter {kind}['id'] or {kind}['link'] is required.")
        if (identifier := content.get("id")) and self._media.find(account.id, str(identifier)) is None:
            raise Refusal(131053, f"Media ID {identifier} does not exist or has expired")
        if len(str(content.get("caption") or "")) > 1024:
            raise Refusal(100, "Param caption must be at most 1024 characters long.")


def _decoded(raw: bytes) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(100, f"The body is not JSON: {error}") from None
    if not isinstance(body, dict) or body.get("messaging_product") != "whatsapp":
        raise Refusal(100, "The parameter messaging_product is required.")
    return body


def _correlation(body: dict[str, Any]) -> str:
    correlation = body.get("biz_opaque_callback_data", "")
    if not isinstance(correlation, str) or len(correlation) > 512:
        raise Refusal(100, "biz_opaque_callback_data must be a string of at most 512 characters")
    return correlation


def _interactive(content: Any) -> None:
    """Limits of buttons, lists and links (docs/contracts/meta-whatsapp.md)."""
    if not isinstance(content, dict) or not isinstance(content.get("action"), dict):
        raise Refusal(131008, "The parameter interactive['action'] is required.")
    action, kind = content["action"], content.get("type")
    text = str((content.get("body") or {}).get("text") or "")
    if len(text) > (4096 if kind == "list" else 1024):
        raise Refusal(131009, "interactive body is too long")
    if kind == "button":
        replies = [b.get("reply") or {} for b in action.get("buttons") or []]
        if not 1 <= len(replies) <= 3:
            raise Refusal(131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
        if any(not 1 <= len(str(r.get("title", ""))) <= 20 or len(str(r.get("id", ""))) > 256 for r in replies):
            raise Refusal(131009, "Button title length invalid. Min length: 1, Max length: 20")
    elif kind == "list":
        sections = action.get("sections") or []
        rows = [row for section in sections for row in section.get("rows") or []]
        if not 1 <= len(rows) <= 10 or len(sections) > 10:
            raise Refusal(131009, "Total row count exceed max allowed count: 10")
        if any(not 1 <= len(str(r.get("title", ""))) <= 24 or len(str(r.get("description", ""))) > 72 for r in rows):
            raise Refusal(131009, "Row title length invalid. Min length: 1, Max length: 24")
        if not 1 <= len(str(action.get("button", ""))) <= 20:
            raise Refusal(131009, "List button length invalid. Min length: 1, Max length: 20")
