"""Contacts as Kommo writes them, and how both sides become one. Pure.

Lists of phones and e-mails are replaced there by what is written, so what is there is read first and ours is added. Numbers are compared
in our own canonical form: Brazilian ones with and without the ninth digit are one.
"""

from typing import Any

from db.contacts.phones import Phone, parse_phone, variants
from db.kommo.links import Facts


def canonical(text: str) -> str | None:
    """A number as somebody typed it there, in E.164; None for what is no number."""
    digits = "".join(sign for sign in text if sign.isdigit())
    for spelled in (text, f"+{digits}"):
        found = parse_phone(spelled)
        if isinstance(found, Phone):
            return found.canonical
    return f"+{digits}" if 7 <= len(digits) <= 15 else None


def _values(entity: dict[str, Any], code: str) -> list[str]:
    fields = entity.get("custom_fields_values")
    found: list[str] = []
    for field in fields if isinstance(fields, list) else []:
        if isinstance(field, dict) and field.get("field_code") == code and isinstance(field.get("values"), list):
            found += [str(one["value"]) for one in field["values"] if isinstance(one, dict) and one.get("value")]
    return found


def facts(entity: dict[str, Any]) -> Facts:
    """What Kommo says of a contact."""
    name = " ".join(str(entity.get("name") or "").split())[:200]
    phones = [number for text in _values(entity, "PHONE") if (number := canonical(text)) is not None]
    emails = [text.strip().casefold() for text in _values(entity, "EMAIL")]
    return Facts(name, tuple(dict.fromkeys(phones)), tuple(dict.fromkeys(emails)))


def same_person(ours: Facts, entity: dict[str, Any]) -> bool:
    """Whether what a loose search found has one of our phones or e-mails."""
    theirs = facts(entity)
    return bool(set(ours.phones) & set(theirs.phones) or set(ours.emails) & set(theirs.emails))


def questions(ours: Facts) -> list[str]:
    """What to search for, the surest first: numbers in each form under which they may be written there, their last eight digits, in which
    all forms agree, then e-mails."""
    numbers = [form.lstrip("+") for phone in ours.phones for form in (*variants(phone), phone[-8:])]
    return list(dict.fromkeys([*numbers, *ours.emails]))[:10]


def _field(code: str, kept: list[Any], added: list[str]) -> dict[str, Any]:
    return {"field_code": code, "values": [*kept, *({"value": one, "enum_code": "WORK"} for one in added)]}


def _kept(entity: dict[str, Any], code: str) -> list[Any]:
    """Values as they are there, to be written again."""
    fields = entity.get("custom_fields_values")
    for field in fields if isinstance(fields, list) else []:
        if isinstance(field, dict) and field.get("field_code") == code and isinstance(field.get("values"), list):
            return [
                {name: one[name] for name in ("value", "enum_id", "enum_code") if one.get(name) is not None}
                for one in field["values"]
                if isinstance(one, dict)
            ]
    return []


def fresh(ours: Facts, request_id: str) -> dict[str, Any]:
    """A contact that is made."""
    fields = []
    if ours.phones:
        fields.append(_field("PHONE", [], list(ours.phones)))
    if ours.emails:
        fields.append(_field("EMAIL", [], list(ours.emails)))
    name = ours.name or (ours.phones or ours.emails)[0]
    return {"name": name, "request_id": request_id, "custom_fields_values": fields}


def changes(ours: Facts, entity: dict[str, Any], *, ours_counts: bool) -> dict[str, Any]:
    """What has to be written there so that it has what we have; empty: nothing. `ours_counts`: our name replaces theirs; else only one that
    is missing."""
    theirs, patch = facts(entity), dict[str, Any]()
    nameless = not theirs.name or canonical(theirs.name) in theirs.phones
    if ours.name and ours.name != theirs.name and (ours_counts or nameless):
        patch["name"] = ours.name
    fields = []
    phones = [one for one in ours.phones if one not in theirs.phones]
    emails = [one for one in ours.emails if one not in theirs.emails]
    if phones:
        fields.append(_field("PHONE", _kept(entity, "PHONE"), phones))
    if emails:
        fields.append(_field("EMAIL", _kept(entity, "EMAIL"), emails))
    if fields:
        patch["custom_fields_values"] = fields
    return patch


def after(entity: dict[str, Any], patch: dict[str, Any]) -> Facts:
    """What Kommo says once the changes are written."""
    old = entity.get("custom_fields_values")
    written = {field["field_code"] for field in patch.get("custom_fields_values", [])}
    kept = [
        one for one in (old if isinstance(old, list) else []) if not (isinstance(one, dict) and one.get("field_code") in written)
    ]
    return facts({**entity, **patch, "custom_fields_values": [*kept, *patch.get("custom_fields_values", [])]})
