"""LlamaIndex's ``BedrockConverse`` from cassettes: chat, completion, tools, structured answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    MessageRole,
    ThinkingBlock,
)
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, Field

from llamaindex_bedrock_unified import BedrockConverse

from . import replies
from .oracle import Answer
from .recording import Recording

cassette = pytest.mark.cassette

MESSAGES = [
    ChatMessage(role=MessageRole.SYSTEM, content="Answer in one sentence."),
    ChatMessage(role=MessageRole.USER, content=replies.QUESTION),
]
PROMPT = PromptTemplate("What is the capital of {country}?")
WEATHER_PROMPT = PromptTemplate("What is the weather in {city}, in degrees Celsius?")


def get_weather(city: str, unit: str = "celsius") -> str:
    """The current weather of a city."""
    return f"18 degrees {unit} in {city}"


TOOL = FunctionTool.from_defaults(get_weather)


class Weather(BaseModel):
    """Where the weather is asked for."""

    city: str
    unit: str = Field(default="celsius", description="celsius or fahrenheit")


_WRITTEN = json.dumps(replies.WEATHER_CALL["content"][1]["toolUse"]["input"])
STRUCTURED = {
    **replies.WEATHER_CALL,
    "content": [{"text": _WRITTEN}],
    "pieces": [[_WRITTEN[:9], _WRITTEN[9:]]],
    "stopReason": "end_turn",
}


def nova(recording: Recording, **given: Any) -> BedrockConverse:
    """A small model without whims."""
    given = {"model": replies.NOVA, "temperature": 0, "max_tokens": 500, **given}
    return recording.make(BedrockConverse, **given)


def claude(recording: Recording) -> BedrockConverse:
    """A model that calls tools."""
    return nova(recording, model=replies.CLAUDE)


def check_counts(response: ChatResponse | CompletionResponse, answer: Answer) -> None:
    """Tokens where LlamaIndex's TokenCountingHandler looks for them."""
    assert isinstance(response.raw, dict)
    usage = response.raw["usage"]
    told = (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"])
    assert told == answer.tokens
    assert response.additional_kwargs["prompt_tokens"] == answer.tokens[0]


def check(response: ChatResponse, answer: Answer, model: BedrockConverse) -> None:
    """The response says what the answer says: text, tool calls, usage and stop reason."""
    assert (response.message.content or "") == answer.text
    calls = model.get_tool_calls_from_response(response, error_on_no_tool_call=False)
    assert [(call.tool_id, call.tool_name, call.tool_kwargs) for call in calls] == [
        (use["toolUseId"], use["name"], use["input"]) for use in answer.tool_uses
    ]
    check_counts(response, answer)
    assert isinstance(response.raw, dict)
    assert response.raw["stopReason"] == answer.stop_reason


def check_pieces(responses: list[ChatResponse], answer: Answer, model: BedrockConverse) -> None:
    """The text comes as it was sent, and the last response is the whole answer."""
    assert [each.delta for each in responses if each.delta] == answer.texts
    check(responses[-1], answer, model)


def thoughts(response: ChatResponse) -> str:
    """The reasoning of a response."""
    return "".join(
        block.content or "" for block in response.message.blocks if isinstance(block, ThinkingBlock)
    )


# Chat


@cassette("BedrockConverse.chat", replies=[replies.CAPITAL])
def test_chat(recording: Recording) -> None:
    model = nova(recording)
    check(model.chat(MESSAGES), recording.answer, model)


@cassette("BedrockConverse.achat", replies=[replies.CAPITAL])
async def test_achat(recording: Recording) -> None:
    model = nova(recording)
    check(await model.achat(MESSAGES), recording.answer, model)


@cassette("BedrockConverse.stream_chat", replies=[replies.CAPITAL])
def test_stream_chat(recording: Recording) -> None:
    model = nova(recording)
    check_pieces(list(model.stream_chat(MESSAGES)), recording.answer, model)


@cassette("BedrockConverse.astream_chat", replies=[replies.CAPITAL])
async def test_astream_chat(recording: Recording) -> None:
    model = nova(recording)
    check_pieces([each async for each in await model.astream_chat(MESSAGES)], recording.answer, model)


def reasoning_model(recording: Recording) -> BedrockConverse:
    """A model that thinks first."""
    thinking = {"additional_model_request_fields": replies.THINKING}
    return recording.make(BedrockConverse, model=replies.CLAUDE, max_tokens=2000, **thinking)


@cassette("BedrockConverse.chat", replies=[replies.REASONED])
def test_chat_that_reasons(recording: Recording) -> None:
    model = reasoning_model(recording)
    response = model.chat([ChatMessage(role=MessageRole.USER, content=replies.RIDDLE)])
    check(response, recording.answer, model)
    assert thoughts(response) == recording.answer.reasoning != ""


@cassette("BedrockConverse.astream_chat", replies=[replies.REASONED])
async def test_astream_chat_that_reasons(recording: Recording) -> None:
    model = reasoning_model(recording)
    stream = await model.astream_chat([ChatMessage(role=MessageRole.USER, content=replies.RIDDLE)])
    responses = [each async for each in stream]
    check_pieces(responses, recording.answer, model)
    assert thoughts(responses[-1]) == recording.answer.reasoning != ""


# Completion


@cassette("BedrockConverse.complete", replies=[replies.CAPITAL])
def test_complete(recording: Recording) -> None:
    response = nova(recording).complete(replies.QUESTION)
    assert response.text == recording.answer.text
    check_counts(response, recording.answer)


@cassette("BedrockConverse.acomplete", replies=[replies.CAPITAL])
async def test_acomplete(recording: Recording) -> None:
    response = await nova(recording).acomplete(replies.QUESTION)
    assert response.text == recording.answer.text
    check_counts(response, recording.answer)


@cassette("BedrockConverse.stream_complete", replies=[replies.CAPITAL])
def test_stream_complete(recording: Recording) -> None:
    responses = list(nova(recording).stream_complete(replies.QUESTION))
    assert [each.delta for each in responses if each.delta] == recording.answer.texts
    assert responses[-1].text == recording.answer.text
    check_counts(responses[-1], recording.answer)


@cassette("BedrockConverse.astream_complete", replies=[replies.CAPITAL])
async def test_astream_complete(recording: Recording) -> None:
    stream = await nova(recording).astream_complete(replies.QUESTION)
    responses = [each async for each in stream]
    assert [each.delta for each in responses if each.delta] == recording.answer.texts
    assert responses[-1].text == recording.answer.text
    check_counts(responses[-1], recording.answer)


@cassette("BedrockConverse.predict", replies=[replies.CAPITAL])
def test_predict(recording: Recording) -> None:
    assert nova(recording).predict(PROMPT, country="France") == recording.answer.text


@cassette("BedrockConverse.apredict", replies=[replies.CAPITAL])
async def test_apredict(recording: Recording) -> None:
    assert await nova(recording).apredict(PROMPT, country="France") == recording.answer.text


@cassette("BedrockConverse.stream", replies=[replies.CAPITAL])
def test_stream(recording: Recording) -> None:
    pieces = [piece for piece in nova(recording).stream(PROMPT, country="France") if piece]
    assert pieces == recording.answer.texts


@cassette("BedrockConverse.astream", replies=[replies.CAPITAL])
async def test_astream(recording: Recording) -> None:
    stream = await nova(recording).astream(PROMPT, country="France")
    assert [piece async for piece in stream if piece] == recording.answer.texts


# Tools


@cassette("BedrockConverse.chat_with_tools", replies=[replies.WEATHER_CALL, replies.WEATHER_ANSWER])
def test_chat_with_tools(recording: Recording) -> None:
    model = claude(recording)
    called = model.chat_with_tools([TOOL], user_msg=replies.WEATHER_QUESTION)
    told = model.chat_with_tools([TOOL], chat_history=answered(called, model))
    for response, answer in zip((called, told), recording.answers, strict=True):
        check(response, answer, model)


@cassette("BedrockConverse.achat_with_tools", replies=[replies.WEATHER_CALL, replies.WEATHER_ANSWER])
async def test_achat_with_tools(recording: Recording) -> None:
    model = claude(recording)
    called = await model.achat_with_tools([TOOL], user_msg=replies.WEATHER_QUESTION)
    told = await model.achat_with_tools([TOOL], chat_history=answered(called, model))
    for response, answer in zip((called, told), recording.answers, strict=True):
        check(response, answer, model)


def answered(called: ChatResponse, model: BedrockConverse) -> list[ChatMessage]:
    """The conversation after the tools were run."""
    results = [
        ChatMessage(
            role=MessageRole.TOOL,
            content=get_weather(**call.tool_kwargs),
            additional_kwargs={"tool_call_id": call.tool_id},
        )
        for call in model.get_tool_calls_from_response(called)
    ]
    return [ChatMessage(role=MessageRole.USER, content=replies.WEATHER_QUESTION), called.message, *results]


@cassette("BedrockConverse.stream_chat_with_tools", replies=[replies.WEATHER_CALL])
def test_stream_chat_with_tools(recording: Recording) -> None:
    model = claude(recording)
    responses = list(model.stream_chat_with_tools([TOOL], user_msg=replies.WEATHER_QUESTION))
    check_pieces(responses, recording.answer, model)
    assert recording.answer.tool_uses


@cassette("BedrockConverse.astream_chat_with_tools", replies=[replies.WEATHER_CALL])
async def test_astream_chat_with_tools(recording: Recording) -> None:
    model = claude(recording)
    stream = await model.astream_chat_with_tools([TOOL], user_msg=replies.WEATHER_QUESTION)
    check_pieces([each async for each in stream], recording.answer, model)
    assert recording.answer.tool_uses


@cassette("BedrockConverse.predict_and_call", replies=[replies.WEATHER_CALL])
def test_predict_and_call(recording: Recording) -> None:
    response = claude(recording).predict_and_call([TOOL], user_msg=replies.WEATHER_QUESTION)
    assert response.response == get_weather(**recording.answer.tool_uses[0]["input"])


@cassette("BedrockConverse.apredict_and_call", replies=[replies.WEATHER_CALL])
async def test_apredict_and_call(recording: Recording) -> None:
    response = await claude(recording).apredict_and_call([TOOL], user_msg=replies.WEATHER_QUESTION)
    assert response.response == get_weather(**recording.answer.tool_uses[0]["input"])


# Structured answers


@cassette("BedrockConverse.structured_predict", replies=[STRUCTURED])
def test_structured_predict(recording: Recording) -> None:
    found = claude(recording).structured_predict(Weather, WEATHER_PROMPT, city="Paris")
    assert found == Weather(**json.loads(recording.answer.text))


@cassette("BedrockConverse.astructured_predict", replies=[STRUCTURED])
async def test_astructured_predict(recording: Recording) -> None:
    found = await claude(recording).astructured_predict(Weather, WEATHER_PROMPT, city="Paris")
    assert found == Weather(**json.loads(recording.answer.text))


@cassette("BedrockConverse.stream_structured_predict", replies=[STRUCTURED])
def test_stream_structured_predict(recording: Recording) -> None:
    *_, found = claude(recording).stream_structured_predict(Weather, WEATHER_PROMPT, city="Paris")
    assert found.model_dump() == Weather(**json.loads(recording.answer.text)).model_dump()


@cassette("BedrockConverse.astream_structured_predict", replies=[STRUCTURED])
async def test_astream_structured_predict(recording: Recording) -> None:
    stream = await claude(recording).astream_structured_predict(Weather, WEATHER_PROMPT, city="Paris")
    found = [each async for each in stream][-1]
    assert found.model_dump() == Weather(**json.loads(recording.answer.text)).model_dump()
