"""What can be known to fail before a Converse request is sent, said clearly.

Only what Bedrock refuses for every model is checked (the service model's constraints); what differs between
models is Bedrock's to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, cast
from uuid import UUID

from ..errors import InvalidRequestError
from ..nearest import did_you_mean
from ..wire.operations import CONVERSE
from .guardrail import guardrail_problem

MEMBERS = CONVERSE.in_body | {"modelId"}
FORMATS: Mapping[str, frozenset[str]] = {
    "image": frozenset({"png", "jpeg", "gif", "webp"}),
    "document": frozenset({"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"}),
    "video": frozenset({"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"}),
    "audio": frozenset(
        {
            "mp3",
            "opus",
            "wav",
            "aac",
            "flac",
            "mp4",
            "ogg",
            "mkv",
            "mka",
            "x-aac",
            "m4a",
            "mpeg",
            "mpga",
            "pcm",
            "webm",
        }
    ),
}
_RANGES: Mapping[str, tuple[float, float | None]] = {
    "temperature": (0, 1),
    "topP": (0, 1),
    "maxTokens": (1, None),
}

Refuse = Callable[..., InvalidRequestError]

#: Where the members of other APIs have their place in a Converse request.
_INSTEAD = {
    **dict.fromkeys(("max_tokens", "maxTokens"), "write inferenceConfig={'maxTokens': …}"),
    "temperature": "write inferenceConfig={'temperature': …}",
    **dict.fromkeys(("top_p", "topP"), "write inferenceConfig={'topP': …}"),
    **dict.fromkeys(
        ("stop", "stop_sequences", "stopSequences"), "write inferenceConfig={'stopSequences': […]}"
    ),
    "tools": "write toolConfig={'tools': [{'toolSpec': …}]}",
    **dict.fromkeys(("tool_choice", "toolChoice"), "write toolConfig={'tools': […], 'toolChoice': …}"),
}


#: Those of ``toolConfig``, as the service model has them.
_TOOL_MEMBERS = ("tools", "toolChoice")


def check_converse(request: Mapping[str, Any], *, operation: str) -> None:
    """Refuse what Bedrock would refuse.

    Raises:
        InvalidRequestError: it names the value and the way out.
    """

    def refuse(message: str, hint: str | None = None) -> InvalidRequestError:
        return InvalidRequestError(message, hint=hint, operation=operation, model_id=request.get("modelId"))

    for name in request:
        if name not in MEMBERS:
            hint = (
                _INSTEAD.get(name)
                or did_you_mean(name, MEMBERS)
                or "fields of the model itself go into additionalModelRequestFields"
            )
            raise refuse(f"{operation} has no member {name!r}", hint)
    messages = _list(request.get("messages"), "messages", refuse)
    if not messages and not request.get("promptVariables") and ":prompt/" not in str(request.get("modelId")):
        raise refuse(f"messages is empty: {messages!r}", "send at least one user message")
    for message in messages:
        _check_message(message, refuse)
    for name, check in _CHECKS.items():
        if (value := request.get(name)) is not None:
            check(value, name, refuse)


def _structure(value: Any, name: str, refuse: Refuse) -> Mapping[str, Any]:
    if value is None:
        return {}
    if type(value) is not dict and not isinstance(value, Mapping):
        raise refuse(f"{name} must be a dict, not {value!r:.120}")
    return cast("Mapping[str, Any]", value)


def _list(value: Any, name: str, refuse: Refuse) -> Sequence[Any]:
    if value is None:
        return ()
    if type(value) is not list and (isinstance(value, (str, bytes)) or not isinstance(value, Sequence)):
        raise refuse(f"{name} must be a list, not {value!r:.120}")
    return cast("Sequence[Any]", value)


def _check_message(given: Any, refuse: Refuse) -> None:
    if not (type(given) is dict or isinstance(given, Mapping)) or "role" not in given:
        raise refuse(f"a message is not {{'role': …, 'content': […]}} but {given!r:.120}")
    message = cast("Mapping[str, Any]", given)
    content = message.get("content")
    if type(content) is not list and (isinstance(content, str) or not isinstance(content, Sequence)):
        kind = type(cast("object", content)).__name__
        raise refuse(
            f"the content of a {message['role']} message must be a list of blocks, not {kind}",
            "wrap text as [{'text': …}]",
        )
    for block in cast("Sequence[Any]", content):
        if isinstance(block, dict) and len(cast("dict[str, Any]", block)) == 1 and "text" in block:
            continue  # nearly all blocks
        for part in _parts(block, refuse):
            _check_formats(part, refuse)


def _parts(block: Any, refuse: Refuse) -> Iterator[Mapping[str, Any]]:
    """The block, and what a tool result holds."""
    if not isinstance(block, Mapping):
        raise refuse(f"a content block is not a dict but {block!r:.120}", "wrap text as {'text': …}")
    members = cast("Mapping[str, Any]", block)
    yield members
    if "toolResult" in members:
        result = _structure(members["toolResult"], "toolResult", refuse)
        for part in _list(result.get("content"), "the content of a toolResult", refuse):
            yield _structure(part, "a part of a toolResult", refuse)


def _check_formats(part: Mapping[str, Any], refuse: Refuse) -> None:
    for kind, formats in FORMATS.items():
        if part.get(kind) is None:
            continue
        media = _structure(part[kind], kind, refuse)
        if kind == "document" and "format" not in media:
            continue  # Bedrock reads the format from text and content sources itself
        given = media.get("format")
        if not isinstance(given, str) or given not in formats:
            raise refuse(
                f"{given!r:.80} is not a {kind} format that Bedrock reads",
                f"formats: {', '.join(sorted(formats))}",
            )


def _check_texts(value: Any, name: str, refuse: Refuse) -> None:
    for text in _list(value, name, refuse):
        if not _is_text(text):
            raise refuse(f"{name} holds {text!r:.80}", "it must hold text alone")


def _check_named_texts(value: Any, name: str, refuse: Refuse) -> None:
    for key, text in _structure(value, name, refuse).items():
        if not _is_text(text):
            raise refuse(f"{name}.{key} is {text!r:.80}", "it must be text")


def _check_words(value: Any, name: str, refuse: Refuse) -> None:
    given = _structure(value, name, refuse).items()
    _check_named_texts({key: word for key, word in given if word is not None}, name, refuse)


def _is_text(value: Any) -> bool:
    """Whether the codec of this package writes it as text."""
    plain = value.value if isinstance(value, Enum) else value
    return isinstance(plain, (str, bytes, UUID))


def _check_inference(value: Any, where: str, refuse: Refuse) -> None:
    config = _structure(value, where, refuse)
    _check_texts(config.get("stopSequences"), f"{where}.stopSequences", refuse)
    for name, (low, high) in _RANGES.items():
        value = config.get(name)
        if value is None:
            continue
        whole = name == "maxTokens"
        number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not number or not (value >= low and (high is None or value <= high)):
            limit = f"from {low} to {high}" if high is not None else f"at least {low}"
            kind = "a whole number" if whole else "a number"
            raise refuse(f"inferenceConfig.{name} is {value!r:.80}", f"it must be {kind}, {limit}")


def _check_tools(value: Any, where: str, refuse: Refuse) -> None:
    config = _structure(value, where, refuse)
    for name in config:
        if name not in _TOOL_MEMBERS:
            hint = did_you_mean(name, _TOOL_MEMBERS) or f"its members are {', '.join(_TOOL_MEMBERS)}"
            raise refuse(f"toolConfig has no member {name!r:.80}", hint)
    for tool in _list(config.get("tools"), "toolConfig.tools", refuse):
        given = _structure(tool, "a tool", refuse).get("toolSpec")
        if given is None:
            continue
        spec = _structure(given, "toolSpec", refuse)
        held = _structure(spec.get("inputSchema"), f"the inputSchema of tool {spec.get('name')!r}", refuse)
        schema: Any = held.get("json")
        is_dict = isinstance(schema, Mapping)
        kind: Any = cast("Mapping[str, Any]", schema).get("type", "object") if is_dict else schema
        if not is_dict or kind != "object":
            raise refuse(
                f"the input schema of tool {spec.get('name')!r} is not an object but {kind!r:.80}",
                "a tool's schema must be {'type': 'object', 'properties': {…}}",
            )


def _check_guardrail(value: Any, where: str, refuse: Refuse) -> None:
    problem = guardrail_problem(_structure(value, where, refuse))
    if problem is not None:
        raise refuse(*problem)


#: In the order in which they are told.
_CHECKS: Mapping[str, Callable[[Any, str, Refuse], object]] = {
    "inferenceConfig": _check_inference,
    "toolConfig": _check_tools,
    "guardrailConfig": _check_guardrail,
    "additionalModelResponseFieldPaths": _check_texts,
    "performanceConfig": _check_words,
    "serviceTier": _check_words,
    "requestMetadata": _check_named_texts,
    "promptVariables": _structure,
    "outputConfig": _structure,
}
