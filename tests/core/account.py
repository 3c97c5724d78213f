"""Clients of a local endpoint that has a control plane, for tests that ask which models there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_unified import BedrockClient, LocalBedrock

Make = Callable[..., BedrockClient]
KEYS = {
    "aws_access_key_id": LocalBedrock.ACCESS_KEY_ID,
    "aws_secret_access_key": LocalBedrock.SECRET_ACCESS_KEY,
}


@pytest.fixture
def client(endpoint: LocalBedrock) -> Iterator[Make]:
    """Makes clients of the endpoint, control plane included."""
    made: list[BedrockClient] = []

    def make(at: LocalBedrock = endpoint, **settings: Any) -> BedrockClient:
        urls = {"endpoint_url": at.url, "control_endpoint_url": at.url}
        made.append(
            BedrockClient(**{"region_name": "us-east-1", "max_retries": 0, **urls, **KEYS, **settings})
        )
        return made[-1]

    yield make
    for one in made:
        one.close()
