"""What NiceGUI works out again for every element of every page, worked out once or straight away.

- Which properties a text such as `type=button role=img` names. Each value in quotes leaves four functions behind that hold one another: with
  pages that come and go this was most of what the garbage collector had to find, up to a quarter of a second at a time.
- Whether a handler takes arguments, through `inspect.signature`.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any

from nicegui import helpers
from nicegui.props import Props

LONGEST, MOST = 300, 2000  # characters of a text that is kept, and how many are

_parse: Callable[[str | None], dict[str, Any]] = Props.parse
_expects_arguments: Callable[[Callable[..., Any]], bool] = helpers.expects_arguments
_kept = lru_cache(MOST)(_parse)


def parse(text: str | None) -> dict[str, Any]:
    """The properties that a text names."""
    if not text or len(text) > LONGEST:
        return _parse(text)
    return {name: deepcopy(value) if isinstance(value, list | dict) else value for name, value in _kept(text).items()}


def expects_arguments(function: Callable[..., Any]) -> bool:
    """Whether it has to be given something: read off plain functions and methods, asked of NiceGUI for all others."""
    plain = function.__func__ if type(function) is MethodType else function
    if type(plain) is not FunctionType or plain.__dict__:  # wrapped, or with a signature of its own
        return _expects_arguments(function)
    given = len(plain.__defaults__ or ()) + (plain is not function)
    return plain.__code__.co_argcount > given or plain.__code__.co_kwonlyargcount > len(plain.__kwdefaults__ or ())


def register() -> None:
    """Before the first page."""
    Props.parse = staticmethod(parse)  # type: ignore[method-assign]
    vars(helpers)["expects_arguments"] = expects_arguments
