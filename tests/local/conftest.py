"""Fixtures: a fresh endpoint for each test, and boto3 clients pointed at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bedrock_unified.local import LocalBedrock

Client = Any
MakeClient = Callable[..., Client]


@pytest.fixture
def endpoint() -> Iterator[LocalBedrock]:
    with LocalBedrock() as running:
        yield running


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeClient]:
    """Make boto3 clients for an endpoint, closed at the end."""
    for name in ("AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    made: list[Client] = []

    def make(endpoint: LocalBedrock, service: str = "bedrock-runtime", **options: Any) -> Client:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=10, connect_timeout=5)
        client = boto3.client(  # pyright: ignore[reportCallIssue, reportUnknownMemberType]
            service,
            **{
                "endpoint_url": endpoint.url,
                "region_name": "us-east-1",
                "aws_access_key_id": endpoint.ACCESS_KEY_ID,
                "aws_secret_access_key": endpoint.SECRET_ACCESS_KEY,
                "config": config,
                **options,
            },
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def runtime(endpoint: LocalBedrock, connect: MakeClient) -> Client:
    return connect(endpoint)


@pytest.fixture(scope="module")
def shared_endpoint() -> Iterator[LocalBedrock]:
    """One endpoint for the tests of a module that leave nothing behind in it."""
    with LocalBedrock() as running:
        yield running
