"""Streams: what each item says, what they cost, and how they end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler

from llamaindex_bedrock_unified import BedrockConverse

from .scripted import ScriptedBedrock, calls, says

Make = Callable[..., BedrockConverse]
QUESTION = [ChatMessage(role="user", content="Hello?")]
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "I should look it up.", "signature": "SIG"}}}


def test_each_item_has_the_message_so_far_and_what_is_new(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says(THOUGHT, "The answer is 42.", calls("f", {"city": "Paris"}))]
    items = list(llm.stream_chat(QUESTION))
    said = ""
    thought = ""
    for item in items:
        said += item.delta or ""
        thought += item.additional_kwargs.get("thinking_delta", "")
        assert (item.message.content or "") == said
        assert (
            "".join(b.content or "" for b in item.message.blocks if isinstance(b, ThinkingBlock)) == thought
        )
    assert said == "The answer is 42."
    assert thought == "I should look it up."
    assert [type(block) for block in items[-1].message.blocks] == [ThinkingBlock, TextBlock, ToolCallBlock]
    assert items[-1].raw["stopReason"] == "end_turn"
    assert items[-1].additional_kwargs["completion_tokens"] == 7


def test_the_deltas_of_several_texts_add_up_to_the_content(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says("Let me see.", THOUGHT, "I have it: ", "42.", calls("f", {}), "More?")]
    chunks = list(llm.stream_chat(QUESTION))
    completions = list(llm.stream_complete("Hello?"))
    texts = ["Let me see.", "I have it: 42.", "More?"]
    assert [block.text for block in chunks[-1].message.blocks if isinstance(block, TextBlock)] == texts
    assert "".join(chunk.delta or "" for chunk in chunks) == chunks[-1].message.content == "\n".join(texts)
    assert "".join(each.delta or "" for each in completions) == completions[-1].text == "\n".join(texts)


def test_items_that_were_handed_out_do_not_change(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [says("one two three", calls("f", {"city": "Paris"}), calls("g", {}, "tooluse_2"))]
    before = []
    kept = []
    for item in llm.stream_chat(QUESTION):
        kept.append(item)
        before.append(item.model_dump_json())
    assert [item.model_dump_json() for item in kept] == before


def test_partial_items_are_whole_pydantic_models(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [says(THOUGHT, "Well.", calls("f", {"city": "Paris"}))]
    for item in llm.stream_chat(QUESTION):
        assert ChatResponse.model_validate(item.model_dump()) == item
        assert item.model_copy(deep=True) == item
        assert ChatMessage.model_validate_json(item.message.model_dump_json()) == item.message


def test_tool_calls_can_be_read_from_every_item(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    given = {"title": 'a "quoted" näme', "tags": ["x", {"y": 1.5}], "ok": True}
    bedrock.script = [says("So:", calls("f", given), calls("g", {}, "tooluse_2"), piece=3)]
    seen = []
    for item in llm.stream_chat(QUESTION):
        found = llm.get_tool_calls_from_response(item, error_on_no_tool_call=False)
        assert len(found) == len(item.message.additional_kwargs.get("tool_calls", []))
        assert all(isinstance(call.tool_kwargs, dict) for call in found)
        seen.append([call.tool_kwargs for call in found])
    titles = [kwargs[0].get("title", "") for kwargs in seen if kwargs]
    assert all(given["title"].startswith(title) for title in titles)
    assert len(set(titles)) > 4  # it grows
    assert seen[-1] == [given, {}]


def test_a_tool_that_bedrock_runs_itself_is_shown_and_not_to_be_called(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    server = calls("search", {"q": "ruby"}, "s1", type="server_tool_use")
    result = {
        "toolResult": {"toolUseId": "s1", "type": "found", "status": "success", "content": [{"text": "…"}]}
    }
    bedrock.script = [says(server, result, "Found.", calls("mine", {"a": 1}, "c1"))]
    for item in llm.stream_chat(QUESTION):
        found = llm.get_tool_calls_from_response(item, error_on_no_tool_call=False)
        assert [call.tool_id for call in found] in ([], ["c1"])
    shown = [block.tool_name for block in item.message.blocks if isinstance(block, ToolCallBlock)]
    assert shown == ["search", "mine"]
    llm.chat(
        [
            *QUESTION,
            item.message,
            ChatMessage(role="tool", content="r", additional_kwargs={"tool_call_id": "c1"}),
        ]
    )
    assert bedrock.requests[-1].messages[1]["content"][:2] == [server, result]


SLOW = "word " * 400


@pytest.mark.parametrize("debug", [False, True], ids=["plain", "with a handler that keeps everything"])
def test_leaving_a_stream_closes_its_connection(
    make_llm: Make, bedrock: ScriptedBedrock, debug: bool
) -> None:
    manager = CallbackManager([LlamaDebugHandler(print_trace_on_end=False)] if debug else [])
    llm = make_llm(callback_manager=manager)
    bedrock.script = [says(SLOW, gap=0.01)]
    stream = llm.stream_chat(QUESTION)
    next(stream)
    stream.close()
    assert bedrock.left.wait(0.5)


def test_a_stream_that_nobody_iterates_is_closed(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [says(SLOW, gap=0.01)]
    stream = llm.stream_chat(QUESTION)
    del stream
    gc.collect()
    assert bedrock.left.wait(0.5)


@pytest.mark.parametrize("debug", [False, True], ids=["plain", "with a handler that keeps everything"])
@pytest.mark.parametrize("method", ["astream_chat", "astream_complete"])
async def test_closing_an_asynchronous_stream_closes_its_connection(
    make_llm: Make, bedrock: ScriptedBedrock, method: str, debug: bool
) -> None:
    manager = CallbackManager([LlamaDebugHandler(print_trace_on_end=False)] if debug else [])
    llm = make_llm(callback_manager=manager)
    bedrock.script = [says(SLOW, gap=0.01)]
    stream = await getattr(llm, method)("Hello?" if "complete" in method else QUESTION)
    await anext(stream)
    await stream.aclose()
    await asyncio.sleep(0.1)
    assert bedrock.left.wait(0.3)
    await llm.bedrock.aclose()


async def test_cancelling_a_task_closes_its_connection(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says(SLOW, gap=0.01)]

    async def read() -> None:
        async for _ in await llm.astream_chat(QUESTION):
            pass

    task = asyncio.create_task(read())
    await asyncio.sleep(0.15)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.1)
    assert bedrock.left.wait(0.3)
    await llm.bedrock.aclose()
