"""One meaning for every spelling of a parameter that users of other Bedrock packages already type."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .errors import ConfigurationError
from .nearest import did_you_mean

#: Accepted spelling to canonical name.
SPELLINGS: dict[str, str] = {
    "region": "region_name",
    "aws_region": "region_name",
    "aws_region_name": "region_name",
    "base_url": "endpoint_url",
    "credentials_profile_name": "profile_name",
    "aws_profile": "profile_name",
    "aws_profile_name": "profile_name",
    "access_key_id": "aws_access_key_id",
    "aws_access_key": "aws_access_key_id",
    "secret_access_key": "aws_secret_access_key",
    "aws_secret_key": "aws_secret_access_key",
    "session_token": "aws_session_token",
    "bedrock_api_key": "api_key",
    "aws_bearer_token_bedrock": "api_key",
    "iam_role_source": "aws_iam_role_source",
    "aws_role_arn": "role_arn",
    "aws_role_name": "role_arn",
    "aws_role_session_name": "role_session_name",
    "aws_session_name": "role_session_name",
    "aws_external_id": "role_external_id",
    "role_duration_seconds": "role_duration",
    "aws_sts_endpoint": "sts_endpoint_url",
    "sts_endpoint": "sts_endpoint_url",
    "read_timeout": "timeout",
    "request_timeout": "timeout",
    "bedrock_client": "client",
    "stop": "stop_sequences",
    "stopSequences": "stop_sequences",
    "maxTokens": "max_tokens",
    "topP": "top_p",
    "bedrock_guardrail_identifier": "guardrail_identifier",
    "bedrock_guardrail_version": "guardrail_version",
    "bedrock_trace": "guardrail_trace",
    "trace": "guardrail_trace",
    "guardrails": "guardrail_config",
    "additional_model_fields": "additional_model_request_fields",
    "topK": "top_k",
    "thinking": "reasoning",
    "reasoning_effort": "reasoning",
    "reasoning_token_budget": "reasoning",
    "cache_messages": "prompt_cache_messages",
    "anthropic_cache_messages": "prompt_cache_messages",
    "anthropic_prompt_cache": "prompt_cache",
    "anthropic_prompt_cache_ttl": "prompt_cache_ttl",
    "provider": "model_family",
    "base_model": "model_family",
    "base_model_id": "model_family",
    "beta_use_converse_api": "use_converse",
}


#: Names that somebody may expect, and why there is no such parameter.
_REFUSED = dict.fromkeys(
    ("mfa_serial", "role_mfa_serial", "mfa_token", "serial_number", "token_code"),
    "nobody can be asked for a code in the middle of a call: take a session by "
    "`aws sts get-session-token --serial-number … --token-code …` and pass its three keys",
)
#: Where what only a model knows belongs.
_MODELS_OWN = "additional_model_request_fields"


def canonical(
    given: Mapping[str, Any],
    known: Collection[str],
    *,
    where: str,
    also: Mapping[str, str] | None = None,
    allow_unknown: bool = False,
) -> dict[str, Any]:
    """The parameters under their canonical names.

    Args:
        given: what the caller typed. Not changed.
        known: the canonical names that exist at this place.
        where: the class's name, for the message.
        also: further spellings of this place (``model`` for ``model_id``).
        allow_unknown: leave unknown names alone instead of refusing them.

    Raises:
        ConfigurationError: two spellings of one parameter, or an unknown name (the nearest is named).
    """
    spellings = {**SPELLINGS, **(also or {})}
    result: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, value in given.items():
        target = name if name in known else spellings.get(name, name)
        if target not in known and not allow_unknown:
            raise ConfigurationError(
                f"{where} has no parameter {name!r}", hint=_nearest(name, known, spellings)
            )
        if target in result:
            if result[target] is None or value is None:  # one of them was left at "not given"
                result[target] = value if result[target] is None else result[target]
                continue
            raise ConfigurationError(
                f"{where} was given both {origin[target]!r} and {name!r}, which mean the same",
                hint=f"keep one of them; the canonical name is {target!r}",
            )
        result[target] = value
        origin[target] = name
    return result


def by_name(
    values: Sequence[Any], given: Mapping[str, Any], positions: Sequence[str], *, where: str
) -> dict[str, Any]:
    """The keywords, with values that were given by their place alone.

    Raises:
        ConfigurationError: more values than places, or one that was named, too.
    """
    places = positions[: len(values)]
    if len(places) < len(values):
        takes = f"only {', '.join(places)}" if places else "nothing"
        raise ConfigurationError(
            f"{where} takes {takes} by its place, and was given {len(values)} values",
            hint="name them, as in region_name='us-east-1'",
        )
    if twice := sorted(given.keys() & set(places)):
        raise ConfigurationError(f"{where} was given {', '.join(twice)} twice", hint="keep one of them")
    return {**dict(zip(places, values, strict=True)), **given}


def _nearest(name: str, known: Collection[str], spellings: Mapping[str, str]) -> str:
    if name in _REFUSED and "aws_iam_role_source" in known:
        return _REFUSED[name]
    candidates = [*known, *(alias for alias, target in spellings.items() if target in known)]
    near = did_you_mean(name, candidates)
    hint = near or f"known parameters: {', '.join(sorted(known))}"
    if _MODELS_OWN in known:
        return f"{hint}{' F' if near else '; f'}ields of the model's own go into {_MODELS_OWN}"
    return hint
