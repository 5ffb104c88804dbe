"""Webhook fields about an account, a number or a template: what they tell, in our closed words.

A field or word that is not here becomes an `OtherEvent`, which is counted and kept. Source: Graph API webhooks reference,
WhatsApp Business Account.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from db import storable
from db.channels.enums import NoticeCode
from workers.providers.events import (
    AccountEvent,
    AnyEvent,
    NoticeEvent,
    OtherEvent,
    QualityEvent,
    TemplateEvent,
    TierEvent,
)
from workers.providers.meta.values import MAX_ADDRESS, moment, short

TEMPLATE_FIELDS = frozenset(
    (
        "message_template_status_update",
        "message_template_quality_update",
        "template_category_update",
        "message_template_components_update",
    )
)
ACCOUNT = {
    "ACCOUNT_RESTRICTION": NoticeCode.ACCOUNT_RESTRICTED,
    "ACCOUNT_VIOLATION": NoticeCode.ACCOUNT_VIOLATION,
    "ACCOUNT_DELETED": NoticeCode.ACCOUNT_DELETED,
    "PARTNER_REMOVED": NoticeCode.APP_REMOVED,
    "PARTNER_APP_UNINSTALLED": NoticeCode.APP_REMOVED,
    "PARTNER_ADDED": NoticeCode.APP_ADDED,
    "PARTNER_APP_INSTALLED": NoticeCode.APP_ADDED,
}
BANS = {
    "DISABLE": NoticeCode.ACCOUNT_DISABLED,
    "SCHEDULE_FOR_DISABLE": NoticeCode.ACCOUNT_DISABLE_SCHEDULED,
    "REINSTATE": NoticeCode.ACCOUNT_REINSTATED,
}
REVIEWS = {
    "APPROVED": NoticeCode.REVIEW_APPROVED,
    "REJECTED": NoticeCode.REVIEW_REJECTED,
    "PENDING": NoticeCode.REVIEW_PENDING,
    "DEFERRED": NoticeCode.REVIEW_PENDING,
}
NAMES = {
    "APPROVED": NoticeCode.NAME_APPROVED,
    "REJECTED": NoticeCode.NAME_REJECTED,
    "PENDING": NoticeCode.NAME_PENDING,
    "DEFERRED": NoticeCode.NAME_PENDING,
}
PINS = {
    "PIN_CHANGED": NoticeCode.PIN_CHANGED,
    "PIN_RESET_REQUEST": NoticeCode.PIN_RESET_REQUESTED,
    "PIN_RESET_SUCCESS": NoticeCode.PIN_CHANGED,
}
QUALITIES = {
    "FLAGGED": NoticeCode.QUALITY_DROPPED,
    "DOWNGRADE": NoticeCode.QUALITY_DROPPED,
    "UNFLAGGED": NoticeCode.QUALITY_RECOVERED,
}
TEMPLATES = {
    "REJECTED": NoticeCode.TEMPLATE_REJECTED,
    "PAUSED": NoticeCode.TEMPLATE_PAUSED,
    "DISABLED": NoticeCode.TEMPLATE_DISABLED,
    "APPROVED": NoticeCode.TEMPLATE_APPROVED,
    "REINSTATED": NoticeCode.TEMPLATE_APPROVED,
}
TEMPLATE_QUALITIES = {
    "RED": NoticeCode.TEMPLATE_DISLIKED,
    "YELLOW": NoticeCode.TEMPLATE_DISLIKED,
    "GREEN": NoticeCode.TEMPLATE_LIKED,
}
RESTRICTED_SENDING = "RESTRICTED_BIZ_INITIATED_MESSAGING"
HARMLESS_ALERTS = frozenset(("INFORMATIONAL", "LOW"))
ENDED_ALERTS = frozenset(("NONE", "INACTIVE", "RESOLVED"))


class _Info(msgspec.Struct):
    title: str | None = None
    description: str | None = None


class _Rejection(msgspec.Struct):
    reason: str | None = None
    recommendation: str | None = None


class _Template(msgspec.Struct):
    message_template_id: str | int
    message_template_name: str | None = None
    message_template_language: str | None = None
    event: str | None = None
    reason: str | None = None
    message_template_category: str | None = None
    new_category: str | None = None
    new_quality_score: str | None = None
    other_info: _Info | None = None
    rejection_info: _Rejection | None = None


class _Quality(msgspec.Struct):
    display_phone_number: str | None = None
    event: str | None = None
    current_limit: str | int | None = None
    max_daily_conversations_per_business: str | int | None = None

    @property
    def limit(self) -> str | None:
        return short(self.max_daily_conversations_per_business or self.current_limit, 100)


class _Capability(msgspec.Struct):
    max_daily_conversations_per_business: str | int | None = None
    max_phone_numbers_per_business: int | None = None

    @property
    def limit(self) -> str | None:
        return short(self.max_daily_conversations_per_business, 100)


class _Ban(msgspec.Struct):
    waba_ban_state: str = ""
    waba_ban_date: str | None = None


class _Violation(msgspec.Struct):
    violation_type: str | None = None


class _Restriction(msgspec.Struct):
    restriction_type: str | None = None
    expiration: int | float | str | None = None


class _Account(msgspec.Struct):
    event: str
    phone_number: str | None = None
    ban_info: _Ban | None = None
    violation_info: _Violation | None = None
    restriction_info: list[_Restriction] = []


class _Review(msgspec.Struct):
    decision: str
    rejection_reason: str | None = None


class _Name(msgspec.Struct):
    decision: str
    display_phone_number: str | None = None
    requested_verified_name: str | None = None
    rejection_reason: str | None = None


class _Pin(msgspec.Struct):
    event: str
    display_phone_number: str | None = None


class _AlertInfo(msgspec.Struct):
    alert_severity: str = ""
    alert_status: str = ""
    alert_type: str = ""
    alert_description: str | None = None


class _Alert(_AlertInfo):
    alert_info: _AlertInfo | None = None


class _Flow(msgspec.Struct):
    event: str = ""
    message: str | None = None
    flow_id: str | int | None = None
    new_status: str | None = None


class _Contact(msgspec.Struct):
    type: str | None = None


class _StateSync(msgspec.Struct):
    state_sync: list[_Contact] = []


Told = tuple[NoticeCode | None, str | None, tuple[str | None, ...]]
"""Code, subject and words of a piece of news; no code: a word that is not known here."""


def events(field: str, raw: bytes, account_id: str, at: datetime | None) -> Iterator[AnyEvent]:
    """The events of one change whose value tells of no conversation. Raises what the decoders raise."""
    if field in TEMPLATE_FIELDS:
        event = _template_event(msgspec.json.decode(raw, type=_Template, strict=False), field, account_id, at)
        yield event
        told = _of_template(event)
        if told[0] is None:
            return
    elif field in READERS:
        told = READERS[field](raw)
        yield from _effective(field, raw, account_id, at)
    else:
        told = (None, None, ())
    code, subject, words = told
    if code is None:
        yield OtherEvent(at=at, field=field[:100], raw=raw, account_id=account_id)
        return
    detail = short(": ".join(word for word in words if word and word != "NONE"))
    yield NoticeEvent(at=at, account_id=account_id, code=code, subject=short(subject, 100) or "", detail=detail, raw=raw)


def _effective(field: str, raw: bytes, account_id: str, at: datetime | None) -> Iterator[AnyEvent]:
    """News that changes more than what people read: numbers, limits and accounts are checked or stopped."""
    if field == "phone_number_quality_update":
        quality = msgspec.json.decode(raw, type=_Quality)
        yield QualityEvent(
            at=at,
            account_id=account_id,
            display_phone_number=storable.text(quality.display_phone_number, MAX_ADDRESS),
            event=storable.text(quality.event, 100),
            limit=quality.limit,
        )
    elif field == "business_capability_update":
        capability = msgspec.json.decode(raw, type=_Capability, strict=False)
        most = storable.int4(capability.max_phone_numbers_per_business)
        yield TierEvent(at=at, account_id=account_id, limit=capability.limit, max_phone_numbers=most)
    elif field == "account_update":
        yield _standing(msgspec.json.decode(raw, type=_Account), account_id, at)


def _standing(account: _Account, account_id: str, at: datetime | None) -> AccountEvent:
    """Whether an account may still start conversations: not when it is deleted, disabled or restricted in just this."""
    disabled = account.ban_info is not None and account.ban_info.waba_ban_state == "DISABLE"
    binding = [one for one in account.restriction_info if one.restriction_type == RESTRICTED_SENDING]
    ends = [end for one in binding if (end := moment(one.expiration)) is not None]
    return AccountEvent(
        at=at,
        account_id=account_id,
        event=storable.text(account.event, 100),
        forbids=disabled or account.event == "ACCOUNT_DELETED" or bool(binding),
        until=max(ends, default=None) if not disabled else None,
    )


def _quality(raw: bytes) -> Told:
    quality = msgspec.json.decode(raw, type=_Quality)
    code = QUALITIES.get(quality.event or "", NoticeCode.LIMIT_CHANGED)
    return code, quality.display_phone_number, (quality.event, quality.limit)


def _capability(raw: bytes) -> Told:
    return NoticeCode.LIMIT_CHANGED, None, (msgspec.json.decode(raw, type=_Capability, strict=False).limit,)


def _account(raw: bytes) -> Told:
    account = msgspec.json.decode(raw, type=_Account)
    ban, violation = account.ban_info, account.violation_info
    known = BANS.get(ban.waba_ban_state) if ban else ACCOUNT.get(account.event)
    words = (account.event, ban.waba_ban_date if ban else None, violation.violation_type if violation else None)
    kinds = (one.restriction_type for one in account.restriction_info)
    return known or NoticeCode.ACCOUNT_CHANGED, account.phone_number, (*words, *kinds)


def _review(raw: bytes) -> Told:
    review = msgspec.json.decode(raw, type=_Review)
    return REVIEWS.get(review.decision), None, (review.rejection_reason,)


def _name(raw: bytes) -> Told:
    name = msgspec.json.decode(raw, type=_Name)
    return NAMES.get(name.decision), name.display_phone_number, (name.requested_verified_name, name.rejection_reason)


def _pin(raw: bytes) -> Told:
    pin = msgspec.json.decode(raw, type=_Pin)
    return PINS.get(pin.event), pin.display_phone_number, ()


def _flow(raw: bytes) -> Told:
    flow = msgspec.json.decode(raw, type=_Flow)
    code = NoticeCode.FLOW_BLOCKED if flow.new_status in {"BLOCKED", "THROTTLED"} else NoticeCode.FLOW_CHANGED
    return code, short(flow.flow_id, 100), (flow.event, flow.message)


def _state_sync(raw: bytes) -> Told:
    count = len(msgspec.json.decode(raw, type=_StateSync).state_sync)
    return NoticeCode.ADDRESS_BOOK_SYNCED, None, (str(count),)


def _alert(raw: bytes) -> Told:
    alert = msgspec.json.decode(raw, type=_Alert)
    info = alert.alert_info or alert
    code = NoticeCode.ALERT
    if info.alert_severity.upper() in HARMLESS_ALERTS:
        code = NoticeCode.HINT
    elif info.alert_status.upper() in ENDED_ALERTS:
        code = NoticeCode.ALERT_ENDED
    return code, info.alert_type, (info.alert_description,)


READERS: dict[str, Callable[[bytes], Told]] = {
    "phone_number_quality_update": _quality,
    "business_capability_update": _capability,
    "account_update": _account,
    "account_review_update": _review,
    "phone_number_name_update": _name,
    "security": _pin,
    "account_alerts": _alert,
    "flows": _flow,
    "smb_app_state_sync": _state_sync,
}


def _of_template(event: TemplateEvent) -> Told:
    subject = event.name or event.template_id
    match event.kind:
        case "status":
            return TEMPLATES.get(event.event or ""), subject, (event.reason, event.detail)
        case "category" if event.category:
            return NoticeCode.TEMPLATE_MOVED, subject, (event.category,)
        case "quality":
            return TEMPLATE_QUALITIES.get(event.quality or ""), subject, (event.quality,)
    return None, subject, ()


def _template_event(template: _Template, field: str, account_id: str, at: datetime | None) -> TemplateEvent:
    kind = re.sub(r"^(message_)?template_|_update$", "", field)
    info = template.other_info
    detail = ": ".join(part for part in (info.title, info.description) if part) if info else ""
    if not detail and template.rejection_info is not None:
        rejection = template.rejection_info
        told = rejection.reason if rejection.reason != template.reason else None  # once is enough
        detail = ": ".join(part for part in (told, rejection.recommendation) if part)
    return TemplateEvent(
        at=at,
        account_id=account_id,
        template_id=storable.key(str(template.message_template_id)),
        kind=kind,
        name=storable.text(template.message_template_name, 600),
        language=storable.text(template.message_template_language, 100),
        event=storable.text(template.event, 100),
        reason=storable.text(template.reason, 500),
        detail=storable.text(detail, 500) or None,
        category=storable.text(template.new_category or template.message_template_category, 100),
        quality=storable.text(template.new_quality_score, 100),
    )
