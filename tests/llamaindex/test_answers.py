"""Converse content as messages, and the same content again when the message goes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.base.llms.types import (
    ChatMessage,
    CitationBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)

from bedrock_unified.converse.reducer import StreamReducer
from llamaindex_bedrock_unified.messages import write_messages
from llamaindex_bedrock_unified.reading import read_message
from llamaindex_bedrock_unified.responses import ChunkReader, chat_response

from .scripted import Answer

Content = list[dict[str, Any]]

CITATION = {
    "title": "policy",
    "sourceContent": [{"text": "20 days"}],
    "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}},
}
WEB = {"location": {"web": {"url": "https://x.test/a", "domain": "x.test"}}}
INTERLEAVED: Content = [
    {"reasoningContent": {"reasoningText": {"text": "one", "signature": "S1"}}},
    {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}, "type": "tool_use"}},
    {"reasoningContent": {"redactedContent": b"\0\xff"}},
    {"reasoningContent": {"reasoningText": {"text": "two", "signature": "S2"}}},
    {"text": "Done."},
    {"toolUse": {"toolUseId": "t2", "name": "g", "input": {}}},
]
GROUNDED: Content = [
    {"toolUse": {"toolUseId": "s1", "name": "search", "input": {"q": "x"}, "type": "server_tool_use"}},
    {"toolResult": {"toolUseId": "s1", "status": "success", "type": "found", "content": [{"text": "…"}]}},
    {"text": "It is "},
    {"citationsContent": {"content": [{"text": "4.0"}], "citations": [CITATION]}},
    {"text": ", see"},
    {"citationsContent": {"citations": [WEB, WEB]}},
    {"text": " there."},
]


def sent_back(message: ChatMessage) -> Content:
    (turn,) = write_messages([message])[0]
    return turn["content"]


def stored(message: ChatMessage) -> ChatMessage:
    """The message after a trip through a chat store."""
    return ChatMessage.model_validate(json.loads(message.model_dump_json()))


@pytest.mark.parametrize("content", [INTERLEAVED, GROUNDED])
def test_an_answer_goes_back_block_for_block(content: Content) -> None:
    message = read_message(content)
    assert sent_back(message) == content
    assert sent_back(stored(message)) == content


def test_interleaved_blocks_keep_their_order_and_their_signatures() -> None:
    blocks = read_message(INTERLEAVED).blocks
    assert [type(block) for block in blocks] == [
        ThinkingBlock,
        ToolCallBlock,
        ThinkingBlock,
        ThinkingBlock,
        TextBlock,
        ToolCallBlock,
    ]
    thoughts = [block for block in blocks if isinstance(block, ThinkingBlock)]
    assert [block.content for block in thoughts] == ["one", None, "two"]
    assert [block.additional_information for block in thoughts] == [
        {"signature": "S1"},
        {"redacted_content": "AP8="},
        {"signature": "S2"},
    ]


def test_cited_text_reads_as_one_text_followed_by_its_citations() -> None:
    message = read_message(GROUNDED)
    assert message.content == "It is 4.0, see there."
    first, *others = [block for block in message.blocks if isinstance(block, CitationBlock)]
    assert isinstance(first.cited_content, TextBlock)
    assert (first.title, first.cited_content.text) == ("policy", "20 days")
    assert first.additional_location_info == {"documentIndex": 0, "start": 1, "end": 2}
    assert [(block.title, block.source) for block in others] == [("x.test", "https://x.test/a")] * 2


def test_plain_answers_carry_nothing_beside_their_blocks() -> None:
    assert read_message([{"text": "Hi"}]).additional_kwargs == {}
    told = read_message(INTERLEAVED).additional_kwargs
    assert told.keys() == {"tool_calls", "tool_call_id"}
    assert told["tool_call_id"] == ["t1", "t2"]


def test_a_generated_image_is_shown_and_goes_back() -> None:
    content: Content = [{"image": {"format": "png", "source": {"bytes": b"\x89PNG image"}}}]
    message = read_message(content)
    (block,) = message.blocks
    assert isinstance(block, ImageBlock)
    assert block.resolve_image().read() == b"\x89PNG image"
    assert sent_back(stored(message)) == content


def test_an_edited_answer_goes_back_as_it_was_edited() -> None:
    message = read_message(GROUNDED)
    message.blocks = [TextBlock(text="It is 4.1.")]
    assert sent_back(message) == [{"text": "It is 4.1."}]


def test_a_call_that_was_changed_goes_back_changed() -> None:
    message = read_message([INTERLEAVED[1]])
    message.blocks = [ToolCallBlock(tool_call_id="t1", tool_name="f", tool_kwargs={"a": 2})]
    assert sent_back(message)[0]["toolUse"]["input"] == {"a": 2}


words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
ids = st.text("abcXYZ019_-.:", min_size=1, max_size=64)
inputs = st.dictionaries(words, json_values, max_size=3)
signed = st.fixed_dictionaries({"text": words}, optional={"signature": words})
citations = st.fixed_dictionaries(
    {},
    optional={
        "title": words,
        "source": words,
        "sourceContent": st.lists(st.fixed_dictionaries({"text": words}), min_size=1, max_size=2),
        "location": st.sampled_from([CITATION["location"], WEB["location"]]),
    },
)
uses = st.fixed_dictionaries(
    {"toolUseId": ids, "name": ids, "input": inputs},
    optional={"type": st.sampled_from(["tool_use", "server_tool_use"])},
)
results = st.fixed_dictionaries(
    {"toolUseId": ids, "status": st.just("success"), "content": st.lists(st.just({"text": "r"}), max_size=2)}
)
streamed_blocks = st.one_of(
    st.fixed_dictionaries({"text": words}),
    st.fixed_dictionaries({"toolUse": uses}),
    st.fixed_dictionaries({"toolResult": results}),
    st.fixed_dictionaries({"reasoningContent": st.fixed_dictionaries({"reasoningText": signed})}),
    st.fixed_dictionaries(
        {"reasoningContent": st.fixed_dictionaries({"redactedContent": st.binary(min_size=1)})}
    ),
    st.fixed_dictionaries(
        {
            "citationsContent": st.fixed_dictionaries(
                {
                    "content": st.lists(st.fixed_dictionaries({"text": words}), min_size=1, max_size=1),
                    "citations": st.lists(citations, min_size=1, max_size=2),
                }
            )
        }
    ),
)
unary_blocks = st.one_of(
    streamed_blocks,
    st.fixed_dictionaries({"guardContent": st.fixed_dictionaries({"text": st.just({"text": "x"})})}),
    st.fixed_dictionaries({"kindOfTomorrow": json_values}),
    st.just({"image": {"format": "png", "source": {"bytes": b"\x89PNG image"}}}),
    st.just(
        {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/v.mp4", "bucketOwner": "1"}}}}
    ),
)


def joined(content: Content) -> Content:
    """Neighbouring texts as one."""
    result: Content = []
    for block in content:
        if "text" in block and result and "text" in result[-1]:
            result[-1] = {"text": result[-1]["text"] + block["text"]}
        else:
            result.append(block)
    return result


@settings(deadline=None, max_examples=200)
@given(st.lists(unary_blocks, min_size=1, max_size=6))
def test_whatever_bedrock_answers_goes_back_as_it_came(content: Content) -> None:
    message = read_message(content)
    assert joined(sent_back(message)) == joined(content)
    assert joined(sent_back(stored(message))) == joined(content)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(streamed_blocks, min_size=1, max_size=5, unique_by=lambda block: json.dumps(block, default=str)),
    st.integers(1, 9),
)
def test_a_stream_ends_in_the_message_of_the_unary_answer(content: Content, piece: int) -> None:
    reader, reducer = ChunkReader(), StreamReducer()
    chunks = []
    for name, members in Answer(content, piece=piece).events():
        reducer.feed({name: members})
        chunks.append(reader.feed({name: members}))
    whole = chat_response(reducer.response()).message
    assert joined(sent_back(whole)) == joined(content)
    shown = [chunk for chunk in chunks if chunk is not None]
    said = ""
    for chunk in shown:
        said += chunk.delta or ""
        assert (chunk.message.content or "") == said
    assert (whole.content or "") == said
    if shown and not isinstance(whole.blocks[-1], ToolCallBlock):  # whose input is still text
        assert shown[-1].message.blocks == whole.blocks
