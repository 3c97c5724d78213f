"""What can be known to fail before a Converse request is sent, said clearly.

Only what Bedrock refuses for every model is checked (the service model's constraints); what differs between
models is Bedrock's to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ..errors import InvalidRequestError

MEMBERS = frozenset(
    {
        "modelId",
        "messages",
        "system",
        "inferenceConfig",
        "toolConfig",
        "guardrailConfig",
        "additionalModelRequestFields",
        "promptVariables",
        "additionalModelResponseFieldPaths",
        "requestMetadata",
        "performanceConfig",
        "serviceTier",
        "outputConfig",
    }
)
FORMATS: Mapping[str, frozenset[str]] = {
    "image": frozenset({"png", "jpeg", "gif", "webp"}),
    "document": frozenset({"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"}),
    "video": frozenset({"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"}),
}
_RANGES: Mapping[str, tuple[float, float | None]] = {
    "temperature": (0, 1),
    "topP": (0, 1),
    "maxTokens": (1, None),
}


def check_converse(request: Mapping[str, Any], *, operation: str) -> None:
    """Refuse what Bedrock would refuse.

    Raises:
        InvalidRequestError: it names the value and the way out.
    """

    def refuse(message: str, hint: str | None = None) -> InvalidRequestError:
        return InvalidRequestError(message, hint=hint, operation=operation, model_id=request.get("modelId"))

    for name in request:
        if name not in MEMBERS:
            near = get_close_matches(name, MEMBERS, n=1)
            raise refuse(
                f"{operation} has no member {name!r}",
                f"did you mean {near[0]!r}?"
                if near
                else "fields of the model itself go into additionalModelRequestFields",
            )
    messages = request.get("messages")
    if not messages and not request.get("promptVariables") and ":prompt/" not in str(request.get("modelId")):
        raise refuse(f"messages is empty: {messages!r}", "send at least one user message")
    for message in messages or ():
        _check_message(message, refuse)
    _check_inference(request.get("inferenceConfig") or {}, refuse)
    _check_tools(request.get("toolConfig") or {}, refuse)
    _check_guardrail(request.get("guardrailConfig") or {}, refuse)


Refuse = Callable[..., InvalidRequestError]


def _check_message(message: Any, refuse: Refuse) -> None:
    if not isinstance(message, Mapping) or "role" not in message:
        raise refuse(f"a message is not {{'role': …, 'content': […]}} but {message!r:.120}")
    content = message.get("content")
    if isinstance(content, str) or not isinstance(content, Sequence):
        raise refuse(
            f"the content of a {message['role']} message must be a list of blocks, not {type(content).__name__}",
            "wrap text as [{'text': …}]",
        )
    for block in content:
        if len(block) == 1 and "text" in block:
            continue
        for part in (block, *(block.get("toolResult") or {}).get("content", ())):
            for kind, formats in FORMATS.items():
                media = part.get(kind)
                if isinstance(media, Mapping) and media.get("format") not in formats:
                    if kind == "document" and "format" not in media:
                        continue  # Bedrock reads the format from text and content sources itself
                    raise refuse(
                        f"{media.get('format')!r} is not a {kind} format that Bedrock reads",
                        f"formats: {', '.join(sorted(formats))}",
                    )


def _check_inference(config: Mapping[str, Any], refuse: Refuse) -> None:
    for name, (low, high) in _RANGES.items():
        value = config.get(name)
        if value is None:
            continue
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not (value >= low and (high is None or value <= high)):
            limit = f"from {low} to {high}" if high is not None else f"at least {low}"
            raise refuse(f"inferenceConfig.{name} is {value!r}", f"it must be a number, {limit}")


def _check_tools(config: Mapping[str, Any], refuse: Refuse) -> None:
    for tool in config.get("tools", ()):
        spec = tool.get("toolSpec") if isinstance(tool, Mapping) else None
        if spec is None:
            continue
        schema = (spec.get("inputSchema") or {}).get("json")
        if not isinstance(schema, Mapping) or schema.get("type", "object") != "object":
            shown = schema.get("type") if isinstance(schema, Mapping) else schema
            raise refuse(
                f"the input schema of tool {spec.get('name')!r} is not an object but {shown!r:.80}",
                "a tool's schema must be {'type': 'object', 'properties': {…}}",
            )


def _check_guardrail(config: Mapping[str, Any], refuse: Refuse) -> None:
    if not config:
        return
    has_id, has_version = config.get("guardrailIdentifier"), config.get("guardrailVersion")
    if bool(has_id) != bool(has_version):
        missing = "guardrailVersion" if has_id else "guardrailIdentifier"
        raise refuse(
            f"guardrailConfig has no {missing} (given: {has_id or has_version!r})",
            "a guardrail needs both its id and a version ('1' … or 'DRAFT'); half of it would guard nothing",
        )
