"""What people can send in the simulator, as it is offered."""

import pytest

from db.providers import registry
from ui.pages.sandbox import page


@pytest.mark.parametrize("kind", [one.kind for one in registry.providers()])
def test_whatever_is_sent_has_a_name_of_its_own(kind: str) -> None:
    names = [page._kind(one)[0] for one in registry.provider(kind).capabilities.rehearsed_kinds]  # type: ignore[arg-type]
    assert len(set(names)) == len(names)
    unknown = page._kind("unsupported")[0]
    assert unknown not in [
        name
        for name, one in zip(names, registry.provider(kind).capabilities.rehearsed_kinds, strict=True)
        if one != "unsupported"
    ]
