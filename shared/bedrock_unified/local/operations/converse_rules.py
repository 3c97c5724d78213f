"""What Bedrock documents, or is recorded to refuse, about a conversation beyond the service model's
constraints.

Positions in these messages count from 0 (``messages.0.content.1``), unlike those of the validation layer.
Sources of the sentences: recorded traffic (``wire/FACTS.md``) and the Converse API reference; those about
roles, blanks and tool results are as quoted by users of the service.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from typing import Any, cast

from ...models.profile import Profile
from ..problems import invalid, model_refused
from ..shapes import listed, under
from ..standin.families import Family
from ..standin.reply import reasoning_requested
from ..standin.tokens import count_request
from .capability_rules import check_capabilities

_DOCUMENT_NAME = re.compile(r"(?!.*\s\s)[a-zA-Z0-9_\s()\[\]-]+")
"""AWS documents it without the underscore, and accepts the underscore in recorded traffic."""
_MOST_DOCUMENTS = 5
_MOST_TEXT_BYTES = 9_000_000
_EFFORTS = ("low", "medium", "high", "xhigh", "max")


def check_conversation(
    request: Mapping[str, Any], family: Family, profile: Profile, *, in_stream: bool = False
) -> None:
    """Raise the error Bedrock gives for ``request``, if it would give one.

    Args:
        family: how its model answers on the wire.
        profile: what its model can do.
    """
    messages = listed(request, "messages")
    if not messages:
        raise invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with "
            "a user message."
        )
    _check_turns(messages, family)
    _check_contents(messages)
    check_capabilities(request, profile, in_stream=in_stream)
    _check_tools(request, messages, family)
    _check_documents(messages, family)
    _check_guardrail(request)
    _check_output(request)
    _check_reasoning(request, family, profile)
    _check_prefill(request, messages, profile)
    if count_request(request) > family.context:
        _check_bytes(request, family)
        raise invalid("Input is too long for requested model.")


def _check_bytes(request: Mapping[str, Any], family: Family) -> None:
    """What AWS answered Claude's longest input of all (bx90c80b90bc7546), in place of the other sentence."""
    if not family.is_claude:
        return
    blocks = [*listed(request, "system")]
    for message in listed(request, "messages"):
        blocks += listed(message, "content")
    total = sum(len(str(block["text"]).encode()) for block in blocks if "text" in block)
    if total > _MOST_TEXT_BYTES:
        raise invalid(f"too many total text bytes: {total} > {_MOST_TEXT_BYTES}")


def _check_turns(messages: list[dict[str, Any]], family: Family) -> None:
    if messages[0]["role"] != "user":
        raise invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with "
            "a user "
            "message."
        )
    if family.merges_turns:
        return
    for before, after in itertools.pairwise(messages):
        if before["role"] == after["role"]:
            raise invalid(
                "A conversation must alternate between user and assistant roles. Make sure the conversation "
                "alternates between user and assistant roles and try again."
            )


def _check_contents(messages: list[dict[str, Any]]) -> None:
    for i, message in enumerate(messages):
        content = listed(message, "content")
        if not content:
            raise invalid(
                f"The content field in the Message object at messages.{i} is empty. Add a ContentBlock "
                "object to "
                "the content field and try again."
            )
        for j, block in enumerate(content):
            if "text" in block and not block["text"].strip():
                raise invalid(
                    f"The text field in the ContentBlock object at messages.{i}.content.{j} is blank. Add "
                    "text to "
                    "the text field, and try again."
                )
            result = cast("dict[str, Any] | None", block.get("toolResult"))
            if result is not None and result.get("status") == "error" and not result["content"]:
                raise invalid(
                    f"The content field at messages.{i}.content.{j}.toolResult cannot be empty when status "
                    "value "
                    "is error."
                )


def _check_tools(request: Mapping[str, Any], messages: list[dict[str, Any]], family: Family) -> None:
    config = cast("dict[str, Any] | None", request.get("toolConfig"))
    has_blocks = any("toolUse" in b or "toolResult" in b for m in messages for b in m["content"])
    if config is None:
        if has_blocks:
            raise invalid(
                "The toolConfig field must be defined when using toolUse and toolResult content blocks."
            )
    else:
        _check_tool_config(config)
    # Merged turns count as one: Claude takes the results of one call in several user turns.
    for i, message in enumerate(messages):
        if message["role"] != "user":
            continue
        results = [b["toolResult"]["toolUseId"] for b in message["content"] if "toolResult" in b]
        previous: dict[str, Any] = messages[i - 1] if i else {"role": "user", "content": []}
        uses = _own_calls(previous) if previous["role"] == "assistant" else []
        if len(results) > len(uses) and not (previous["role"] == "user" and family.merges_turns and i):
            raise invalid(
                f"The number of toolResult blocks at messages.{i}.content exceeds the number of toolUse "
                "blocks of "
                "previous turn."
            )
        if previous["role"] == "assistant":
            missing = [use for use in uses if use not in results]
            unknown = [result for result in results if result not in uses]
            if (missing and not _answered_later(messages, i, missing, family)) or unknown:
                found = f", but found: {', '.join(results)}" if results else ""
                raise invalid(
                    f"Expected toolResult blocks at messages.{i}.content for the following Ids: "
                    f"{', '.join(missing or uses)}{found}"
                )


def _own_calls(message: Mapping[str, Any]) -> list[str]:
    """Ids of the calls that the caller has to answer: those of Bedrock's own tools are answered in place."""
    answered = {b["toolResult"]["toolUseId"] for b in message["content"] if "toolResult" in b}
    return [
        b["toolUse"]["toolUseId"]
        for b in message["content"]
        if "toolUse" in b and b["toolUse"]["toolUseId"] not in answered
    ]


def _answered_later(messages: list[dict[str, Any]], i: int, missing: list[str], family: Family) -> bool:
    if not family.merges_turns:
        return False
    later: set[str] = set()
    for message in messages[i + 1 :]:
        if message["role"] != "user":
            break
        later |= {b["toolResult"]["toolUseId"] for b in message["content"] if "toolResult" in b}
    return set(missing) <= later


def _check_tool_config(config: Mapping[str, Any]) -> None:
    names: list[str] = []
    for i, tool in enumerate(listed(config, "tools")):
        spec = cast("dict[str, Any] | None", tool.get("toolSpec"))
        if spec is None:
            continue
        names.append(spec["name"])
        schema = spec["inputSchema"].get("json")
        if not isinstance(schema, dict) or cast("dict[str, Any]", schema).get("type", "object") != "object":
            raise invalid(
                f"The value at toolConfig.tools.{i}.toolSpec.inputSchema.json.type must be one of the "
                "following: object."
            )
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise invalid(
            f"The tool names in toolConfig.tools must be unique; found more than once: {duplicates[0]}."
        )
    choice = under(config, "toolChoice")
    if "tool" in choice and choice["tool"]["name"] not in names:
        raise invalid(
            f"The toolChoice.tool.name value {choice['tool']['name']} does not match the name of any tool in "
            "toolConfig.tools."
        )


def _check_documents(messages: list[dict[str, Any]], family: Family) -> None:
    for i, message in enumerate(messages):
        documents = [(j, b["document"]) for j, b in enumerate(message["content"]) if "document" in b]
        if documents and message["role"] == "user" and not _has_text(message):
            raise invalid(
                f"A text block is required in the content field at messages.{i} when a document is included."
            )
        if len(documents) > _MOST_DOCUMENTS and not family.is_claude:
            raise invalid(f"Too many documents at messages.{i}: at most {_MOST_DOCUMENTS} are allowed.")
        names: set[str] = set()
        for j, document in documents:
            name = str(document["name"])
            if not _DOCUMENT_NAME.fullmatch(name):
                raise invalid(
                    "The document file name can only contain alphanumeric characters, whitespace characters, "
                    "hyphens, parentheses, and square brackets. The name can't contain more than one "
                    "consecutive "
                    "whitespace character."
                )
            if name in names:
                raise invalid(f"The document names at messages.{i}.content.{j} must be unique: {name}.")
            names.add(name)


def _has_text(message: Mapping[str, Any]) -> bool:
    return any(
        "text" in block or "guardContent" in block or "toolResult" in block for block in message["content"]
    )


def _check_guardrail(request: Mapping[str, Any]) -> None:
    config = cast("dict[str, Any] | None", request.get("guardrailConfig"))
    if config is not None and not (config.get("guardrailIdentifier") and config.get("guardrailVersion")):
        raise invalid(
            "The guardrailConfig field must have both guardrailIdentifier and guardrailVersion. Add the "
            "missing one "
            "and try again."
        )


def _check_output(request: Mapping[str, Any]) -> None:
    config = under(request, "outputConfig")
    if config.get("effort") and config["effort"] not in _EFFORTS:
        raise invalid(
            f"The value at outputConfig.effort must be one of the following: {', '.join(_EFFORTS)}."
        )
    text_format = under(config, "textFormat")
    if not text_format:
        return
    try:
        schema: Any = json.loads(text_format["structure"]["jsonSchema"]["schema"])
    except ValueError:
        schema = None
    if not isinstance(schema, dict):
        raise invalid(
            "The value at outputConfig.textFormat.structure.jsonSchema.schema must be a JSON object, as text."
        )


def _check_reasoning(request: Mapping[str, Any], family: Family, profile: Profile) -> None:
    if not (family.is_claude and family.reasoning == "signed" and reasoning_requested(request)):
        return
    fields = under(request, "additionalModelRequestFields")
    budget = (under(fields, "thinking") or under(fields, "reasoning_config")).get("budget_tokens")
    inference = under(request, "inferenceConfig")
    if isinstance(budget, int):
        least = profile.minimum_budget
        if budget < least:
            raise model_refused(
                f"thinking.enabled.budget_tokens: Input should be greater than or equal to {least}"
            )
        limit = inference.get("maxTokens")
        if isinstance(limit, int) and limit <= budget:
            raise model_refused("`max_tokens` must be greater than `thinking.budget_tokens`.")
    choice = under(under(request, "toolConfig"), "toolChoice")
    if "any" in choice or "tool" in choice:
        raise model_refused("Thinking may not be enabled when tool_choice forces tool use.")
    if inference.get("temperature") not in {None, 1}:
        raise model_refused("`temperature` may only be set to 1 when thinking is enabled.")


def _check_prefill(request: Mapping[str, Any], messages: list[dict[str, Any]], profile: Profile) -> None:
    if messages[-1]["role"] != "assistant":
        return
    if not profile.prefill:
        if profile.vendor == "anthropic":
            raise model_refused(
                "This model does not support assistant message prefill. The conversation must end with a "
                "user message."
            )
        raise invalid(
            "A conversation must end with a user message. Try again with a conversation that ends with a "
            "user message."
        )
    if request.get("toolConfig"):
        raise model_refused(
            "Your API request included an `assistant` message in the final position, which would pre-fill "
            "the "
            "`assistant` response. When using tools, pre-filling the `assistant` response is not supported."
        )
