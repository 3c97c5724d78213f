"""Errors in the command's own words.

The hints of this package's errors name parameters of its classes (``profile_name``); who reads them here
typed options. What AWS said stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import BedrockError, public_class

_BACKEND = "a backend ('bedrock-unified backend add --help')"

_NONE_FOUND = (
    r"AWS credentials were found\. Pass api_key, or aws_access_key_id with aws_secret_access_key, or "
    r"profile_name; or set"
)
_WHO = f"a profile with --profile, keep a key in {_BACKEND}, or set"
_ENDPOINT = "--endpoint-url, or the backend's --url"
#: Phrases of hints, and what they are here; a pattern's blanks stand for any white space.
_PHRASES = (
    (rf"no {_NONE_FOUND}", f"name {_WHO}"),
    (rf"No {_NONE_FOUND}", f"Name {_WHO}"),
    # The error has just said where they were looked for.
    (r"Also tried, in this order after the environment: .*? metadata\. ", ""),
    (
        r"set it as api_key or AWS_BEARER_TOKEN_BEDROCK",
        f"set it as AWS_BEARER_TOKEN_BEDROCK, or give it to {_BACKEND}",
    ),
    (
        r"set api_key or AWS_BEARER_TOKEN_BEDROCK",
        f"set AWS_BEARER_TOKEN_BEDROCK, or keep one in {_BACKEND}",
    ),
    (r"check region_name and the region in endpoint_url", "check --region, or the backend's --url"),
    (r"check region_name and endpoint_url, and", f"check --region, {_ENDPOINT}, and"),
    (r"check (that )?endpoint_url\b", rf"check \1{_ENDPOINT}"),
    (r"check role_arn\b", "check the backend's --role-arn"),
    (r"pass role_external_id", "give the backend its --external-id"),
    (
        r"give an access key pair or profile_name",
        f"name a profile with --profile, keep an access key pair in {_BACKEND}",
    ),
    (r"choose aws_iam_role_source='auto'", "let the backend have --iam-role-source auto"),
    (r" \(max_concurrency\)", ""),
    (
        r"what had arrived is in the error's \.partial; the request may be sent again",
        "what had arrived is above; ask again",
    ),
    (r", or raise connect_timeout=", ""),
    (r"name the right CA bundle with verify= or", "name the right CA bundle with"),
    (r"verify= or AWS_CA_BUNDLE must", "AWS_CA_BUNDLE must"),
    (r"long answers need a longer timeout=.*", "let the answer stream, or limit it with --max-tokens"),
    (r"raise total_timeout=, or ask for fewer tokens", "limit the answer with --max-tokens"),
    (
        r"leave reasoning out",
        "leave --thinking out; where the setting default-think asks for it, --thinking off",
    ),
    (r" with use_converse=True", ""),
    (r" \(use_converse=True\)", ""),
    (r"; say which with system=", ""),
    (r"\(ListFoundationModels, ListInferenceProfiles\)", "('bedrock-unified models list')"),
    (r"\(ListFoundationModels(?: names the active ones)?\)", "('bedrock-unified models list')"),
    (
        r"; or say what it is with family='cohere' or family='amazon'; via='agent' needs no family",
        ", or --via agent",
    ),
    (r"; or say what it is with family=: [^;]*", ""),
    (r"via='(\w+)'", r"--via \1"),
)
#: Parameters, and the options that set them.
_OPTIONS = {
    "region_name": "--region",
    "endpoint_url": "--endpoint-url",
    "sts_endpoint_url": "AWS_ENDPOINT_URL_STS",
    "profile_name": "--profile",
    "max_tokens": "--max-tokens",
    "role_session_name": "--role-session-name",
    "role_external_id": "--external-id",
    "guardrail_identifier": "--guardrail",
    "top_n": "--top-n",
    "input_type": "--input-type",
}
_WORDS = re.compile(r"(?<![\w.-])(" + "|".join(_OPTIONS) + r")(?![\w.])")


def in_options(text: str) -> str:
    """A hint, with options for parameters."""
    for pattern, ours in _PHRASES:
        text = re.sub(pattern.replace(" ", r"\s"), ours, text)
    return _WORDS.sub(lambda found: _OPTIONS[found[1]], text)


def told(error: BedrockError) -> str:
    """An error in the command's words: what went wrong and, on a line of its own, what to do."""
    text = str(error)
    what, mark, hint = text.rpartition("\nHint: ")
    return f"{what}{mark}{in_options(hint)}" if error.hint and mark else text


def as_json(error: Exception, code: int) -> dict[str, Any]:
    """A failure as a JSON document, for those who asked for JSON.

    Shape: ``{"error": {"type", "message", "hint", "code", "status", "request_id", "operation", "model",
    "region", "retryable", "partial"}, "exit_code"}``; of wrong use the first three alone. ``partial`` is
    what had arrived of an answer, in Bedrock's shape.
    """
    if not isinstance(error, BedrockError):
        message, _, hint = str(error).partition("\nHint: ")
        return {
            "error": {"type": "UsageError", "message": message, "hint": hint or None},
            "exit_code": code,
        }
    about: Mapping[str, Any] = {
        "type": public_class(type(error)).__name__,
        "message": error.message,
        "hint": in_options(error.hint) if error.hint else None,
        "code": error.code,
        "status": error.status,
        "request_id": error.request_id,
        "operation": error.operation,
        "model": error.model_id,
        "region": error.region,
        "retryable": error.is_retryable,
        "partial": error.partial,
    }
    return {"error": about, "exit_code": code}
