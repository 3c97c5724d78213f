"""What the acceptance checks start from: a local endpoint, and apps of both frameworks that call it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_unified.local import LocalBedrock, ServedRequest

from ..traffic.conftest import no_settings_of_this_machine as no_settings_of_this_machine
from .frameworks import APPS, App, Embedder

MakeApp = Callable[..., App]
MakeEmbedder = Callable[..., Embedder]
KEYS = {
    "aws_access_key_id": LocalBedrock.ACCESS_KEY_ID,
    "aws_secret_access_key": LocalBedrock.SECRET_ACCESS_KEY,
}


class Account:
    """An imagined AWS account: a local endpoint, started when it is first needed.

    :meth:`has` says what it is like, before it is used.
    """

    def __init__(self) -> None:
        self._endpoint: LocalBedrock | None = None
        self._about: dict[str, Any] = {}

    def has(self, **about: Any) -> None:
        """Make it with these keywords of :class:`LocalBedrock` (``script``, ``faults``, ``models``, …)."""
        assert self._endpoint is None, "the endpoint is running already"
        self._about |= about

    def says(self, *blocks: dict[str, Any] | str, **members: Any) -> None:
        """Answer every Converse request with these blocks."""
        content = [{"text": block} if isinstance(block, str) else block for block in blocks]
        self.has(script=[{"content": content, "times": None, **members}])

    @property
    def endpoint(self) -> LocalBedrock:
        """The endpoint, running."""
        if self._endpoint is None:
            self._endpoint = LocalBedrock(**self._about).start()
        return self._endpoint

    @property
    def served(self) -> list[ServedRequest]:
        """The requests that came, oldest first."""
        return self.endpoint.requests

    @property
    def last(self) -> ServedRequest:
        """The latest request."""
        return self.served[-1]

    @property
    def body(self) -> dict[str, Any]:
        """The latest Converse request, or the JSON of the latest InvokeModel body."""
        body = self.last.body
        return json.loads(body["body"]) if "body" in body else body

    def stop(self) -> None:
        """Stop the endpoint."""
        if self._endpoint is not None:
            self._endpoint.stop()


@pytest.fixture
def account() -> Iterator[Account]:
    """An account, with an endpoint of its own for each test."""
    made = Account()
    yield made
    made.stop()


@pytest.fixture(params=APPS, ids=lambda app: app.name)
def framework(request: pytest.FixtureRequest) -> Any:
    """Each framework in turn."""
    return request.param


@pytest.fixture
def app(framework: Any, account: Account) -> Iterator[MakeApp]:
    """Makes chat models of the framework that call the account: ``app(model_id, **parameters)``."""
    made: list[App] = []

    def make(model: str, **parameters: Any) -> App:
        connection = {"endpoint_url": account.endpoint.url, "max_retries": 0}
        made.append(framework(**{"model": model, **connection, **KEYS, **parameters}))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def embedder(framework: Any, account: Account) -> Iterator[MakeEmbedder]:
    """Makes embedding models of the framework: ``embedder(model_id, **parameters)``."""
    made: list[Embedder] = []

    def make(model: str, **parameters: Any) -> Embedder:
        connection = {"endpoint_url": account.endpoint.url, "max_retries": 0}
        made.append(Embedder(framework.name, **{"model": model, **connection, **KEYS, **parameters}))
        return made[-1]

    yield make
    for one in made:
        one.close()
