"""How an LLM is called: nine methods, and what LlamaIndex's observers see of a call."""

from __future__ import annotations

import asyncio
import copy
import time
from typing import Any

import pytest
from llama_index.core.base.llms.types import LLMMetadata
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate

from bedrock_unified.local import Fault, LocalBedrock

from .base import Conformance, Make, Permits, Serve, says

QUESTION = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="Hello?")]
CHATS = ["chat", "achat", "stream_chat", "astream_chat"]
WAYS = [*CHATS, "complete", "acomplete", "stream_complete", "astream_complete"]
GOOD_DAY = says("Good day to you all.", times=None)


async def ask(llm: Any, way: str, given: Any = None, **keywords: Any) -> list[Any]:
    """All responses of one method; one that does not stream has one."""
    if given is None:
        given = "Hello?" if "complete" in way else QUESTION
    found = getattr(llm, way)(given, **keywords)
    if way.startswith("a"):
        found = await found
    if "stream" not in way:
        return [found]
    return [item async for item in found] if way.startswith("a") else list(found)


async def left(endpoint: LocalBedrock, seconds: float = 1.0) -> bool:
    """Whether the client of the last request leaves in that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if endpoint.requests and endpoint.requests[-1].outcome == "client left":
            return True
        await asyncio.sleep(0.02)
    return False


class LLMCalls(Conformance):
    """Calls, events, permits, counts, cancellation."""

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_method_answers(self, serve: Serve, make: Make, way: str) -> None:
        serve(GOOD_DAY)
        last = (await ask(make(), way))[-1]
        assert (last.text if "complete" in way else last.message.content) == "Good day to you all."

    def test_metadata_tells_what_core_plans_with(self, serve: Serve, make: Make) -> None:
        serve()
        found = make().metadata
        assert isinstance(found, LLMMetadata)
        assert found.context_window > 0
        assert found.is_chat_model
        assert found.is_function_calling_model
        assert found.model_name

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_call_is_one_event(self, serve: Serve, make: Make, events: list[str], way: str) -> None:
        serve(GOOD_DAY)
        llm = make()
        events.clear()
        await ask(llm, way)
        kind = "LLMCompletion" if "complete" in way else "LLMChat"
        ends = [name for name in events if name.startswith("LLM") and "InProgress" not in name]
        assert ends == [f"{kind}StartEvent", f"{kind}EndEvent"]

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_call_is_one_callback(self, serve: Serve, make: Make, way: str) -> None:
        serve(GOOD_DAY)
        debug = LlamaDebugHandler(print_trace_on_end=False)
        await ask(make(callback_manager=CallbackManager([debug])), way)
        assert len(debug.get_event_pairs(CBEventType.LLM)) == 1

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_call_takes_one_permit(self, serve: Serve, make: Make, way: str) -> None:
        serve(GOOD_DAY)
        llm, permits = make(), Permits()
        llm.rate_limiter = permits
        await ask(llm, way)
        assert permits.taken == 1

    def test_a_rate_limiter_is_a_keyword(self, serve: Serve, make: Make) -> None:
        serve()
        permits = Permits()
        assert make(rate_limiter=permits).rate_limiter is permits

    @pytest.mark.parametrize("way", WAYS)
    async def test_tokens_are_counted_exactly(self, serve: Serve, make: Make, way: str) -> None:
        serve(GOOD_DAY)
        counter = TokenCountingHandler(tokenizer=lambda text: text.split())
        await ask(make(callback_manager=CallbackManager([counter])), way)
        assert (counter.prompt_llm_token_count, counter.completion_llm_token_count) == (1111, 77)

    @pytest.mark.parametrize("way", CHATS)
    async def test_usage_and_stop_reason_are_in_the_last_item(
        self, serve: Serve, make: Make, way: str
    ) -> None:
        serve(says("Good", stopReason="max_tokens"))
        last = (await ask(make(), way))[-1]
        assert last.raw["usage"]["inputTokens"] == 1111
        assert last.raw["stopReason"] == "max_tokens"

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_failed_call_ends_its_event(self, serve: Serve, make: Make, way: str) -> None:
        serve(faults=[Fault.error("ValidationException", "No such thing.", times=None)])
        debug = LlamaDebugHandler(print_trace_on_end=False)
        with pytest.raises(Exception, match="No such thing"):
            await ask(make(callback_manager=CallbackManager([debug])), way)
        ends = [end for _, end in debug.get_event_pairs(CBEventType.LLM)]
        assert ends
        assert all("exception" in (end.payload or {}) for end in ends)

    @pytest.mark.parametrize("way", ["stream_chat", "astream_chat", "stream_complete", "astream_complete"])
    async def test_a_stream_that_is_cut_is_an_error(self, serve: Serve, make: Make, way: str) -> None:
        """A stream whose frames end before its messageStop is no answer."""
        frames = [
            {"event": "messageStart", "payload": {"role": "assistant"}},
            {"event": "contentBlockDelta", "payload": {"contentBlockIndex": 0, "delta": {"text": "Good"}}},
        ]
        serve({"frames": frames})
        with pytest.raises(Exception):  # noqa: B017 - of which class it is, no contract says
            await ask(make(), way)

    async def test_every_way_sends_one_body(self, serve: Serve, make: Make) -> None:
        endpoint = serve(GOOD_DAY)
        llm = make()
        for way in CHATS:
            await ask(llm, way)
        first, *others = [served.body for served in endpoint.requests]
        assert others == [first] * 3

    @pytest.mark.parametrize("way", CHATS)
    async def test_messages_are_not_changed(self, serve: Serve, make: Make, way: str) -> None:
        serve(GOOD_DAY)
        messages = [*QUESTION, ChatMessage(role="assistant", content="Yes?"), ChatMessage(content="Go on.")]
        before = copy.deepcopy(messages)
        await ask(make(), way, messages)
        assert messages == before

    @pytest.mark.parametrize("way", ["predict", "apredict", "stream", "astream"])
    async def test_the_system_prompt_is_used_by_predict(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve(GOOD_DAY)
        llm = make(system_prompt="Be kind.")
        found = getattr(llm, way)(PromptTemplate("Say {what}."), what="hello")
        found = await found if way.startswith("a") else found
        if way == "astream":
            found = "".join([piece async for piece in found])
        assert "".join(found) == "Good day to you all."
        assert endpoint.requests[0].body["system"][0] == {"text": "Be kind."}
        assert endpoint.requests[0].body["messages"][0]["content"] == [{"text": "Say hello."}]

    @pytest.mark.parametrize("way", ["complete", "acomplete", "stream_complete", "astream_complete"])
    async def test_a_prompt_is_formatted_unless_it_is_said_to_be(
        self, serve: Serve, make: Make, way: str
    ) -> None:
        endpoint = serve(GOOD_DAY)
        llm = make(completion_to_prompt=lambda prompt: f"<<{prompt}>>")
        await ask(llm, way)
        await ask(llm, way, formatted=True)
        texts = [served.body["messages"][0]["content"][0]["text"] for served in endpoint.requests]
        assert texts == ["<<Hello?>>", "Hello?"]

    async def test_parameters_of_a_call_stand_above_the_models(self, serve: Serve, make: Make) -> None:
        endpoint = serve(GOOD_DAY)
        llm = make(max_tokens=100)
        for way in CHATS:
            await ask(llm, way, max_tokens=7)
        assert {served.body["inferenceConfig"]["maxTokens"] for served in endpoint.requests} == {7}

    async def test_many_calls_take_as_long_as_one(self, serve: Serve, make: Make) -> None:
        serve(faults=[Fault.latency(0.4)])
        llm = make()
        begun = time.monotonic()
        await asyncio.gather(*(llm.achat(QUESTION) for _ in range(60)))
        assert time.monotonic() - begun < 2.5  # six at a time would take four seconds

    async def test_a_call_that_is_cancelled_is_hung_up(self, serve: Serve, make: Make) -> None:
        endpoint = serve(faults=[Fault.stall(seconds=3)])
        task = asyncio.ensure_future(ask(make(), "astream_chat"))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await left(endpoint)

    @pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])
    async def test_a_stream_that_is_left_is_hung_up(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve(says(" ".join(["word"] * 400)), event_delay=0.01)
        llm = make()
        if way.startswith("a"):
            stream = await llm.astream_chat(QUESTION)
            await stream.__anext__()
            await stream.aclose()
        else:
            stream = llm.stream_chat(QUESTION)
            next(stream)
            stream.close()
        del stream
        assert await left(endpoint)
