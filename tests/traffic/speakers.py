"""Those who take part in a replay: each asks, gives its answer in the common form, and sends it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from boto3 import Session
from botocore.config import Config

from bedrock_unified import BedrockClient
from bedrock_unified.errors import BedrockError

from .recordings import Exchange
from .shapes import as_botocore_takes, input_shape
from .views import Answer, Block, answer_of, failed

QUESTION = "What came back?"
#: Models whose documentation tells to leave earlier reasoning out of the history.
NO_REASONING_IN_HISTORY = frozenset({"us.deepseek.r1-v1:0"})
CONNECTION: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "max_retries": 0,
}


@dataclass(slots=True)
class Reply:
    """An answer in the common form, and as the speaker's own message."""

    answer: Answer
    message: Any = None


class Speaker(Protocol):
    """Speaks to one endpoint. ``ask`` and ``send_back`` use the exchange's own operation."""

    name: str

    def ask(self, exchange: Exchange) -> Reply:
        """Make the call whose answer was recorded."""
        ...

    async def aask(self, exchange: Exchange) -> Reply:
        """The same, asynchronously."""
        ...

    def send_back(self, exchange: Exchange, reply: Reply) -> None:
        """Call again with the answer in the history and one more turn behind it."""
        ...

    async def asend_back(self, exchange: Exchange, reply: Reply) -> None:
        """The same, asynchronously."""
        ...

    def kept(self, exchange: Exchange, content: list[Block]) -> list[Block]:
        """AWS's blocks as they can go back: without what the framework's messages have no place for."""
        ...

    def close(self) -> None:
        """Close the synchronous connections."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


SpeakerMaker = Callable[[str], Speaker]


def recorded_request(exchange: Exchange) -> dict[str, Any]:
    """The recorded Converse request in boto3's form."""
    return {
        **as_botocore_takes(input_shape(exchange.operation), exchange.request),
        "modelId": exchange.model_id,
    }


class KeepsAll:
    """Those who send AWS's blocks as they came."""

    def kept(self, exchange: Exchange, content: list[Block]) -> list[Block]:
        return content


class KeepsWhatModelsTake:
    """Those who send a history as its model takes it, by what is known of the model."""

    def kept(self, exchange: Exchange, content: list[Block]) -> list[Block]:
        if exchange.model_id not in NO_REASONING_IN_HISTORY:
            return content
        return [block for block in content if "reasoningContent" not in block]


class ClientSpeaker(KeepsAll):
    """:class:`BedrockClient`, asking with the recorded requests themselves."""

    name = "BedrockClient"

    def __init__(self, url: str) -> None:
        self.client = self._client(url)

    def _client(self, url: str) -> BedrockClient:
        return BedrockClient(endpoint_url=url, **CONNECTION)

    def ask(self, exchange: Exchange) -> Reply:
        return self._call(exchange, recorded_request(exchange))

    async def aask(self, exchange: Exchange) -> Reply:
        return await self._acall(exchange, recorded_request(exchange))

    def send_back(self, exchange: Exchange, reply: Reply) -> None:
        self._call(exchange, _with_history(exchange, reply.message))

    async def asend_back(self, exchange: Exchange, reply: Reply) -> None:
        await self._acall(exchange, _with_history(exchange, reply.message))

    def close(self) -> None:
        self.client.close()

    async def aclose(self) -> None:
        await self.client.aclose()

    def _call(self, exchange: Exchange, request: dict[str, Any]) -> Reply:
        try:
            if not exchange.streams:
                return _reply(self.client.converse(**request))
            with self.client.converse_stream(**request) as stream:
                for _ in stream:
                    pass
                return _reply(stream.response)
        except BedrockError as error:
            return Reply(failed(error.code, error.message))

    async def _acall(self, exchange: Exchange, request: dict[str, Any]) -> Reply:
        try:
            if not exchange.streams:
                return _reply(await self.client.aconverse(**request))
            async with await self.client.aconverse_stream(**request) as stream:
                async for _ in stream:
                    pass
                return _reply(stream.response)
        except BedrockError as error:
            return Reply(failed(error.code, error.message))


class InjectedSpeaker(ClientSpeaker):
    """:class:`BedrockClient` over the caller's own boto3 client."""

    name = "BedrockClient(client=boto3)"

    def _client(self, url: str) -> BedrockClient:
        return BedrockClient(client=boto3_client(url))


def boto3_client(url: str, service: str = "bedrock-runtime") -> Any:
    """A boto3 client on an endpoint, with the same settings."""
    return Session().client(
        service,
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}),
        **{name: value for name, value in CONNECTION.items() if name != "max_retries"},
    )


def _reply(response: dict[str, Any]) -> Reply:
    return Reply(answer_of(response), response["output"]["message"])


def _with_history(exchange: Exchange, message: dict[str, Any]) -> dict[str, Any]:
    turns = [
        {"role": "user", "content": [{"text": QUESTION}]},
        message,
        {"role": "user", "content": results_of(message["content"]) or [{"text": QUESTION}]},
    ]
    return {**recorded_request(exchange), "messages": turns}


def results_of(content: list[Block]) -> list[Block]:
    """A result for each call that the caller must execute."""
    return [
        {"toolResult": {"toolUseId": block["toolUse"]["toolUseId"], "content": [{"text": "done"}]}}
        for block in content
        if "toolUse" in block and block["toolUse"].get("type") != "server_tool_use"
    ]
