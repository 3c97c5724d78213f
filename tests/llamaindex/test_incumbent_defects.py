"""What was seen to break in LlamaIndex's Bedrock packages, each as a test that would fail there.

The numbers are those of the sections of ``../shared/peers/llama-index-bedrock.md``. What is proved elsewhere
is not proved twice: one event and one permit a call, exact counts (1b, 1d): ``test_events_and_counts.py``;
secrets and ``rate_limiter`` in copies (0.10, 2): ``test_serialisation.py``; streams that are left (8.8):
``test_streaming.py``; content of all kinds both ways (1c): ``test_messages.py``, ``test_answers.py``; tool
choices (1d): ``test_tools.py``; the system prompt of asynchronous structured answers (5a):
``test_structured.py``; keywords that are taken (1a): ``test_drop_in.py``.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from bedrock_unified import StreamInterrupted, ThrottlingError
from bedrock_unified.wire import retry
from llamaindex_bedrock_unified import BedrockConverse
from llamaindex_bedrock_unified.responses import ChunkReader

from .conftest import KEYS
from .scripted import Answer, Content, ScriptedBedrock, Sent, calls, says

Make = Callable[..., BedrockConverse]
QUESTION = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="Hello?")]
THROTTLED = says("Slow down", status=429, error="ThrottlingException")


def weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}"


TOOLS = [FunctionTool.from_defaults(weather)]


class Song(BaseModel):
    """A song."""

    title: str
    year: int


def thought(text: str, signature: str) -> dict[str, Any]:
    """Signed reasoning."""
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}


# LlamaIndex's StructuredLLM writes its objects with pydantic's old json().
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
@pytest.mark.parametrize("way", ["native", "strict", "tool", "text"])
async def test_0_1_streamed_structured_objects_fill(
    make_llm: Make, bedrock: ScriptedBedrock, way: str
) -> None:
    given = {"title": "Yesterday, once more", "year": 1973}
    bedrock.script = [says(calls("Song", given) if way in ("strict", "tool") else json.dumps(given))]
    llm = make_llm(capabilities={"structured_output": way})
    prompt = PromptTemplate("A song about {about}.")
    ways = [
        list(llm.stream_structured_predict(Song, prompt, about="time")),
        [item async for item in await llm.astream_structured_predict(Song, prompt, about="time")],
        [item.raw for item in llm.as_structured_llm(Song).stream_chat(QUESTION)],
    ]
    for objects in ways:
        titles = [item.title for item in objects if item.title]  # type: ignore[union-attr]
        assert len(set(titles)) > 2
        assert titles == sorted(titles, key=len)
        assert objects[-1] == Song(**given)
    await llm.bedrock.aclose()


@pytest.mark.parametrize(
    "model",
    [
        "qwen.qwen9-coder-v1:0",
        "us.openai.gpt-oss-120b-1:0",
        "us.mistral.pixtral-large-2502-v1:0",
        "xx.new-vendor.model-from-tomorrow-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abc123",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/abc",
        "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:provisioned-model/abc",
        "arn:aws-cn:bedrock:cn-north-1:123456789012:inference-profile/cn.a.b",
        "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:3",
        "a-name-without-a-vendor",
    ],
)
def test_0_2_any_model_can_be_asked_and_described(
    make_llm: Make, bedrock: ScriptedBedrock, model: str
) -> None:
    llm = make_llm(model=model)
    assert llm.metadata.model_name == model
    assert llm.metadata.is_function_calling_model
    assert llm.chat(QUESTION).message.content == "Good day."
    assert bedrock.requests[-1].model == model


async def test_0_3_and_8_3_every_way_sends_one_body_with_its_cache_points(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    llm = make_llm(
        tool_caching=True, system_prompt_caching=True, temperature=0.1, thinking=None, max_tokens=512
    )
    given: dict[str, Any] = {"tools": TOOLS, "chat_history": QUESTION}
    llm.chat_with_tools(**given)
    await llm.achat_with_tools(**given)
    list(llm.stream_chat_with_tools(**given))
    _ = [item async for item in await llm.astream_chat_with_tools(**given)]
    first, *others = bedrock.bodies
    assert others == [first] * 3
    point = {"cachePoint": {"type": "default"}}
    assert first["toolConfig"]["tools"][-1] == first["system"][-1] == point
    await llm.bedrock.aclose()


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_0_4_and_8_7_retries_are_tries_after_the_first_in_every_way(
    make_llm: Make, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch, retries: int
) -> None:
    monkeypatch.setattr(retry.random, "uniform", lambda low, high: 0.001)
    bedrock.script = [THROTTLED]
    llm = make_llm(max_retries=retries)

    async def asynchronous_stream() -> None:
        async for _ in await llm.astream_chat(QUESTION):
            pass

    for way in (lambda: llm.chat(QUESTION), lambda: list(llm.stream_chat(QUESTION))):
        bedrock.requests.clear()
        with pytest.raises(ThrottlingError):
            way()
        assert len(bedrock.requests) == retries + 1
    for start in (lambda: llm.achat(QUESTION), asynchronous_stream):
        bedrock.requests.clear()
        with pytest.raises(ThrottlingError):
            await start()
        assert len(bedrock.requests) == retries + 1
    await llm.bedrock.aclose()


def test_0_5_additional_kwargs_are_merged_and_never_added_up(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    llm = make_llm(
        model="anthropic.claude-3-haiku-20240307-v1:0",
        temperature=0.1,
        max_tokens=512,
        additional_kwargs={
            "inferenceConfig": {"temperature": 0.5, "maxTokens": 100},
            "additionalModelRequestFields": {"top_k": 4},
            "top_p": 0.9,
        },
    )
    llm.chat(QUESTION)
    assert bedrock.bodies[-1]["inferenceConfig"] == {"temperature": 0.5, "maxTokens": 100, "topP": 0.9}
    llm.chat(QUESTION, temperature=0.7, additionalModelRequestFields={"top_k": 5, "seed": 1})
    assert bedrock.bodies[-1]["inferenceConfig"] == {"temperature": 0.7, "maxTokens": 100, "topP": 0.9}
    assert bedrock.bodies[-1]["additionalModelRequestFields"] == {"top_k": 5, "seed": 1}
    assert llm.additional_kwargs["additionalModelRequestFields"] == {"top_k": 4}


CITED = {"title": "T", "sourceContent": [{"text": "q"}], "location": {"web": {"url": "https://x.test/"}}}
TRANSCRIPT: Content = [
    thought("think1", "SIG1"),
    {"text": "Let me look."},
    calls("weather", {"city": "Paris", "days": [1, 2.5, None]}, "t1", type="tool_use"),
    thought("think2", "SIG2"),
    {"reasoningContent": {"redactedContent": b"\x00\xff"}},
    {"citationsContent": {"content": [{"text": "It is sunny."}], "citations": [CITED]}},
    calls("weather", {}, "t2", type="tool_use"),
]


async def test_0_6_and_8_4_interleaved_thinking_goes_back_as_it_came_in_every_way(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says(*TRANSCRIPT, stop="tool_use", piece=3)]
    answers = [
        llm.chat(QUESTION),
        await llm.achat(QUESTION),
        list(llm.stream_chat(QUESTION))[-1],
        [item async for item in await llm.astream_chat(QUESTION)][-1],
    ]
    for answer in answers:
        stored = ChatMessage.model_validate_json(answer.message.model_dump_json())  # as a chat store does
        results = [
            ChatMessage(role="tool", content="Sunny", additional_kwargs={"tool_call_id": name})
            for name in ("t1", "t2")
        ]
        llm.chat([*QUESTION, stored, *results])
        sent = bedrock.requests[-1].messages[1]["content"]
        assert sent == json.loads(json.dumps(TRANSCRIPT, default=lambda _: "AP8="))
    await llm.bedrock.aclose()


@pytest.mark.parametrize("stop", ["max_tokens", "guardrail_intervened", "model_context_window_exceeded"])
def test_0_7_a_stream_says_why_it_stopped(llm: BedrockConverse, bedrock: ScriptedBedrock, stop: str) -> None:
    bedrock.script = [says("Good", stop=stop)]
    *_, last = llm.stream_chat(QUESTION)
    assert last.raw is not None
    assert last.raw["stopReason"] == stop
    assert last.additional_kwargs["finish_reason"] == llm.chat(QUESTION).additional_kwargs["finish_reason"]


def test_0_7_a_stream_without_an_end_is_an_error_that_keeps_what_came(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says("Good day to you.", cut=3)]
    said = ""
    with pytest.raises(StreamInterrupted) as raised:
        for item in llm.stream_chat(QUESTION):
            said += item.delta or ""
    assert said == "Good day to "
    assert raised.value.partial is not None
    assert raised.value.partial["output"]["message"]["content"] == [{"text": said}]


def test_0_8_asynchronous_calls_need_no_package_that_holds_botocore_back() -> None:
    needed = [one for one in importlib.metadata.requires("bedrock-unified") or () if "compare" not in one]
    assert needed
    assert not [one for one in needed if one.startswith(("aioboto3", "aiobotocore"))]


async def test_0_9_and_8_6_a_hundred_calls_take_as_long_as_one_and_keep_their_connections(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    def slow(_: Sent) -> Answer:
        time.sleep(0.3)
        return says("Good day.")

    bedrock.script = [slow]
    llm = make_llm(max_concurrency=100)
    start = time.monotonic()
    for _ in range(2):
        await asyncio.gather(*(llm.achat(QUESTION) for _ in range(100)))
    assert time.monotonic() - start < 3  # six threads would take ten seconds
    assert bedrock.connections < 150  # a connection for each call would be two hundred
    await llm.bedrock.aclose()


def test_0_10_no_secret_is_shown(make_llm: Make) -> None:
    llm = make_llm(aws_session_token="the-session-token")
    shown = f"{llm!r}{llm}{llm.to_dict()}{llm.to_payload()}{llm.to_json()}"
    for secret in (*KEYS.values(), "the-session-token"):
        assert secret not in shown


def test_1a_sampling_is_a_keyword_of_the_model_and_of_a_call(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    model = "amazon.nova-lite-v1:0"
    make_llm(model=model, top_p=0.5, stop=["x"], top_k=7).chat(QUESTION)
    make_llm(model=model).chat(QUESTION, top_p=0.5, stop_sequences=["x"], top_k=7)
    for body in bedrock.bodies:
        assert body["inferenceConfig"] == {"topP": 0.5, "stopSequences": ["x"]}
        assert body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 7}}


def test_1b_structured_answers_are_not_demanded_of_a_model_that_thinks(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says(calls("Song", {"title": "Time", "year": 1973}))]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    llm = make_llm(model="us.anthropic.claude-3-7-sonnet-20250219-v1:0", thinking=thinking, max_tokens=4000)
    assert llm.structured_predict(Song, PromptTemplate("A song.")) == Song(title="Time", year=1973)
    body = bedrock.bodies[-1]
    assert body["toolConfig"].get("toolChoice", {"auto": {}}) == {"auto": {}}
    assert body["additionalModelRequestFields"]["thinking"] == thinking


def test_1d_a_history_of_tools_without_tools_has_them_declared(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says(calls("weather", {"city": "Paris"}, "t1"))]
    message = llm.chat(QUESTION).message
    llm.chat(
        [*QUESTION, message, ChatMessage("Sunny", role="tool", additional_kwargs={"tool_call_id": "t1"})]
    )
    (tool,) = bedrock.bodies[-1]["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] == "weather"


def test_2_the_callers_history_is_not_changed(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    history = [ChatMessage(role="user", content="a"), ChatMessage(role="assistant", content="b")]
    llm.chat_with_tools(TOOLS, user_msg="c", chat_history=history)
    assert len(history) == 2
    assert [turn["content"][0]["text"] for turn in bedrock.bodies[-1]["messages"]] == ["a", "b", "c"]


def test_2_and_8_5_a_delta_of_a_tools_input_costs_the_same_however_many_came_before() -> None:
    assert _cost(4000) < 0.1
    assert _cost(8000) / 8000 < 4 * _cost(500) / 500


def _cost(count: int) -> float:
    """Seconds of processor time for so many deltas of a tool's input."""
    start = {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}
    delta = {"contentBlockIndex": 0, "delta": {"toolUse": {"input": '"ab",'}}}
    events = [{"contentBlockStart": start}, *({"contentBlockDelta": delta} for _ in range(count))]
    best = float("inf")
    for _ in range(3):
        feed = ChunkReader().feed
        begun = time.process_time()
        for event in events:
            feed(event)
        best = min(best, time.process_time() - begun)
    return best
