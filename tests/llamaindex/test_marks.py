"""Messages that are marked to be cached, as LlamaIndex itself and its Anthropic package mark them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    CacheControl,
    CachePoint,
    DocumentBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.extractors import DocumentContextExtractor
from llama_index.core.llms import ChatMessage
from llama_index.core.schema import Document
from llama_index.core.storage.docstore import SimpleDocumentStore

from bedrock_unified.errors import InvalidRequestError
from llamaindex_bedrock_unified import BedrockConverse

from .scripted import ScriptedBedrock

Make = Callable[..., BedrockConverse]
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
MARK: dict[str, Any] = {"type": "ephemeral"}
QUESTION = ChatMessage(role="user", content="What colour is the barge?")
NOTES = DocumentBlock(data=b"The barge is red.", title="Notes", document_mimetype="text/plain")


def marked(*blocks: Any, mark: Any = MARK, role: str = "user", **more: Any) -> ChatMessage:
    """A message that is to be cached."""
    content = [TextBlock(text=block) if isinstance(block, str) else block for block in blocks]
    return ChatMessage(role=role, blocks=content, additional_kwargs={"cache_control": mark, **more})


@pytest.mark.parametrize(
    ("mark", "sent"),
    [
        (MARK, POINT),
        ({"type": "ephemeral", "ttl": "5m"}, POINT),
        ({"type": "ephemeral", "ttl": "1h"}, HOUR),
        (CacheControl(type="default", ttl="1h"), HOUR),
        (None, None),
    ],
)
def test_a_marked_message_ends_with_a_cache_point(
    llm: BedrockConverse, bedrock: ScriptedBedrock, mark: Any, sent: Any
) -> None:
    page = marked("The barge is red.", mark=mark)
    llm.chat([marked("Be brief.", mark=mark, role="system"), page, QUESTION])
    points = [] if sent is None else [sent]
    assert bedrock.bodies[-1]["system"] == [{"text": "Be brief."}, *points]
    (turn,) = bedrock.requests[-1].messages
    assert turn["content"] == [{"text": "The barge is red."}, *points, {"text": "What colour is the barge?"}]
    assert page.blocks == [TextBlock(text="The barge is red.")]


def test_the_point_stands_where_bedrock_takes_one(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    call = ToolCallBlock(tool_call_id="t1", tool_name="look", tool_kwargs={})
    thought = ThinkingBlock(content="Hm.", additional_information={"signature": "U0lH"})
    written = CachePoint(cache_control=CacheControl(type="default", ttl="1h"))
    llm.chat(
        [
            marked("See the notes.", NOTES, " "),
            marked("I look.", thought, role="assistant"),
            marked("Look!", written),
            ChatMessage(role="assistant", blocks=[call]),
            marked("Red.", role="tool", tool_call_id="t1"),
            marked("  "),
        ]
    )
    kinds = [[next(iter(block)) for block in turn["content"]] for turn in bedrock.requests[-1].messages]
    assert kinds == [
        ["text", "cachePoint", "document"],
        ["text", "cachePoint", "reasoningContent"],
        ["text", "cachePoint"],
        ["toolUse"],
        ["toolResult", "cachePoint"],
    ]
    assert bedrock.requests[-1].messages[2]["content"][-1] == HOUR


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (marked("x", mark="yes"), "'yes'"),
        (marked("x", mark={"type": "ephemeral", "ttl": "2h"}), "2h"),
        (marked("x", mark={"type": "ephemeral", "scope": "all"}), "scope"),
        (marked(NOTES), "no place"),
        (marked("x", mark=None, cache_point={"type": "default"}), "cache_point"),
        (marked("x", mark=None, cachePoint={"type": "default"}, role="system"), "cachePoint"),
    ],
)
def test_a_mark_that_cannot_be_kept_is_refused(
    llm: BedrockConverse, bedrock: ScriptedBedrock, message: ChatMessage, told: str
) -> None:
    with pytest.raises(InvalidRequestError, match=told) as caught:
        llm.chat([message, QUESTION])
    assert caught.value.hint and "message 0" in str(caught.value)
    assert bedrock.requests == []


@pytest.mark.parametrize(
    "given",
    [
        {"model": "us.meta.llama3-3-70b-instruct-v1:0"},
        {"model": "acme.new-v1:0", "capabilities": {"cache_places": []}},
        {"model": f"arn:aws:bedrock:us-east-1:{'1' * 12}:imported-model/ab12", "model_family": "llama3-3"},
        {
            "model": "us.meta.llama3-3-70b-instruct-v1:0",
            "application_inference_profile_arn": f"arn:aws:bedrock:us-east-1:{'1' * 12}"
            ":application-inference-profile/ab12",
        },
    ],
)
def test_a_model_without_a_cache_is_asked_without_points(
    make_llm: Make, bedrock: ScriptedBedrock, given: dict[str, Any]
) -> None:
    make_llm(**given).chat([marked("The barge is red."), QUESTION])
    assert "cachePoint" not in str(bedrock.bodies)


def test_a_call_of_another_model_is_judged_by_that_model(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    llm = make_llm(model="us.meta.llama3-3-70b-instruct-v1:0")
    llm.chat([marked("The barge is red."), QUESTION], model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    assert POINT in bedrock.requests[-1].messages[0]["content"]


async def test_llamaindexs_extractor_of_contexts_has_its_page_cached(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    page = Document(text="The barge is red. The quay is long.", id_="page")
    store = SimpleDocumentStore()
    store.add_documents([page])
    node = Document(text="The quay is long.")
    node.relationships = {"1": page.as_related_node_info()}  # type: ignore[dict-item]
    extractor = DocumentContextExtractor(docstore=store, llm=llm, show_progress=False)
    assert await extractor.aextract([node]) == [{"context": "Good day."}]
    (turn,) = bedrock.requests[-1].messages
    assert [next(iter(block)) for block in turn["content"]] == ["text", "cachePoint", "text"]
    await llm.bedrock.aclose()
