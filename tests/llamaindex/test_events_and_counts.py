"""What LlamaIndex's observers see: one event and one span a call, exact token counts, one permit a call."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMCompletionEndEvent
from llama_index.core.instrumentation.span import SimpleSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.llms import ChatMessage
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.tools import FunctionTool
from llama_index_instrumentation import get_dispatcher
from pydantic import Field

from bedrock_unified import ThrottlingError
from bedrock_unified.local import LocalBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding, BedrockRerank

from .conftest import KEYS
from .scripted import ScriptedBedrock, calls, says

Make = Callable[..., BedrockConverse]
QUESTION = [ChatMessage(role="user", content="Hello?")]
WAYS = [
    "chat",
    "complete",
    "stream_chat",
    "stream_complete",
    "achat",
    "acomplete",
    "astream_chat",
    "astream_complete",
]


async def call(llm: BedrockConverse, way: str) -> Any:
    """The (last) response by one method."""
    given = "Hello?" if "complete" in way else QUESTION
    result = getattr(llm, way)(given)
    if way.startswith("a"):
        result = await result
    if way.startswith("astream"):
        result = [item async for item in result][-1]
    elif "stream" in way:
        result = list(result)[-1]
    await llm.bedrock.aclose()
    return result


class Events(BaseEventHandler):
    """Counts the instrumentation events by their class."""

    seen: Counter[str]

    @classmethod
    def class_name(cls) -> str:
        return "Events"

    def handle(self, event: Any, **_: Any) -> None:
        self.seen[type(event).__name__] += 1
        assert not any(secret in repr(event) for secret in KEYS.values())


@pytest.fixture
def events() -> Iterator[Events]:
    root = get_dispatcher()
    handler = Events(seen=Counter())
    root.add_event_handler(handler)
    yield handler
    root.event_handlers.remove(handler)


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_is_one_event(make_llm: Make, events: Events, way: str) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    await call(make_llm(callback_manager=CallbackManager([debug])), way)
    kind = "LLMCompletion" if "complete" in way else "LLMChat"
    del events.seen[f"{kind}InProgressEvent"]  # one an item
    assert events.seen == {f"{kind}StartEvent": 1, f"{kind}EndEvent": 1}
    assert len(debug.get_event_pairs(CBEventType.LLM)) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_tokens_are_counted_as_bedrock_counts_them(
    make_llm: Make, bedrock: ScriptedBedrock, way: str
) -> None:
    usage = {"inputTokens": 111, "outputTokens": 7, "totalTokens": 1118, "cacheReadInputTokens": 1000}
    bedrock.script = [says("Good day.", usage=usage)]
    counter = TokenCountingHandler(tokenizer=lambda text: ["?"] * 5)
    await call(make_llm(callback_manager=CallbackManager([counter])), way)
    assert counter.prompt_llm_token_count == 1111
    assert counter.completion_llm_token_count == 7


class Permits(BaseRateLimiter):
    """Counts who asked, and how."""

    def __init__(self) -> None:
        self.sync = 0
        self.asynchronous = 0

    def acquire(self, num_tokens: int = 0) -> None:
        self.sync += 1

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.asynchronous += 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_takes_one_permit(make_llm: Make, way: str) -> None:
    permits = Permits()
    await call(make_llm(rate_limiter=permits), way)
    assert (permits.sync, permits.asynchronous) == ((0, 1) if way.startswith("a") else (1, 0))


@pytest.mark.parametrize("way", WAYS)
async def test_a_failed_call_ends_its_event(make_llm: Make, bedrock: ScriptedBedrock, way: str) -> None:
    bedrock.script = [says("Slow down", status=429, error="ThrottlingException")]
    debug = LlamaDebugHandler(print_trace_on_end=False)
    llm = make_llm(callback_manager=CallbackManager([debug]), max_retries=0)
    with pytest.raises(ThrottlingError):
        await call(llm, way)
    ((_, end),) = debug.get_event_pairs(CBEventType.LLM)
    assert isinstance((end.payload or {})["exception"], ThrottlingError)
    await llm.bedrock.aclose()


class Written(BaseEventHandler):
    """Writes each event as JSON, as exporters do."""

    seen: list[str]

    @classmethod
    def class_name(cls) -> str:
        return "Written"

    def handle(self, event: Any, **_: Any) -> None:
        self.seen.append(event.model_dump_json())


@pytest.mark.parametrize("way", ["chat", "stream_chat", "acomplete", "astream_complete"])
async def test_events_of_an_answer_with_blobs_can_be_written(
    llm: BedrockConverse, bedrock: ScriptedBedrock, way: str
) -> None:
    redacted = {"reasoningContent": {"redactedContent": b"\xff\xfe"}}
    bedrock.script = [
        says(redacted, "See.", {"image": {"format": "png", "source": {"bytes": b"\x89PNG\xff"}}})
    ]
    if "stream" in way:
        bedrock.script = [says(redacted, "See.")]
    root = get_dispatcher()
    handler = Written(seen=[])
    root.add_event_handler(handler)
    try:
        response = await call(llm, way)
    finally:
        root.event_handlers.remove(handler)
    assert "//4=" in handler.seen[-1]
    first, *_ = response.raw["output"]["message"]["content"]
    assert first == {"reasoningContent": {"redactedContent": "//4="}}


class Exporter(BaseSpanHandler[SimpleSpan]):
    """Ends the span of a stream with the stream, as OpenInference does; it reads a generator's own names.

    Attributes:
        opened: the methods of all spans.
        exported: the method of each span that ended, in order, with the tokens that its events told.
    """

    opened: list[str] = Field(default_factory=list)
    exported: list[tuple[str, dict[str, int]]] = Field(default_factory=list)
    waiting: dict[str, dict[str, int]] = Field(default_factory=dict)
    streams: set[str] = Field(default_factory=set)

    def new_span(self, id_: str, *_: Any, **__: Any) -> SimpleSpan:
        self.opened.append(self._method(id_))
        self.waiting[id_] = {}
        return SimpleSpan(id_=id_)

    def prepare_to_exit_span(
        self, id_: str, bound_args: Any, instance: Any = None, result: Any = None, **_: Any
    ) -> SimpleSpan | None:
        frame = None
        if isinstance(result, (Generator, AsyncGenerator)):
            frame = getattr(result, "gi_frame" if isinstance(result, Generator) else "ag_frame")
        if frame is not None:
            self.streams.add(id_)
        else:
            self._export(id_)
        return self.open_spans.get(id_)

    def prepare_to_drop_span(self, id_: str, *_: Any, **__: Any) -> SimpleSpan | None:
        self._export(id_)
        return self.open_spans.get(id_)

    def told(self, event: Any) -> None:
        """An event of a span."""
        if isinstance(event, (LLMChatEndEvent, LLMCompletionEndEvent)):
            usage = event.response.raw["usage"]  # type: ignore[union-attr,index]
            names = ("prompt_tokens", "completion_tokens", "total_tokens")
            self.waiting[str(event.span_id)] = {name: usage[name] for name in names}
            if event.span_id in self.streams:
                self._export(str(event.span_id))

    def _export(self, id_: str) -> None:
        self.exported.append((self._method(id_), self.waiting.pop(id_)))

    @staticmethod
    def _method(id_: str) -> str:
        return id_.partition("-")[0].partition(".")[2]


class Told(BaseEventHandler):
    """Tells the exporter."""

    exporter: Exporter

    def handle(self, event: Any, **_: Any) -> None:
        self.exporter.told(event)


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    root = get_dispatcher()
    exporter = Exporter()
    events = Told(exporter=exporter)
    root.add_span_handler(exporter)
    root.add_event_handler(events)
    yield exporter
    root.span_handlers.remove(exporter)
    root.event_handlers.remove(events)


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_is_one_span_that_ends_with_its_tokens(
    make_llm: Make, bedrock: ScriptedBedrock, exporter: Exporter, way: str
) -> None:
    usage = {"inputTokens": 111, "outputTokens": 7, "totalTokens": 1118, "cacheReadInputTokens": 1000}
    bedrock.script = [says("Good day.", usage=usage)]
    await call(make_llm(), way)
    counts = {"prompt_tokens": 1111, "completion_tokens": 7, "total_tokens": 1118}
    assert exporter.exported == [(way, counts)]
    assert exporter.opened == [way]


async def test_a_stream_looks_like_a_generator(llm: BedrockConverse) -> None:
    stream: Any = llm.stream_chat(QUESTION)
    assert inspect.getgeneratorstate(stream) == inspect.GEN_CREATED
    next(stream)
    assert inspect.getgeneratorstate(stream) == inspect.GEN_SUSPENDED
    assert stream.gi_code is not None and stream.gi_yieldfrom is None
    stream.close()
    assert inspect.getgeneratorstate(stream) == inspect.GEN_CLOSED
    later: Any = await llm.astream_chat(QUESTION)
    assert later.ag_frame is not None and later.ag_code is not None
    assert [item async for item in later]
    assert (later.ag_frame, later.ag_running, later.ag_await) == (None, False, None)
    for each in (stream, later):
        with pytest.raises(AttributeError, match="no attribute 'frame'"):
            _ = each.frame
    await llm.bedrock.aclose()


async def test_what_is_made_of_calls_is_one_span_too(
    make_llm: Make, bedrock: ScriptedBedrock, exporter: Exporter
) -> None:
    def weather(city: str) -> str:
        """The weather of a city."""
        return f"Sunny in {city}"

    bedrock.script = [says(calls("weather", {"city": "Oslo"}))]
    tools, llm = [FunctionTool.from_defaults(weather)], make_llm()
    llm.predict_and_call(tools, "The weather?")
    await llm.apredict_and_call(tools, "The weather?")
    await llm.bedrock.aclose()
    assert Counter(exporter.opened) == {
        "predict_and_call": 1,
        "apredict_and_call": 1,
        "_prepare_chat_with_tools": 2,
        "chat": 1,
        "achat": 1,
        **dict.fromkeys(("call", "acall", "__call__"), 1),  # the tool's own
    }
    assert not exporter.waiting


async def test_batches_of_texts_are_one_span(embedding: BedrockEmbedding, exporter: Exporter) -> None:
    embedding.embed_batch_size = 2
    embedding.get_text_embedding_batch(["a", "b", "c"])
    await embedding.aget_text_embedding_batch(["a", "b", "c"])
    await embedding.bedrock.aclose()
    assert exporter.opened == ["get_text_embedding_batch", "aget_text_embedding_batch"]


async def test_ranking_is_one_span_in_both_colours(exporter: Exporter) -> None:
    nodes = [NodeWithScore(node=TextNode(text=text)) for text in ("The sea.", "A cat.")]
    with LocalBedrock() as local:
        where: dict[str, Any] = {"endpoint_url": local.url, "agent_endpoint_url": local.url, **KEYS}
        rerank = BedrockRerank(top_n=1, region_name="us-east-1", **where)
        assert rerank.postprocess_nodes(nodes, query_str="sea")[0].text == "The sea."
        assert (await rerank.apostprocess_nodes(nodes, query_str="sea"))[0].text == "The sea."
        await rerank.bedrock.aclose()
    assert exporter.opened == ["_postprocess_nodes", "_apostprocess_nodes"]
