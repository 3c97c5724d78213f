"""The Converse request of one call: the model's parameters, what the call overrides, and the messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from llama_index.core.base.llms.types import ChatMessage

from bedrock_unified.converse.checks import MEMBERS
from bedrock_unified.converse.tools import stub_tools
from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.parameters import CALL_PARAMETERS, ConverseParameters
from bedrock_unified.spelling import SPELLINGS, canonical

from .component import merged
from .messages import write_messages
from .tools import tool_config

MODEL_SPELLINGS = {"model_id": "model", "model_name": "model", "modelId": "model"}
_TOOLS = frozenset({"tools", "tool_choice", "tool_required"})
_NAMES = CALL_PARAMETERS | _TOOLS | {"model"}
#: Where a parameter stands in a request, for those that are not a member of their own.
_PLACES = {
    "max_tokens": ("inferenceConfig", "maxTokens"),
    "temperature": ("inferenceConfig", "temperature"),
    "top_p": ("inferenceConfig", "topP"),
    "stop_sequences": ("inferenceConfig", "stopSequences"),
    "guardrail_identifier": ("guardrailConfig", "guardrailIdentifier"),
    "guardrail_version": ("guardrailConfig", "guardrailVersion"),
    "guardrail_trace": ("guardrailConfig", "trace"),
    "guardrail_stream_processing_mode": ("guardrailConfig", "streamProcessingMode"),
    "guardrail_config": ("guardrailConfig",),
    "additional_model_request_fields": ("additionalModelRequestFields",),
    "additional_model_response_field_paths": ("additionalModelResponseFieldPaths",),
    "request_metadata": ("requestMetadata",),
    "performance_config": ("performanceConfig",),
    "service_tier": ("serviceTier",),
}


@dataclass(slots=True)
class Options:
    """Keywords by what they mean: parameters by name, members of the request, tools, the model."""

    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    members: dict[str, Any] = field(default_factory=dict[str, Any])
    tools: dict[str, Any] = field(default_factory=dict[str, Any])
    model: str | None = None


def read_options(given: Mapping[str, Any], where: str) -> Options:
    """The keywords of a call, or of ``additional_kwargs``.

    Raises:
        InvalidRequestError: an unknown one (the nearest known is named), or two spellings of one.
    """
    options = Options()
    if not given:
        return options
    try:
        named = canonical(given, _NAMES | MEMBERS, where=where, also=MODEL_SPELLINGS, allow_unknown=True)
    except ConfigurationError as error:
        raise InvalidRequestError(error.message, hint=error.hint) from None
    for name, value in named.items():
        if name in CALL_PARAMETERS:
            options.parameters[name] = _readable(name, value)
        elif name == "model":
            options.model = value
        elif name in _TOOLS:
            options.tools[name] = value
        elif name in MEMBERS and name != "messages":
            if value is not None:
                options.members[name] = value
        else:
            raise InvalidRequestError(f"{where} has no parameter {name!r}", hint=_nearest(name))
    return options


def build_request(
    model: ConverseParameters,
    model_id: str,
    messages: Sequence[ChatMessage],
    given: Mapping[str, Any],
    *,
    additional: Options,
    streaming: bool,
) -> dict[str, Any]:
    """A Converse request. What the call says wins over ``additional_kwargs``, they win over the fields.

    Dicts are merged, everything else is replaced; ``system`` of a call follows the system messages.

    Raises:
        InvalidRequestError: an unknown keyword, or messages that Converse cannot take.
        ConfigurationError: half a guardrail.
    """
    options = read_options(given, type(model).__name__) if given else _NONE
    turns, system = write_messages(messages)
    request: dict[str, Any] = {
        "modelId": options.model or additional.model or model_id,
        "messages": turns,
    }
    if system:
        request["system"] = system
    parameters = (
        {**additional.parameters, **options.parameters} if additional.parameters else options.parameters
    )
    request.update(model.converse_members(parameters, streaming=streaming))
    if additional.members:
        request = _laid_over(request, _without(additional.members, options.parameters))
    if options.members:
        request = _laid_over(request, options.members)
    if options.tools and (config := _tools(options.tools)) is not None:
        request["toolConfig"] = config
    if "toolConfig" not in request and (stubs := stub_tools(turns)):
        request["toolConfig"] = {"tools": stubs}
    return request


_NONE = Options()


def _laid_over(request: dict[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    result = merged(request, members)
    if "system" in members and "system" in request:
        result["system"] = [*request["system"], *members["system"]]
    return result


def _without(members: Mapping[str, Any], overridden: Mapping[str, Any]) -> dict[str, Any]:
    """The members without what the call says itself."""
    result = dict(members)
    for name in overridden:
        place = _PLACES[name]
        if len(place) == 1:
            result.pop(place[0], None)
        elif place[0] in result:
            result[place[0]] = {key: value for key, value in result[place[0]].items() if key != place[1]}
    return result


def _tools(given: Mapping[str, Any]) -> dict[str, Any] | None:
    tools = given.get("tools")
    if isinstance(tools, Mapping):  # a toolConfig under the name that it has elsewhere
        return dict(tools)
    return tool_config(
        tools or (), given.get("tool_choice"), required=bool(given.get("tool_required", False))
    )


def _readable(name: str, value: Any) -> Any:
    """The value as the field of this name would have read it."""
    if name == "stop_sequences" and isinstance(value, str):
        return [value]
    if name == "guardrail_version" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _nearest(name: str) -> str:
    known = [*_NAMES, *MEMBERS, *(spelling for spelling, to in SPELLINGS.items() if to in _NAMES)]
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return (
        f"a call takes {', '.join(sorted(_NAMES))} and the members of a Converse request; "
        "fields of the model itself go into additional_model_request_fields"
    )
