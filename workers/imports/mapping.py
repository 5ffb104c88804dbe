"""Which column becomes what in a contact: a guess from headers and cells, which a person may correct.

A column that fits nothing becomes a custom field, so that nothing of the file is lost unless somebody says so. Refuses to
read files or rows."""

import re
from collections.abc import Callable, Sequence

from db.contacts.enums import CustomFieldKind, ImportTarget, LineType
from db.contacts.field_values import written
from db.contacts.mapping import KEYED, SINGLE, GuessedColumn, distinct_key, field_key, words
from db.contacts.phones import Phone, parse_phone
from workers.imports.reader import Column
from workers.imports.vocabulary import header_target, looks_like_email, looks_like_name, looks_like_phone

_LEAST = 0.35


def guess(columns: Sequence[Column], region: str = "BR", language: str = "pt-BR") -> list[GuessedColumn]:
    """The likeliest target of each column. Each but tags is given once, to its best column; the next best phone column is the second
    phone, and other runners-up become custom fields."""
    wishes = [_wishes(column, region) for column in columns]
    chosen = _chosen(columns, wishes)
    keys = {ImportTarget.PHONE.value, ImportTarget.EMAIL.value}  # so that further ones are phone_2, email_2
    guessed: list[GuessedColumn] = []
    for column, wish in zip(columns, wishes, strict=True):
        target, score = chosen.get(column.index, (ImportTarget.CUSTOM, 0.5))
        key, kind = None, CustomFieldKind.TEXT
        if target is ImportTarget.CUSTOM and (_ours(column) or (not column.samples and len(column.name) <= 2)):
            target = ImportTarget.IGNORE
        if target in KEYED:
            second = next((each for each in (ImportTarget.PHONE, ImportTarget.EMAIL) if wish.get(each, 0) >= _LEAST), None)
            key = distinct_key(second.value if second else field_key(column.name), keys)
            kind = _kind(column, language) if target is ImportTarget.CUSTOM else kind
        guessed.append(
            GuessedColumn(column.index, column.name, column.samples, target, key, kind, round(score, 2), column.fill_rate)
        )
    return guessed


def _chosen(columns: Sequence[Column], wishes: list[dict[ImportTarget, float]]) -> dict[int, tuple[ImportTarget, float]]:
    taken: dict[ImportTarget, int] = {}
    chosen: dict[int, tuple[ImportTarget, float]] = {}
    ranked = sorted(
        ((score, -column.index, target) for column, wish in zip(columns, wishes, strict=True) for target, score in wish.items()),
        reverse=True,
    )
    for score, negative, wished in ranked:
        target = ImportTarget.SECOND_PHONE if wished is ImportTarget.PHONE and ImportTarget.PHONE in taken else wished
        index = -negative
        if index in chosen or (target in SINGLE and target in taken) or score < _LEAST:
            continue
        chosen[index] = target, score
        taken[target] = index
    _split_name(columns, chosen, taken)
    return chosen


def _ours(column: Column) -> bool:
    """What our own list of rejected rows adds."""
    return words(column.name) in ("linha", "motivo")


def _kind(column: Column, language: str) -> CustomFieldKind:
    """A column of nothing but days holds dates. Day and month may change places only in English, so there they are read in ISO 8601
    alone. Numbers stay texts, as somebody wrote them: they are names of things as often as not."""
    shape = r"\d{4}-\d\d-\d\d" + ("" if language == "en" else r"|\d{1,2}/\d{1,2}/\d{4}")
    days = [re.fullmatch(shape, cell.strip()) and written(CustomFieldKind.DATE, cell.strip()) for cell in column.samples]
    return CustomFieldKind.DATE if days and all(days) else CustomFieldKind.TEXT


def _share(column: Column, looks: Callable[[str], bool]) -> float:
    return sum(looks(cell) for cell in column.samples) / len(column.samples) if column.samples else 0.0


def _wishes(column: Column, region: str) -> dict[ImportTarget, float]:
    """What a column may be, with a score from 0 to 1 for each."""
    named = header_target(column.name)
    has_name = len(column.name) > 2 or named is not None
    target, weight = named or (ImportTarget.CUSTOM, 0.0)
    if not column.samples:
        return {target: weight * 0.7} if weight and target is not ImportTarget.PHONE else {}
    emails = _share(column, looks_like_email)
    if emails >= 0.5 or (target is ImportTarget.EMAIL and emails > 0):
        return {ImportTarget.EMAIL: 0.5 * emails + (0.5 * weight if target is ImportTarget.EMAIL else 0.3)}
    phones = [parse_phone(cell, region) for cell in column.samples]
    valid = sum(isinstance(phone, Phone) for phone in phones) / len(phones)
    mobile = sum(isinstance(phone, Phone) and phone.line is not LineType.FIXED for phone in phones) / len(phones)
    shaped = max(valid, 0.8 * _share(column, looks_like_phone))
    reach = 0.4 + 0.6 * column.fill_rate  # a column that two people fill is nobody's first phone
    if target is ImportTarget.PHONE:
        return {ImportTarget.PHONE: (0.5 * weight + 0.3 * shaped + 0.2 * mobile) * reach} if shaped >= 0.3 else {}
    if valid >= 0.7 and (target is ImportTarget.NAME or not weight):
        return {ImportTarget.PHONE: (0.35 * valid + 0.2 * mobile) * reach}
    names = _share(column, looks_like_name)
    if target in (ImportTarget.NAME, ImportTarget.FIRST_NAME, ImportTarget.LAST_NAME):
        return {target: 0.6 * weight + 0.4 * names} if names >= 0.3 else {}
    if weight:
        return {target: weight}
    if not has_name and names >= 0.8:
        # Without headers the name is the text that differs most from row to row; more words make it likelier.
        distinct = len(set(column.samples)) / len(column.samples)
        words = sum(len(cell.split()) > 1 for cell in column.samples) / len(column.samples)
        return {ImportTarget.NAME: 0.3 * names * distinct + 0.2 * words} if distinct > 0.5 else {}
    return {}


def _split_name(columns: Sequence[Column], chosen: dict[int, tuple[ImportTarget, float]], taken: dict[ImportTarget, int]) -> None:
    """ "Nome" beside "Sobrenome" is the first name."""
    if ImportTarget.LAST_NAME not in taken or ImportTarget.NAME not in taken or ImportTarget.FIRST_NAME in taken:
        return
    index = taken[ImportTarget.NAME]
    header = words(next(column.name for column in columns if column.index == index))
    if "complet" not in header and "full" not in header:
        chosen[index] = ImportTarget.FIRST_NAME, chosen[index][1]
