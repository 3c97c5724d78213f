"""Keywords of langchain-aws's classes that are no parameters here: what they mean, or what to write instead.

Plain other spellings (``credentials_profile_name``, ``guardrails``, …) are in
:mod:`bedrock_unified.spelling`; here are those whose value needs reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bedrock_unified.errors import BedrockError, ConfigurationError
from bedrock_unified.models.profile import profile_of
from bedrock_unified.parameters import CALL_PARAMETERS
from bedrock_unified.spelling import SPELLINGS

Given = dict[str, Any]

#: Keyword to what to do instead; None and empty values say nothing and are taken.
_INSTEAD = {
    "default_headers": "give client=boto3.client('bedrock-runtime'), with a handler of its before-sign event "
    "that sets them",
    "raw_blocks": "call the model with messages: blocks in Converse's shape are taken as their content",
    "system_prompt_with_tools": "tools go to the model as tools; give system=… for instructions about them",
    "provider_stop_sequence_key_name_map": "leave it out: stop_sequences works for every family",
    "provider_stop_reason_key_map": "leave it out: response_metadata['stopReason'] is there for every family",
}
#: Further names of ``max_tokens`` in the bodies of the families.
_MAX_TOKENS = ("max_tokens_to_sample", "max_gen_len", "maxTokenCount", "max_new_tokens")
_BASES = ("base_model_id", "base_model", "model_family")
_MODELS = ("model", "model_id", "model_name", "modelId")
_ANTHROPIC_VERSION = "bedrock-2023-05-31"
#: Options of botocore's Config that ask for what is so here anyway, or for what has no counterpart to tune.
_NEEDLESS = {"max_pool_connections", "tcp_keepalive", "signature_version"}
_RETRY_MODES = (None, "standard", "legacy")
_TELLS_ALL = "client=boto3.client(…, config=config) heeds all of it; asynchronous calls then run in threads"


def chat_keywords(given: Given, where: str) -> Given:
    """The keywords of a chat model, those of langchain-aws's two classes as what they mean here.

    Raises:
        ConfigurationError: one that has no meaning here; two that contradict each other.
    """
    if _CHAT.keys().isdisjoint(given):
        return given
    found = dict(given)
    for name, read in _CHAT.items():
        if name in found:
            read(found, name, found.pop(name), where)
    return found


def connection_keywords(given: Given, where: str) -> Given:
    """The keywords of embeddings or a reranker, with ``config`` as what it means here."""
    if "config" not in given:
        return given
    found = dict(given)
    _config(found, "config", found.pop("config"), where)
    return found


def call_keywords(given: Given) -> Given:
    """The keywords of a call, with Anthropic's ``cache_control`` as the wish for a cached prompt."""
    if "cache_control" not in given:
        return given
    found = dict(given)
    control = found.pop("cache_control")
    if control is None:
        return found
    if not isinstance(control, Mapping) or control.get("type", "ephemeral") != "ephemeral":
        raise ConfigurationError(
            f"cache_control {control!r:.80} is none",
            hint="it is {'type': 'ephemeral'}, with a ttl if need be",
        )
    _put(found, "prompt_cache", "auto", "cache_control", "this call")
    if control.get("ttl") is not None:
        _put(found, "prompt_cache_ttl", control["ttl"], "cache_control", "this call")
    return found


def _put(found: Given, name: str, value: Any, why: str, where: str) -> None:
    held = found.get(name)
    if held is not None and held != value:
        raise ConfigurationError(
            f"{where} was given {name}, and {why} says otherwise", hint=f"keep one of them: {name}"
        )
    found[name] = value


def _dict_in(found: Given, name: str, where: str) -> dict[str, Any]:
    """A copy of what a keyword holds; ``{}`` without it."""
    value = found.get(name) or {}
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where}: {name} must be a dict, not {type(value).__name__}")
    return dict(value)


def _instead(found: Given, name: str, value: Any, where: str) -> None:
    if value:
        raise ConfigurationError(f"{where}: {name} has no meaning here", hint=_INSTEAD[name])


def _model_kwargs(found: Given, name: str, value: Any, where: str) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where}: {name} must be a dict, not {type(value).__name__}")
    own = _dict_in(found, "additional_model_request_fields", where)
    for key, item in value.items():
        if key == "anthropic_version" and item == _ANTHROPIC_VERSION:
            continue  # what Bedrock itself says of every Claude
        target = "max_tokens" if key in _MAX_TOKENS else key
        if target == "system" or SPELLINGS.get(target, target) in CALL_PARAMETERS:
            _put(found, target, item, name, where)
        else:
            _put(own, key, item, name, where)
    if own:
        found["additional_model_request_fields"] = own


def _provider(found: Given, name: str, value: Any, where: str) -> None:
    """A provider tells what an id does not; next to one that tells more it has only to agree."""
    if not value:
        return
    base = next((found[other] for other in _BASES if found.get(other)), None)
    model = next((found[other] for other in _MODELS if found.get(other)), "unknown.model")
    try:
        known, said = profile_of(model, family=base).vendor, profile_of("unknown.model", family=value).vendor
    except (BedrockError, TypeError, AttributeError):
        known = said = None  # refused below, by what reads them
    if base is not None and None not in (known, said) and known != said:
        raise ConfigurationError(
            f"{where}: provider is {value!r}, and {base!r} is of {known}", hint="leave provider out"
        )
    if base is None and (known is None or known != said):
        found["model_family"] = value


def _tool_choices(found: Given, name: str, value: Any, where: str) -> None:
    if value is not None:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise ConfigurationError(
                f"{where}: {name} is {value!r:.80}", hint="give a tuple, such as ('auto', 'any', 'tool')"
            )
        capabilities = _dict_in(found, "capabilities", where)
        _put(capabilities, "tool_choices", list(value), name, where)
        found["capabilities"] = capabilities


def _last_turn(found: Given, name: str, value: Any, where: str) -> None:
    if value:
        _put(found, "guard_content", "last_user", name, where)


def _guardrail(found: Given, name: str, value: Any, where: str) -> None:
    """A guardrail of which nothing is set, or with a switch for its trace."""
    if isinstance(value, Mapping):
        value = {key: item for key, item in value.items() if item is not None}
        if isinstance(value.get("trace"), bool):
            value["trace"] = "enabled" if value["trace"] else "disabled"
        value = value or None
    found[name] = value


def _config(found: Given, name: str, value: Any, where: str) -> None:
    """botocore's Config: its time limits, retries and region; keywords of their own stand above it."""
    if value is None:
        return
    options = getattr(value, "_user_provided_options", None)
    if not isinstance(options, Mapping):
        raise ConfigurationError(f"{where}: config is a {type(value).__name__}, not a botocore.config.Config")
    told: Given = {}
    for option, item in options.items():
        if option in ("connect_timeout", "region_name"):
            told[option] = item
        elif option == "read_timeout":
            told["timeout"] = item
        elif option == "use_fips_endpoint":
            told["use_fips"] = item
        elif option == "use_dualstack_endpoint":
            told["use_dualstack"] = item
        elif option == "retries":
            told["max_retries"] = _retries(item, where)
        elif option not in _NEEDLESS and item is not None:
            raise ConfigurationError(f"{where}: {option} of config is not heeded here", hint=_TELLS_ALL)
    named = {SPELLINGS.get(key, key) for key, item in found.items() if item is not None}
    found.update({key: item for key, item in told.items() if item is not None and key not in named})


def _retries(value: Mapping[str, Any] | None, where: str) -> int | None:
    retries = value or {}
    if retries.get("mode") not in _RETRY_MODES:
        raise ConfigurationError(
            f"{where}: retries of the mode {retries['mode']!r} in config are not to be had here",
            hint=f"give max_retries=…, and max_concurrency=… or a rate_limiter; or {_TELLS_ALL}",
        )
    if (total := retries.get("total_max_attempts")) is not None:
        return total - 1
    return retries.get("max_attempts")


_CHAT: Mapping[str, Callable[[Given, str, Any, str], None]] = {
    **dict.fromkeys(_INSTEAD, _instead),
    "model_kwargs": _model_kwargs,
    "provider": _provider,
    "supports_tool_choice_values": _tool_choices,
    "guard_last_turn_only": _last_turn,
    "guardrails": _guardrail,
    "guardrail_config": _guardrail,
    "config": _config,
}
