"""Stream events joined: the same response as without streaming, nothing unknown lost, and at linear cost."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_unified.converse import reducer as reducing
from bedrock_unified.converse.reducer import StreamReducer, parse_tool_input

Event = dict[str, Any]
Block = dict[str, Any]

texts = st.text(max_size=40)
names = st.text(min_size=1, max_size=10)
inputs = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
citations = st.fixed_dictionaries(
    {"title": texts, "sourceContent": st.lists(texts.map(lambda text: {"text": text}), max_size=2)},
    optional={
        "location": st.just({"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}),
        "source": texts,
    },
)
text_blocks = st.builds(lambda text: {"text": text}, texts)
tool_blocks = st.builds(
    lambda identity, name, given_input, kind: {
        "toolUse": {"toolUseId": identity, "name": name, "input": given_input, **kind}
    },
    names,
    names,
    st.dictionaries(st.text(max_size=6), inputs, max_size=3),
    st.sampled_from([{}, {"type": "server_tool_use"}]),
)
reasoning_blocks = st.builds(
    lambda text, signature: {"reasoningContent": {"reasoningText": {"text": text, **signature}}},
    texts,
    st.just({}) | st.builds(lambda text: {"signature": text}, st.text(min_size=1, max_size=30)),
) | st.builds(lambda raw: {"reasoningContent": {"redactedContent": raw}}, st.binary(min_size=1, max_size=30))
citation_blocks = st.builds(
    lambda text, cited: {"citationsContent": {"content": [{"text": text}], "citations": cited}},
    texts,
    st.lists(citations, min_size=1, max_size=3),
)
result_blocks = st.builds(
    lambda identity, content, status: {
        "toolResult": {"toolUseId": identity, "content": content, "status": status}
    },
    names,
    st.lists(text_blocks | st.builds(lambda value: {"json": value}, inputs), min_size=1, max_size=3),
    st.sampled_from(["success", "error"]),
)
image_blocks = st.builds(
    lambda raw: {"image": {"format": "png", "source": {"bytes": raw}}}, st.binary(min_size=1, max_size=30)
)
blocks = st.one_of(text_blocks, tool_blocks, reasoning_blocks, citation_blocks, result_blocks, image_blocks)
responses = st.builds(
    lambda content, stop, fields, usage: {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        **fields,
        "usage": usage,
        "metrics": {"latencyMs": 5},
    },
    st.lists(blocks, max_size=5),
    st.sampled_from(["end_turn", "tool_use", "max_tokens", "a_later_reason"]),
    st.sampled_from([{}, {"additionalModelResponseFields": {"stop_sequence": "x"}}]),
    st.fixed_dictionaries({"inputTokens": st.integers(0, 99), "outputTokens": st.integers(0, 99)}),
)


def pieces(data: st.DataObject, whole: Any) -> list[Any]:
    """The text or bytes in one to five pieces, some of them empty."""
    edges = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    return [whole[start:stop] for start, stop in zip([0, *edges], [*edges, len(whole)], strict=True)]


def deltas_of(data: st.DataObject, block: Block) -> tuple[Any, list[Any]]:
    """What starts a block (tools and images alone announce themselves), and its deltas."""
    ((kind, value),) = block.items()
    if kind == "text":
        return None, [{"text": piece} for piece in pieces(data, value)]
    if kind == "toolUse":
        start = {name: member for name, member in value.items() if name != "input"}
        written = pieces(data, json.dumps(value["input"]))
        return {"toolUse": start}, [{"toolUse": {"input": piece}} for piece in written]
    if kind == "toolResult":
        start = {name: member for name, member in value.items() if name != "content"}
        return {"toolResult": start}, [{"toolResult": piece} for piece in pieces(data, value["content"])]
    if kind == "citationsContent":
        cited = [{"citation": citation} for citation in value["citations"]]
        text = [{"text": piece} for piece in pieces(data, value["content"][0]["text"])]
        return None, [*cited, *text]
    if kind == "image":
        parts = pieces(data, value["source"]["bytes"])
        return {"image": {"format": "png"}}, [{"image": {"source": {"bytes": part}}} for part in parts]
    if "redactedContent" in value:
        parts = pieces(data, value["redactedContent"])
        return None, [{"reasoningContent": {"redactedContent": part}} for part in parts]
    told = value["reasoningText"]
    thoughts = [{"reasoningContent": {"text": piece}} for piece in pieces(data, told["text"])]
    signed = [{"reasoningContent": {"signature": told["signature"]}}] if "signature" in told else []
    return None, [*thoughts, *signed]


def block_events(data: st.DataObject, index: int, block: Block) -> Iterator[Event]:
    start, deltas = deltas_of(data, block)
    if start is not None:
        yield {"contentBlockStart": {"contentBlockIndex": index, "start": start}}
    for delta in deltas:
        yield {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}
    yield {"contentBlockStop": {"contentBlockIndex": index}}


def events_of(data: st.DataObject, response: dict[str, Any]) -> list[Event]:
    """The response as a stream."""
    message = response["output"]["message"]
    body = [list(block_events(data, index, block)) for index, block in enumerate(message["content"])]
    stop = {
        name: response[name] for name in ("stopReason", "additionalModelResponseFields") if name in response
    }
    return [
        {"messageStart": {"role": message["role"]}},
        *(event for events in body for event in events),
        {"messageStop": stop},
        {"metadata": {"usage": response["usage"], "metrics": response["metrics"]}},
    ]


def reduced(events: list[Event]) -> StreamReducer:
    reducer = StreamReducer()
    for event in events:
        reducer.feed(event)
    return reducer


@settings(max_examples=250)
@given(responses, st.data())
def test_a_stream_adds_up_to_the_response_of_the_unary_call(
    response: dict[str, Any], data: st.DataObject
) -> None:
    events = events_of(data, response)
    before = copy.deepcopy(events)
    reducer = reduced(events)
    assert reducer.response() == response
    assert reducer.response() == response, "reading the response changed it"
    assert events == before, "an event was changed"
    assert reducer.finished
    assert reducer.stop_reason == response["stopReason"]
    assert reducer.metadata == {"usage": response["usage"], "metrics": response["metrics"]}


@given(st.lists(blocks, min_size=2, max_size=4), st.data())
def test_blocks_may_come_interleaved(content: list[Block], data: st.DataObject) -> None:
    queues = [list(block_events(data, index, block)) for index, block in enumerate(content)]
    reducer = StreamReducer()
    while any(queues):
        queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
        reducer.feed(queue.pop(0))
    assert reducer.content() == content


@given(responses, st.data(), st.integers(0, 40))
def test_a_stream_that_was_cut_gives_what_came(
    response: dict[str, Any], data: st.DataObject, count: int
) -> None:
    events = events_of(data, response)
    count = min(count, len(events))
    reducer = reduced(events[:count])
    so_far = reducer.response()
    has_stopped = any("messageStop" in event for event in events[:count])
    assert reducer.finished == has_stopped
    assert so_far["stopReason"] == (response["stopReason"] if has_stopped else None)
    opened = {
        members["contentBlockIndex"]
        for event in events[:count]
        for name, members in event.items()
        if name.startswith("contentBlock")
    }
    assert len(so_far["output"]["message"]["content"]) == len(opened)


@given(
    names.filter(lambda name: not name.startswith(("content", "message", "metadata"))),
    st.lists(inputs, min_size=1),
)
def test_an_unknown_event_is_kept(name: str, seen: list[Any]) -> None:
    reducer = reduced([{name: members} for members in seen])
    known = {"output": {"message": {"role": "assistant", "content": []}}, "stopReason": None}
    assert reducer.response() == {name: seen, **known}


@pytest.mark.parametrize("count", [1, 3])
def test_a_block_of_an_unknown_kind_is_kept_as_it_came(count: int) -> None:
    deltas = [{"hologram": {"voxels": [number]}} for number in range(count)]
    events = [{"contentBlockStart": {"contentBlockIndex": 0, "start": {"hologramHeader": {"v": 2}}}}]
    events += [{"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}} for delta in deltas]
    values = [delta["hologram"] for delta in deltas]
    (block,) = reduced(events).content()
    assert block == {"hologramHeader": {"v": 2}, "hologram": values[0] if count == 1 else values}


@pytest.mark.parametrize(
    ("start", "delta", "known"),
    [
        ({}, {"text": "a"}, {"text": "a"}),
        (
            {"toolUse": {"toolUseId": "t", "name": "n"}},
            {"toolUse": {"input": "{}"}},
            {"toolUse": {"toolUseId": "t", "name": "n", "input": {}}},
        ),
        ({}, {"reasoningContent": {"text": "r"}}, {"reasoningContent": {"reasoningText": {"text": "r"}}}),
    ],
    ids=["text", "toolUse", "reasoningContent"],
)
def test_what_is_unknown_beside_a_known_kind_is_kept_too(start: Any, delta: Any, known: Block) -> None:
    events = [
        {"contentBlockStart": {"contentBlockIndex": 0, "start": {**start, "laterStart": 1}}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"laterDelta": {"x": 1}}}},
    ]
    assert reduced(events).content() == [{**known, "laterStart": 1, "laterDelta": {"x": 1}}]


def test_unknown_members_of_reasoning_are_kept() -> None:
    delta = {"reasoningContent": {"text": "r", "certainty": 0.5}}
    events = [{"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}}]
    assert reduced(events).content() == [
        {"reasoningContent": {"reasoningText": {"text": "r"}, "certainty": 0.5}}
    ]


def test_a_block_without_any_delta_is_empty_text() -> None:
    assert reduced([{"contentBlockStop": {"contentBlockIndex": 0}}]).content() == [{"text": ""}]


def test_citations_alone_have_no_text() -> None:
    delta = {"citation": {"location": {"web": {"url": "https://a.example", "domain": "a.example"}}}}
    events = [{"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}}]
    assert reduced(events).content() == [{"citationsContent": {"citations": [delta["citation"]]}}]


def test_blocks_stand_in_the_order_of_their_indexes() -> None:
    events = [
        {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"text": str(index)}}}
        for index in (7, 0, 3)
    ]
    assert reduced(events).content() == [{"text": "0"}, {"text": "3"}, {"text": "7"}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        (" \n", {}),
        ('{"a": 1}', {"a": 1}),
        ("[1]", [1]),
        ("null", None),
        (str(10**99), 10**99),
        ('{"a": ', '{"a": '),
        ("not json", "not json"),
        ("NaN", "NaN"),
    ],
)
def test_a_tools_input_is_parsed_where_it_is_json_and_left_alone_where_it_is_not(
    text: str, value: Any
) -> None:
    assert parse_tool_input(text) == value


def test_the_cost_of_a_long_tool_input_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted: the input is parsed when it is asked for, not with every piece."""
    parsed = 0

    def counted(text: str) -> Any:
        nonlocal parsed
        parsed += len(text)
        return json.loads(text)

    monkeypatch.setattr(reducing.json_codec, "loads", counted)
    value = {"items": list(range(5000))}
    written = json.dumps(value)
    reducer = StreamReducer()
    start = {"toolUse": {"toolUseId": "t", "name": "n"}}
    reducer.feed({"contentBlockStart": {"contentBlockIndex": 0, "start": start}})
    for position in range(0, len(written), 7):
        delta = {"toolUse": {"input": written[position : position + 7]}}
        reducer.feed({"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}})
    assert parsed == 0
    assert reducer.content() == [{"toolUse": {"toolUseId": "t", "name": "n", "input": value}}]
    assert parsed == len(written)
