"""LangChain's protocol events (v3) of a stream: their message has everything that the answer had."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import Any

import pytest
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import HumanMessage, ToolMessage

from langchain_bedrock_unified import ChatBedrock

from .scripted import Block, Fails, MakeModel, Says, ScriptedBedrock, as_json, wait_for

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")

WEB = {"title": "Tides", "location": {"web": {"url": "https://example.org/", "domain": "example.org"}},
       "sourceContent": [{"text": "low"}], "source": "s"}  # fmt: skip
PAGE = {"title": "Chart", "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}}
KINDS: dict[str, list[Block]] = {
    "text": [{"text": "Good day."}],
    "signed reasoning": [
        {"reasoningContent": {"reasoningText": {"text": "Hm hm.", "signature": "c2ln"}}}, {"text": "A."}
    ],
    "redacted reasoning": [{"reasoningContent": {"redactedContent": b"sealed"}}, {"text": "A."}],
    "a server tool": [
        {"toolUse": {"toolUseId": "s1", "name": "nova_grounding", "input": {"q": "t"},
                     "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "s1", "content": [{"text": "low"}, {"text": "calm"}],
                        "status": "success", "type": "nova_grounding_result"}},
        {"text": "A."},
    ],
    "citations": [
        {"text": "So: "},
        {"citationsContent": {"content": [{"text": "It is low."}], "citations": [WEB, PAGE]}},
    ],
    "calls": [
        {"text": "Let me see."},
        {"toolUse": {"toolUseId": "t0", "name": "f", "input": {"a_b": [1, None]}}},
        {"toolUse": {"toolUseId": "t1", "name": "g", "input": {}}},
    ],
}  # fmt: skip


def alike(blocks: Any) -> list[Any]:
    """Standard blocks without the places that streams give them."""
    return [{name: value for name, value in block.items() if name != "index"} for block in blocks]


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_message_of_the_events_is_the_answer_and_goes_back_as_it_came(
    make_model: MakeModel, bedrock: ScriptedBedrock, kind: str, colour: str, version: str
) -> None:
    model = make_model(output_version=version)
    stop = "tool_use" if kind == "calls" else "end_turn"
    bedrock.says(Says(KINDS[kind], stop=stop), Says(KINDS[kind], stop=stop))
    whole = model.invoke("q")
    if colour == "sync":
        stream = model.stream_events("q", version="v3")
        events: list[Any] = list(stream)
        answer = stream.output
    else:
        astream = await model.astream_events("q", version="v3")
        events = [event async for event in astream]
        answer = await astream.output
    assert (events[0]["event"], events[-1]["event"]) == ("message-start", "message-finish")
    assert sum(event["event"] == "content-block-finish" for event in events) == len(KINDS[kind])
    assert alike(answer.content_blocks) == alike(whole.content_blocks)
    assert answer.tool_calls == whole.tool_calls
    assert answer.usage_metadata == whole.usage_metadata
    assert answer.response_metadata["stopReason"] == stop
    results = [ToolMessage("r", tool_call_id=call["id"]) for call in answer.tool_calls]
    model.invoke([HumanMessage("q"), answer, *results, HumanMessage("z")])
    assert bedrock.last["messages"][1]["content"] == json.loads(as_json(KINDS[kind]))
    await model.bedrock.aclose()


async def test_text_and_reasoning_come_as_they_are_said(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model()
    bedrock.says(Says(KINDS["signed reasoning"]), Says(KINDS["signed reasoning"]))
    stream = model.stream_events("q", version="v3")
    assert list(stream.reasoning) == ["Hm h", "m."] and str(stream.text) == "A."
    astream = await model.astream_events("q", version="v3")
    assert [piece async for piece in astream.text] == ["A."]
    await model.bedrock.aclose()


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_an_error_of_awss_reaches_whoever_reads_the_events(
    model: ChatBedrock, bedrock: ScriptedBedrock, colour: str
) -> None:
    bedrock.says(Fails(429, "ThrottlingException"))
    with pytest.raises(ModelRateLimitError):
        if colour == "sync":
            list(model.stream_events("q", version="v3"))
        else:
            async for _ in await model.astream_events("q", version="v3"):
                pass
    await model.bedrock.aclose()


# Leaving it

LONG = Says([{"text": "a" * 400}], gap=0.05)
TOOL = {"title": "tide", "description": "The tide.", "type": "object", "properties": {}}


async def read(stream: Any, way: str) -> None:
    if way == "events":
        async for _ in stream:
            pass
    elif way == "text":
        async for _ in stream.text:
            pass
    else:
        await stream.output


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("way", ["events", "text", "output"])
async def test_a_cancelled_task_closes_the_connection(
    make_model: MakeModel, bedrock: ScriptedBedrock, way: str, bound: bool
) -> None:
    model = make_model()
    asked: Any = model.bind_tools([TOOL]) if bound else model
    bedrock.says(LONG)

    async def run() -> None:
        await read(await asked.astream_events("q", version="v3"), way)

    task = asyncio.create_task(run())
    while bedrock.frames_written < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(wait_for, bedrock.left) < 1
    assert (await model.ainvoke("q")).text == "Good day."  # it can still be used
    await model.bedrock.aclose()


async def test_a_stream_that_is_closed_closes_the_connection(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model()
    bedrock.says(LONG)
    async with await model.astream_events("q", version="v3") as stream:
        async for _ in stream:
            break
    assert await asyncio.to_thread(wait_for, bedrock.left) < 1
    await model.bedrock.aclose()


async def test_who_waits_for_an_event_with_a_limit_may_ask_again(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    """As servers do that must send something from time to time."""
    model = make_model()
    bedrock.says(Says([{"text": "Good day."}], pieces=9, gap=0.05))
    events = aiter(await model.astream_events("q", version="v3"))
    kinds: list[str] = []
    waits = 0
    while True:
        try:
            kinds.append((await asyncio.wait_for(anext(events), 0.02))["event"])
        except TimeoutError:
            waits += 1
        except StopAsyncIteration:
            break
    assert waits and kinds[-1] == "message-finish" and "content-block-finish" in kinds
    await model.bedrock.aclose()


async def test_a_stream_may_outlive_the_task_that_opened_it(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model()
    bedrock.says(Says([{"text": "Good day."}], gap=0.02))
    stream = await asyncio.create_task(_opened(model))
    assert (await stream.output).text == "Good day."
    await model.bedrock.aclose()


async def _opened(model: ChatBedrock) -> Any:
    stream = await model.astream_events("q", version="v3")
    await anext(aiter(stream))
    return stream


async def test_a_task_that_opens_many_streams_does_not_gather_them(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model()
    task = asyncio.current_task()
    assert task is not None
    added = 0
    for _ in range(5):
        stream = await model.astream_events("q", version="v3")
        await stream
        del stream
        gc.collect()
        added = max(added, len(task._callbacks or ()))  # type: ignore[attr-defined]
    assert added <= 2, "callbacks pile up on the task"
    await model.bedrock.aclose()


def test_a_synchronous_stream_that_is_dropped_closes_the_connection(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    bedrock.says(LONG)
    stream = model.stream_events("q", version="v3")
    next(iter(stream))
    next(iter(stream.text))
    del stream
    gc.collect()
    assert wait_for(bedrock.left) < 1
