"""From an error of Bedrock to the class that is raised and the hint that says what to do next.

The rules are the tables of ``hints.toml``; here is what they are filled in with: the inference profile for
the client's region, the IAM action, the console's page, the login command.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from . import errors
from .errors import AuthenticationError, BedrockError, ConfigurationError, InvalidRequestError
from .models.geographies import profile_candidates
from .models.ids import ModelId, parse_model_id
from .wire.endpoints import partition_of
from .wire.operations import OPERATIONS

__all__ = [
    "HOST_NOT_FOUND",
    "NO_MODELS_LISTED",
    "canonical_code",
    "explain",
    "explain_missing_credentials",
    "modelled_status",
]

# Some of the rules' patterns take time by the square of a message's length, and what tells is its beginning.
_LOOKED_AT = 4096

# Codes of our own, for failures that are no answer of AWS.
NO_MODELS_LISTED = "NoModelsListed"
HOST_NOT_FOUND = "HostNotFound"

_ACTIONS = {operation.name: operation.action for operation in OPERATIONS}
_MODEL_OPERATIONS = frozenset(operation.name for operation in OPERATIONS if "modelId" in operation.in_path)
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}

_DENIED = re.compile(
    r"not authorized to perform:? (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>arn:\S+))?"
)
_NAMED_MODEL = re.compile(r"model ID (?P<model>\S+) with")
_NAMED_PROFILE = re.compile(r"config profile \((?P<name>[^)]*)\)")
_MISSING_PART = re.compile(r"missing: (?P<names>[\w, ]+)")


class Rule(NamedTuple):
    """One row of a table: which errors, what they are, what to do."""

    codes: frozenset[str]
    messages: re.Pattern[str] | None  # None: any message
    error: type[BedrockError]
    hint: str | None

    def fits(self, message: str) -> bool:
        """Whether the rule's messages are found in this one."""
        return self.messages is None or self.messages.search(message) is not None


class Tables(NamedTuple):
    """``hints.toml``, read."""

    rules: tuple[Rule, ...]
    credentials: tuple[Rule, ...]
    code_of_status: Mapping[int, str]
    modelled_status: Mapping[str, int]


@cache
def tables() -> Tables:
    """The rules, in the order in which they are tried."""
    data = tomllib.loads(Path(__file__).with_name("hints.toml").read_text(encoding="utf-8"))
    groups: dict[str, list[str]] = data["codes"]
    return Tables(
        tuple(_rule(row, groups) for row in data["rules"]),
        tuple(_rule(row, groups) for row in data["credentials"]),
        {int(status): code for status, code in data["code_of_status"].items()},
        data["modelled_status"],
    )


def _rule(row: Mapping[str, Any], groups: Mapping[str, list[str]]) -> Rule:
    codes = [code for name in row.get("codes", ()) for code in groups.get(name, [name])]
    messages: str | list[str] | None = row.get("message")
    if isinstance(messages, list):
        messages = "|".join(messages)
    pattern = re.compile(messages, re.IGNORECASE) if messages else None
    return Rule(frozenset(codes), pattern, getattr(errors, row["error"]), row.get("hint"))


def canonical_code(code: str) -> str:
    """An error code as the service model writes it.

    >>> canonical_code("throttlingException")
    'ThrottlingException'
    >>> canonical_code("com.amazon.bedrock#ValidationException:http://internal.amazon.com/coral/")
    'ValidationException'
    """
    name = code.partition(":")[0].rpartition("#")[2].strip()
    return name[:1].upper() + name[1:]


def modelled_status(code: str) -> int:
    """The HTTP status of an exception that arrives inside a stream (whose own status is 200).

    Codes in either spelling (``throttlingException``). 500 for one that the service model does not have.
    """
    return tables().modelled_status.get(canonical_code(code), 500)


def explain(
    code: str,
    message: str,
    *,
    status: int | None,
    operation: str | None,
    model_id: str | None,
    region: str | None,
    profile_name: str | None = None,
    uses_guardrail: bool = False,
) -> tuple[type[BedrockError], str | None]:
    """What kind of error an answer is, and what to do about it.

    Args:
        code: as it came: ``ValidationException``, ``validationException`` in a stream, with or without
            namespace and address. Empty or unknown codes go by ``status``.
        message: AWS's message.
        status: the HTTP status; in a stream that of the exception (:func:`modelled_status`).
        operation: Bedrock's name of it (``ConverseStream``), which decides the IAM action.
        profile_name: the AWS profile in use, for the login command.
        uses_guardrail: whether the request named a guardrail, which needs an IAM action of its own.

    Returns:
        The class to raise and the hint, None where the message says it all.
    """
    message = message[:_LOOKED_AT]
    call = _Call(message, operation, model_id, region, profile_name, uses_guardrail)
    for name in (canonical_code(code), _code_of_status(status)):
        for rule in tables().rules:
            if name in rule.codes and rule.fits(message):
                return rule.error, _filled(rule, call)
    return BedrockError, None


def explain_missing_credentials(
    failure: str | BaseException, *, profile_name: str | None = None, region: str | None = None
) -> tuple[type[AuthenticationError | ConfigurationError], str]:
    """What kind of error it is that no credentials could be had, and where to get some.

    Args:
        failure: the exception of the credential chain, or its class name or text.
        profile_name: the AWS profile that was asked for, if any.
    """
    text = failure if isinstance(failure, str) else f"{type(failure).__name__}: {failure}"
    text = text[:_LOOKED_AT]
    call = _Call(text, None, None, region, profile_name, False)
    rule = next(rule for rule in tables().credentials if rule.fits(text))
    kind = ConfigurationError if rule.error is ConfigurationError else AuthenticationError
    return kind, _filled(rule, call) or ""


def _code_of_status(status: int | None) -> str:
    if status is None or status < 400:
        return ""
    other = "InternalServerException" if status >= 500 else "ValidationException"
    return tables().code_of_status.get(status, other)


def _filled(rule: Rule, call: _Call) -> str | None:
    if rule.hint is None:
        return None
    return rule.hint.format_map({name: fact(call) for name, fact in _FACTS.items()})


@dataclass(frozen=True, slots=True)
class _Call:
    """What is known of the call that failed."""

    message: str
    operation: str | None
    model_id: str | None
    region: str | None
    profile_name: str | None
    uses_guardrail: bool

    @property
    def model(self) -> ModelId | None:
        """The model that the call or else the message names."""
        named = _NAMED_MODEL.search(self.message)
        name = self.model_id or (named["model"] if named else None)
        try:
            return parse_model_id(name) if name else None
        except InvalidRequestError:  # it is AWS's error that is being explained, not the id's
            return None

    @property
    def profiles(self) -> tuple[str, ...]:
        """Inference profiles of the model for this region, the likeliest first."""
        model = self.model
        return (
            profile_candidates(model.base_id, self.region)
            if model and model.suggested_for(self.region)
            else ()
        )

    @property
    def on_a_model(self) -> bool:
        return self.model_id is not None or self.operation in _MODEL_OPERATIONS


def _model(call: _Call) -> str:
    name = call.model_id or (call.model and call.model.wire_id)
    return f"'{name}'" if name else "the model"


def _region(call: _Call) -> str:
    return f"region '{call.region}'" if call.region else "the client's region"


def _action(call: _Call) -> str:
    """The IAM action that is missing: in AWS's words where it names one, else the operation's."""
    if denied := _DENIED.search(call.message):
        resource = denied["resource"]
        return f"{denied['action']} on {resource.rstrip('.,')}" if resource else denied["action"]
    return _ACTIONS.get(call.operation or "", "bedrock:InvokeModel")


def _guardrail(call: _Call) -> str:
    named = call.uses_guardrail and call.operation != "ApplyGuardrail"
    return " and bedrock:ApplyGuardrail on the guardrail" if named else ""


def _routing(call: _Call) -> str:
    if not (call.model and call.model.kind == "inference-profile"):
        return ""
    return " A cross-region profile needs it on itself and on the model in every region that it routes to."


def _enabling(call: _Call) -> str:
    if not call.on_a_model:
        return ""
    return (
        f" If it is allowed, the model may not be enabled for the account in {_region(call)}: "
        f"request it in the Bedrock console under Model access ({_console(call)})."
    )


def _instead(call: _Call) -> str:
    """What to send in place of a model that on-demand calls do not reach."""
    listed = f"ListInferenceProfiles names those of {_region(call)}."
    if not call.profiles:
        return f"pass the id or ARN of an inference profile that holds {_model(call)}; {listed}"
    first, *others = (f"'{profile}'" for profile in call.profiles)
    instead = f" (or {', '.join(others)})" if others else ""
    return f"use the inference profile {first}{instead} in place of {_model(call)}; {listed}"


def _spread(call: _Call) -> str:
    if not call.profiles or (call.model and call.model.kind == "inference-profile"):
        return ""
    return f" The inference profile '{call.profiles[0]}' spreads calls over regions."


def _elsewhere(call: _Call) -> str:
    """Where the id itself tells that it is for another place."""
    model = call.model
    if model is None or not call.region:
        return ""
    if model.region and model.region != call.region:
        return f" The ARN is of region '{model.region}'."
    if model.geo and call.profiles and model.wire_id not in call.profiles:
        return f" Here the inference profile is '{call.profiles[0]}'."
    return ""


def _foundation(call: _Call) -> str:
    model = call.model
    return f" ('{model.base_id}')" if model and model.geo else ""


def _console(call: _Call) -> str:
    host = _CONSOLES.get(partition_of(call.region or "").name)
    if host is None:
        return "of your AWS partition"
    return f"https://{host}/bedrock/home" + (f"?region={call.region}#/modelaccess" if call.region else "")


def _for_profile(call: _Call) -> str:
    return f" --profile {shlex.quote(call.profile_name)}" if call.profile_name else ""


def _profile_name(call: _Call) -> str:
    named = _NAMED_PROFILE.search(call.message)
    name = named["name"] if named else call.profile_name
    return f"'{name}'" if name else "that was asked for"


def _missing(call: _Call) -> str:
    named = _MISSING_PART.search(call.message)
    return f" ({named['names']})" if named else ""


_FACTS: dict[str, Callable[[_Call], str]] = {
    "action": _action,
    "console": _console,
    "elsewhere": _elsewhere,
    "enabling": _enabling,
    "for_profile": _for_profile,
    "foundation": _foundation,
    "guardrail": _guardrail,
    "identity": lambda call: f"`aws sts get-caller-identity{_for_profile(call)}`",
    "instead": _instead,
    "login": lambda call: f"`aws sso login{_for_profile(call)}`",
    "missing": _missing,
    "model": _model,
    "profile_name": _profile_name,
    "region": _region,
    "routing": _routing,
    "spread": _spread,
}
