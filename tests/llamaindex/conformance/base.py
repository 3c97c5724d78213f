"""What every conformance class starts from: an endpoint, and models of the class under test that call it.

The kit knows LlamaIndex's classes and Bedrock's wire, and nothing of a package under test but the class and
its constructor's keywords. It needs pytest, pytest-asyncio and the local endpoint.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any, ClassVar

import pytest
from llama_index.core import Settings
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.rate_limiter import BaseRateLimiter
from pydantic import Field

from bedrock_unified.local import LocalBedrock

Reply = dict[str, Any]
Serve = Callable[..., LocalBedrock]
#: Explicit credentials; a test that looks for them must never find them.
KEYS = {
    "aws_access_key_id": LocalBedrock.ACCESS_KEY_ID,
    "aws_secret_access_key": LocalBedrock.SECRET_ACCESS_KEY,
}
#: The same user's, for an hour.
OTHER_KEYS = {
    "aws_access_key_id": LocalBedrock.TEMPORARY_ACCESS_KEY_ID,
    "aws_secret_access_key": LocalBedrock.SECRET_ACCESS_KEY,
    "aws_session_token": LocalBedrock.SESSION_TOKEN,
}
#: The account's application inference profile.
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
PROFILED = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
#: LlamaIndex's own deprecations, which no model can help.
LLAMAINDEX_WARNINGS = (
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key"),
)


class Make:
    """Makes models of the class under test; they are closed after the test."""

    def __init__(self, model_class: type[Any], keywords: dict[str, Any]) -> None:
        self._class = model_class
        self._keywords = keywords
        self.made: list[Any] = []

    def __call__(self, **keywords: Any) -> Any:
        """A model, of the usual keywords and these."""
        return self.adopt(self._class(**{**self._keywords, **keywords}))

    def adopt(self, model: Any) -> Any:
        """See to it that a model that came about otherwise is closed."""
        self.made.append(model)
        return model


class Conformance:
    """A class under test and its keywords.

    Attributes:
        model_class: the class.
        model_keywords: what it is made with here; credentials, region and endpoint are in the environment.
    """

    model_class: ClassVar[type[Any]]
    model_keywords: ClassVar[dict[str, Any]] = {}

    async def close(self, model: Any) -> None:
        """Give up a model's connections; a class without a way to do so needs nothing here."""

    @pytest.fixture
    def serve(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
        """Starts an endpoint that gives these replies in order, and points the environment at it."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull + "-none")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull + "-none")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with ExitStack() as stack:

            def start(*replies: Reply, **options: Any) -> LocalBedrock:
                options.setdefault("application_profiles", {"abcdefghijkl": PROFILED})
                endpoint = LocalBedrock(script=replies or None, **options)
                stack.enter_context(endpoint)
                for name, value in endpoint.environment().items():
                    monkeypatch.setenv(name, value)
                return endpoint

            yield start

    @pytest.fixture
    async def make(self, serve: Serve) -> AsyncIterator[Make]:
        """Makes models of the class under test; ``serve`` comes first."""
        maker = Make(self.model_class, self.model_keywords)
        yield maker
        for each in maker.made:
            await self.close(each)

    @pytest.fixture
    def events(self) -> Iterator[list[str]]:
        """The class names of the instrumentation events, as they come."""
        root, handler = get_dispatcher(), EventNames()
        root.add_event_handler(handler)
        yield handler.seen
        root.event_handlers.remove(handler)

    @pytest.fixture
    def settings(self) -> Iterator[Any]:
        """LlamaIndex's global settings, which are forgotten afterwards."""
        yield Settings
        Settings._llm = Settings._embed_model = Settings._callback_manager = None


class EventNames(BaseEventHandler):
    """Keeps the names of events."""

    seen: list[str] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "EventNames"

    def handle(self, event: Any, **_: Any) -> None:
        self.seen.append(event.class_name())


class Permits(BaseRateLimiter):
    """Counts who asked for leave."""

    def __init__(self) -> None:
        self.taken = 0

    def acquire(self, num_tokens: int = 0) -> None:
        self.taken += 1

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.taken += 1


def says(*blocks: str | dict[str, Any], tokens: tuple[int, int] = (1111, 77), **more: Any) -> Reply:
    """An answer of text and blocks, with what it cost."""
    usage = {"inputTokens": tokens[0], "outputTokens": tokens[1], "totalTokens": sum(tokens)}
    content = [{"text": block} if isinstance(block, str) else block for block in blocks]
    return {"content": content, "usage": usage, **more}


def calls(name: str, given: dict[str, Any], tool_use_id: str = "tooluse_1") -> dict[str, Any]:
    """A tool call."""
    return {"toolUse": {"toolUseId": tool_use_id, "name": name, "input": given}}


def thought(text: str, signature: str = "U0lH") -> dict[str, Any]:
    """Signed reasoning."""
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}


def pieces(text: str, size: int = 3) -> list[str]:
    """A text in the deltas of a stream."""
    return [text[start : start + size] for start in range(0, len(text), size)]


#: Reasoning that only the model can read.
REDACTED = {"reasoningContent": {"redactedContent": b"\x00\xff\xfe"}}
