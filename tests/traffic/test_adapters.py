"""What else the adapters do with recorded exchanges: stored histories, recorded requests, completions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from llama_index.core.base.llms.types import ChatMessage

from bedrock_unified.errors import BedrockError
from llamaindex_bedrock_unified import converse_message

from .langchain_speaker import LangChainSpeaker
from .llamaindex_speaker import LlamaIndexSpeaker
from .participants import STORING_SPEAKERS
from .recordings import Exchange
from .replay import ReplayServer
from .reversal_rules import files_beside_the_result, formats_of_the_bytes, is_refused_like_aws
from .rounds import replay
from .speakers import recorded_request
from .tally import TALLY
from .views import oracle_answer
from .wire_messages import normalised

Exchanges = tuple[Exchange, ...]
Request = dict[str, Any]


@pytest.mark.parametrize("make", STORING_SPEAKERS, ids=lambda make: make.name)
def test_an_answer_that_was_stored_as_json_goes_back_as_it_came(
    make: Any, server: ReplayServer, conversations: Exchanges
) -> None:
    answered = [exchange for exchange in conversations if exchange.succeeded]
    speaker = make(server.url)
    try:
        outcome = replay(speaker, server, answered, between=speaker.stored)
    finally:
        speaker.close()
    TALLY.check("stored round trips", speaker.name, outcome.sent_back, outcome.different_blocks)
    assert outcome.sent_back == [exchange.id for exchange in answered]


def test_each_recorded_request_as_langchain_messages_goes_over_the_wire_as_recorded(
    server: ReplayServer, conversations: Exchanges
) -> None:
    speaker = LangChainSpeaker(server.url)

    def send(exchange: Exchange, request: Request, members: Request) -> None:
        model, messages = speaker.model(exchange), _langchain_messages(request)
        if exchange.streams:
            list(model.stream(messages, **members))
        else:
            model.invoke(messages, **members)

    try:
        found = _sent_differently(server, conversations, send, files_beside_the_result)
    finally:
        speaker.close()
    TALLY.check("requests", speaker.name, (one.id for one in conversations), found)


def test_each_recorded_request_as_llamaindex_messages_goes_over_the_wire_as_recorded(
    server: ReplayServer, conversations: Exchanges
) -> None:
    speaker = LlamaIndexSpeaker(server.url)

    def send(exchange: Exchange, request: Request, members: Request) -> None:
        model, messages = speaker.model(exchange), _llamaindex_messages(request)
        if exchange.streams:
            list(model.stream_chat(messages, **members))
        else:
            model.chat(messages, **members)

    try:
        # A message of LlamaIndex's blocks has an image's format in the block, where what the bytes tell wins.
        found = _sent_differently(server, conversations, send, files_beside_the_result, formats_of_the_bytes)
    finally:
        speaker.close()
    TALLY.check("requests", speaker.name, (one.id for one in conversations), found)


async def test_completions_say_the_text_that_botocore_reads(
    server: ReplayServer, conversations: Exchanges
) -> None:
    answered = [exchange for exchange in conversations if exchange.succeeded]
    found: list[str] = []
    speaker = LlamaIndexSpeaker(server.url)
    try:
        for exchange in answered:
            server.play(exchange)
            model, prompt = speaker.model(exchange), "What came back?"
            if exchange.streams:
                said = {
                    list(model.stream_complete(prompt))[-1].text,
                    [item async for item in await model.astream_complete(prompt)][-1].text,
                }
            else:
                said = {model.complete(prompt).text, (await model.acomplete(prompt)).text}
            if said != {oracle_answer(exchange).text}:
                found.append(f"{exchange.id} {exchange.operation}: {said!r:.400}")
    finally:
        await speaker.aclose()
    TALLY.check("completions", speaker.name, (one.id for one in answered), found)


def _sent_differently(
    server: ReplayServer,
    exchanges: Exchanges,
    send: Callable[[Exchange, Request, Request], None],
    *changes: Callable[[Request, Request], None],
) -> list[str]:
    """Send each recorded request; where what went over the wire is not what was recorded, by id.

    Args:
        changes: what is changed even of messages in Converse's own shape; RULES.md tells why.
    """
    found: list[str] = []
    for exchange in exchanges:
        server.play(exchange)
        request = recorded_request(exchange)
        members = {
            name: value for name, value in request.items() if name not in ("messages", "system", "modelId")
        }
        try:
            send(exchange, request, members)
        except BedrockError as error:
            if not server.asked:
                if not is_refused_like_aws(exchange, str(error)):
                    found.append(f"{exchange.id} was refused before anything was sent: {error}")
                continue
        sent, recorded = _settled(server.last.json), _settled(copy.deepcopy(exchange.request))
        for change in changes:
            change(recorded, sent)
        found += [
            f"{exchange.id} {name}: {sent.get(name)!r:.300} instead of {recorded.get(name)!r:.300}"
            for name in sorted(sent.keys() | recorded.keys())
            if sent.get(name) != recorded.get(name)
        ]
    return found


def _settled(body: Request) -> Request:
    """A request without what means the same: empty members, neighbouring turns of one role, split texts."""
    turns: list[dict[str, Any]] = []
    for turn in body["messages"]:
        if turns and turns[-1]["role"] == turn["role"]:
            turns[-1]["content"] += turn["content"]
        else:
            turns.append({**turn, "content": list(turn["content"])})
    for turn in turns:
        turn["content"] = normalised(turn["content"])
    settled = {
        **body,
        "messages": [turn for turn in turns if turn["content"]],
        "system": normalised(body.get("system", [])),
    }
    return {name: value for name, value in settled.items() if value not in ({}, [])}


def _langchain_messages(request: Request) -> list[BaseMessage]:
    """Messages whose content is Converse's own blocks."""
    messages: list[BaseMessage] = [SystemMessage(request["system"])] if request.get("system") else []
    for turn in request["messages"]:
        kind = AIMessage if turn["role"] == "assistant" else HumanMessage
        messages.append(kind(turn["content"]))
    return messages


def _llamaindex_messages(request: Request) -> list[ChatMessage]:
    """Messages whose content is Converse's own blocks."""
    messages = [converse_message(request["system"], "system")] if request.get("system") else []
    return messages + [converse_message(turn["content"], turn["role"]) for turn in request["messages"]]
