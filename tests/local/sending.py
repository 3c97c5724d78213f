"""Sending recorded requests to the endpoint, byte by byte as they were, signed with botocore."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from unittest import mock

import botocore.auth
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bedrock_unified.local import LocalBedrock


def signed_headers(
    url: str,
    body: bytes,
    *,
    method: str = "POST",
    key: str = LocalBedrock.ACCESS_KEY_ID,
    secret: str = LocalBedrock.SECRET_ACCESS_KEY,
    token: str | None = None,
    service: str = "bedrock",
    region: str = "us-east-1",
    age: timedelta = timedelta(0),
    content_type: str = "application/json",
) -> dict[str, str]:
    """Headers of a SigV4 request, made by botocore at a moment ``age`` ago."""
    sample = AWSRequest(method=method, url=url, data=body, headers={"Content-Type": content_type})
    moment = datetime.now(UTC).replace(tzinfo=None) - age
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=moment):
        SigV4Auth(Credentials(key, secret, token), service, region).add_auth(sample)
    return dict(sample.headers.items())


def send(
    endpoint: LocalBedrock, path: str, body: bytes, headers: dict[str, str], *, method: str = "POST"
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower-case names) and the whole body of one answer."""
    connection = HTTPConnection("127.0.0.1", endpoint.port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, {n.lower(): v for n, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def post(
    endpoint: LocalBedrock, path: str, request: dict[str, Any] | bytes, **signing: Any
) -> tuple[int, dict[str, str], bytes]:
    """POST ``request`` signed."""
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return send(endpoint, path, body, signed_headers(endpoint.url + path, body, **signing))
