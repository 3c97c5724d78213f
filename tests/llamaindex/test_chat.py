"""The eight ways to call a model, and what goes into the one request that they all send."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from llama_index.core.base.llms.types import CitableBlock
from llama_index.core.indices.prompt_helper import PromptHelper
from llama_index.core.llms import ChatMessage, ImageBlock

from bedrock_unified import (
    BedrockClient,
    ConfigurationError,
    InvalidRequestError,
    ModelFailureError,
    ThrottlingError,
)
from bedrock_unified.media import Fetched, MediaFetcher
from llamaindex_bedrock_unified import Bedrock, BedrockConverse, fetching

from .conftest import KEYS, MODEL
from .scripted import ScriptedBedrock, calls, says

Make = Callable[..., BedrockConverse]
#: What a fetcher needs to reach the servers of these tests, which no fetcher may by default.
LOOPBACK: dict[str, Any] = {"allow_address": lambda _: True, "ports": None}
QUESTION = [ChatMessage(role="user", content="Hello?")]


async def every_way(llm: BedrockConverse, **kwargs: Any) -> dict[str, str]:
    """The answer by each public method, streams by their last item."""
    said = {
        "chat": llm.chat(QUESTION, **kwargs).message.content,
        "complete": llm.complete("Hello?", **kwargs).text,
        "stream_chat": list(llm.stream_chat(QUESTION, **kwargs))[-1].message.content,
        "stream_complete": list(llm.stream_complete("Hello?", **kwargs))[-1].text,
        "achat": (await llm.achat(QUESTION, **kwargs)).message.content,
        "acomplete": (await llm.acomplete("Hello?", **kwargs)).text,
    }
    chats = [item async for item in await llm.astream_chat(QUESTION, **kwargs)]
    completions = [item async for item in await llm.astream_complete("Hello?", **kwargs)]
    await llm.bedrock.aclose()
    said |= {"astream_chat": chats[-1].message.content, "astream_complete": completions[-1].text}
    return {name: text or "" for name, text in said.items()}


async def test_every_way_sends_the_same_request_and_hears_the_same(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    llm = make_llm(temperature=0.2, stop="END", request_metadata={"team": "a"})
    said = await every_way(llm, max_tokens=9)
    assert set(said.values()) == {"Good day."}
    assert len(said) == len(bedrock.requests) == 8
    assert {sent.model for sent in bedrock.requests} == {MODEL}
    assert sorted(sent.operation for sent in bedrock.requests) == ["converse"] * 4 + ["converse-stream"] * 4
    assert [body for body in bedrock.bodies if body != bedrock.bodies[0]] == []
    assert bedrock.bodies[0] == {
        "messages": [{"role": "user", "content": [{"text": "Hello?"}]}],
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.2, "stopSequences": ["END"]},
        "requestMetadata": {"team": "a"},
    }


def test_nothing_is_said_of_what_was_not_asked_for(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    llm.chat(QUESTION)
    assert bedrock.bodies[-1].keys() == {"messages"}


def test_a_call_overrides_the_model_and_its_parameters(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    llm = make_llm(temperature=0.2, max_tokens=100, guardrail_identifier="gr1", guardrail_version=1)
    llm.chat(
        QUESTION,
        model="amazon.nova-lite-v1:0",
        temperature=None,
        stop=["a"],
        guardrail_version=2,
        performanceConfig={"latency": "optimized"},
        inferenceConfig={"topP": 0.5},
    )
    assert bedrock.requests[-1].model == "amazon.nova-lite-v1:0"
    assert bedrock.bodies[-1] == {
        "messages": [{"role": "user", "content": [{"text": "Hello?"}]}],
        "inferenceConfig": {"maxTokens": 100, "stopSequences": ["a"], "topP": 0.5},
        "guardrailConfig": {"guardrailIdentifier": "gr1", "guardrailVersion": "2", "trace": "disabled"},
        "performanceConfig": {"latency": "optimized"},
    }


def test_system_text_of_a_call_follows_the_system_messages(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    llm.chat([ChatMessage(role="system", content="Be brief."), *QUESTION], system=[{"text": "And kind."}])
    assert bedrock.bodies[-1]["system"] == [{"text": "Be brief."}, {"text": "And kind."}]


@pytest.mark.parametrize(
    ("keyword", "near"),
    [
        ("temprature", "temperature"),
        ("stop_sequence", "stop_sequences"),
        ("inferenceconfig", "inferenceConfig"),
    ],
)
def test_an_unknown_keyword_of_a_call_names_the_nearest(
    llm: BedrockConverse, bedrock: ScriptedBedrock, keyword: str, near: str
) -> None:
    with pytest.raises(InvalidRequestError, match=keyword) as raised:
        llm.chat(QUESTION, **{keyword: 1})
    assert near in str(raised.value.hint)
    assert bedrock.requests == []


def test_an_unknown_keyword_of_the_model_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'temperature'"):
        BedrockConverse(model=MODEL, temprature=0.1)
    with pytest.raises(ConfigurationError, match=r"additional_kwargs.*'maxTokns'"):
        BedrockConverse(model=MODEL, additional_kwargs={"maxTokns": 3})


@pytest.mark.parametrize("bad", ["", "a/b", "amazon.nova\nlite", "arn:aws:s3:::bucket"])
def test_what_cannot_be_a_model_id_is_refused_at_construction(bad: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"id|ARN"):
        BedrockConverse(model=bad)


def test_values_that_bedrock_would_refuse_are_not_sent(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    with pytest.raises(InvalidRequestError, match="temperature is 3"):
        llm.chat(QUESTION, temperature=3)
    with pytest.raises(InvalidRequestError, match="messages is empty"):
        llm.chat([])
    assert bedrock.requests == []


def test_metadata_say_what_was_configured() -> None:
    plain = BedrockConverse(model=MODEL).metadata
    assert (plain.context_window, plain.num_output, plain.is_chat_model) == (200_000, 64_000, True)
    told = BedrockConverse(model=MODEL, max_tokens=50, context_window=1000, is_function_calling_model=False)
    assert (told.metadata.context_window, told.metadata.num_output) == (1000, 50)
    assert not told.metadata.is_function_calling_model
    assert BedrockConverse(model=MODEL, max_tokens=50, num_output=7).metadata.num_output == 7


@pytest.mark.parametrize(
    ("model", "more", "window", "output"),
    [
        ("us.anthropic.claude-opus-4-6-v1", {}, 1_000_000, 128_000),
        ("meta.llama3-8b-instruct-v1:0", {}, 8_192, 2_048),
        ("amazon.titan-text-lite-v1", {}, 4_096, 2_048),
        ("qwen.qwen3-32b-v1:0", {"capabilities": {"max_output": 32_768}}, 32_768, 16_384),
        ("amazon.nova-lite-v1:0:24k", {}, 24_000, 10_000),
        ("acme.brand-new-v1:0", {}, 128_000, 4_096),
        ("acme.brand-new-v1:0", {"capabilities": {"context_window": 9_000}}, 9_000, 4_096),
        ("acme.brand-new-v1:0", {"capabilities": {"max_output": 7_000}}, 128_000, 7_000),
        ("acme.brand-new-v1:0", {"model_family": "nova-2"}, 1_000_000, 65_535),
        ("acme.brand-new-v1:0", {"max_tokens": 128_000}, 256_000, 128_000),
        (f"arn:aws:bedrock:us-east-1:{'1' * 12}:imported-model/ab12cd34ef56", {}, 128_000, 4_096),
        (f"arn:aws:sagemaker:us-east-1:{'1' * 12}:endpoint/mine", {}, 128_000, 4_096),
    ],
)
def test_prompts_are_planned_for_the_models_own_window(
    model: str, more: dict[str, Any], window: int, output: int
) -> None:
    metadata = BedrockConverse(model=model, **more).metadata
    assert (metadata.context_window, metadata.num_output) == (window, output)
    assert PromptHelper.from_llm_metadata(metadata)._get_available_context_size(500) > 0
    told = BedrockConverse(model=model, context_window=7_000, num_output=70, **more).metadata
    assert (told.context_window, told.num_output) == (7_000, 70)


def test_an_application_profile_is_planned_for_as_its_model() -> None:
    arn = f"arn:aws:bedrock:us-east-1:{'1' * 12}:application-inference-profile/ab12cd34ef56"
    llm = BedrockConverse(model="amazon.nova-micro-v1:0", application_inference_profile_arn=arn)
    assert llm.metadata.context_window == 128_000
    assert BedrockConverse(model=arn, model_family="llama3-3").metadata.context_window == 128_000
    assert BedrockConverse(model=arn, model_family="jamba-1-5").metadata.context_window == 256_000


@pytest.mark.parametrize("spelling", ["model", "model_id", "model_name"])
def test_the_model_has_three_spellings(spelling: str) -> None:
    assert Bedrock(**{spelling: MODEL}).model == MODEL


def test_the_answer_says_why_it_ended_and_what_it_cost(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    usage = {
        "inputTokens": 10,
        "outputTokens": 5,
        "totalTokens": 45,
        "cacheReadInputTokens": 20,
        "cacheWriteInputTokens": 10,
    }
    bedrock.script = [says("Cut", stop="max_tokens", usage=usage)]
    for response in (llm.chat(QUESTION), list(llm.stream_chat(QUESTION))[-1]):
        assert response.raw["stopReason"] == "max_tokens"
        assert response.raw["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert usage.items() <= response.raw["usage"].items()
        assert response.raw["usage"]["prompt_tokens"] == 40
        assert response.additional_kwargs == {
            "prompt_tokens": 40,
            "completion_tokens": 5,
            "total_tokens": 45,
            "cache_read_input_tokens": 20,
            "cache_creation_input_tokens": 10,
            "finish_reason": "length",
        }


def test_completions_carry_what_the_chat_says(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [says("Look:", calls("f", {"a": 1}))]
    done = llm.complete("Hello?")
    assert done.additional_kwargs["completion_tokens"] == 7
    assert done.additional_kwargs["tool_call_id"] == ["tooluse_1"]
    assert done.raw["stopReason"] == "end_turn"


def test_a_prompt_that_is_not_formatted_is_formatted(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    llm = make_llm(completion_to_prompt=lambda prompt: f"<{prompt}>")
    llm.complete("a")
    llm.complete("a", formatted=True)
    assert [body["messages"][0]["content"][0]["text"] for body in bedrock.bodies] == ["<a>", "a"]


def test_a_client_may_be_shared(bedrock: ScriptedBedrock) -> None:
    with BedrockClient(endpoint_url=bedrock.url, region_name="us-east-1", **KEYS) as client:
        for model in (MODEL, "amazon.nova-lite-v1:0"):
            assert BedrockConverse(model=model, client=client).complete("Hello?").text == "Good day."
        assert bedrock.connections == 1


async def test_errors_are_the_cores_in_every_way(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [says("Too many requests", status=429, error="ThrottlingException")]
    llm = make_llm(max_retries=0)
    for call in (llm.chat, llm.stream_chat):
        with pytest.raises(ThrottlingError, match="Too many requests"):
            call(QUESTION)
    for acall in (llm.achat, llm.astream_chat):
        with pytest.raises(ThrottlingError, match="Too many requests"):
            await acall(QUESTION)
    bedrock.script = [says("bad tokens", status=424, error="ModelErrorException")]
    with pytest.raises(ModelFailureError):
        llm.complete("Hello?")
    await llm.bedrock.aclose()


async def test_asynchronous_calls_run_side_by_side_and_use_no_thread(
    llm: BedrockConverse, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(*_: object, **__: object) -> None:
        raise AssertionError("an asynchronous call went to a thread")

    monkeypatch.setattr(asyncio, "to_thread", no_thread)
    monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", no_thread)
    bedrock.script = [says("Good day.", gap=0.02)]
    loop = asyncio.get_running_loop()

    async def stream() -> str:
        return "".join([item.delta or "" async for item in await llm.astream_chat(QUESTION)])

    start = loop.time()
    assert await asyncio.gather(*(stream() for _ in range(20))) == ["Good day."] * 20
    assert loop.time() - start < 20 * 6 * 0.02 / 4
    assert (await llm.achat(QUESTION)).message.content == "Good day."
    await llm.bedrock.aclose()


async def test_media_that_must_be_downloaded_do_not_stop_the_loop(
    llm: BedrockConverse, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MediaFetcher", partial(MediaFetcher, **LOOPBACK))
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 16

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # It shares the loop with the call: were the loop stopped, nobody would answer.
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(png) + png)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()[:2]
        image = ImageBlock(url=f"http://{host}:{port}/a.png")
        async with asyncio.timeout(5):
            await llm.achat([ChatMessage(role="user", blocks=[image])], fetch_media=True)
    (sent,) = bedrock.requests[-1].messages[0]["content"]
    assert sent == {"image": {"format": "png", "source": {"bytes": b64encode(png).decode()}}}
    await llm.bedrock.aclose()


def test_synchronous_calls_download_what_the_model_allows(
    make_llm: Make, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Found(MediaFetcher):
        def fetch_all(self, urls: Any) -> dict[str, Fetched]:
            asked.extend(urls)
            return {url: Fetched(b"\xff\xd8\xff", "image/jpeg", url) for url in urls}

    monkeypatch.setattr(fetching, "MediaFetcher", Found)
    question = [ChatMessage(role="user", blocks=[ImageBlock(url="https://x.example/a")])]
    make_llm(fetch_media=True).chat(question)
    make_llm(additional_kwargs={"fetch_media": True}).chat(question)
    with pytest.raises(InvalidRequestError, match=r"https://x\.example/a"):
        make_llm(fetch_media=True).chat(question, fetch_media=False)
    assert asked == ["https://x.example/a"] * 2
    assert bedrock.requests[-1].messages[0]["content"][0]["image"]["format"] == "jpeg"


@pytest.mark.parametrize("nested", [False, True])
async def test_downloads_that_fail_are_refused_before_anything_is_sent(
    llm: BedrockConverse, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch, nested: bool
) -> None:
    monkeypatch.setattr(fetching, "MediaFetcher", partial(MediaFetcher, max_bytes=10, **LOOPBACK))
    answers = {
        b"/missing.png": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"/large.png": b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n" + b"x" * 11,
        b"/empty.png": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    }

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(answers[head.split()[1].partition(b"?")[0]])
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()[:2]
        for name, reason in (("missing", "404"), ("large", "10 bytes"), ("empty", "zero bytes")):
            image: Any = ImageBlock(url=f"http://{host}:{port}/{name}.png?X-Amz-Signature=s3cret")
            block = CitableBlock(title="t", source="s", content=[image]) if nested else image
            with pytest.raises(InvalidRequestError, match=rf"/{name}.png'.*{reason}") as raised:
                await llm.achat([ChatMessage(role="user", blocks=[block])], fetch_media=True)
            assert "s3cret" not in str(raised.value)
    assert bedrock.requests == []


def test_none_switches_a_member_off_in_both_spellings(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    llm = make_llm(
        guardrail_identifier="gr1",
        guardrail_version=1,
        performance_config={"latency": "optimized"},
        additional_kwargs={"requestMetadata": {"team": "a"}},
    )
    llm.chat(QUESTION, guardrailConfig=None, requestMetadata=None, performanceConfig=None)
    llm.chat(
        QUESTION,
        guardrail_identifier=None,
        guardrail_version=None,
        request_metadata=None,
        performance_config=None,
    )
    assert [body.keys() for body in bedrock.bodies] == [{"messages"}] * 2
    llm.chat(QUESTION, inferenceConfig={"temperature": None})
    assert bedrock.bodies[-1].get("inferenceConfig", {}) == {}
    assert "guardrailConfig" in bedrock.bodies[-1]


def test_a_member_is_merged_and_a_parameter_replaced(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    llm = make_llm(
        additional_model_request_fields={"a": 1},
        additional_kwargs={"additionalModelRequestFields": {"b": 2}},
    )
    llm.chat(QUESTION, additionalModelRequestFields={"c": 3})
    llm.chat(QUESTION, additional_model_request_fields={"c": 3})
    sent = [body["additionalModelRequestFields"] for body in bedrock.bodies]
    assert sent == [{"a": 1, "b": 2, "c": 3}, {"c": 3}]


@pytest.mark.parametrize("place", ["call", "additional_kwargs"])
def test_the_stream_mode_of_a_guardrail_goes_to_streams_alone(
    make_llm: Make, bedrock: ScriptedBedrock, place: str
) -> None:
    config = {"guardrailIdentifier": "gr1", "guardrailVersion": "1", "streamProcessingMode": "async"}
    given = {"guardrailConfig": config}
    llm = make_llm(additional_kwargs=given if place == "additional_kwargs" else {})
    kwargs = given if place == "call" else {}
    llm.chat(QUESTION, **kwargs)
    list(llm.stream_chat(QUESTION, **kwargs))
    assert [body["guardrailConfig"] for body in bedrock.bodies] == [
        {"guardrailIdentifier": "gr1", "guardrailVersion": "1"},
        config,
    ]
    assert config["streamProcessingMode"] == "async"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"temperature": 7}, "temperature is 7"),
        ({"inferenceConfig": {"topP": 2}}, "topP is 2"),
        ({"guardrailConfig": {"guardrailIdentifier": "gr1"}}, "guardrailVersion"),
        ({"tools": []}, "tools cannot stand here"),
        ({"tool_choice": "any"}, "tool_choice cannot stand here"),
    ],
)
def test_additional_kwargs_are_checked_at_construction(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"additional_kwargs.*{named}"):
        BedrockConverse(model=MODEL, additional_kwargs=given)


def test_messages_among_additional_kwargs_are_told_where_they_belong() -> None:
    with pytest.raises(ConfigurationError) as raised:
        BedrockConverse(model=MODEL, additional_kwargs={"messages": []})
    assert "first argument of a call" in str(raised.value.hint)


def test_a_model_id_is_checked_when_it_is_assigned() -> None:
    llm = BedrockConverse(model=MODEL)
    with pytest.raises(InvalidRequestError, match="x y"):
        llm.model = "x y"
    assert llm.model == MODEL


def test_headers_of_anthropics_own_api_are_betas_of_claude(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    llm = make_llm(additional_model_request_fields={"anthropic_beta": ["one"], "x": 1})
    llm.complete("q", extra_headers={"Anthropic-Beta": "two, one, prompt-caching-2024-07-31"})
    assert bedrock.bodies[-1]["additionalModelRequestFields"] == {"anthropic_beta": ["one", "two"], "x": 1}
    make_llm().complete("q", extra_headers={"anthropic-beta": "prompt-caching-2024-07-31"})
    assert "additionalModelRequestFields" not in bedrock.bodies[-1]
    make_llm().complete("q", extra_headers=None)
    for headers in ({"x-trace": "1"}, "anthropic-beta: x"):
        with pytest.raises(InvalidRequestError, match="extra_headers"):
            llm.complete("q", extra_headers=headers)
    assert len(bedrock.requests) == 3
