"""Both adapters calling by InvokeModel: LangChain's and LlamaIndex's users with ``use_converse=False``."""

from __future__ import annotations

import json
from typing import Any

from langchain_bedrock_unified import ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse

from .langchain_speaker import LangChainSpeaker
from .llamaindex_speaker import LlamaIndexSpeaker
from .native_bodies import assembled, chunks, facts_of_native
from .recordings import Exchange
from .views import Answer, Block, failed


class NativeLangChainSpeaker(LangChainSpeaker):
    """``ChatBedrock`` on the native route."""

    name = "ChatBedrock, InvokeModel"

    def _made(self, **parameters: Any) -> ChatBedrock:
        return ChatBedrock(**parameters, **native_parameters(parameters["model"]))


class NativeLlamaIndexSpeaker(LlamaIndexSpeaker):
    """``BedrockConverse`` on the native route."""

    name = "BedrockConverse, InvokeModel"

    def _made(self, **parameters: Any) -> BedrockConverse:
        return BedrockConverse(**parameters, **native_parameters(parameters["model"]))


NATIVE_SPEAKERS = (NativeLangChainSpeaker, NativeLlamaIndexSpeaker)


def native_parameters(model_id: str | None) -> dict[str, Any]:
    """What a model is told beside its id; those ids that tell no vendor were recorded with Claude's body."""
    unnamed = "." not in str(model_id) and not str(model_id).startswith("arn:")
    return {"use_converse": False, **({"model_family": "claude"} if unnamed else {})}


def native_answer(family: str, exchange: Exchange) -> Answer:
    """What a recorded InvokeModel answer says, read independently of the code under test."""
    if exchange.oracle.error is not None:
        return failed(exchange.oracle.error.code, exchange.oracle.error.message)
    body, headers = native_message(family, exchange)
    facts = facts_of_native(family, body, headers)
    (read, written), (input_tokens, output_tokens) = facts["cached"], facts["tokens"]
    return Answer(
        text=facts["text"],
        tool_calls=facts["calls"],
        reasoning=[(text, signature, None) for text, signature in facts["reasoning"]],
        stop_reason=facts["stop"],
        usage={
            "input": input_tokens,
            "output": output_tokens,
            "total": facts["total"],
            "cache_read": read or 0,
            "cache_write": written or 0,
        },
    )


def native_message(family: str, exchange: Exchange) -> tuple[dict[str, Any], dict[str, str]]:
    """The native body of an answer, a stream's put together, and its headers."""
    if exchange.streams:
        return assembled(family, chunks(exchange))
    return json.loads(exchange.body), exchange.headers


def blocks_of_claude(exchange: Exchange) -> list[Block]:
    """The blocks that must go back to Claude: those that came, but for blank texts."""
    body, _ = native_message("anthropic", exchange)
    return [block for block in body["content"] if block["type"] != "text" or block["text"].strip()]
