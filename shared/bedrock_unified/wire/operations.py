"""Bedrock's operations as HTTP: where each member of a request goes.

The table restates botocore's service models (a test compares every entry with the installed one).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, cast
from urllib.parse import quote, urlencode

from ..errors import InvalidRequestError
from ..nearest import did_you_mean
from . import json_codec

RUNTIME = "bedrock-runtime"
CONTROL = "bedrock"
AGENT = "bedrock-agent-runtime"


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation: its route, and which members travel in the path, headers, query or body."""

    name: str
    method: str
    path: str
    service: str = RUNTIME
    action: str = "bedrock:InvokeModel"  # the IAM action that allows it
    in_path: tuple[str, ...] = ("modelId",)
    in_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    in_query: Mapping[str, str] = field(default_factory=dict[str, str])
    in_body: frozenset[str] = frozenset()
    raw_body: bool = False  # the member "body" is the whole body, as bytes
    streams: bool = False

    @property
    def signing_name(self) -> str:
        """The service name in the signature's scope; all three services sign as ``bedrock``."""
        return "bedrock"


_INVOKE_HEADERS = {
    "contentType": "content-type",
    "trace": "x-amzn-bedrock-trace",
    "guardrailIdentifier": "x-amzn-bedrock-guardrailidentifier",
    "guardrailVersion": "x-amzn-bedrock-guardrailversion",
    "performanceConfigLatency": "x-amzn-bedrock-performanceconfig-latency",
    "serviceTier": "x-amzn-bedrock-service-tier",
    "requestMetadata": "x-amzn-bedrock-request-metadata",
}
_STREAM_ACTION = "bedrock:InvokeModelWithResponseStream"
_CONVERSE_BODY = frozenset(
    {
        "messages",
        "system",
        "inferenceConfig",
        "toolConfig",
        "guardrailConfig",
        "additionalModelRequestFields",
        "promptVariables",
        "additionalModelResponseFieldPaths",
        "requestMetadata",
        "performanceConfig",
        "serviceTier",
        "outputConfig",
    }
)

CONVERSE = Operation("Converse", "POST", "/model/{modelId}/converse", in_body=_CONVERSE_BODY)
CONVERSE_STREAM = Operation(
    "ConverseStream",
    "POST",
    "/model/{modelId}/converse-stream",
    action=_STREAM_ACTION,
    in_body=_CONVERSE_BODY,
    streams=True,
)
INVOKE_MODEL = Operation(
    "InvokeModel",
    "POST",
    "/model/{modelId}/invoke",
    in_headers={**_INVOKE_HEADERS, "accept": "accept"},
    raw_body=True,
)
INVOKE_MODEL_STREAM = Operation(
    "InvokeModelWithResponseStream",
    "POST",
    "/model/{modelId}/invoke-with-response-stream",
    action=_STREAM_ACTION,
    in_headers={**_INVOKE_HEADERS, "accept": "x-amzn-bedrock-accept"},
    raw_body=True,
    streams=True,
)
COUNT_TOKENS = Operation(
    "CountTokens",
    "POST",
    "/model/{modelId}/count-tokens",
    action="bedrock:CountTokens",
    in_body=frozenset({"input"}),
)
APPLY_GUARDRAIL = Operation(
    "ApplyGuardrail",
    "POST",
    "/guardrail/{guardrailIdentifier}/version/{guardrailVersion}/apply",
    action="bedrock:ApplyGuardrail",
    in_path=("guardrailIdentifier", "guardrailVersion"),
    in_body=frozenset({"source", "content", "outputScope"}),
)
INVOKE_GUARDRAIL_CHECKS = Operation(
    "InvokeGuardrailChecks",
    "POST",
    "/guardrail-checks/invoke",
    action="bedrock:InvokeGuardrailChecks",  # inferred: no document at hand names it
    in_path=(),
    in_body=frozenset({"messages", "checks"}),
)
LIST_FOUNDATION_MODELS = Operation(
    "ListFoundationModels",
    "GET",
    "/foundation-models",
    service=CONTROL,
    action="bedrock:ListFoundationModels",
    in_path=(),
    in_query={
        "byProvider": "byProvider",
        "byCustomizationType": "byCustomizationType",
        "byOutputModality": "byOutputModality",
        "byInferenceType": "byInferenceType",
    },
)
LIST_INFERENCE_PROFILES = Operation(
    "ListInferenceProfiles",
    "GET",
    "/inference-profiles",
    service=CONTROL,
    action="bedrock:ListInferenceProfiles",
    in_path=(),
    in_query={"maxResults": "maxResults", "nextToken": "nextToken", "typeEquals": "type"},
)
GET_INFERENCE_PROFILE = Operation(
    "GetInferenceProfile",
    "GET",
    "/inference-profiles/{inferenceProfileIdentifier}",
    service=CONTROL,
    action="bedrock:GetInferenceProfile",
    in_path=("inferenceProfileIdentifier",),
)
RERANK = Operation(
    "Rerank",
    "POST",
    "/rerank",
    service=AGENT,
    action="bedrock:Rerank",
    in_path=(),
    in_body=frozenset({"queries", "sources", "rerankingConfiguration", "nextToken"}),
)

OPERATIONS: tuple[Operation, ...] = (
    CONVERSE,
    CONVERSE_STREAM,
    INVOKE_MODEL,
    INVOKE_MODEL_STREAM,
    COUNT_TOKENS,
    APPLY_GUARDRAIL,
    INVOKE_GUARDRAIL_CHECKS,
    LIST_FOUNDATION_MODELS,
    LIST_INFERENCE_PROFILES,
    GET_INFERENCE_PROFILE,
    RERANK,
)

_JSON = {"content-type": "application/json"}


class Encoded(NamedTuple):
    """A request's place on the wire, before host and signature."""

    target: str
    headers: dict[str, str]
    body: bytes


def encode(operation: Operation, members: Mapping[str, Any]) -> Encoded:
    """The HTTP form of a request.

    Args:
        members: the request in botocore's shape (``modelId``, ``messages``, …). Not changed.

    Raises:
        InvalidRequestError: a member of the path is missing or empty, a member goes nowhere, or a value has
            no JSON form.
    """
    _refuse_unknown(operation, members)
    path_values: list[str] = []
    for name in operation.in_path:
        value = members.get(name)
        if not isinstance(value, str) or not value:
            raise InvalidRequestError(
                f"{operation.name} needs {name} as text, not {value!r}", operation=operation.name
            )
        path_values.append(value)
    try:
        target = _path(operation, *path_values)
        if operation.method == "GET":
            query = {
                operation.in_query[name]: str(value)
                for name, value in members.items()
                if value is not None and name in operation.in_query
            }
            return Encoded(f"{target}?{urlencode(query, quote_via=quote)}" if query else target, {}, b"")
        if operation.raw_body:
            return _encode_raw(operation, target, members)
        body = {
            name: value
            for name, value in members.items()
            if value is not None and name not in operation.in_path
        }
        return Encoded(target, dict(_JSON), json_codec.dumps(body))
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(
            f"the {operation.name} request cannot be written: {error}", operation=operation.name
        ) from error


def _refuse_unknown(operation: Operation, members: Mapping[str, Any]) -> None:
    body = frozenset({"body"}) if operation.raw_body else operation.in_body
    for name in members:
        if name in body or name in operation.in_path:
            continue
        if name not in operation.in_headers and name not in operation.in_query:
            known = sorted({*body, *operation.in_path, *operation.in_headers, *operation.in_query})
            raise InvalidRequestError(
                f"{operation.name} has no member {name!r}",
                operation=operation.name,
                hint=did_you_mean(name, known) or f"its members are {', '.join(known)}",
            )


def _encode_raw(operation: Operation, target: str, members: Mapping[str, Any]) -> Encoded:
    headers = dict(_JSON)
    for name, value in members.items():
        if value is None or name == "body" or name in operation.in_path:
            continue
        if not isinstance(value, str) or not (value.isascii() and value.isprintable()):
            raise ValueError(f"{name} travels as a header, as printable ASCII text, not {value!r:.80}")
        headers[operation.in_headers[name]] = value
    body = members.get("body")
    if body is None:
        body = b""
    elif isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, (bytes, bytearray, memoryview)):
        body = json_codec.dumps(body)
    return Encoded(target, headers, bytes(cast("bytes", body)))


@lru_cache(maxsize=512)
def _path(operation: Operation, *values: str) -> str:
    quoted = [quote(value, safe="-._~") for value in values]
    return operation.path.format(**dict(zip(operation.in_path, quoted, strict=True)))


def model_of(members: Mapping[str, Any]) -> str | None:
    """The model that a request names, for messages; Rerank's has its place deep inside."""
    if (model_id := members.get("modelId")) is not None or "rerankingConfiguration" not in members:
        return model_id
    inside: Any = members
    for name in ("rerankingConfiguration", "bedrockRerankingConfiguration", "modelConfiguration", "modelArn"):
        inside = cast("Mapping[str, Any]", inside).get(name) if isinstance(inside, Mapping) else None
    return inside.rpartition("::foundation-model/")[2] if isinstance(inside, str) else None


def names_guardrail(encoded: Encoded) -> bool:
    """Whether a request named a guardrail; for the hints of its failure."""
    return "x-amzn-bedrock-guardrailidentifier" in encoded.headers or b'"guardrailConfig":' in encoded.body
