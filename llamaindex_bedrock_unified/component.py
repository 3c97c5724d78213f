"""What LlamaIndex expects of a component: to be written down, read back and copied, and never with a secret.

LlamaIndex's ``BaseComponent`` unpickles through ``__init__`` and, while it pickles, deletes what cannot be
pickled from the living object. Both would lose credentials silently; here neither happens.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping
from typing import Any, Self

from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import BaseComponent
from pydantic import BaseModel

from bedrock_unified.client import BedrockClient
from bedrock_unified.decided import decided_by_boto
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.settings import SECRETS, ConnectionSettings
from bedrock_unified.wire.endpoints import endpoint_url
from bedrock_unified.wire.operations import AGENT, RUNTIME

from .boto import without_boto

_logger = logging.getLogger(__name__)

#: Stands in ``to_dict()`` where credentials, or a client that has some, were left out.
WITHHELD = "credentials_withheld"
#: What dumps hold beside the fields.
DUMPED = frozenset({"class_name", WITHHELD})
#: Of the connection, in the order in which LlamaIndex's own packages take it by its place.
POSITIONS = ("profile_name", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region_name")
_CARRIERS = (*SECRETS, "client", "control_client", "agent_client")
# LlamaIndex's own, any of which may hold locks, sockets or lambdas. A copy shares them.
_FRAMEWORK = (
    "callback_manager",
    "rate_limiter",
    "messages_to_prompt",
    "completion_to_prompt",
    "output_parser",
    "query_wrapper_prompt",
    "embeddings_cache",
)


class BedrockComponent(BaseComponent, defer_build=True):  # only models are made, and say False again
    """Pickle, ``deepcopy``, ``to_dict`` and ``from_dict`` of the models; stands before LlamaIndex's base."""

    def __init__(self, **given: Any) -> None:
        given.pop("class_name", None)  # LlamaIndex writes it into every dump
        withheld = given.pop(WITHHELD, False) and all(given.get(name) is None for name in _CARRIERS)
        agent = type(self)._asks_the_agent_runtime(given)
        super().__init__(**without_boto(given, type(self).__name__, agent=agent))
        if withheld:
            self._secrets_lost = True

    @classmethod
    def _asks_the_agent_runtime(cls, given: Mapping[str, Any]) -> bool:
        """Whether a component of these keywords calls bedrock-agent-runtime instead of bedrock-runtime."""
        return False

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """The parameters, without secrets and clients; ``from_dict`` makes an equal model of them.

        Of a BedrockClient its settings are written, of a boto3 client its region and its endpoint. Where
        explicit credentials or a boto3 client were left out, ``credentials_withheld`` says so: the restored
        model then refuses to call instead of signing as somebody else, unless it is given new ones
        (``from_dict(data, api_key=…)``).
        """
        data = super().to_dict(**kwargs)
        if data.get("embeddings_cache") is not None:
            data["embeddings_cache"] = None  # a living store, which changes no vector
        data |= self._where_boto_goes()
        lost = self._secrets_lost or any(getattr(self, name) is not None for name in _CARRIERS)
        client = getattr(self, "client", None)
        if isinstance(client, BedrockClient):  # where it goes is what this model's calls do
            settings = client.settings.without_secrets()
            data |= {name: getattr(settings, name) for name in ConnectionSettings.names() - set(_CARRIERS)}
            lost = settings.secrets_lost
        if lost:
            data[WITHHELD] = True
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> Self:
        """A model of what :meth:`to_dict` wrote; keywords win. A ``client`` decides about the connection."""
        if any(kwargs.get(name) is not None for name in ("client", "agent_client")):
            data = {name: value for name, value in data.items() if name not in ConnectionSettings.names()}
        return super().from_dict(data, **kwargs)

    def _where_boto_goes(self) -> dict[str, str]:
        """The region and the endpoint of a boto3 client, which is not written down itself."""
        for name, service in (("client", RUNTIME), ("agent_client", AGENT)):
            client = getattr(self, name)
            if client is not None and not isinstance(client, BedrockClient):
                told = decided_by_boto(client, ("region_name", "endpoint_url"))
                where = {part: value for part, value in told.items() if isinstance(value, str)}
                if where.get("endpoint_url") == _of_aws(service, where.get("region_name")):
                    where.pop("endpoint_url", None)
                return where
        return {}

    def __getstate__(self) -> dict[Any, Any]:
        state = dict(BaseModel.__getstate__(self))
        fields = state["__dict__"] = dict(state["__dict__"]) | self._where_boto_goes()
        for name in _FRAMEWORK:
            held = fields.get(name)
            if held is None:
                continue
            try:
                pickle.dumps(held)
            except Exception:  # whatever a foreign __reduce__ raises
                _logger.warning("%s: %s cannot be pickled and is left out", type(self).__name__, name)
                fields[name] = CallbackManager([]) if name == "callback_manager" else None
        return state

    def __setstate__(self, state: dict[Any, Any]) -> None:
        BaseModel.__setstate__(self, state)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        memo = {} if memo is None else memo
        for name in _FRAMEWORK:  # one permit budget, one trace, for the copy too
            if (held := getattr(self, name, None)) is not None:
                memo[id(held)] = held
        return super().__deepcopy__(memo)


def _of_aws(service: str, region: str | None) -> str | None:
    """AWS's own endpoint; None where there is none of that name, as for a stand-in's region."""
    try:
        return endpoint_url(service, region) if region else None
    except ConfigurationError:
        return None


def without_span(method: Any) -> Any:
    """A method of a base class, called from the one that overrides it: the call is one span, not two."""
    return getattr(method, "__wrapped__", method)


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``more`` laid over it: dicts are merged, everything else is replaced. New dicts only."""
    result = dict(base)
    for name, value in more.items():
        held = result.get(name)
        if isinstance(held, Mapping) and isinstance(value, Mapping):
            value = merged(held, value)
        result[name] = value
    return result
