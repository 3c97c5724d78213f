"""Structured output: one request asks for an object of a JSON schema, one answer holds it.

There are three ways. ``json_schema``: Converse's ``outputConfig.textFormat``, which holds the model to the
schema. ``function_calling``: a tool that the model has to call, strict where the model knows that.
``json_text``: an instruction, and the JSON found in the text; for models that have neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from ..errors import InvalidRequestError
from ..models.profile import Profile
from ..wire import json_codec
from .reasoning_wish import understood
from .results import users_last
from .schema import is_too_big, strict_schema
from .schema_root import is_object, rooted
from .structured_answer import FUNCTION_CALLING, JSON_SCHEMA, JSON_TEXT, WAYS, WRAPPED, Answer, Reading
from .tools import tool_spec

__all__ = ["WAYS", "Answer", "Reading", "may_force_tools", "text_format", "with_schema"]

Request = dict[str, Any]
Schema = Mapping[str, Any]


def with_schema(
    request: Mapping[str, Any],
    schema: Schema,
    *,
    name: str,
    description: str | None = None,
    profile: Profile,
    method: str | None = None,
    strict: bool | None = None,
    may_force: bool = True,
) -> tuple[Request, Reading]:
    """The request that asks for an object of the schema, and how to read its answer.

    Args:
        request: a Converse request, or the part of one that is known; it is not changed. Behind an answer of
            the assistant's a user's turn is put, for that is not the beginning of an object.
        schema: a JSON schema; one that is no object is asked for as the property ``value`` of one.
        name: what the object is called; characters that Bedrock does not take become ``_``.
        profile: what the model can do.
        method: ``json_schema``, ``function_calling`` or ``json_text``; None for the best that the profile
            knows and the schema allows.
        strict: for tools: True holds the model to the schema, False does not, None does where it can.
        may_force: False where the model cannot be made to call a tool (see :func:`may_force_tools`); it is
            then asked to in words.

    Raises:
        InvalidRequestError: a method that there is not, a schema that the method cannot hold, or a request
            that asks for another format or tool of this name already.
    """
    if method is not None and method not in WAYS:
        raise InvalidRequestError(f"method {method!r:.80} is none", hint=f"one of {', '.join(WAYS)}")
    given = rooted(schema)
    wrapped = not is_object(given)
    if wrapped:
        given = _wrap(given)
    name = re.sub(r"[^a-zA-Z0-9_-]+", "_", name)[:64].strip("_") or "answer"
    way, held = _way(given, profile, method, strict)
    request = _begun_anew(request, profile, way)
    if way == JSON_SCHEMA:
        implied = frozenset({"output_config"} if method is None else ())
        return _formatted(request, held or given, name, description), Reading(way, name, wrapped, implied)
    if way == JSON_TEXT:
        text = _TEXT + json_codec.dumps(given).decode()
        return _instructed(request, text), Reading(way, name, wrapped)
    tool = tool_spec(name, description, held or given, strict=strict if held is None else True)
    implied = frozenset({"tool_choice"} if held is None or strict else {"tool_choice", "strict"})
    asked = _tooled(request, tool, name, profile, may_force=may_force)
    return asked, Reading(way, name, wrapped, implied)


def _begun_anew(request: Mapping[str, Any], profile: Profile, way: str) -> Mapping[str, Any]:
    turns: Any = request.get("messages")
    if not turns or turns[-1].get("role") != "assistant" or ":prompt/" in str(request.get("modelId")):
        return request
    used = any("toolUse" in block for turn in turns for block in turn["content"])
    if way == JSON_TEXT and profile.prefill and not used and "toolConfig" not in request:
        return request  # a text may go on from its "{"
    return {**request, "messages": users_last(turns)}


def may_force_tools(
    profile: Profile,
    fields: Mapping[str, Any] | None = None,
    reasoning: Any = None,
) -> bool:
    """Whether a tool call can be demanded: Claude refuses that while it thinks.

    Args:
        fields: ``additionalModelRequestFields`` of the request.
        reasoning: what the call asks for as reasoning, in the spelling of the parameter.

    Raises:
        InvalidRequestError: a wish for reasoning that is none.

    Source: Bedrock's "Thinking may not be enabled when tool_choice forces tool use."
    """
    for member in ("thinking", "reasoning_config"):
        thinking: Any = (fields or {}).get(member)
        if isinstance(thinking, Mapping) and cast("Schema", thinking).get("type") in ("enabled", "adaptive"):
            return False
    claude = profile.vendor == "anthropic" or profile.native == "anthropic"
    if not claude or reasoning is None:
        return True
    wish = understood(reasoning)
    return wish.off or wish.empty


def without_format(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request with its ``outputConfig.textFormat`` in words: the answer is read alike.

    The request itself where it has none.
    """
    config: Mapping[str, Any] = request.get("outputConfig") or {}
    if "textFormat" not in config:
        return request
    told = _instructed(request, _TEXT + config["textFormat"]["structure"]["jsonSchema"]["schema"])
    rest = {name: value for name, value in config.items() if name != "textFormat"}
    if rest:
        return {**told, "outputConfig": rest}
    return {name: value for name, value in told.items() if name != "outputConfig"}


def text_format(schema: Schema, *, name: str | None = None, description: str | None = None) -> dict[str, Any]:
    """``outputConfig.textFormat`` for a schema.

    Raises:
        InvalidRequestError: a schema that has no form in Bedrock's dialect.
    """
    return _text_format(strict_schema(schema), name, description)


def _way(
    schema: Schema, profile: Profile, method: str | None, strict: bool | None
) -> tuple[str, dict[str, Any] | None]:
    """The way to ask, and the schema in Bedrock's dialect where that way needs it.

    What the caller did not ask for gives way to the schema: one that Bedrock cannot hold (an open object, a
    recursion) becomes a plain tool.
    """
    best = profile.structured_output
    way = method
    if way is None:
        way = JSON_SCHEMA if best == "native" else JSON_TEXT if best == "text" or not profile.tools else None
        if strict is False and way == JSON_SCHEMA:
            way = FUNCTION_CALLING  # the other way has no other form than strict
        way = way or FUNCTION_CALLING
    if way == JSON_TEXT:
        return way, None
    demanded = method == JSON_SCHEMA or strict is True
    if way == FUNCTION_CALLING and not demanded and (strict is False or best not in ("native", "strict")):
        return way, None
    try:
        held = strict_schema(schema)
    except InvalidRequestError:
        if demanded:
            raise
        held = None
    if held is not None and (demanded or not is_too_big(held)):
        return way, held
    return (FUNCTION_CALLING if profile.tools else JSON_TEXT), None


def _wrap(schema: Schema) -> dict[str, Any]:
    definitions = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
    inner = {name: value for name, value in schema.items() if name not in definitions}
    return {"type": "object", "properties": {WRAPPED: inner}, "required": [WRAPPED], **definitions}


def _formatted(request: Mapping[str, Any], schema: Schema, name: str, description: str | None) -> Request:
    config: Mapping[str, Any] = request.get("outputConfig") or {}
    if "textFormat" in config:
        raise InvalidRequestError(
            "the request asks for a text format already", hint="leave its outputConfig.textFormat out"
        )
    return {**request, "outputConfig": {**config, "textFormat": _text_format(schema, name, description)}}


def _text_format(schema: Schema, name: str | None, description: str | None) -> dict[str, Any]:
    member: dict[str, Any] = {"schema": json_codec.dumps(schema).decode()}
    if name:
        member["name"] = name
    if description and description.strip():
        member["description"] = description
    return {"type": "json_schema", "structure": {"jsonSchema": member}}


def _instructed(request: Mapping[str, Any], text: str) -> Request:
    return {**request, "system": [*(request.get("system") or ()), {"text": text}]}


def _tooled(
    request: Mapping[str, Any], tool: dict[str, Any], name: str, profile: Profile, *, may_force: bool
) -> Request:
    config: Mapping[str, Any] = request.get("toolConfig") or {}
    others: list[Mapping[str, Any]] = list(config.get("tools") or ())
    if "toolChoice" in config or name in [other.get("toolSpec", {}).get("name") for other in others]:
        what = "a tool choice" if "toolChoice" in config else f"a tool named {name!r}"
        raise InvalidRequestError(
            f"the request has {what} already, and the answer's schema is a tool that must be called",
            hint="leave it out, or use the method json_schema",
        )
    choices = profile.tool_choices if may_force else frozenset[str]()
    result: Request = {**request, "toolConfig": {**config, "tools": [*others, tool]}}
    if "any" in choices and not others:
        choice: dict[str, Any] | None = {"any": {}}
    elif "tool" in choices:
        choice = {"tool": {"name": name}}
    else:
        choice = {"auto": {}} if "auto" in profile.tool_choices else None
        result = _instructed(result, _CALL.format(name=name))
    if choice is not None:
        result["toolConfig"]["toolChoice"] = choice
    return result


_CALL = "Answer by calling the tool {name} once, with all that it asks for, and write nothing else."
_TEXT = (
    "Answer with one JSON object and nothing else: no explanation and no code fence. "
    "The object follows this JSON schema:\n"
)
