"""The Converse request of one call: the model's parameters, what the call overrides, and the messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from llama_index.core.base.llms.types import ChatMessage

from bedrock_unified.chat.route import as_routed
from bedrock_unified.converse.checks import MEMBERS
from bedrock_unified.converse.tools import choice_and_parallel, is_none
from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.models.profile import Profile, profile_of
from bedrock_unified.nearest import did_you_mean
from bedrock_unified.parameters import CALL_PARAMETERS, ConverseParameters
from bedrock_unified.per_call import CONNECTION_KEYWORDS
from bedrock_unified.spelling import SPELLINGS, canonical

from .call_values import check_value, readable, system_blocks
from .component import merged
from .marks import EVERYWHERE
from .media import Found
from .messages import write_messages
from .tools import tool_config

MODEL_SPELLINGS = {"model_id": "model", "model_name": "model", "modelId": "model"}
_TOOLS = frozenset({"tools", "tool_choice", "tool_required"})
_NAMES = CALL_PARAMETERS | _TOOLS | {"model"}
#: A keyword of our own methods: what they put into a call that nobody asked for, as ``ChatOptions.implied``.
IMPLIED = "implied"
_FIELDS = "additionalModelRequestFields"
#: What LlamaIndex's DocumentContextExtractor gives each call: headers of Anthropic's own API.
_HEADERS = "extra_headers"
_BETA_HEADER = "anthropic-beta"
#: Betas that have become part of Converse; Bedrock does not know them by name.
_NO_BETAS = frozenset({"prompt-caching-2024-07-31"})
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
    """Keywords by what they mean: parameters by name, members of the request, tools, the model, which of them
    nobody asked for, and Claude's betas."""

    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    members: dict[str, Any] = field(default_factory=dict[str, Any])
    tools: dict[str, Any] = field(default_factory=dict[str, Any])
    model: str | None = None
    implied: frozenset[str] = frozenset()
    betas: tuple[str, ...] = ()


_NONE = Options()  # of every call without keywords; nobody changes Options that were read


class Wishes(NamedTuple):
    """What decides how a call is made, wherever it was said: in the call, ``additional_kwargs`` or the model.

    Attributes:
        model_id: where it goes.
        fields: ``additionalModelRequestFields`` in all of its spellings.
    """

    model_id: str
    model_family: str | None
    capabilities: Mapping[str, Any] | None
    use_converse: bool | str | None
    reasoning: Any
    parallel_tool_calls: bool | None
    fields: Mapping[str, Any]

    @property
    def profile(self) -> Profile:
        """What the model can do, by the way that its requests go."""
        known = profile_of(self.model_id, family=self.model_family, overrides=self.capabilities)
        return as_routed(known, self.use_converse)


def read_options(given: Mapping[str, Any], kind: type[ConverseParameters]) -> Options:
    """The keywords of a call, or of ``additional_kwargs``, of a model of this class.

    Raises:
        InvalidRequestError: an unknown one (the nearest known is named), one that calls do not take, two
            spellings of one, or a value that cannot be one of its kind.
    """
    if not given:
        return _NONE
    options = Options()
    where = kind.__name__
    try:
        named = canonical(given, _NAMES | MEMBERS, where=where, also=MODEL_SPELLINGS, allow_unknown=True)
    except ConfigurationError as error:
        raise InvalidRequestError(error.message, hint=error.hint) from None
    for name, value in named.items():
        check_value(name, value)
        if name in CALL_PARAMETERS:
            options.parameters[name] = readable(name, value)
        elif name == "model":
            options.model = value
        elif name == "system":
            options.members[name] = None if value is None else system_blocks(value)
        elif name in _TOOLS:
            options.tools[name] = value
        elif name == IMPLIED:
            options.implied = frozenset(value)
        elif name == _HEADERS:
            options.betas = _betas(value)
        elif name == "messages":
            raise InvalidRequestError(
                f"{where} takes no {name!r} here", hint="they are the first argument of a call"
            )
        elif name in MEMBERS:
            options.members[name] = value
        elif name in kind.model_fields and name not in CONNECTION_KEYWORDS:
            raise InvalidRequestError(
                f"{name} belongs to the model and cannot be given to a single call",
                hint=f"give it to the model: {where}({name}=…)",
            )
        else:
            raise InvalidRequestError(f"{where} has no parameter {name!r}", hint=_nearest(name))
    if isinstance(options.tools.get("tool_choice"), Mapping):
        choice, parallel = choice_and_parallel(
            options.tools["tool_choice"], options.parameters.get("parallel_tool_calls")
        )
        options.tools["tool_choice"] = choice
        if parallel is not None:
            options.parameters["parallel_tool_calls"] = parallel
    return options


def wishes(model: ConverseParameters, model_id: str, given: Mapping[str, Any], additional: Options) -> Wishes:
    """What a call with these keywords would be made with.

    Raises:
        InvalidRequestError: as :func:`read_options`.
    """
    options = read_options(given, type(model))
    told = {**additional.parameters, **options.parameters}

    def value(name: str) -> Any:
        return told[name] if name in told else getattr(model, name)

    fields: dict[str, Any] = {}
    for said in (
        value("additional_model_request_fields"),
        additional.members.get(_FIELDS),
        options.members.get(_FIELDS),
    ):
        if said:
            fields = merged(fields, said)
    return Wishes(
        options.model or additional.model or model_id,
        value("model_family"),
        value("capabilities"),
        value("use_converse"),
        value("reasoning"),
        value("parallel_tool_calls"),
        fields,
    )


def build_request(
    model: ConverseParameters,
    model_id: str,
    messages: Sequence[ChatMessage],
    given: Mapping[str, Any],
    *,
    additional: Options,
    streaming: bool,
    fetched: Found | None = None,
    cached: Collection[str] = EVERYWHERE,
) -> dict[str, Any]:
    """The keywords of :meth:`bedrock_unified.BedrockClient.converse`.

    What the call says wins over ``additional_kwargs``, and they win over the fields.

    A member under Converse's name (``requestMetadata={…}``) is merged into what was said of it before, except
    ``toolConfig``, which is one thing; ``system`` follows the system messages. A parameter under its own name
    (``request_metadata={…}``) replaces the value, dicts too. None takes either out of the request.

    Raises:
        InvalidRequestError: an unknown keyword, tools said twice, a choice without tools, or messages that
            Converse cannot take.
        ConfigurationError: half a guardrail.
    """
    options = read_options(given, type(model))
    turns, system = write_messages(messages, fetched, cached)
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
    if options.betas:
        fields = request.get(_FIELDS) or {}
        betas = dict.fromkeys([*(fields.get("anthropic_beta") or ()), *options.betas])
        request[_FIELDS] = {**fields, "anthropic_beta": list(betas)}
    if not streaming and "streamProcessingMode" in (guardrail := request.get("guardrailConfig") or {}):
        request["guardrailConfig"] = {  # ConverseStream alone knows it
            name: value for name, value in guardrail.items() if name != "streamProcessingMode"
        }
    if options.tools:
        _offer(request, options)
    request["options"] = model.chat_options(parameters, implied=additional.implied | options.implied)
    return request


def with_points(request: dict[str, Any], *, system: bool, tools: bool) -> dict[str, Any]:
    """The request with a cache point after its system prompt, and after its tools, where there is none."""
    if system and (blocks := request.get("system")) and not _has_point(blocks):
        request = {**request, "system": [*blocks, dict(_POINT)]}
    if tools and (config := request.get("toolConfig")) and not _has_point(config.get("tools") or ()):
        request = {**request, "toolConfig": {**config, "tools": [*config["tools"], dict(_POINT)]}}
    return request


def _has_point(blocks: Sequence[Mapping[str, Any]]) -> bool:
    return any("cachePoint" in block for block in blocks)


_POINT = {"cachePoint": {"type": "default"}}


def _laid_over(request: dict[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    off = {name for name, value in members.items() if value is None and name != "system"}
    given = {name: value for name, value in members.items() if value is not None}
    replaced = off | ({"toolConfig"} & given.keys())
    result = merged({name: value for name, value in request.items() if name not in replaced}, given)
    for name in ("inferenceConfig", "guardrailConfig"):
        if isinstance(held := given.get(name), Mapping) and None in held.values():
            result[name] = {key: value for key, value in result[name].items() if value is not None}
    if "system" in given and "system" in request:
        result["system"] = [*request["system"], *given["system"]]
    return result


def _without(members: Mapping[str, Any], overridden: Mapping[str, Any]) -> dict[str, Any]:
    """The members without what the call says itself."""
    result = dict(members)
    for name in overridden:
        place = _PLACES.get(name, ())  # what is no member of a request stands nowhere in it
        if not place:
            continue
        if len(place) == 1:
            result.pop(place[0], None)
        elif isinstance(result.get(place[0]), Mapping):
            result[place[0]] = {key: value for key, value in result[place[0]].items() if key != place[1]}
    return result


def _offer(request: dict[str, Any], options: Options) -> None:
    """Put the call's tools, or its choice among those of ``additional_kwargs``, into the request."""
    given = options.tools
    choice, required = given.get("tool_choice"), bool(given.get("tool_required", False))
    if options.members.get("toolConfig") is not None:
        if given.get("tools") or choice is not None or required:
            raise InvalidRequestError(
                "a call was given toolConfig next to tools or tool_choice, which mean the same",
                hint="keep one of them",
            )
        return
    if "tools" in given:
        tools = () if given["tools"] is None else given["tools"]
    else:
        tools = request.get("toolConfig") or ()
        tools = tools if "tools" in tools else ()
        if tools and not (choice or required or is_none(choice)):
            return
        if tools and "toolChoice" in tools:
            tools = {name: value for name, value in tools.items() if name != "toolChoice"}
    config = tool_config(tools, choice, required=required)
    if config is None:
        request.pop("toolConfig", None)
    else:
        request["toolConfig"] = config


def _betas(headers: Any) -> tuple[str, ...]:
    """The betas that the headers of a call ask for; on Bedrock they are a field of the body."""
    given: Mapping[Any, Any] = headers if isinstance(headers, Mapping) else {}
    others = [str(name) for name in given if str(name).lower() != _BETA_HEADER]
    if others or not isinstance(headers, (Mapping, type(None))):
        raise InvalidRequestError(
            f"{_HEADERS}: a call sends no header of its own ({', '.join(others) or type(headers).__name__})",
            hint=f"{_BETA_HEADER} alone means something here: betas of Claude, separated by commas",
        )
    named = [beta.strip() for value in given.values() for beta in str(value).split(",")]
    return tuple(beta for beta in named if beta and beta not in _NO_BETAS)


def _nearest(name: str) -> str:
    known = [
        *_NAMES,
        *(MEMBERS - {"messages"}),
        *(spelling for spelling, to in SPELLINGS.items() if to in _NAMES),
    ]
    return did_you_mean(name, known) or (
        f"a call takes {', '.join(sorted(_NAMES))}, those of the connection (region_name, api_key, …) "
        "and the members of a Converse request; "
        "fields of the model itself go into additional_model_request_fields"
    )
