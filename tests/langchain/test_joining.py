"""Chunks of a stream, added up: what LangChain makes of them, without adding every delta to all before it."""

from __future__ import annotations

import operator
import pickle
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.load import dumpd
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.outputs.chat_generation import merge_chat_generation_chunks

from langchain_bedrock_unified.messages.standard import PROVIDER
from langchain_bedrock_unified.messages.stream import ChunkMaker

_INDEX = st.sampled_from([0, 1])
_TEXT = st.sampled_from(["", " ", "a", "Grüße", "\n", "{"])


def _delta(index: int, **delta: Any) -> dict[str, Any]:
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}


_TEXTS = st.builds(lambda index, text: _delta(index, text=text), _INDEX, _TEXT)
_EVENTS = st.one_of(
    *[_TEXTS] * 4,
    st.builds(lambda index, text: _delta(index, reasoningContent={"text": text}), _INDEX, _TEXT),
    st.builds(lambda text: _delta(2, toolUse={"input": text}), _TEXT),
    st.just(
        {"contentBlockStart": {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t", "name": "n"}}}}
    ),
    st.just({"contentBlockStop": {"contentBlockIndex": 1}}),
)
#: What LangChain, or whoever reads the stream, may do to a message before it is added up.
_CHANGES = st.sampled_from(
    [
        *[{}] * 6,
        {"id": "lc_run-2"},
        {"id": None},
        {"name": "Ada"},
        {"additional_kwargs": {"a": "b"}},
        {"response_metadata": {"model_provider": PROVIDER, "said": "once"}},
        {"response_metadata": {}},
        {"usage_metadata": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}},
        {"chunk_position": "last"},
        {"content": "text"},
        {"content": [{"type": "text", "text": "cited", "index": 0, "citations": []}]},
        {"content": [{"type": "text", "text": "a", "index": 0}, {"type": "text", "text": "b", "index": 0}]},
        {"content": [{"type": "text", "text": "a", "index": None}]},
        {"content": [{"type": "text", "text": "a", "index": "b"}]},
        {"content": [{"type": "text", "text": "a", "index": "lc_b"}]},
        {"of_a_later_version": "x"},
    ]
)


def _chunks(events: list[dict[str, Any]]) -> list[ChatGenerationChunk]:
    maker = ChunkMaker()
    made = [maker.chunk(event) for event in events]
    return [chunk for chunk in [*made, *maker.unfinished()] if chunk is not None]


@given(st.lists(st.tuples(_EVENTS, _CHANGES), max_size=12))
def test_the_sum_is_langchains(events: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    chunks = _chunks([event for event, _ in events])
    for chunk, (_, changes) in zip(chunks, events, strict=False):
        chunk.message.id = "lc_run-1"
        for name, value in changes.items():
            setattr(chunk.message, name, value)
    langchains = [ChatGenerationChunk(message=chunk.message) for chunk in chunks]
    for langchains_own, chunk in zip(langchains, chunks, strict=True):
        langchains_own.text = chunk.text
    before = [dumpd(chunk.message) for chunk in chunks]
    total, expected = merge_chat_generation_chunks(chunks), merge_chat_generation_chunks(langchains)
    assert (total and total.message) == (expected and expected.message)
    assert (total and total.text) == (expected and expected.text)
    assert [dumpd(chunk.message) for chunk in chunks] == before


def test_long_texts_are_added_once(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[int] = []
    langchains = AIMessageChunk.__add__

    def add(self: AIMessageChunk, other: Any) -> Any:
        added.append(len(other))
        return langchains(self, other)

    monkeypatch.setattr(AIMessageChunk, "__add__", add)
    texts = [_delta(index, text=f"{index}/{piece} ") for index in (0, 1) for piece in range(500)]
    total = merge_chat_generation_chunks(_chunks(texts))
    assert total is not None
    assert added == [1]
    assert total.text == "".join(event["contentBlockDelta"]["delta"]["text"] for event in texts)


def test_a_chunk_is_langchains_to_everybody() -> None:
    (chunk,) = _chunks([_delta(0, text="a")])
    (other,) = _chunks([_delta(0, text="b")])
    plain = ChatGenerationChunk(message=chunk.message)
    assert dumpd(chunk) == dumpd(plain)
    assert repr(chunk) == repr(plain)
    assert chunk == plain == chunk == ANY
    assert chunk != other
    assert chunk != chunk.message
    assert pickle.loads(pickle.dumps(chunk)) == chunk
    assert type(chunk + other) is type(plain + other) is ChatGenerationChunk
    with pytest.raises(TypeError, match="unsupported operand"):
        operator.add(chunk, ["text"])
    with pytest.raises(TypeError, match="unsupported operand"):
        operator.add(chunk, 1)
