"""Hypothesis: any history of any blocks, and what of it has to arrive."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from bedrock_unified.wire import json_codec

Block = dict[str, Any]
Turn = dict[str, Any]

texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(["", " ", "\n", "Hi. ", "."])
ids = st.sampled_from(["a", "b", "c", "", "call/1", "x" * 70, "tooluse_1"])
names = st.sampled_from(["add", "math.add", "math/add", "math_add", "é", "", "n" * 70, "n" * 71, "_"])
blobs = st.binary(min_size=1, max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
places = st.builds(lambda data: {"bytes": data}, blobs) | st.just({"s3Location": {"uri": "s3://bucket/key"}})
text_blocks = st.builds(lambda text: {"text": text}, texts)
images = st.builds(lambda source: {"image": {"format": "png", "source": source}}, places)
videos = st.builds(lambda source: {"video": {"format": "mp4", "source": source}}, places)
audios = st.builds(lambda source: {"audio": {"format": "wav", "source": source}}, places)
documents = st.builds(
    lambda name, source: {"document": {"format": "pdf", "name": name, "source": source}},
    st.sampled_from(["report", "report.pdf", "two  spaces", "Größe", "x" * 210, "/", "報告"]),
    places,
)
found = st.builds(
    lambda text: {"searchResult": {"source": "s", "title": "t", "content": [{"text": text}]}}, texts
)
media = images | videos | documents
results = st.builds(
    lambda call, content, more: {"toolResult": {"toolUseId": call, "content": content, **more}},
    ids,
    st.lists(text_blocks | media | found | st.builds(lambda value: {"json": value}, values), max_size=3),
    st.sampled_from([{}, {"status": "error"}, {"status": "success"}]),
)
server_results = st.builds(
    lambda call: {"toolResult": {"toolUseId": call, "content": [{"json": {}}], "type": "nova_result"}}, ids
)
calls = st.builds(
    lambda call, name, given, more: {"toolUse": {"toolUseId": call, "name": name, "input": given, **more}},
    ids,
    names,
    st.dictionaries(texts, values, max_size=2) | values | st.just('{"n": 1}'),
    st.sampled_from([{}, {}, {"type": "server_tool_use"}]),
)
reasoning = st.builds(
    lambda text, more: {"reasoningContent": {"reasoningText": {"text": text, **more}}},
    texts,
    st.sampled_from([{}, {"signature": "c2ln"}]),
) | st.builds(lambda data: {"reasoningContent": {"redactedContent": data}}, blobs)
cited = st.builds(
    lambda text: {"citationsContent": {"content": [{"text": text}], "citations": [{"title": "t"}]}}, texts
)
guarded = st.builds(lambda text: {"guardContent": {"text": {"text": text, "qualifiers": ["query"]}}}, texts)
points = st.just({"cachePoint": {"type": "default"}})
tool_changes = st.builds(
    lambda kind, name: {kind: {"tool": {"name": name or "t"}}},
    st.sampled_from(["toolAddition", "toolRemoval"]),
    names,
)

users = text_blocks | results | media | audios | found | guarded | points
assistants = text_blocks | calls | server_results | reasoning | cited | images
turns = st.one_of(
    st.builds(lambda content: {"role": "user", "content": content}, st.lists(users, max_size=5)),
    st.builds(lambda content: {"role": "user", "content": content}, st.lists(results, max_size=3)),
    st.builds(lambda content: {"role": "assistant", "content": content}, st.lists(assistants, max_size=4)),
    st.builds(lambda content: {"role": "assistant", "content": content}, st.lists(calls, max_size=3)),
    st.builds(
        lambda content: {"role": "system", "content": content},
        st.lists(text_blocks | tool_changes, max_size=2),
    ),
)
tools = st.builds(
    lambda name: {"toolSpec": {"name": name or "t", "inputSchema": {"json": {"type": "object"}}}}, names
)
configs = st.none() | st.lists(tools, min_size=1, max_size=4).map(lambda offered: {"tools": offered})
systems = st.none() | st.lists(st.builds(lambda text: {"text": text}, texts) | guarded | points, max_size=3)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A Converse request of any turns; one user text at least."""
    history = draw(st.lists(turns, max_size=7))
    request: dict[str, Any] = {
        "modelId": "vendor.model-v1:0",
        "messages": [*history, {"role": "user", "content": [{"text": "the end"}]}],
    }
    if draw(st.booleans()):
        request["messages"] += draw(st.lists(turns, max_size=2))
    if (config := draw(configs)) is not None:
        request["toolConfig"] = config
        if draw(st.booleans()):
            chosen = draw(st.sampled_from(config["tools"]))["toolSpec"]["name"]
            request["toolConfig"]["toolChoice"] = {"tool": {"name": chosen}}
    if (system := draw(systems)) is not None:
        request["system"] = system
    return request


def said(request: dict[str, Any]) -> Counter[str]:
    """What a request's turns say, piece by piece: texts, data, inputs; names and ids left out."""
    return Counter(
        piece for turn in request["messages"] for block in turn["content"] for piece in _said(block)
    )


def _said(block: Block) -> Iterator[str]:
    for kind, held in block.items():
        if kind == "text":
            if held.strip():
                yield held.strip()
        elif kind == "toolUse":
            yield from _said_input(held["input"])
        elif kind == "toolResult":
            for part in held["content"]:
                yield from _said(part)
        elif kind == "json":
            yield json_codec.dumps(held).decode()
        elif kind == "document":
            yield f"document in {held['source']!r}"
        elif kind in ("toolAddition", "toolRemoval"):
            yield kind
        elif kind == "reasoningContent":
            told = held.get("reasoningText", {"text": "redacted"})
            if told["text"].strip() or told.get("signature"):
                yield repr(held)
        else:
            yield f"{kind} {held!r}"


def _said_input(given: Any) -> Iterator[str]:
    """The JSON of a call's input; of what is no object the text of it, for that is what it becomes."""
    if isinstance(given, str) and given.strip():
        with contextlib.suppress(ValueError):
            read = json_codec.loads(given)
            given = read if isinstance(read, dict) else given
    elif not isinstance(given, (dict, str)) and given is not None:
        given = json_codec.dumps(given).decode()
    if isinstance(given, dict) or (given and not given.isspace()):
        yield json_codec.dumps(given).decode()
