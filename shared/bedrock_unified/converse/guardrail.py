"""Guardrails in a Converse request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError

# The service model's patterns.
_IDENTIFIER = re.compile(
    r"([a-z0-9]+)|(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+)"
)
_VERSION = re.compile(r"([1-9][0-9]{0,7})|(DRAFT)")
TRACES = ("disabled", "enabled", "enabled_full")
STREAM_MODES = ("sync", "async")


def guardrail_config(
    identifier: str | None,
    version: str | None,
    *,
    trace: str | None = None,
    stream_processing_mode: str | None = None,
    config: Mapping[str, Any] | None = None,
    streaming: bool = False,
) -> dict[str, Any] | None:
    """``guardrailConfig`` of a request, None without a guardrail.

    Args:
        config: the same in Bedrock's shape; single values win over it.
        streaming: ConverseStream alone knows ``streamProcessingMode``.

    Raises:
        ConfigurationError: half of the pair (half a guardrail would guard nothing), or a value that Bedrock
            would refuse.
    """
    single = {
        "guardrailIdentifier": identifier,
        "guardrailVersion": version,
        "trace": trace,
        "streamProcessingMode": stream_processing_mode,
    }
    given: dict[str, Any] = {
        **(config or {}),
        **{name: value for name, value in single.items() if value is not None},
    }
    if not given:
        return None
    has_id, has_version = given.get("guardrailIdentifier"), given.get("guardrailVersion")
    if not has_id or not has_version:
        missing = "guardrail_identifier" if not has_id else "guardrail_version"
        raise ConfigurationError(
            f"a guardrail without {missing}: {given!r}",
            hint="a guardrail needs its id (or ARN) and a version ('1', '2', … or 'DRAFT')",
        )
    for value, pattern, name, form in (
        (has_id, _IDENTIFIER, "guardrail_identifier", "lower-case letters and digits, or a guardrail's ARN"),
        (has_version, _VERSION, "guardrail_version", "a number from 1, or 'DRAFT'"),
    ):
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ConfigurationError(f"{name} {value!r} is not one", hint=f"it is {form}")
    for name, allowed in (("trace", TRACES), ("streamProcessingMode", STREAM_MODES)):
        if given.get(name) is not None and given[name] not in allowed:
            raise ConfigurationError(f"guardrail {name} {given[name]!r}", hint=f"one of {', '.join(allowed)}")
    if not streaming:
        given.pop("streamProcessingMode", None)
    return given
