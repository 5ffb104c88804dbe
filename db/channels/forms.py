"""What a person typed to connect a channel, held against the form of its provider. Pure functions."""

import re
from collections.abc import Iterable, Mapping, Sequence

from db.channels.errors import ChannelError, ChannelField
from db.errors import Field, RequestError, RequestField
from db.providers.definition import Column, FormField

Values = Mapping[str, str | float]


def filled(form: Sequence[FormField], values: Values) -> dict[Column, str | float]:
    """The channel's columns. Raises Invalid, naming every field that is missing, unknown or does not fit."""
    names = {field.name for field in form}
    wrong = [RequestField.UNKNOWN_FIELD(f"values.{name}") for name in values if name not in names]
    found: dict[Column, str | float] = {}
    for field in form:
        value = values.get(field.name, field.default)
        if value is None or value == "":
            wrong.append(RequestField.REQUIRED(f"values.{field.name}"))
        elif (problem := _problem(field, value)) is not None:
            wrong.append(problem)
        else:
            found.update(dict.fromkeys(field.columns, value))
    if wrong:
        raise RequestError.INVALID(fields=wrong)
    return found


def replaced(secrets: Iterable[FormField], values: Values) -> dict[Column, str]:
    """The columns of new secrets. Raises Invalid for anything that is no secret of this channel, or does not fit."""
    known = {field.name: field for field in secrets}
    if foreign := [ChannelField.NOT_FOR_THIS_CHANNEL(f"values.{name}") for name in values if name not in known]:
        raise ChannelError.NOT_FOR_THIS_CHANNEL(fields=foreign)
    if wrong := [problem for name, value in values.items() if (problem := _problem(known[name], value))]:
        raise RequestError.INVALID(fields=wrong)
    return {column: str(value) for name, value in values.items() for column in known[name].columns}


def _problem(field: FormField, value: str | float) -> Field | None:
    path = f"values.{field.name}"
    if field.type == "number":
        if not isinstance(value, (int, float)):
            return RequestField.WRONG_TYPE(path, expected="number")
        if value > field.maximum:
            return RequestField.TOO_BIG(path, max=f"{field.maximum:g}")
        return None if value >= field.minimum else RequestField.TOO_SMALL(path, min=f"{field.minimum:g}")
    if not isinstance(value, str):
        return RequestField.WRONG_TYPE(path, expected="text")
    if len(value) > field.max_length:
        return RequestField.TOO_LONG(path, max=field.max_length)
    return None if re.fullmatch(field.pattern, value) else field.problem(path)
