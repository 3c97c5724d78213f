"""Streams and asynchronous calls: natively asynchronous, closed when nobody listens, seen by callbacks."""

from __future__ import annotations

import asyncio
import copy
import gc
import time
from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.rate_limiters import InMemoryRateLimiter

from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock
from langchain_bedrock_unified.messages.stream import ChunkMaker

from .scripted import KEYS, MakeModel, Says, ScriptedBedrock, wait_for

SLOW = Says([{"text": "word " * 200}], pieces=5, gap=0.05)
SOON = 0.5  # seconds within which a connection that nobody needs is closed; the machine may be busy


class Tokens(BaseCallbackHandler):
    """Keeps the tokens it hears of."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, **_: Any) -> None:
        self.heard.append(chunk.text)


class AsyncTokens(AsyncCallbackHandler):
    """The same for asynchronous calls."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def on_llm_new_token(self, token: Any, *, chunk: Any = None, **_: Any) -> None:
        self.heard.append(chunk.text)


async def test_asynchronous_calls_say_the_same(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    content = [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
        {"text": "So:"},
        {"toolUse": {"toolUseId": "t", "name": "now", "input": {"a": [1]}}},
    ]
    bedrock.says(*[content] * 4)
    whole, awaited = model.invoke("q"), await model.ainvoke("q")
    streamed = reduce(add, list(model.stream("q")))
    astreamed = reduce(add, [chunk async for chunk in model.astream("q")])
    assert awaited.content == whole.content
    assert astreamed.content == streamed.content
    assert awaited.tool_calls == whole.tool_calls == streamed.tool_calls == astreamed.tool_calls
    await model.bedrock.aclose()


async def test_many_streams_are_open_at_once(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(*[Says(gap=0.05)] * 60)

    async def listen() -> str:
        return "".join([chunk.text async for chunk in model.astream("q")])

    texts = await asyncio.gather(*[listen() for _ in range(60)])
    assert texts == ["Good day."] * 60
    assert bedrock.most_streaming > 40, "the incumbents' threads would allow a handful"
    await model.bedrock.aclose()


async def test_no_asynchronous_method_touches_a_thread(
    make_model: MakeModel, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any, **__: Any) -> Any:
        raise AssertionError("a thread was used")

    monkeypatch.setattr(asyncio, "to_thread", forbidden)
    monkeypatch.setattr(asyncio.AbstractEventLoop, "run_in_executor", forbidden)
    monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", forbidden)
    model = make_model()
    embeddings = BedrockEmbeddings(endpoint_url=bedrock.url, region_name="us-east-1", **KEYS)
    assert (await model.ainvoke("q")).text == "Good day."
    assert [chunk async for chunk in model.astream("q")]
    assert len(await model.abatch(["a", "b"])) == 2
    assert len(await embeddings.aembed_documents(["a", "b"])) == 2
    assert await embeddings.aembed_query("a")
    for one in (model, embeddings):
        await one.bedrock.aclose()


async def test_a_cancelled_call_closes_its_connection(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(SLOW)

    async def listen() -> None:
        async for _ in model.astream("q"):
            pass

    task = asyncio.create_task(listen())
    while bedrock.frames_written < 3:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(wait_for, bedrock.left) < SOON
    await model.bedrock.aclose()


async def test_an_asynchronous_stream_that_is_left_closes_its_connection(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    bedrock.says(SLOW)
    async for _ in model.astream("q"):
        break
    gc.collect()
    assert await asyncio.to_thread(wait_for, bedrock.left) < SOON
    await model.bedrock.aclose()


def test_a_stream_that_is_closed_closes_its_connection(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(SLOW)
    stream = model.stream("q")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert wait_for(bedrock.left) < SOON


def test_a_stream_that_is_left_closes_its_connection(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(SLOW)
    for _ in model.stream("q"):
        break
    gc.collect()
    assert wait_for(bedrock.left) < SOON


async def test_callbacks_hear_every_token(model: ChatBedrock) -> None:
    heard, aheard = Tokens(), AsyncTokens()
    list(model.stream("q", config={"callbacks": [heard]}))
    assert [chunk async for chunk in model.astream("q", config={"callbacks": [aheard]})]
    assert "".join(heard.heard) == "".join(aheard.heard) == "Good day."
    events = [event async for event in model.astream_events("q", version="v2")]
    said = [event["data"]["chunk"].text for event in events if event["event"] == "on_chat_model_stream"]
    assert "".join(said) == "Good day."
    await model.bedrock.aclose()


def test_a_caller_of_the_bare_stream_hears_tokens_through_its_run_manager(model: ChatBedrock) -> None:
    class Manager:
        heard: list[str] = []  # noqa: RUF012

        def on_llm_new_token(self, token: str, *, chunk: ChatGenerationChunk) -> None:
            assert chunk.text == token
            self.heard.append(token)

    manager: Any = Manager()
    list(model._stream([], run_manager=manager, promptVariables={"x": {"text": "y"}}))
    assert "".join(manager.heard) == "Good day."


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_protocol_events_of_a_stream(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says([{"text": "So:"}, {"toolUse": {"toolUseId": "t", "name": "now", "input": {"a": 1}}}])
    stream = model.stream_events("q", version="v3")
    kinds = [event["event"] for event in stream]
    assert (kinds[0], kinds[-1]) == ("message-start", "message-finish")
    assert kinds.count("content-block-finish") == 2
    assert stream.output.tool_calls[0]["args"] == {"a": 1}


def test_a_rate_limiter_is_heeded(make_model: MakeModel) -> None:
    limiter = InMemoryRateLimiter(requests_per_second=20, check_every_n_seconds=0.01, max_bucket_size=1)
    model = make_model(rate_limiter=limiter)
    began = time.perf_counter()
    for _ in range(4):
        model.invoke("q")
    assert time.perf_counter() - began > 3 / 20


@pytest.mark.parametrize(
    ("delta", "block"),
    [
        ({"text": "hi"}, {"type": "text", "text": "hi"}),
        (
            {"reasoningContent": {"text": "hm"}},
            {"type": "reasoning_content", "reasoning_content": {"text": "hm"}},
        ),
    ],
)
def test_a_chunk_is_what_the_constructors_make(delta: dict[str, Any], block: dict[str, Any]) -> None:
    maker = ChunkMaker()
    event = {"contentBlockDelta": {"delta": delta, "contentBlockIndex": 2}}
    made = [maker.chunk(copy.deepcopy(event)) for _ in range(2)]
    constructed = ChatGenerationChunk(
        message=AIMessageChunk(
            content=[{**block, "index": 2}],
            response_metadata={"model_provider": "amazon_bedrock"},
        )
    )
    for chunk in made:
        assert chunk is not None
        assert chunk == constructed
        assert chunk.model_dump() == constructed.model_dump()
        assert vars(chunk.message).keys() == vars(constructed.message).keys()
    first, second = (vars(chunk.message) for chunk in made if chunk is not None)
    shared = [name for name in first if isinstance(first[name], (list, dict)) and first[name] is second[name]]
    assert not shared, f"two chunks share {shared}"


def test_events_that_nobody_knows_yet_end_up_in_the_metadata(
    model: ChatBedrock, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = Says.events

    def with_new_event(self: Says) -> Any:
        yield from events(self)
        yield "somethingNew", {"value": 1}

    monkeypatch.setattr(Says, "events", with_new_event)
    last = list(model.stream("q"))[-1]
    assert last.response_metadata["somethingNew"] == [{"value": 1}]
    assert last.response_metadata["stopReason"] == "end_turn"
