"""Both adapters over the local endpoint: InvokeModel says what Converse says, in all four ways of a call.

Where they differ: AWS tells no latency of a native answer that its guardrail blocked, gpt-oss begins its
Converse streams with an empty text, and Llama's prompt has no place for tools.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.tools import tool
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from bedrock_unified.local import LocalBedrock
from bedrock_unified.local.guardrails import Guardrail
from langchain_bedrock_unified import ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ADAPTIVE = "us.anthropic.claude-opus-4-8"
GPT = "openai.gpt-oss-120b-1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
CUSTOM = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/"
#: Models by what stands behind them; the family of those with an ARN is named by the user.
MODELS: dict[str, dict[str, Any]] = {
    "claude": {"model": CLAUDE},
    "adaptive claude": {"model": ADAPTIVE},
    "gpt-oss": {"model": GPT},
    "llama": {"model": LLAMA},
    "custom claude": {"model": f"{CUSTOM}claude000000", "model_family": "claude-sonnet-4-5"},
    "custom gpt-oss": {"model": f"{CUSTOM}gptoss000000", "model_family": "gpt-oss"},
    "custom llama": {"model": f"{CUSTOM}llama0000000", "model_family": "llama3-3"},
}
BEHIND = {"claude000000": CLAUDE, "gptoss000000": GPT, "llama0000000": LLAMA}
ASKED = "The key is under the mat. Where is the key?"
BOOK = 'On which shelf is the book "Emma"?'
GUARDED: dict[str, Any] = {
    "guardrail_identifier": "guard1",
    "guardrail_version": "1",
    "guardrail_trace": "enabled",
}

every_model = pytest.mark.parametrize("model", MODELS)
with_tools = pytest.mark.parametrize("model", [name for name in MODELS if "llama" not in name])


class Book(BaseModel):
    """A book."""

    title: str


def shelf_of(title: str) -> str:
    """Find the shelf of a book."""
    return f"{title} is on shelf 12."


@pytest.fixture(scope="module")
def place() -> Iterator[LocalBedrock]:
    guardrail = Guardrail("guard1", words=("spies",), blocked_input="Not this.")
    with LocalBedrock(application_profiles=BEHIND, guardrails=[guardrail]) as running:
        yield running


def settings(place: LocalBedrock, model: str, use_converse: bool, **more: Any) -> dict[str, Any]:
    given = {"endpoint_url": place.url, "api_key": LocalBedrock.API_KEY, "max_retries": 0}
    return {**given, **MODELS[model], "use_converse": use_converse, **more}


def operations(place: LocalBedrock) -> set[str]:
    found = {request.operation for request in place.requests}
    place.forget()
    return found


# LangChain


def joined(chunks: Iterable[Any]) -> Any:
    whole: Any = None
    for chunk in chunks:
        whole = chunk if whole is None else whole + chunk
    return whole


async def gathered(chunks: AsyncIterator[Any]) -> Any:
    return joined([chunk async for chunk in chunks])


def four_ways(make: Callable[[], Any], asked: Any) -> list[Any]:
    """invoke, stream, ainvoke and astream, each of a model that nothing else holds."""
    return [
        make().invoke(asked),
        joined(make().stream(asked)),
        asyncio.run(make().ainvoke(asked)),
        asyncio.run(gathered(make().astream(asked))),
    ]


def plain(message: AIMessage | AIMessageChunk) -> dict[str, Any]:
    """What a message says, without what differs by its nature: ids, and how long it took."""
    kinds = [
        kind
        for kind, text in ((block["type"], block.get("text", "x")) for block in message.content_blocks)
        if text and not kind.startswith("tool_call")
    ]
    about = message.response_metadata
    return {
        "kinds": kinds,
        "text": message.text,
        "calls": [(call["name"], call["args"]) for call in message.tool_calls],
        "stop": about["stopReason"],
        "finish": about["finish_reason"],
        "guarded": "trace" in about,
        "usage": message.usage_metadata,
    }


def said(place: LocalBedrock, model: str, asked: str, *, tools: bool = False, **more: Any) -> dict[str, Any]:
    """What all four ways on both routes say, which is the same."""
    found: list[dict[str, Any]] = []
    for use_converse in (True, False):

        def make(use_converse: bool = use_converse) -> Any:
            llm = ChatBedrock(**settings(place, model, use_converse, **more))
            return llm.bind_tools([tool(shelf_of)]) if tools else llm

        operations(place)
        answers = [plain(message) for message in four_ways(make, asked)]
        assert all(name.startswith("Converse") is use_converse for name in operations(place))
        found += answers
    assert all(answer == found[0] for answer in found), [answer for answer in found if answer != found[0]]
    return found[0]


@every_model
def test_langchain_is_answered_alike(place: LocalBedrock, model: str) -> None:
    answer = said(place, model, ASKED)
    assert "under the mat" in answer["text"] and answer["stop"] == "end_turn"
    assert answer["usage"]["input_tokens"] > 0 and answer["usage"]["output_tokens"] > 0


@with_tools
def test_langchain_calls_tools_alike(place: LocalBedrock, model: str) -> None:
    answer = said(place, model, BOOK, tools=True)
    assert answer["calls"] == [("shelf_of", {"title": "Emma"})] and answer["stop"] == "tool_use"


@with_tools
def test_langchain_reasons_alike(place: LocalBedrock, model: str) -> None:
    answer = said(place, model, ASKED, reasoning="low")
    assert answer["kinds"] == ["reasoning", "text"]


@every_model
def test_langchain_is_guarded_alike(place: LocalBedrock, model: str) -> None:
    answer = said(place, model, "Where are the spies?", **GUARDED)
    assert answer["text"] == "Not this." and answer["guarded"]
    assert (answer["stop"], answer["finish"]) == ("guardrail_intervened", "content_filter")


@every_model
def test_langchain_gets_objects_alike(place: LocalBedrock, model: str) -> None:
    def make() -> Any:
        return ChatBedrock(**settings(place, model, False)).with_structured_output(Book)

    whole = [make().invoke('Read "Emma".'), asyncio.run(make().ainvoke('Read "Emma".'))]
    streamed = list(make().stream('Read "Emma".'))[-1]
    assert [*whole, streamed] == [Book(title="Emma")] * 3
    assert all(name.startswith("InvokeModel") for name in operations(place))


# LlamaIndex


def last(answers: Iterable[Any]) -> Any:
    return list(answers)[-1]


async def alast(answers: Any) -> Any:
    return [answer async for answer in await answers][-1]


def facts(answer: Any) -> dict[str, Any]:
    blocks = [block.model_dump() for block in answer.message.blocks]
    usage = answer.raw["usage"]
    return {
        "kinds": [block["block_type"] for block in blocks],
        "text": answer.message.content,
        "calls": [(b["tool_name"], b["tool_kwargs"]) for b in blocks if b["block_type"] == "tool_call"],
        "stop": answer.raw["stopReason"],
        "guarded": "trace" in answer.raw,
        "usage": [usage[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")],
    }


def told(place: LocalBedrock, model: str, asked: str, *, tools: bool = False, **more: Any) -> dict[str, Any]:
    """What all four ways on both routes tell, which is the same."""
    found: list[dict[str, Any]] = []
    for use_converse in (True, False):

        def make(use_converse: bool = use_converse) -> BedrockConverse:
            return BedrockConverse(**settings(place, model, use_converse, **more))

        operations(place)
        if tools:
            given: dict[str, Any] = {"tools": [FunctionTool.from_defaults(fn=shelf_of)], "user_msg": asked}
            answers = [
                make().chat_with_tools(**given),
                last(make().stream_chat_with_tools(**given)),
                asyncio.run(make().achat_with_tools(**given)),
                asyncio.run(alast(make().astream_chat_with_tools(**given))),
            ]
        else:
            turns = [ChatMessage(role="user", content=asked)]
            answers = [
                make().chat(turns),
                last(make().stream_chat(turns)),
                asyncio.run(make().achat(turns)),
                asyncio.run(alast(make().astream_chat(turns))),
            ]
        assert all(name.startswith("Converse") is use_converse for name in operations(place))
        found += [facts(answer) for answer in answers]
    assert all(answer == found[0] for answer in found), [answer for answer in found if answer != found[0]]
    return found[0]


@every_model
def test_llamaindex_is_answered_alike(place: LocalBedrock, model: str) -> None:
    answer = told(place, model, ASKED)
    assert "under the mat" in answer["text"] and answer["stop"] == "end_turn"


@with_tools
def test_llamaindex_calls_tools_alike(place: LocalBedrock, model: str) -> None:
    answer = told(place, model, BOOK, tools=True)
    assert answer["calls"] == [("shelf_of", {"title": "Emma"})] and answer["stop"] == "tool_use"


@with_tools
def test_llamaindex_reasons_alike(place: LocalBedrock, model: str) -> None:
    assert told(place, model, ASKED, reasoning="low")["kinds"] == ["thinking", "text"]


@every_model
def test_llamaindex_is_guarded_alike(place: LocalBedrock, model: str) -> None:
    answer = told(place, model, "Where are the spies?", **GUARDED)
    assert (answer["text"], answer["stop"], answer["guarded"]) == ("Not this.", "guardrail_intervened", True)


@every_model
def test_llamaindex_gets_objects_alike(place: LocalBedrock, model: str) -> None:
    def make() -> Any:
        return BedrockConverse(**settings(place, model, False)).as_structured_llm(Book)

    turns = [ChatMessage(role="user", content='Read "Emma".')]
    assert make().chat(turns).raw == asyncio.run(make().achat(turns)).raw == Book(title="Emma")
    assert all(name.startswith("InvokeModel") for name in operations(place))
