"""Names and order of placeholders, the same as the payload builder's slots."""

from typing import Any

import pytest

from db.providers.placeholders import placeholders
from workers.providers.meta.templates import compile_template

CASES: list[tuple[str, str, list[dict[str, Any]], list[str]]] = [
    ("positional", "marketing", [{"type": "BODY", "text": "Oi"}], []),
    ("positional", "marketing", [{"type": "BODY", "text": "{{2}} e {{1}} e {{2}}"}], ["1", "2"]),
    (
        "positional",
        "marketing",
        [
            {
                "type": "BUTTONS",
                "buttons": [{"type": "QUICK_REPLY", "text": "x"}, {"type": "URL", "text": "y", "url": "https://a/{{1}}"}],
            },
            {"type": "BODY", "text": "{{1}}, {{2}}!"},
            {"type": "HEADER", "format": "TEXT", "text": "Oi {{1}}"},
            {"type": "FOOTER", "text": "{{nothing}}"},
        ],
        ["header.1", "1", "2", "button.1.1"],
    ),
    (
        "named",
        "marketing",
        [{"type": "HEADER", "format": "TEXT", "text": "{{shop}}"}, {"type": "BODY", "text": "{{name}} {{city}}"}],
        ["shop", "name", "city"],
    ),
    (
        "named",
        "marketing",
        [{"type": "HEADER", "format": "TEXT", "text": "{{name}}"}, {"type": "BODY", "text": "a {{name}} b"}],
        ["header.name", "name"],
    ),
    (
        "positional",
        "marketing",
        [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "{{1}} a"}],
        ["header.image", "1"],
    ),
    (
        "positional",
        "utility",
        [{"type": "HEADER", "format": "LOCATION"}, {"type": "BODY", "text": "a"}],
        ["header.latitude", "header.longitude", "header.name", "header.address"],
    ),
    (
        "positional",
        "authentication",
        [
            {"type": "BODY", "text": "*{{1}}* é o seu código."},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Copiar", "url": "https://x/otp{{1}}"}]},
        ],
        ["1"],
    ),
    (
        "positional",
        "marketing",
        [{"type": "BODY", "text": "a"}, {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "text": "c"}]}],
        ["button.0.1"],
    ),
    (
        "positional",
        "marketing",
        [{"type": "BODY", "text": "{{1}} a"}, {"type": "BUTTONS", "buttons": [{"type": "CATALOG", "text": "c"}]}],
        ["1", "button.0.product"],
    ),
    (
        "positional",
        "marketing",
        [{"type": "BODY", "text": "a"}, {"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "c"}]}],
        ["button.0.products"],
    ),
    (
        "positional",
        "utility",
        [{"type": "BODY", "text": "a"}, {"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "c", "flow_id": "1"}]}],
        [],
    ),
]


@pytest.mark.parametrize(("form", "category", "components", "names"), CASES)
def test_placeholders_are_the_slots_of_the_payload(
    form: str, category: str, components: list[dict[str, Any]], names: list[str]
) -> None:
    assert placeholders(components, form, category) == names
    slots = compile_template("t", "pt_BR", components, category=category).slots
    assert len(slots) == len(names)
    for slot, name in zip(slots, names, strict=True):
        part = name.split(".")[0] if "." in name else "body"
        assert slot.part == part or (form == "named" and "." not in name)
        if slot.part != "button":
            assert slot.name == name.rpartition(".")[2]
