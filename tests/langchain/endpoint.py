"""One endpoint for the tests of a file, its memory emptied before each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bedrock_unified import LocalBedrock


@pytest.fixture(scope="module")
def local() -> Iterator[LocalBedrock]:
    with LocalBedrock() as running:
        yield running


@pytest.fixture
def endpoint(local: LocalBedrock) -> LocalBedrock:
    local.forget()
    return local


@pytest.fixture
def connection(endpoint: LocalBedrock) -> dict[str, Any]:
    return {"endpoint_url": endpoint.url, "region_name": "us-east-1", "api_key": endpoint.API_KEY}
