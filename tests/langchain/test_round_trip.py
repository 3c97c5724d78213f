"""An answer put back into the history goes to Bedrock block for block as Bedrock sent it.

Text of neighbouring blocks may be joined, and blank text left out. Everything between is LangChain's: chunks
are added by its own addition, histories stored and read by its own functions.
"""

from __future__ import annotations

import copy
import json
from base64 import b64decode
from functools import reduce
from operator import add
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    messages_from_dict,
    messages_to_dict,
)

from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.messages.from_converse import message_content
from langchain_bedrock_unified.messages.stream import ChunkMaker
from langchain_bedrock_unified.messages.to_converse import converse_messages

from .scripted import Block, Says, ScriptedBedrock, stream_events

OURS = {"model_provider": "amazon_bedrock"}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.from_regex(r"[a-z][a-zA-Z_]{0,8}", fullmatch=True)
documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**66), 2**66)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
blobs = st.binary(min_size=1, max_size=20)
ids = st.from_regex(r"[a-zA-Z0-9_-]{3,8}", fullmatch=True)
positions = st.fixed_dictionaries({"documentIndex": st.integers(0, 9), "start": st.integers(0, 9)})
locations = st.one_of(
    *[
        st.fixed_dictionaries({kind: positions})
        for kind in ("documentChar", "documentPage", "documentChunk", "ofTomorrow")
    ],
    st.fixed_dictionaries({"searchResultLocation": st.just({"searchResultIndex": 1, "start": 0, "end": 2})}),
    st.fixed_dictionaries({"web": st.fixed_dictionaries({"url": texts, "domain": texts})}),
)
citations = st.fixed_dictionaries(
    {"location": locations},
    optional={
        "title": texts,
        "source": texts,
        "sourceContent": st.lists(st.fixed_dictionaries({"text": texts}), max_size=3),
        "ofTomorrow": documents,
    },
)
media = [
    st.fixed_dictionaries({"format": st.just(form), "source": st.fixed_dictionaries({"bytes": blobs})}).map(
        lambda value, kind=kind: {kind: value}
    )
    for kind, form in (("image", "jpeg"), ("video", "three_gp"), ("audio", "mpeg"))
]
results = st.one_of(
    texts.map(lambda text: {"text": text}),
    documents.map(lambda value: {"json": value}),
)
streamable = st.one_of(
    texts.map(lambda text: {"text": text}),
    st.builds(
        lambda call, name, value, kind: {
            "toolUse": {"toolUseId": call, "name": name, "input": value, **({"type": kind} if kind else {})}
        },
        ids,
        names,
        st.dictionaries(names, documents, max_size=3),
        st.sampled_from([None, "tool_use", "server_tool_use", "of_tomorrow"]),
    ),
    st.builds(
        lambda call, content, more: {"toolResult": {"toolUseId": call, "content": content, **more}},
        ids,
        st.lists(results, max_size=3),
        st.sampled_from(
            [{}, {"status": "error"}, {"status": "success", "type": "nova_grounding_result", "new": [1]}]
        ),
    ),
    st.builds(
        lambda text, signature: {
            "reasoningContent": {
                "reasoningText": {"text": text, **({"signature": signature} if signature else {})}
            }
        },
        texts,
        st.none() | st.text("abc+/=", min_size=1, max_size=9),
    ),
    blobs.map(lambda data: {"reasoningContent": {"redactedContent": data}}),
    st.builds(
        lambda text, cited: {
            "citationsContent": {**({"content": [{"text": text}]} if text else {}), "citations": cited}
        },
        texts,
        st.lists(citations, min_size=1, max_size=3),
    ),
    media[0],
    documents.filter(bool).map(lambda value: {"ofTomorrow": value}),
)
unary = st.one_of(
    streamable,
    media[1],
    media[2],
    st.builds(
        lambda name, data: {"document": {"format": "pdf", "name": name, "source": {"bytes": data}}},
        names,
        blobs,
    ),
    st.builds(
        lambda text, marks: {"guardContent": {"text": {"text": text, "qualifiers": marks}}},
        texts,
        st.lists(st.sampled_from(["grounding_source", "query"]), max_size=2),
    ),
    st.builds(
        lambda text, title: {"searchResult": {"source": "s", "title": title, "content": [{"text": text}]}},
        texts,
        texts,
    ),
    st.just({"image": {"format": "png", "error": {"message": "filtered"}, "source": {}}}),
    st.just({"cachePoint": {"type": "default", "ttl": "1h"}}),
    st.just({"text": "with", "more": {"of": "it"}}),
)


def as_sent(content: list[Block]) -> list[Block]:
    """The blocks as they must come back: JSON values, texts joined, blank text left out."""
    joined: list[Block] = []
    for block in content:
        if set(block) == {"text"}:
            if not block["text"].strip():
                continue
            if joined and set(joined[-1]) == {"text"}:
                joined[-1] = {"text": joined[-1]["text"] + block["text"]}
                continue
        joined.append(block)
    return joined


def sent_back(message: BaseMessage) -> list[Block]:
    """What a request carries when the message stands in its history."""
    before = copy.deepcopy(message)
    turns, _ = converse_messages([HumanMessage("q"), message, HumanMessage("next")])
    assert message == before, "the message was changed"
    return as_sent([block for turn in turns if turn["role"] == "assistant" for block in turn["content"]])


def stored(message: BaseMessage) -> BaseMessage:
    """The message after a trip through JSON, as message histories make it."""
    return messages_from_dict(json.loads(json.dumps(messages_to_dict([message]))))[0]


def unary_message(content: list[Block]) -> AIMessage:
    """The message of a unary answer."""
    said, calls, invalid = message_content(content)
    return AIMessage(content=said, tool_calls=calls, invalid_tool_calls=invalid, response_metadata=OURS)


def streamed_message(content: list[Block], pieces: int) -> AIMessageChunk:
    """The sum of a stream's chunks."""
    maker = ChunkMaker()
    chunks = [maker.chunk({name: members}) for name, members in stream_events(content, pieces)]
    end = AIMessageChunk(content=[], chunk_position="last", response_metadata=OURS)
    return reduce(add, [*(chunk.message for chunk in chunks if chunk is not None), end])


@settings(max_examples=200, deadline=None)
@given(st.lists(unary, max_size=5))
def test_unary(content: list[Block]) -> None:
    message = unary_message(content)
    assert sent_back(message) == as_sent(content)
    assert sent_back(stored(message)) == as_sent(content)


@settings(max_examples=200, deadline=None)
@given(st.lists(streamable, max_size=5), st.integers(1, 9))
def test_streamed(content: list[Block], pieces: int) -> None:
    message = streamed_message(content, pieces)
    assert sent_back(message) == as_sent(content)
    assert sent_back(stored(message)) == as_sent(content)


@settings(max_examples=100, deadline=None)
@given(st.lists(streamable, max_size=5), st.integers(1, 9))
def test_streamed_says_what_unary_says(content: list[Block], pieces: int) -> None:
    whole, streamed = unary_message(content), streamed_message(content, pieces)
    assert streamed.text == whole.text
    assert streamed.tool_calls == whole.tool_calls


CONTENT: list[Block] = [
    {"reasoningContent": {"reasoningText": {"text": "Let me see.", "signature": "EqoBCkgIARAB"}}},
    {"reasoningContent": {"redactedContent": b"\x01\x02\x03"}},
    {"text": "Two calls:"},
    {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city_name": "Paris"}, "type": "tool_use"}},
    {"toolUse": {"toolUseId": "t2", "name": "weather", "input": {}}},
]


@pytest.mark.parametrize("output_version", ["v0", "v1"])
@pytest.mark.parametrize("streaming", [False, True])
def test_over_the_wire(
    make_model: Any, bedrock: ScriptedBedrock, output_version: str, streaming: bool
) -> None:
    model: ChatBedrock = make_model(output_version=output_version)
    bedrock.says(Says(CONTENT, stop="tool_use"))
    answer = reduce(add, list(model.stream("q"))) if streaming else model.invoke("q")
    results = [{"role": "tool", "content": "sunny", "tool_call_id": call["id"]} for call in answer.tool_calls]
    model.invoke([HumanMessage("q"), answer, *results])
    back = bedrock.last["messages"][1]["content"]
    if output_version == "v1":  # LangChain's tool_call block has no place for this member
        back[3]["toolUse"]["type"] = "tool_use"
    assert b64decode(back[1]["reasoningContent"].pop("redactedContent")) == b"\x01\x02\x03"
    back[1]["reasoningContent"]["redactedContent"] = b"\x01\x02\x03"
    assert back == CONTENT
