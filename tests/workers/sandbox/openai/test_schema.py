"""Whatever schema a request brings, what is built of it fits."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.workers.sandbox.openai.asking import closed
from workers.sandbox.openai.checks import unstrict
from workers.sandbox.openai.schema import MISSING, build

LEAF = st.one_of(
    st.builds(lambda least, more: {"type": "string", "minLength": least, "maxLength": least + more}, st.integers(0, 5), st.integers(0, 9)),
    st.builds(lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more}, st.integers(-5, 5), st.integers(0, 9)),
    st.sampled_from([
        {"type": "boolean"}, {"type": "null"}, {"type": "number", "exclusiveMinimum": 0}, {"type": ["string", "null"]},
        {"enum": ["a", "b", None]}, {"const": 7}, {"type": "string", "format": "date-time"}, {"type": "string", "format": "uuid"},
        {"type": "string", "pattern": "^[a-z][a-z0-9]*$"},
    ]),
)  # fmt: skip
SCHEMA = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(
            lambda items, least: {"type": "array", "items": items, "minItems": least, "maxItems": least + 2},
            inner,
            st.integers(0, 2),
        ),
        st.builds(lambda one, other: {"anyOf": [one, other]}, inner, inner),
        st.dictionaries(st.sampled_from("abcde"), inner, max_size=3).map(lambda properties: closed(**properties)),
    ),
    max_leaves=8,
)
PROPOSAL = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=12), lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from("abcde"), one, max_size=3), max_leaves=5
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(SCHEMA, PROPOSAL)
def test_what_is_built_fits(schema: dict[str, Any], proposal: Any) -> None:
    Draft202012Validator(schema).validate(build(schema, lambda *_: proposal, proposal))
    Draft202012Validator(schema).validate(build(schema))


def test_proposals_that_fit_are_kept() -> None:
    schema = closed(
        stage={"type": "string", "enum": ["Novo", "Ganho"]}, n={"type": ["integer", "null"]}, more={"$ref": "#/$defs/M"}
    )
    schema["$defs"] = {"M": closed(text={"type": "string"})}
    said = {"stage": "ganho", "n": 3, "text": "oi"}
    assert build(schema, lambda name, _: said.get(name, MISSING)) == {"stage": "Ganho", "n": 3, "more": {"text": "oi"}}
    assert build(schema) == {"stage": "Novo", "n": None, "more": {"text": ""}}


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (closed(a={"type": "string"}), ""),
        ({"type": "object", "properties": {}}, "additionalProperties"),
        ({**closed(a={"type": "string"}), "required": []}, "Missing 'a'"),
        (closed(a=closed(b={"type": "array", "items": {"type": "object", "properties": {}}})), "('a', 'b', 'items')"),
    ],
)
def test_schemas_that_are_not_strict_are_told(schema: dict[str, Any], problem: str) -> None:
    told = unstrict(schema)
    assert (problem in told) if problem else not told
