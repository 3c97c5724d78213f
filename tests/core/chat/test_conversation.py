"""A request under options: what is sent, what gives way when a model refuses, and what never does."""

from __future__ import annotations

import asyncio
import json
import warnings
from typing import Any

import pytest

from bedrock_unified.chat.conversation import CapabilityWarning
from bedrock_unified.chat.options import ChatOptions
from bedrock_unified.chat.retold import events_of
from bedrock_unified.converse.reducer import StreamReducer
from bedrock_unified.errors import (
    BedrockError,
    ConfigurationError,
    InvalidRequestError,
)
from bedrock_unified.wire.eventstream import encode_frame

from ..server import ASK, Received, Server, as_bedrock, converse_answer, event, reply
from .asking import CLAUDE, TOOLS, WEATHER, ask, boto3_client, colours, listen, refusing, texts

pytestmark = pytest.mark.usefixtures("no_aws")

NO_ANY = (
    "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and "
    "try again."
)
NO_CACHE = (
    "You invoked an unsupported model or your request did not allow prompt caching. See the documentation "
    "for more information."
)


@colours
def test_a_plain_request_is_sent_as_it_is(colour: str, server: Server) -> None:
    ask(server, colour, ChatOptions())
    (request,) = server.requests
    assert request.json() == {"messages": ASK["messages"]}
    assert request.target.endswith("/converse")


@colours
def test_a_refused_wish_nobody_had_gives_way_once_and_is_remembered(colour: str, server: Server) -> None:
    server.answer = refusing(NO_ANY, when=lambda body: "any" in body["toolConfig"].get("toolChoice", {}))
    options = ChatOptions(implied=frozenset({"tool_choice"}))
    config = {**TOOLS, "toolChoice": {"any": {}}}
    client = server.client(max_retries=0)

    def twice() -> None:
        for _ in range(2):
            client.converse(
                options=options, toolConfig=config, modelId="vendor.unheard-of-v1:0", messages=ASK["messages"]
            )

    async def atwice() -> None:
        for _ in range(2):
            await client.aconverse(
                options=options, toolConfig=config, modelId="vendor.unheard-of-v1:0", messages=ASK["messages"]
            )
        await client.aclose()

    with pytest.warns(CapabilityWarning, match="vendor.unheard-of-v1:0 refused .* issue tracker") as warned:
        if colour == "sync":
            with client:
                twice()
        else:
            asyncio.run(atwice())
    assert len(warned) == 1
    bodies = [request.json() for request in server.requests]
    assert ["toolChoice" in body["toolConfig"] for body in bodies] == [True, False, False]
    assert config["toolChoice"] == {"any": {}}  # the caller's is not changed


@colours
def test_a_refused_explicit_wish_is_an_error_with_the_way_out(colour: str, server: Server) -> None:
    server.answer = refusing(NO_ANY, when=lambda body: True)
    with pytest.raises(InvalidRequestError) as caught:
        ask(
            server,
            colour,
            ChatOptions(),
            toolConfig={**TOOLS, "toolChoice": {"any": {}}},
            modelId="vendor.unheard-of-v1:0",
        )
    assert caught.value.code == "ValidationException"
    assert caught.value.hint
    assert len(server.requests) == 1


@colours
def test_a_model_that_does_not_stream_with_tools_is_told_in_one_piece(colour: str, server: Server) -> None:
    def answer(request: Received) -> bytes:
        if request.target.endswith("/converse-stream"):
            text = "This model doesn't support tool use in streaming mode."
            return reply({"message": text}, 400, x_amzn_ErrorType="ValidationException:http://x/")
        return as_bedrock(request)

    server.answer = answer
    with pytest.warns(CapabilityWarning):
        events, stream = listen(
            server, colour, ChatOptions(), toolConfig=TOOLS, modelId="vendor.unheard-of-v1:0"
        )
    assert texts(events) == "Good day."
    assert stream.response["output"] == converse_answer()["output"]
    assert stream.response["usage"] == converse_answer()["usage"]
    assert [request.target.rpartition("/")[2] for request in server.requests] == [
        "converse-stream",
        "converse",
    ]


@colours
def test_capabilities_say_from_the_start_that_a_model_does_not_stream(colour: str, server: Server) -> None:
    events, _ = listen(server, colour, ChatOptions(capabilities={"streaming": False}))
    assert texts(events) == "Good day."
    assert [request.target.rpartition("/")[2] for request in server.requests] == ["converse"]


@colours
def test_our_own_cache_points_give_way(colour: str, server: Server) -> None:
    server.answer = refusing(NO_CACHE, when=lambda body: "cachePoint" in json.dumps(body))
    with pytest.warns(CapabilityWarning):
        ask(
            server,
            colour,
            ChatOptions(prompt_cache="auto"),
            modelId="vendor.unheard-of-v1:0",
            system=[{"text": "Be brief."}],
        )
    assert ["cachePoint" in json.dumps(request.json()) for request in server.requests] == [True, False]


@colours
def test_a_prompt_that_is_too_short_to_cache_does_not_end_caching(colour: str, server: Server) -> None:
    """GM 3.B: a ValidationException on cache and minimum is tried once more without points."""
    text = "The cachePoint is below the minimum number of tokens for a cache checkpoint."
    server.answer = refusing(
        text, when=lambda body: "cachePoint" in json.dumps(body) and len(str(body)) < 500
    )
    client = server.client(max_retries=0)
    asked = [
        {**ASK, "modelId": "vendor.unheard-of-v1:0", "system": [{"text": system}]}
        for system in ("Be brief.", "Be brief. " * 100)
    ]
    options = ChatOptions(prompt_cache="auto")

    async def aboth() -> None:
        async with client:
            for request in asked:
                await client.aconverse(options=options, **request)

    with pytest.warns(CapabilityWarning, match="so few tokens") as warned:
        if colour == "async":
            asyncio.run(aboth())
        else:
            with client:
                for request in asked:
                    client.converse(options=options, **request)
    sent = ["cachePoint" in json.dumps(request.json()) for request in server.requests]
    assert sent == [True, False, True]
    assert len(warned) == 1
    assert "later calls" not in str(warned[0].message)


@colours
def test_an_explicit_cache_point_does_not_give_way(colour: str, server: Server) -> None:
    server.answer = refusing(NO_CACHE, when=lambda body: True)
    with pytest.raises(InvalidRequestError):
        ask(
            server,
            colour,
            ChatOptions(),
            modelId="vendor.unheard-of-v1:0",
            system=[{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        )
    assert len(server.requests) == 1


@colours
def test_a_model_that_refuses_either_of_two_ways_is_asked_in_each_once(colour: str, server: Server) -> None:
    def answer(request: Received) -> bytes:
        thinking = request.json()["additionalModelRequestFields"]["thinking"]["type"]
        text = {
            "enabled": '"thinking.type.enabled" is not supported for this model.',
            "adaptive": "adaptive thinking is not supported on this model",
        }[thinking]
        return reply({"message": text}, 400, x_amzn_ErrorType="ValidationException:http://x/")

    server.answer = answer
    with pytest.warns(CapabilityWarning), pytest.raises(InvalidRequestError, match="enabled"):
        ask(server, colour, ChatOptions(reasoning="high"), modelId=CLAUDE)
    assert len(server.requests) == 3


@colours
def test_a_capability_of_the_callers_own_word_does_not_give_way(colour: str, server: Server) -> None:
    server.answer = refusing(NO_CACHE, when=lambda body: "cachePoint" in json.dumps(body))
    options = ChatOptions(prompt_cache="auto", capabilities={"cache_places": ["system"]})
    with pytest.raises(InvalidRequestError, match="leave 'cache_places' out of capabilities"):
        ask(server, colour, options, modelId="vendor.unheard-of-v1:0", system=[{"text": "Be brief."}])
    assert len(server.requests) == 1


@colours
@pytest.mark.parametrize("implied", [True, False])
def test_strict_tools_give_way_where_nobody_asked_for_them(
    implied: bool, colour: str, server: Server
) -> None:
    text = "This model doesn't support the strict field. Remove strict and try again."
    server.answer = refusing(text, when=lambda body: "strict" in json.dumps(body))
    strict = {"tools": [{"toolSpec": {**WEATHER["toolSpec"], "strict": True}}]}
    given = {"modelId": "vendor.unheard-of-v1:0", "toolConfig": strict}
    if not implied:
        with pytest.raises(InvalidRequestError, match="strict"):
            ask(server, colour, ChatOptions(), **given)
        return
    with pytest.warns(CapabilityWarning, match="strict tools"):
        ask(server, colour, ChatOptions(implied=frozenset({"strict"})), **given)
    assert server.requests[1].json()["toolConfig"] == {"tools": [WEATHER]}


@colours
def test_a_refused_signature_goes_and_its_reasoning_stays(colour: str, server: Server) -> None:
    text = "This model doesn't support the reasoningContent.reasoningText.signature field."
    server.answer = refusing(text, when=lambda body: "signature" in json.dumps(body))
    thought = {"text": "Hm.", "signature": "c2ln"}
    turns = [
        *ASK["messages"],
        {
            "role": "assistant",
            "content": [{"reasoningContent": {"reasoningText": thought}}, {"text": "Yes."}],
        },
        *ASK["messages"],
    ]
    with pytest.warns(CapabilityWarning):
        ask(server, colour, ChatOptions(), modelId="vendor.unheard-of-v1:0", messages=turns)
    content = server.requests[1].json()["messages"][1]["content"]
    assert content == [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "Yes."}]
    assert thought["signature"] == "c2ln"  # the caller's is not changed


def refusing_in_streams(request: Received) -> bytes:
    """A refusal of cache points as the first frame of a stream, which began with status 200."""
    if b"cachePoint" not in request.body:
        return as_bedrock(request)
    names = (":exception-type", "validationException"), (":content-type", "application/json")
    frame = encode_frame((*names, (":message-type", "exception")), json.dumps({"message": NO_CACHE}).encode())
    return reply(frame, Content_Type="application/vnd.amazon.eventstream")


@colours
@pytest.mark.parametrize("way", ["ours", "boto3"])
def test_what_is_refused_by_the_first_event_of_a_stream_gives_way(
    way: str, colour: str, server: Server
) -> None:
    server.answer = refusing_in_streams
    client = boto3_client(server) if way == "boto3" else server.client(max_retries=0)
    asked = {"modelId": "vendor.unheard-of-v1:0", "system": [{"text": "Be brief."}]}
    with pytest.warns(CapabilityWarning):
        events, _ = listen(server, colour, ChatOptions(prompt_cache="auto"), client=client, **asked)
    assert texts(events) == "Good day."
    assert ["cachePoint" in json.dumps(request.json()) for request in server.requests] == [True, False]


@colours
def test_refused_tool_names_are_mapped_and_come_back(colour: str, server: Server) -> None:
    def answer(request: Received) -> bytes:
        name = request.json()["toolConfig"]["tools"][0]["toolSpec"]["name"]
        if request.target.endswith("/converse"):
            block = {"toolUse": {"toolUseId": "t1", "name": name, "input": {}}}
            told = converse_answer()
            told["output"]["message"]["content"] = [block]
            return reply(told)
        frames = [
            event("messageStart", {"role": "assistant"}),
            event(
                "contentBlockStart",
                {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t1", "name": name}}},
            ),
            event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{}"}}}),
            event("contentBlockStop", {"contentBlockIndex": 0}),
            event("messageStop", {"stopReason": "tool_use"}),
        ]
        return reply(b"".join(frames), Content_Type="application/vnd.amazon.eventstream")

    server.answer = answer
    dotted = {"toolSpec": {**WEATHER["toolSpec"], "name": "math.add"}}
    found = ask(server, colour, ChatOptions(), toolConfig={"tools": [dotted]})
    assert found["output"]["message"]["content"][0]["toolUse"]["name"] == "math.add"
    for client in (server.client(max_retries=0), boto3_client(server)):
        _, stream = listen(server, colour, ChatOptions(), client, toolConfig={"tools": [dotted]})
        assert stream.response["output"]["message"]["content"][0]["toolUse"]["name"] == "math.add"
    assert {request.json()["toolConfig"]["tools"][0]["toolSpec"]["name"] for request in server.requests} == {
        "math_add"
    }


@pytest.mark.parametrize(
    "given",
    [
        {"prompt_cache": "sometimes"},
        {"prompt_cache_ttl": "2h"},
        {"use_converse": "never"},
        {"guardrail_action": "shout"},
        {"guard_content": "some"},
        {"use_converse": 1},
        {"parallel_tool_calls": "no"},
    ],
)
def test_a_wish_that_is_none_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(given))):
        ChatOptions(**given)


def test_an_error_that_denies_nothing_is_the_callers(server: Server) -> None:
    server.answer = refusing("The provided model identifier is invalid.", when=lambda body: True)
    with warnings.catch_warnings(), pytest.raises(BedrockError):
        warnings.simplefilter("error")
        ask(server, "sync", ChatOptions())


def test_a_whole_answer_told_as_events_reduces_to_itself() -> None:
    answer = {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
                    {"reasoningContent": {"redactedContent": b"\x00\x01"}},
                    {"text": "a"},
                    {
                        "toolUse": {
                            "toolUseId": "t",
                            "name": "n",
                            "input": {"a": [1, None]},
                            "type": "server_tool_use",
                        }
                    },
                    {"toolResult": {"toolUseId": "t", "status": "success", "content": [{"text": "r"}]}},
                    {
                        "citationsContent": {
                            "content": [{"text": "c"}],
                            "citations": [{"title": "d", "location": {"web": {"url": "u"}}}],
                        }
                    },
                    {"image": {"format": "png", "source": {"bytes": b"png"}}},
                ],
            }
        },
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
        "additionalModelResponseFields": {"x": 1},
        "newerThanThis": {"y": 1},
    }
    reducer = StreamReducer()
    for told in events_of(answer):
        reducer.feed(told)
    assert reducer.response() == answer
