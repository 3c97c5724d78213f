"""From an error of Bedrock to the class that is raised and the hint that says what to do next.

The rules are the tables of :mod:`bedrock_unified.hint_rules`; here is what they are filled in with: the inference
profile for the client's region, the IAM action, the console's page, the login command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .errors import AuthenticationError, BedrockError, ConfigurationError, InvalidRequestError
from .hint_rules import (
    CODE_OF_STATUS,
    CREDENTIAL_RULES,
    HOST_NOT_FOUND,
    MODELLED_STATUS,
    NO_MODELS_LISTED,
    RULES,
    Rule,
)
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
    return MODELLED_STATUS.get(canonical_code(code), 500)


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
        code: as it came: ``ValidationException``, ``validationException`` in a stream, with or without namespace
            and address. Empty or unknown codes go by ``status``.
        message: AWS's message.
        status: the HTTP status; in a stream that of the exception (:func:`modelled_status`).
        operation: Bedrock's name of it (``ConverseStream``), which decides the IAM action.
        profile_name: the AWS profile in use, for the login command.
        uses_guardrail: whether the request named a guardrail, which needs an IAM action of its own.

    Returns:
        The class to raise and the hint, None where the message says it all.
    """
    call = _Call(message, operation, model_id, region, profile_name, uses_guardrail)
    for name in (canonical_code(code), CODE_OF_STATUS.get(status or 0, "")):
        for rule in RULES:
            if name in rule.codes and _fits(rule, message):
                return rule.error, _filled(rule, call)
    if status is not None and status >= 500:
        return explain("InternalServerException", message, **_context(call))
    if status is not None and status >= 400:
        return InvalidRequestError, None
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
    call = _Call(text, None, None, region, profile_name, False)
    rule = next(rule for rule in CREDENTIAL_RULES if _fits(rule, text))
    kind = ConfigurationError if rule.error is ConfigurationError else AuthenticationError
    return kind, _filled(rule, call) or ""


def _fits(rule: Rule, message: str) -> bool:
    return rule.message is None or rule.message.search(message) is not None


def _filled(rule: Rule, call: _Call) -> str | None:
    return rule.hint.format_map(_Facts(call)) if rule.hint else None
