"""JSON that loses nothing: numbers of any size, lone surrogates, blobs; and refuses what JSON cannot say."""

from __future__ import annotations

import json
import math
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bedrock_unified.wire.json_codec import dumps, loads, loads_quick

HUGE = 10**99 + 7

#: Any text, lone surrogates among it.
texts = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["\ud800", "x\udfff", "\u2028", "\x00", "null"]
)
numbers = (
    st.integers()
    | st.integers(-(10**100), 10**100)
    | st.sampled_from([2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, HUGE, -HUGE])
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=25,
)


def exactly(left: Any, right: Any) -> bool:
    """Equal, and of equal types all the way down: 1 is not 1.0, and 0.0 is not -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(exactly(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(exactly, left, right))
    if isinstance(left, float):
        return math.copysign(1, left) == math.copysign(1, right) and left == right
    return bool(left == right)


@settings(max_examples=250)
@given(values)
@example({"a": HUGE, "b": [None, "\ud83d", 0.1, True]})
def test_a_value_comes_back_as_it_went(value: Any) -> None:
    assert exactly(loads(dumps(value)), value)


@settings(max_examples=200)
@given(values)
def test_what_is_written_is_json_to_everybody_else(value: Any) -> None:
    assert exactly(json.loads(dumps(value)), value)


@settings(max_examples=200)
@given(values, st.sampled_from([None, 1]), st.booleans())
def test_json_from_elsewhere_is_read_exactly(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert exactly(loads(text), value)
    assert exactly(loads(text.encode("utf-8", "surrogatepass")), value)


@given(st.integers(17, 120), st.booleans(), st.sampled_from(["{}", "[{}]", '{{"x":{}}}', " {} "]))
def test_integers_of_every_length_are_exact(digits: int, negative: bool, around: str) -> None:
    for number in (10 ** (digits - 1), 10**digits - 1, int("7" * digits)):
        number = -number if negative else number
        found = loads(around.format(number))
        while isinstance(found, (list, dict)):
            found = found[0] if isinstance(found, list) else found["x"]
        assert found == number
        assert type(found) is int


def test_text_is_written_as_utf_8_and_compactly() -> None:
    assert dumps({"a": ["é", 1], "b": {}}) == '{"a":["é",1],"b":{}}'.encode()


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("beside", [{}, {"also": None}, {"also": HUGE}, {"also": "\ud800"}], ids=repr)
@given(raw=st.binary(max_size=50))
def test_bytes_become_base64_wherever_they_are(
    raw: bytes, wrap: Callable[[bytes], Any], beside: dict[str, Any]
) -> None:
    written = loads(dumps({"image": {"source": {"bytes": wrap(raw)}}, **beside}))
    assert b64decode(written["image"]["source"]["bytes"], validate=True) == raw


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize("beside", [{}, {"also": None}, {"also": HUGE}], ids=repr)
def test_enumerations_and_uuids_are_written_with_any_neighbour(beside: dict[str, Any]) -> None:
    identity = UUID(int=7)
    assert loads(dumps({"colour": Colour.RED, "id": identity, **beside})) == {
        "colour": "red",
        "id": str(identity),
        **beside,
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf], ids=repr)
@pytest.mark.parametrize("around", [lambda v: v, lambda v: [v], lambda v: {"a": {"b": [1, v]}, "n": None}])
def test_nan_and_infinity_are_refused(value: float, around: Callable[[float], Any]) -> None:
    with pytest.raises(ValueError, match=r"nan|inf|JSON compliant"):
        dumps(around(value))


@dataclass
class Point:
    x: int = 1


@pytest.mark.parametrize("beside", [{}, {"also": None}, {"also": HUGE}], ids=repr)
@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, Decimal("1.5"), 1 + 2j, Point(), datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1)],
    ids=lambda value: type(value).__name__,
)
def test_a_value_without_a_json_form_is_named(value: Any, beside: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        dumps({"input": value, **beside})


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_deep_nesting_is_carried_as_far_as_python_carries_it_and_then_refused() -> None:
    assert loads(dumps(nested(300))) == nested(300)
    with pytest.raises(ValueError, match="nested too deeply"):
        dumps(nested(50_000))
    with pytest.raises(ValueError, match="nested too deeply"):
        loads(b"[" * 50_000 + b"]" * 50_000)


@pytest.mark.parametrize(
    "keys", [{1: "a", "1": "b"}, {"x": [{True: 1, "true": 2}]}, {"x": ({None: 1, "null": 2},)}], ids=repr
)
def test_keys_that_would_become_one_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="two keys of a dict are both"):
        dumps(keys)


def test_keys_that_are_no_text_are_written_as_the_standard_library_does() -> None:
    value: Any = {1: "a", "b": [{None: 2.5, True: ()}], 1.5: {}}
    assert loads(dumps(value)) == {"1": "a", "b": [{"null": 2.5, "true": []}], "1.5": {}}


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="Circular"):
        dumps(loop)


@pytest.mark.parametrize(
    "text", [b"", b" ", b"{", b"nul", b"{'a':1}", b'{"a":1}x', b"NaN", b"[Infinity]", b"-Infinity", b'"\xff"']
)
@pytest.mark.parametrize("read", [loads, loads_quick])
def test_what_is_not_json_is_refused(text: bytes, read: Callable[[bytes], Any]) -> None:
    with pytest.raises(ValueError):
        read(text)


@settings(max_examples=200)
@given(values)
def test_the_quick_reader_differs_only_for_integers_over_64_bits(value: Any) -> None:
    def small(item: Any) -> bool:
        if isinstance(item, dict):
            return all(map(small, item.values()))
        if isinstance(item, list):
            return all(map(small, item))
        return not isinstance(item, int) or -(2**63) <= item < 2**64

    if small(value):
        assert exactly(loads_quick(dumps(value)), value)
