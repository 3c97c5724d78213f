"""Reading successful answers: from an HTTP response to botocore's shape."""

from __future__ import annotations

from typing import Any

from .converse.blobs import decode_response
from .listing import with_times, without_nulls
from .wire import json_codec
from .wire.http import Response


def read_converse(response: Response) -> dict[str, Any]:
    """Converse: blobs decoded, everything else as AWS sent it."""
    answer = decode_response(json_codec.loads(response.body))
    answer["output"]  # noqa: B018 - a KeyError says that this is not a Converse answer
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
    return without_nulls(json_codec.loads(response.body))


def read_listing(response: Response) -> dict[str, Any]:
    """Answers of the control plane, their times as ``datetime``."""
    return with_times(json_codec.loads(response.body))
