"""Reading successful answers: from an HTTP response to botocore's shape."""

from __future__ import annotations

from typing import Any, cast

from .converse.blobs import decode_response
from .listing import with_times, without_nulls
from .wire import json_codec
from .wire.http import Response


def read_converse(response: Response) -> dict[str, Any]:
    """Converse: blobs decoded, everything else as AWS sent it."""
    answer = decode_response(_members(response))
    if "output" not in answer:
        raise ValueError("it has no output")
    return answer


def read_invoke(response: Response) -> dict[str, Any]:
    """InvokeModel: the model's own body as bytes, and what the headers say."""
    answer: dict[str, Any] = {
        "body": response.body,
        "contentType": response.headers.get("content-type", ""),
    }
    for member, header in (
        ("performanceConfigLatency", "x-amzn-bedrock-performanceconfig-latency"),
        ("serviceTier", "x-amzn-bedrock-service-tier"),
    ):
        if header in response.headers:
            answer[member] = response.headers[header]
    return answer


def read_plain(response: Response) -> dict[str, Any]:
    """Answers without blobs or documents, in which AWS writes some members as null."""
    return without_nulls(_members(response))


def read_models(response: Response) -> dict[str, Any]:
    """ListFoundationModels, its times as ``datetime``."""
    return _listing(response, "modelSummaries")


def read_inference_profiles(response: Response) -> dict[str, Any]:
    """One page of ListInferenceProfiles, its times as ``datetime``."""
    return _listing(response, "inferenceProfileSummaries")


def read_inference_profile(response: Response) -> dict[str, Any]:
    """GetInferenceProfile, its times as ``datetime``."""
    return with_times(without_nulls(_members(response)))


def _listing(response: Response, name: str) -> dict[str, Any]:
    answer = with_times(_members(response))
    if not isinstance(answer.get(name), list):
        raise ValueError(f"it has no {name}")
    return answer


def _members(response: Response) -> dict[str, Any]:
    answer = json_codec.loads(response.body)
    if not isinstance(answer, dict):
        raise TypeError("it is not a JSON object")
    return cast("dict[str, Any]", answer)
