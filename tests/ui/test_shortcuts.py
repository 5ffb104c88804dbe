"""What is worked out for every element, without NiceGUI's detours: the same answers, and no garbage."""

import functools
import gc
from collections.abc import Callable
from typing import Any

import pytest
from nicegui import helpers, ui
from nicegui.testing import User

from ui import shortcuts


class _Some:
    def nothing(self) -> None: ...

    def one(self, event: Any) -> None: ...

    def perhaps(self, event: Any = None) -> None: ...

    def many(self, *events: Any, **more: Any) -> None: ...

    def named(self, *, event: Any) -> None: ...

    def named_perhaps(self, *, event: Any = None) -> None: ...

    @staticmethod
    def alone(event: Any) -> None: ...

    @classmethod
    def of_all(cls, event: Any = 1) -> None: ...

    def __call__(self, event: Any) -> None: ...


@functools.wraps(_Some.nothing)
def _wrapped(*_anything: Any) -> None: ...


def _takes_all(*anything: Any) -> None: ...


_SOME = _Some()


@pytest.mark.parametrize(
    "function",
    [
        _SOME.nothing, _SOME.one, _SOME.perhaps, _SOME.many, _SOME.named, _SOME.named_perhaps, _SOME.alone, _SOME.of_all, _SOME, _Some.one,
        _wrapped, _takes_all, _takes_all.__get__(_SOME), functools.partial(_SOME.one, 1), functools.partial(_SOME.one), lambda: None,
        lambda event: None, lambda event=1: None, lambda a, /, b=1: None, print, _Some,
    ],
)  # fmt: skip
def test_whether_a_handler_takes_arguments_is_answered_as_nicegui_does(function: Callable[..., Any]) -> None:
    assert shortcuts.expects_arguments(function) is shortcuts._expects_arguments(function)


@pytest.mark.parametrize(
    "text", [None, "", "type=button role=img", """a="x y" b='z' c dense :d="1"#x""", "list=[1, 2] given={'a': [1]}", "x" * 400]
)
def test_a_text_names_the_same_properties_and_nobody_shares_them(text: str | None) -> None:
    assert shortcuts.parse(text) == shortcuts._parse(text)
    for value in shortcuts.parse(text).values():
        if isinstance(value, list | dict):
            value.clear()
    assert shortcuts.parse(text) == shortcuts._parse(text)


async def test_properties_in_quotes_leave_nothing_to_the_garbage_collector(ana: User) -> None:
    assert helpers.expects_arguments is shortcuts.expects_arguments
    client = await ana.open("/team")
    with client:
        element = ui.element()
    element.props('first="a b"')
    while gc.collect():  # what is freed may free more
        pass
    gc.disable()
    try:
        for _ in range(50):
            element.props('first="a b"')
        assert gc.collect() < 50
    finally:
        gc.enable()
