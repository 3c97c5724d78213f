"""The parameters of rerankers, the same in both frameworks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from .client import BedrockClient
from .connection_parameters import ConnectionParameters
from .decided import decided_by_boto
from .errors import ConfigurationError, InvalidRequestError
from .rerank import DEFAULT_MODEL, HowToRerank, planned
from .settings import ConnectionSettings

#: Spellings of the model that users of other packages type.
SPELLINGS: Mapping[str, str] = {
    "model": "model_id",
    "model_name": "model_id",
    "model_arn": "model_id",
    "rerank_model_name": "model_id",
    "rerank_model_arn": "model_id",
    "additional_kwargs": "additional_model_request_fields",
}
#: What decides nothing about a call of Rerank, and what a client is.
_UNASKED = frozenset({"client", "control_client", "control_endpoint_url", "agent_client", "cross_region"})


class RerankParameters(ConnectionParameters):
    """How a model reranks; the fields are the keywords of :meth:`bedrock_unified.BedrockClient.rerank`.

    By default it goes through the agent runtime's Rerank, as other packages do. ``client`` may then be a
    boto3 client of bedrock-agent-runtime, which decides about the connection, and ``endpoint_url`` is that
    service's, unless ``agent_endpoint_url`` is given, too.
    """

    model_id: str = Field(default=DEFAULT_MODEL, description="id or ARN of a rerank model")
    top_n: int | None = Field(default=None, ge=1, description="results at most; None gives all")
    via: str = Field(default="agent", description="agent (Rerank of the agent runtime) or invoke")
    family: str | None = Field(default=None, description="cohere or amazon, for via='invoke'")
    additional_model_request_fields: dict[str, Any] | None = Field(
        default=None, description="further members of the model's own body"
    )
    concurrency: int = Field(default=16, ge=1, description="requests at a time, of 1,000 documents each")

    def __init__(self, *values: Any, **given: Any) -> None:
        given = self._by_name(values, given)
        client = given.get("client")
        if _reranks(client) and (given.get("via") in (None, "agent") or not _calls_models(client)):
            if given.get("agent_client") is not None:
                raise ConfigurationError(
                    "client and agent_client are both clients of bedrock-agent-runtime",
                    hint="keep one of them",
                )
            given = {**given, "client": None, "agent_client": client}
        super().__init__(**given)

    def _how_to_rerank(
        self, top_n: int | None = None, fields: Mapping[str, Any] | None = None
    ) -> HowToRerank:
        """The keywords of a call, with values of its own where it has some."""
        return {
            "top_n": self.top_n if top_n is None else top_n,
            "via": self.via,
            "family": self.family,
            "additional_model_request_fields": self.additional_model_request_fields
            if fields is None
            else fields,
            "concurrency": self.concurrency,
        }

    def _settings(self) -> ConnectionSettings:
        settings = super()._settings()
        if self.via == "agent" and settings.agent_endpoint_url is None:
            return replace(settings, agent_endpoint_url=settings.endpoint_url)
        return settings

    def _check(self) -> None:
        super()._check()
        if self.via == "invoke" and self.agent_client is not None:
            raise ConfigurationError(
                "a client of bedrock-agent-runtime would not be used with via='invoke'",
                hint="give boto3.client('bedrock-runtime'), or via='agent'",
            )
        try:
            planned("-", [], self.model_id, lambda: "us-east-1", **self._how_to_rerank())
        except InvalidRequestError as error:
            raise ConfigurationError(error.message, hint=error.hint) from None

    def _check_client(self, changes: Mapping[str, Any]) -> None:
        super()._check_client(changes)
        client = changes.get("client", self.client)
        agent = changes.get("agent_client", self.agent_client)
        if self.via == "agent" and client is not None and not isinstance(client, BedrockClient):
            raise ConfigurationError(
                "client is one of bedrock-runtime, and via='agent' asks bedrock-agent-runtime",
                hint="give boto3.client('bedrock-agent-runtime'), or via='invoke'",
            )
        if agent is None or isinstance(client, BedrockClient):  # which decides about both
            return
        if not _reranks(agent):
            raise ConfigurationError(
                f"{type(self).__name__}: agent_client is a {type(agent).__name__}, "
                "not a client of bedrock-agent-runtime",
                hint="give boto3.client('bedrock-agent-runtime')",
            )
        decided = decided_by_boto(agent, ConnectionSettings.names() - _UNASKED)
        self._refuse_ignored("agent_client", decided, changes)


def _reranks(client: Any) -> bool:
    """Whether it is a boto3 client of the agent runtime, or a stand-in for one."""
    theirs = not isinstance(client, (BedrockClient, type))
    return theirs and callable(getattr(client, "rerank", None))


def _calls_models(client: Any) -> bool:
    return callable(getattr(client, "invoke_model", None))
