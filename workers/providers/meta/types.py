"""Answers of the Graph API, as far as we read them; unknown keys are ignored, all but ids may be missing."""

from typing import Any, Generic, TypeVar

import msgspec

from db import storable

T = TypeVar("T")


class SentContact(msgspec.Struct, frozen=True):
    wa_id: str | None = None
    user_id: str | None = None


class SentMessage(msgspec.Struct, frozen=True):
    id: str
    message_status: str | None = None


class SendAnswer(msgspec.Struct, frozen=True):
    messages: list[SentMessage] = []
    contacts: list[SentContact] = []


class Paging(msgspec.Struct, frozen=True):
    next: str | None = None


class Page(msgspec.Struct, Generic[T], frozen=True):
    data: list[T]
    paging: Paging | None = None


class Success(msgspec.Struct, frozen=True):
    success: bool = True


class Uploaded(msgspec.Struct, frozen=True):
    id: str


class Handle(msgspec.Struct, frozen=True):
    """Of a file that was uploaded to be looked at by reviewers."""

    h: str


class QualityScore(msgspec.Struct, frozen=True):
    score: str = "UNKNOWN"


class Template(msgspec.Struct, frozen=True):
    """A template as Meta lists it; `components` go to `compile_template` as they are."""

    id: str
    name: str
    language: str
    status: str
    category: str
    components: list[dict[str, Any]] = []
    parameter_format: str = "POSITIONAL"
    quality_score: QualityScore | None = None
    rejected_reason: str | None = None
    lifetime: int | None = None  # seconds


MAX_NAME, MAX_LANGUAGE = 512, 20


def listed_template(item: dict[str, Any]) -> Template:
    """One item of Meta's list, read key by key. What cannot be read leaves the template in the list and its status unknown, so
    that nothing is sent with it and nothing counts as deleted. Raises ValueError without a usable id."""
    template_id = storable.identifier(str(item.get("id") or ""))
    if template_id is None:
        raise ValueError("a template without a usable id")
    texts = {key: value for key, value in item.items() if isinstance(value, str)}
    name = storable.identifier(texts.get("name"), MAX_NAME)
    language = storable.identifier(texts.get("language"), MAX_LANGUAGE)
    components, score = item.get("components", []), item.get("quality_score")
    whole = isinstance(components, list) and all(isinstance(component, dict) for component in components)
    return Template(
        template_id,
        name or f"unreadable_{template_id}"[:MAX_NAME],
        language or "und",
        texts.get("status", "") if name and language and whole else "UNREADABLE",
        texts.get("category", ""),
        components if whole else [],
        texts.get("parameter_format", "POSITIONAL"),
        QualityScore(score["score"]) if isinstance(score, dict) and isinstance(score.get("score"), str) else None,
        texts.get("rejected_reason"),
        storable.int4(ttl) if isinstance(ttl := item.get("message_send_ttl_seconds"), int) and ttl > 0 else None,
    )


class TemplateCreated(msgspec.Struct, frozen=True):
    id: str
    status: str = "PENDING"
    category: str | None = None


class Throughput(msgspec.Struct, frozen=True):
    level: str = "STANDARD"


class PhoneNumber(msgspec.Struct, frozen=True):
    """A sending number. `whatsapp_business_manager_messaging_limit` is a TIER name."""

    id: str
    display_phone_number: str = ""
    verified_name: str | None = None
    quality_rating: str = "UNKNOWN"
    status: str | None = None
    code_verification_status: str | None = None
    name_status: str | None = None
    platform_type: str | None = None
    throughput: Throughput | None = None
    whatsapp_business_manager_messaging_limit: str | None = None


class MediaInfo(msgspec.Struct, frozen=True):
    """Where a file of a message lies, with its hash (hex sha256) and size in bytes."""

    id: str
    url: str
    mime_type: str | None = None
    sha256: str | None = None
    file_size: int | None = None


class EventsReceived(msgspec.Struct):
    """The answer to events of the Conversions API."""

    events_received: int
