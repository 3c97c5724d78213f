"""What LlamaIndex's observers see: one event a call, exact token counts, one permit a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.llms import ChatMessage
from llama_index.core.rate_limiter import BaseRateLimiter

from bedrock_unified import ThrottlingError
from llamaindex_bedrock_unified import BedrockConverse

from .conftest import KEYS
from .scripted import ScriptedBedrock, says

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
