"""Every recorded CountTokens exchange through LangChain's ``get_num_tokens_from_messages``.

LlamaIndex has no such call. Two were answered, two refused: an unknown model's, and one for a profile's id
with a body of InvokeModel, whose conversation is counted here as Converse's.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from langchain_bedrock_unified import ChatBedrock

from .kinds import token_counts
from .langchain_reader import langchain_call
from .recordings import Exchange
from .replay import ReplayServer
from .shapes import as_botocore_takes, input_shape
from .speakers import CONNECTION
from .tally import TALLY

PROFILE = "us."


def _request(exchange: Exchange) -> dict[str, Any]:
    """The conversation that was counted, as a Converse request."""
    asked = exchange.request["input"]
    if "converse" in asked:
        return as_botocore_takes(input_shape("Converse"), {**asked["converse"], "modelId": exchange.model_id})
    body = json.loads(b64decode(asked["invokeModel"]["body"]))
    turns = [
        {"role": turn["role"], "content": [{"text": part["text"]} for part in turn["content"]]}
        for turn in body["messages"]
    ]
    return {"modelId": exchange.model_id, "messages": turns}


def test_each_recorded_count_is_made_again(server: ReplayServer, recorded: tuple[Exchange, ...]) -> None:
    exchanges = token_counts(recorded)
    found: list[str] = []
    with BedrockClient(endpoint_url=server.url, **CONNECTION) as client:
        for exchange in exchanges:
            server.play(exchange)
            request = _request(exchange)
            model = ChatBedrock(model=exchange.model_id, client=client)
            messages = langchain_call(request).messages
            if exchange.succeeded:
                counted = model.get_num_tokens_from_messages(messages)
            else:
                with pytest.warns(UserWarning, match="tokens are estimated"):
                    counted = model.get_num_tokens_from_messages(messages)
            expected = exchange.oracle.parsed.get("inputTokens")
            if expected not in (None, counted):
                found.append(f"{exchange.id}: {counted} tokens instead of {expected}")
            sent = {name: value for name, value in request.items() if value and name != "modelId"}
            if server.last.json != {"input": {"converse": sent}}:
                found.append(f"{exchange.id}: sent {server.last.body!r:.300}")
            # CountTokens knows models by their own ids: AWS refused the profile's.
            path = exchange.path.replace(f"/{PROFILE}", "/").replace(":", "%3A")
            if server.last.target != path:
                found.append(f"{exchange.id}: went to {server.last.target}")
    TALLY.check("token counts", "ChatBedrock", (one.id for one in exchanges), found)
