"""Guardrails in a Converse request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError

# The service model's patterns, and what they mean.
_FORMS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "guardrailIdentifier": (
        re.compile(r"([a-z0-9]+)|(arn:aws(-[a-z-]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+)"),
        "lower-case letters and digits, or a guardrail's ARN",
    ),
    "guardrailVersion": (re.compile(r"([1-9][0-9]{0,7})|(DRAFT)"), "a number from 1 as text, or 'DRAFT'"),
}
TRACES = ("disabled", "enabled", "enabled_full")
STREAM_MODES = ("sync", "async")
#: How a model's parameters are called where Bedrock's members are not written.
_PARAMETERS = {
    "guardrailIdentifier": "guardrail_identifier",
    "guardrailVersion": "guardrail_version",
}


def guardrail_problem(
    config: Mapping[str, Any], *, needed: bool = False, names: Mapping[str, str] | None = None
) -> tuple[str, str] | None:
    """What keeps a guardrail from being one, with the way out; None if nothing does.

    Args:
        config: members of ``guardrailConfig``, or those of the same names in other operations.
        needed: whether it is an error to name no guardrail at all.
        names: what to call the members.
    """
    called = names or {}
    given = {member: config.get(member) for member in _FORMS}
    missing = [member for member, value in given.items() if not value]
    if missing and (needed or len(missing) == 1):
        return (
            f"a guardrail without {called.get(missing[0], missing[0])}: {dict(config)!r:.200}",
            "a guardrail needs both its id (or ARN) and a version ('1', '2', … or 'DRAFT'); half of it would "
            "guard nothing",
        )
    for member, (pattern, form) in _FORMS.items():
        value = given[member]
        if value and not (isinstance(value, str) and pattern.fullmatch(value)):
            return f"{called.get(member, member)} {value!r:.120} is not one", f"it is {form}"
    for member, allowed in (("trace", TRACES), ("streamProcessingMode", STREAM_MODES)):
        value = config.get(member)
        if value is not None and value not in allowed:
            return f"guardrail {member} {value!r:.120}", f"one of {', '.join(allowed)}"
    return None


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
    problem = guardrail_problem(given, needed=True, names=_PARAMETERS)
    if problem is not None:
        message, hint = problem
        raise ConfigurationError(message, hint=hint)
    if not streaming:
        given.pop("streamProcessingMode", None)
    return given
