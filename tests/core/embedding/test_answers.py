"""Long answers are read by vector while they arrive, and are what they would be if read as a whole."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.invoke.embeddings import answers
from bedrock_unified.invoke.embeddings.answers import ByVector, Whole
from bedrock_unified.wire import json_codec

PLAIN = {"embeddings": [[0.5, -1.25e-4], [3, 4]] * 9, "id": "x", "texts": ["a]", "[["]}
BY_TYPE = {"embeddings": {"float": [[0.5], [1.5]] * 9, "int8": [[1], [-2]]}, "response_type": "by_type"}


def taken(text: bytes, size: int = 7, enough: int = 48) -> ByVector:
    """What took a text that came in pieces of this size, looked at when so many bytes have come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "_ENOUGH", enough)
        answer = ByVector()
        for start in range(0, len(text), size):
            answer.feed(text[start : start + size])
        return answer


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("fields", [PLAIN, BY_TYPE])
@pytest.mark.parametrize("indent", [None, 2])
def test_the_answers_of_both_versions_are_read_by_vector(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], indent: int | None, size: int
) -> None:
    monkeypatch.delattr(json_codec, "loads_quick")
    answer = taken(json.dumps(fields, indent=indent).encode(), size)
    assert answer.value() == fields
    assert json.loads(answer.text()) == fields


def test_no_more_than_a_vector_of_the_text_is_kept_while_it_arrives() -> None:
    vector = json.dumps([0.123456789] * 1024).encode()
    answer, most = ByVector(), 0
    answer.feed(b'{"embeddings":[')
    for _ in range(96):
        answer.feed(vector + b",")
        most = max(most, sum(map(len, answer._pieces)))
    answer.feed(vector + b"]}")
    assert most < 6 * len(vector)
    assert len(answer.value()["embeddings"]) == 97


@pytest.mark.parametrize(
    "text",
    [
        '{"texts":["a"],"embeddings":[[1.5]]}',
        '{"embeddings":[]}',
        '{"embeddings":[[]]}',
        '{"embeddings":{"int8":[[1]],"float":[[1.5]]}}',
        '{"embeddings":[{"embeddingType":"TEXT","embedding":[1.5]}]}',
        '{"embeddings":[[1],{"a":2}]}',
        '{"embeddings":[[1],null]}',
        '{"embeddings":[["a]",1],[2]]}',
        '{"embeddings":[[[1],[2]],[3]]}',
        '{"embeddings":[[1]],"embeddings":[[2]]}',
        '{"embeddings":{"float":[[1]]},"embeddings":5}',
        '{"embeddings":{"float":[[1]]},"embeddings":{}}',
        '{"embeddings":[[1]],"texts":["\\ud800"]}',
        '{"embeddings":[[1]],"texts":["[[2]]"]}',
        '{"embedding":[1.5],"inputTextTokenCount":3}',
        "[[1]]",
        "null",
    ],
)
@pytest.mark.parametrize("enough", [1, 20, 48])
def test_any_other_answer_is_what_json_says(text: str, enough: int) -> None:
    answer = taken(text.encode(), 1, enough)
    assert answer.value() == json.loads(text)
    assert json.loads(answer.text()) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"embeddings":[[1',
        '{"embeddings":[[1]',
        '{"embeddings":[[1]]',
        '{"embeddings":[[1],]}',
        '{"embeddings":[[1] [2]]}',
        '{"embeddings":[[NaN]]}',
        '{"embeddings":[[1]\x0b]}',
        '{"embeddings":[[1]\x0c,[2]]}',
        '{"embeddings":[[1]]}}',
        '{"embeddings":{"float":[[1]]}',
    ],
)
@pytest.mark.parametrize("enough", [1, 20, 48])
def test_what_is_no_json_is_an_error(text: str, enough: int) -> None:
    answer = taken(text.encode(), 1, enough)
    with pytest.raises(ValueError):
        answer.value()
    assert answer.text() == text.encode()


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
vectors = st.lists(st.lists(numbers, max_size=6), max_size=6)
rest = st.dictionaries(st.sampled_from(["id", "texts", "meta"]), st.lists(st.text(max_size=6), max_size=3))


sizes = st.integers(1, 60)


@given(vectors | st.fixed_dictionaries({"float": vectors}, optional={"int8": vectors}), rest, sizes, sizes)
def test_no_number_changes(embeddings: Any, others: dict[str, Any], size: int, enough: int) -> None:
    fields = {"embeddings": embeddings, **others}
    answer = taken(json.dumps(fields).encode(), size, enough)
    assert repr(answer.value()) == repr(fields)  # -0.0, and what is an integer
    assert repr(json.loads(answer.text())) == repr(fields)


@given(st.data(), sizes, sizes)
def test_a_text_that_is_damaged_has_the_value_or_the_error_of_the_whole(
    data: st.DataObject, size: int, enough: int
) -> None:
    text = bytearray(json.dumps(data.draw(st.sampled_from([PLAIN, BY_TYPE]))).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 9))] = data.draw(
            st.sampled_from(
                [b"", b",", b"[", b"]", b"{", b"}", b'"', b" ", b"\x0b", b"1", b"null", b"e9", b"-"]
            )
        )
    assert outcome(taken(bytes(text), size, enough)) == outcome(whole(bytes(text)))


def outcome(answer: Whole) -> str:
    try:
        return repr(answer.value())
    except ValueError:
        return "no JSON"


def whole(text: bytes) -> Whole:
    answer = Whole()
    answer.feed(text)
    return answer


def test_a_number_beyond_a_double_is_read_as_in_any_answer() -> None:
    text = b'{"embeddings":[[1.5],[1e400,1.5]]}'
    value = taken(text, 1, 1).value()
    assert value == whole(text).value()
    assert math.isinf(value["embeddings"][1][0])


def test_a_text_without_an_end_of_a_vector_is_kept_without_looking_at_it_again_and_again() -> None:
    answer = ByVector()
    answer.feed(b'{"embeddings":[[1],[')
    for _ in range(64):
        answer.feed(b"1" * (1 << 16))
    assert len(answer._pieces) > 32
    with pytest.raises(ValueError):
        answer.value()
