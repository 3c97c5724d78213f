"""Long answers are read one vector at a time, and are what they would be if read as a whole."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.invoke.embeddings import by_vector
from bedrock_unified.wire import json_codec

PLAIN = '{"embeddings":[[0.5,-1.25e-4],[3,4]],"id":"x","texts":["a]","[["]}'
BY_TYPE = '{"embeddings":{"float":[[0.5],[1.5]],"int8":[[1],[-2]]},"response_type":"embeddings_by_type"}'


@pytest.mark.parametrize("text", [PLAIN, BY_TYPE])
@pytest.mark.parametrize("indent", [None, 2])
def test_the_answers_of_both_versions_are_read_by_vector(
    monkeypatch: pytest.MonkeyPatch, text: str, indent: int | None
) -> None:
    monkeypatch.delattr(json_codec, "loads_quick")
    fields = json.loads(text)
    assert by_vector.loads(json.dumps(fields, indent=indent).encode()) == fields


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
        '{"embeddings":{"float":[[1]]},"embeddings":[]}',
        '{"embeddings":{"float":[[1]],"float":[]}}',
        '{"embeddings":[[1]],"embeddings":{"float":[]}}',
        '{"embeddings":[[1]],"embeddings":[]}',
        '{"embeddings":[[1]],"texts":["\\ud800"]}',
        '{"embeddings":[[1]],"texts":["[[2]]"]}',
        '{"embedding":[1.5],"inputTextTokenCount":3}',
        "[[1]]",
        "null",
    ],
)
def test_any_other_answer_is_what_json_says(text: str) -> None:
    assert by_vector.loads(text.encode()) == json.loads(text)


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
def test_what_is_no_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        by_vector.loads(text.encode())


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
vectors = st.lists(st.lists(numbers, max_size=6), max_size=6)
rest = st.dictionaries(st.sampled_from(["id", "texts", "meta"]), st.lists(st.text(max_size=6), max_size=3))


@given(vectors | st.fixed_dictionaries({"float": vectors}, optional={"int8": vectors}), rest)
def test_no_number_changes(embeddings: Any, others: dict[str, Any]) -> None:
    fields = {"embeddings": embeddings, **others}
    read = by_vector.loads(json.dumps(fields).encode())
    assert read == fields
    assert repr(read) == repr(fields)  # -0.0, and what is an integer


def test_a_number_beyond_a_double_is_read_as_in_any_answer() -> None:
    text = b'{"embeddings":[[1e400,1.5]]}'
    as_a_whole = json_codec.loads_quick(text)
    assert by_vector.loads(text) == as_a_whole
    assert math.isinf(as_a_whole["embeddings"][0][0])
