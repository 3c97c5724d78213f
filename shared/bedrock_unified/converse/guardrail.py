"""Which guardrail guards a request, on Converse and on InvokeModel, and what InvokeModel tells of it.

Converse has the member ``guardrailConfig``. InvokeModel has headers of its own for it, one more member in its
body for streams and marked text, and tells the outcome beside the model's own answer
(``amazon-bedrock-guardrailAction``, ``amazon-bedrock-trace``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..errors import ConfigurationError, InvalidRequestError

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
INTERVENED = "guardrail_intervened"
_LONGEST_IDENTIFIER = 2048  # the service model's limit
#: Converse's stream mode → the word of InvokeModelWithResponseStream's body.
_BODY_MODES = {"sync": "SYNCHRONOUS", "async": "ASYNCHRONOUS"}
_BODY_CONFIG = "amazon-bedrock-guardrailConfig"
#: A guardContent's qualifier → InvokeModel's tag for it.
_TAGS = {"grounding_source": "groundingSource", "query": "query", "guard_content": "guardContent"}
_TAG_SUFFIX = re.compile(r"[A-Za-z0-9]{1,20}")
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
        if value and not (
            isinstance(value, str) and len(value) <= _LONGEST_IDENTIFIER and pattern.fullmatch(value)
        ):
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
    """``guardrailConfig`` of a request, None without a guardrail. Its ``trace`` is ``disabled`` by default.

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
    if config is not None and not isinstance(config, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            f"guardrail_config is {config!r:.80}",
            hint="give a dict, {'guardrailIdentifier': …, 'guardrailVersion': '1'}; None goes without",
        )
    given: dict[str, Any] = {
        **(config or {}),
        **{name: value for name, value in single.items() if value is not None},
    }
    if given in ({}, {"trace": "disabled"}):  # the second is what is so without a word
        return None
    problem = guardrail_problem(given, needed=True, names=_PARAMETERS)
    if problem is not None:
        message, hint = problem
        raise ConfigurationError(message, hint=hint)
    if not streaming:
        given.pop("streamProcessingMode", None)
    if given.get("trace") is None:
        given["trace"] = "disabled"
    return given


def invoke_members(config: Mapping[str, Any]) -> dict[str, Any]:
    """The members of InvokeModel, and of its stream, for a Converse ``guardrailConfig``.

    Returns:
        ``guardrailIdentifier``, ``guardrailVersion`` and ``trace`` (upper case there), which travel as
        headers. The stream mode travels in the body: :func:`invoke_body`.

    Raises:
        InvalidRequestError: half a guardrail, or a value that Bedrock would refuse.
    """
    problem = guardrail_problem(config, needed=True)
    if problem is not None:
        message, hint = problem
        raise InvalidRequestError(message, hint=hint)
    members: dict[str, Any] = {name: config[name] for name in _FORMS}
    if (trace := config.get("trace")) is not None:
        members["trace"] = str(trace).upper()
    return members


def invoke_body(config: Mapping[str, Any], *, tag_suffix: str | None = None) -> dict[str, Any]:
    """What a guardrail adds to the body of an InvokeModel request; often nothing.

    AWS describes both members in the Bedrock user guide ("Configure streaming response behavior", "Apply tags
    to user input"); neither is in recorded traffic.

    Args:
        config: a Converse ``guardrailConfig``; its ``streamProcessingMode`` has an effect on
            InvokeModelWithResponseStream alone.
        tag_suffix: the suffix of the tags that :func:`tagged` wrote.
    """
    members: dict[str, Any] = {}
    if (mode := config.get("streamProcessingMode")) is not None:
        members["streamProcessingMode"] = _BODY_MODES[mode]
    if tag_suffix is not None:
        members["tagSuffix"] = tag_suffix
    return {_BODY_CONFIG: members} if members else {}


def tagged(text: str, suffix: str, qualifiers: Sequence[str] = ()) -> str:
    """Text that a guardrail shall judge, as InvokeModel marks it: between tags, for there are no blocks.

    Args:
        suffix: 1 to 20 letters and digits, another one in every request, so that nobody who writes the text
            can close the tag.
        qualifiers: those of a ``guardContent`` block; none means ``guard_content``.

    Raises:
        InvalidRequestError: a suffix or a qualifier that there is not.
    """
    if not _TAG_SUFFIX.fullmatch(suffix):
        raise InvalidRequestError(f"the tag suffix {suffix!r:.80} is not 1 to 20 letters and digits")
    for qualifier in reversed(qualifiers or ("guard_content",)):
        if qualifier not in _TAGS:
            raise InvalidRequestError(
                f"the guardContent qualifier {qualifier!r:.80}", hint=f"one of {', '.join(_TAGS)}"
            )
        tag = f"amazon-bedrock-guardrails-{_TAGS[qualifier]}_{suffix}"
        text = f"<{tag}>{text}</{tag}>"
    return text


def native_outcome(body: Mapping[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
    """What a guardrail did to an InvokeModel answer, in Converse's words.

    Args:
        body: the model's own answer, or the chunk of a stream that tells it (the last one). Not changed.

    Returns:
        Converse's ``stopReason`` (``guardrail_intervened``, None if the model's own stands), and Converse's
        ``trace``: ``{"guardrail": {"inputAssessment": …, "outputAssessments": …, …}}``, None without one.
    """
    stop = INTERVENED if body.get("amazon-bedrock-guardrailAction") == "INTERVENED" else None
    told: Any = body.get("amazon-bedrock-trace")
    if not isinstance(told, Mapping):
        return stop, None
    trace = dict(cast("Mapping[str, Any]", told))
    guardrail: Any = trace.get("guardrail")
    if isinstance(guardrail, Mapping):
        trace["guardrail"] = _converse_trace(cast("Mapping[str, Any]", guardrail))
    return stop, trace


def _converse_trace(native: Mapping[str, Any]) -> dict[str, Any]:
    """InvokeModel's ``input`` and list of ``outputs`` by the names and shapes of Converse."""
    trace = {name: value for name, value in native.items() if name not in ("input", "outputs")}
    if native.get("input") is not None:
        trace["inputAssessment"] = native["input"]
    outputs: dict[str, list[Any]] = {}
    for entry in cast("Sequence[Mapping[str, Any]]", native.get("outputs") or ()):
        for guardrail, assessment in entry.items():
            outputs.setdefault(guardrail, []).append(assessment)
    if outputs:
        trace["outputAssessments"] = outputs
    return trace
