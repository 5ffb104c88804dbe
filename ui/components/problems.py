"""What the API refuses, said to people in their language: the sentences of the codes, which name the way out.

The codes and their English come from the wire contract, the Portuguese from its catalogue; a test holds both complete. A code of
a newer API falls back to its own words, so nothing is ever silent. Also the one handler that every page has for what its own
handlers raise.
"""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.contract.base import FieldError
from api.contract.enums import Permission
from api.contract.problems import ERRORS, FIELDS, Code, Params, RequestError, fill
from ui import formats, session
from ui.client.base import ApiProblem, Offline
from ui.components.forms import Field, mark
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import accounts


def said(code: Code, params: Params | None = None) -> str:
    """The sentence of a code, with its parameters as people write them."""
    return fill(_(code.sentence), {name: _shown(name, value) for name, value in (params or {}).items()})


def _shown(name: str, value: str | int) -> str:
    if isinstance(value, int):
        return formats.number(value)
    if name == "permission" and value in set(Permission):
        return f"“{accounts.permission_name(Permission(value))}”"
    return value


def field_sentence(wrong: FieldError) -> str:
    """What is wrong with one field."""
    return sentence_of(wrong.code, wrong.message, wrong.params)


def sentence_of(code: str, message: str, params: Params | None = None) -> str:
    """The same of a code of a field; `message` of one that is not known here."""
    known = FIELDS.get(code)
    return said(known, params) if known else message


def sentence(error: Exception) -> str:
    """The sentence for a problem or a lost connection; never a stack trace or a code. A refused field that has no place of its own
    on the screen speaks for the whole."""
    if isinstance(error, Offline):
        return _("No connection to the service. Check your internet and try again.")
    if isinstance(error, ApiProblem):
        if error.code == RequestError.INVALID and error.errors:
            return field_sentence(error.errors[0])
        code = ERRORS.get(error.code)
        if code is not None:
            return said(code, error.params)
        if error.status < 500:
            return error.detail
    return _("Something went wrong on our side. Try again.")


def show(error: Exception) -> None:
    """Says it in a toast; a session that ended leads to sign-in instead."""
    if isinstance(error, ApiProblem) and error.status == 401 and session.signed_in():
        session.expired()
        return
    toast(sentence(error), "bad")


def show_in(fields: Mapping[str, Field[Any]], error: Exception) -> bool:
    """Puts all field errors under their fields (`bindings[2].text` matches `bindings`) and leads to the first of them in the order
    of the form. The rest goes to a toast. True when every error found its field."""
    if not isinstance(error, ApiProblem) or not error.errors:
        show(error)
        return False
    found = {
        wrong.field: fields.get(wrong.field) or fields.get(wrong.field.split("[")[0].split(".")[0]) for wrong in error.errors
    }
    texts = {field: field_sentence(wrong) for wrong in reversed(error.errors) if (field := found[wrong.field])}
    mark({field: texts[field] for field in fields.values() if field in texts})
    homeless = [wrong for wrong in error.errors if found[wrong.field] is None]
    if homeless:
        toast(field_sentence(homeless[0]), "bad")
    return not homeless


def catch_all() -> None:
    """On every page: what a handler raises becomes a sentence, not silence."""
    ui.on_exception(show)
