"""Which column becomes what in a contact: a guess from headers and cells, which a person may correct.

A column that fits nothing becomes a custom field, so that nothing of the file is lost unless somebody says so. Refuses to
read files or rows."""

import re
from collections.abc import Callable, Sequence

from db.contacts.enums import LineType
from db.contacts.mapping import ColumnTarget, Mapping, MappingNote, Target
from db.contacts.phones import Phone, parse_phone
from workers.imports.reader import Column
from workers.imports.vocabulary import (
    header_target,
    looks_like_email,
    looks_like_name,
    looks_like_phone,
    normalised,
)

_SINGLE = frozenset(Target) - {Target.TAGS, Target.CUSTOM, Target.IGNORE}
_MAX_KEY = 40


def guess(columns: Sequence[Column], region: str = "BR") -> Mapping:
    """The likeliest mapping. Each target but tags is given once, to its best column; runners-up become custom fields."""
    wishes = [_wishes(column, region) for column in columns]
    taken: dict[Target, int] = {}
    chosen: dict[int, tuple[Target, float]] = {}
    ranked = sorted(
        ((score, -column.index, target) for column, wish in zip(columns, wishes, strict=True) for target, score in wish.items()),
        reverse=True,
    )
    for score, negative, target in ranked:
        index = -negative
        if index in chosen or (target in _SINGLE and target in taken) or score < 0.35:
            continue
        chosen[index] = target, score
        taken[target] = index
    notes = _split_name(columns, chosen, taken)
    targets: list[ColumnTarget] = []
    keys = {Target.PHONE.value, Target.EMAIL.value}  # so that further ones are phone_2, email_2
    for column, wish in zip(columns, wishes, strict=True):
        target, score = chosen.get(column.index, (Target.CUSTOM, 0.5))
        key = None
        if target is Target.CUSTOM:
            if not column.samples and len(column.name) <= 2:
                target = Target.IGNORE
            else:
                second = next((kind for kind in (Target.PHONE, Target.EMAIL) if wish.get(kind, 0) >= 0.35), None)
                key = _unique(second.value if second else field_key(column.name), keys)
                if second:
                    notes.append(MappingNote(f"second_{second}", column.index, key))
        targets.append(ColumnTarget(column.index, target, key, round(score, 2)))
    if Target.PHONE not in taken and Target.EMAIL not in taken:
        notes.append(MappingNote("no_identity"))
    return Mapping(targets, notes)


def problems(mapping: Mapping, width: int) -> list[str]:
    """Why a mapping given by a person cannot be used: stable codes, empty when it can."""
    found = []
    singles = [column.target for column in mapping.columns if column.target in _SINGLE]
    keys = [column.field_key for column in mapping.columns if column.target is Target.CUSTOM]
    indexes = [column.index for column in mapping.columns]
    if sorted(indexes) != list(range(width)):
        found.append("columns_do_not_fit")
    if len(set(singles)) < len(singles):
        found.append("target_twice")
    if any(key is None or not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", key) for key in keys):
        found.append("field_key_invalid")
    if len(set(keys)) < len(keys):
        found.append("field_key_twice")
    if Target.PHONE not in singles and Target.EMAIL not in singles:
        found.append("no_identity")
    return found


def field_key(header: str) -> str:
    """A header as the key of a custom field: "Data de nascimento" gives "data_de_nascimento"."""
    key = normalised(header).replace(" ", "_")
    return (key if key[:1].isalpha() else f"field_{key}".rstrip("_"))[:_MAX_KEY].rstrip("_")


def _unique(key: str, taken: set[str]) -> str:
    base, number = key or "field", 1
    key = base
    while key in taken:
        number += 1
        key = f"{base[: _MAX_KEY - 5]}_{number}"
    taken.add(key)
    return key


def _share(column: Column, looks: Callable[[str], bool]) -> float:
    return sum(looks(cell) for cell in column.samples) / len(column.samples) if column.samples else 0.0


def _wishes(column: Column, region: str) -> dict[Target, float]:
    """What a column may be, with a score from 0 to 1 for each."""
    named = header_target(column.name)
    has_name = len(column.name) > 2 or named is not None
    target, weight = named or (Target.CUSTOM, 0.0)
    if not column.samples:
        return {target: weight * 0.7} if weight else {}
    emails = _share(column, looks_like_email)
    if emails >= 0.5 or (target is Target.EMAIL and emails > 0):
        return {Target.EMAIL: 0.5 * emails + (0.5 * weight if target is Target.EMAIL else 0.3)}
    phones = [parse_phone(cell, region) for cell in column.samples]
    valid = sum(isinstance(phone, Phone) for phone in phones) / len(phones)
    mobile = sum(isinstance(phone, Phone) and phone.line is not LineType.FIXED for phone in phones) / len(phones)
    shaped = max(valid, 0.8 * _share(column, looks_like_phone))
    if target is Target.PHONE:
        return {Target.PHONE: 0.5 * weight + 0.3 * shaped + 0.2 * mobile} if shaped >= 0.3 else {}
    if valid >= 0.7 and target in (Target.CUSTOM, Target.NAME):
        return {Target.PHONE: 0.35 * valid + 0.2 * mobile}
    names = _share(column, looks_like_name)
    if target in (Target.NAME, Target.FIRST_NAME, Target.LAST_NAME):
        return {target: 0.6 * weight + 0.4 * names} if names >= 0.3 else {}
    if weight:
        return {target: weight}
    if not has_name and names >= 0.8:
        # Without headers the name is the text that differs most from row to row; more words make it likelier.
        distinct = len(set(column.samples)) / len(column.samples)
        words = sum(len(cell.split()) > 1 for cell in column.samples) / len(column.samples)
        return {Target.NAME: 0.3 * names * distinct + 0.2 * words} if distinct > 0.5 else {}
    return {}


def _split_name(
    columns: Sequence[Column], chosen: dict[int, tuple[Target, float]], taken: dict[Target, int]
) -> list[MappingNote]:
    """ "Nome" beside "Sobrenome" is the first name."""
    if Target.LAST_NAME in taken and Target.NAME in taken and Target.FIRST_NAME not in taken:
        index = taken.pop(Target.NAME)
        header = normalised(next(column.name for column in columns if column.index == index))
        if "complet" not in header and "full" not in header:
            chosen[index] = Target.FIRST_NAME, chosen[index][1]
            taken[Target.FIRST_NAME] = index
            return [MappingNote("split_name", index)]
        taken[Target.NAME] = index
    return []
