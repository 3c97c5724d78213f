"""Tokens of messages and tools before they are sent: by CountTokens, else by an estimate of our own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import convert_to_messages

from bedrock_unified.chat.prepare import prepare
from bedrock_unified.converse.estimate import BYTES_PER_TOKEN, block_bytes, text_bytes
from bedrock_unified.errors import (
    InvalidRequestError,
    ModelAccessError,
    NotFoundError,
    PermissionDeniedError,
    ThrottlingError,
)
from bedrock_unified.models.ids import parse_model_id
from bedrock_unified.models.profile import profile_of

from .request import converse_request

if TYPE_CHECKING:
    from bedrock_unified.client import BedrockClient

    from .chat_models import ChatBedrock

_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")
_LEAST = [{"role": "user", "content": [{"text": "."}]}]
#: What says that CountTokens does not serve this caller or this model, which is not asked again.
_NOT_SERVED = (ModelAccessError, NotFoundError, PermissionDeniedError)
#: What may be otherwise with the next call: a piece of a conversation that is none by itself, of which
#: ``trim_messages`` counts many, or a busy moment. Other failures are failures.
_NOT_NOW = (InvalidRequestError, ThrottlingError)
#: Words of AWS's refusal of a model, which is an InvalidRequestError, too.
_MODEL_REFUSED = "support counting tokens"


def count_tokens(
    model: ChatBedrock,
    bedrock: BedrockClient,
    messages: Sequence[Any],
    call: Mapping[str, Any],
    uncounted: dict[str, bool],
) -> int:
    """Input tokens of a call with these messages, the model's system prompt included.

    Args:
        bedrock: who asks.
        messages: in any form that LangChain takes.
        call: the call's keywords, ``tools`` among them.
        uncounted: ids of models of which CountTokens has refused something: whether it is not to be asked
            again. One that is found is added, with a warning.

    Raises:
        InvalidRequestError: messages or tools that Converse has no form for.
        BedrockError: CountTokens could not be reached, or not as this caller.
    """
    given = convert_to_messages(messages)
    if call.get("fetch_media", model.fetch_media):
        from .messages.fetched import with_fetched

        given = list(with_fetched(given))
    asked = converse_request(model, given, None, call, streaming=False)
    options = asked.pop("options")
    model_id = asked["modelId"]
    profile = profile_of(model_id, family=model.model_family, overrides=model.capabilities)
    asked["messages"] = _whole(asked["messages"])
    request = prepare(asked, options, profile).request
    if not any(request.get(name) for name in ("messages", "system", "toolConfig")):
        return 0
    if not uncounted.get(model_id):
        lasting, why = True, "it does not serve this model"
        if profile.count_tokens:
            counted = {name: request[name] for name in _COUNTED if name in request}
            # A system prompt alone is refused, and counted with the least that a user can say.
            counted["messages"] = request["messages"] or _LEAST
            # CountTokens knows models by their own ids, not those of inference profiles.
            named = parse_model_id(model_id)
            try:
                answer = bedrock.count_tokens(
                    modelId=named.base_id or named.wire_id, input={"converse": counted}
                )
                if (tokens := answer.get("inputTokens")) is not None:
                    return tokens
                why = "its answer has no inputTokens"
            except _NOT_SERVED as error:
                why = error.message
            except _NOT_NOW as error:
                why = error.message
                lasting = _MODEL_REFUSED in why
        if model_id not in uncounted:
            warnings.warn(
                f"CountTokens does not count {'' if lasting else 'this '}for {model_id} ({why:.200}); "
                "tokens are estimated",
                stacklevel=3,
            )
        uncounted[model_id] = lasting
    return estimate(request)


def _whole(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Turns that may be a part of a conversation, with the least that makes them one that can be sent.

    Its last calls have results, and a user has the last word: nobody wants the answer to be continued, and
    beside tools CountTokens refuses that as Converse does (inferred from bx8e07448ecabdf2). So a longer part
    never counts less.
    """
    if not turns:
        return turns
    said, behind = (turns, []) if turns[-1]["role"] == "assistant" else (turns[:-1], turns[-1]["content"])
    if not said or said[-1]["role"] != "assistant" or not all("toolResult" in block for block in behind):
        return turns
    answered = {block["toolResult"]["toolUseId"] for block in behind}
    calls = [block["toolUse"]["toolUseId"] for block in said[-1]["content"] if "toolUse" in block]
    least = _LEAST[0]["content"]
    missing = [
        {"toolResult": {"toolUseId": call, "content": least}} for call in calls if call not in answered
    ]
    return [*said, {"role": "user", "content": [*behind, *missing] or least}]


def estimate(request: Mapping[str, Any]) -> int:
    """Input tokens of a Converse request, by the length of its text."""
    blocks = [block for turn in request["messages"] for block in turn["content"]]
    blocks += request.get("system") or ()
    size = sum(block_bytes(block) for block in blocks if "cachePoint" not in block)
    size += text_bytes(request.get("toolConfig") or {})
    return -(-size // BYTES_PER_TOKEN)
