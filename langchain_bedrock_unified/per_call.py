"""Connection parameters of a single call: another region, key or endpoint, for this call only."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from bedrock_unified.client import BedrockClient
from bedrock_unified.errors import BedrockError
from bedrock_unified.parameters import SECRETS, ConnectionParameters
from bedrock_unified.spelling import SPELLINGS, canonical

from .errors import adapted

if TYPE_CHECKING:
    from .chat_models import ChatBedrock

#: What a call may say; clients that are handed in belong to a model.
_NAMES = frozenset(ConnectionParameters.model_fields) - {"client", "control_client", "agent_client"}
_SPELLED = _NAMES | {spelling for spelling, name in SPELLINGS.items() if name in _NAMES}
_IDENTITY = (*SECRETS, "profile_name")
#: So many clients of calls are kept with their connections.
_KEPT = 16

Clients = dict[tuple[Any, ...], BedrockClient]


def client_for(
    model: ChatBedrock, given: dict[str, Any], kept: Clients
) -> tuple[BedrockClient, dict[str, Any]]:
    """The client of a call, and the call's keywords without those that chose it.

    An identity that a call brings takes the place of the model's own: a key of the one is never joined with
    a token of the other.

    Args:
        kept: clients of earlier calls.

    Raises:
        ConfigurationError: values that cannot work, or a model whose ``client`` would make them meaningless.
    """
    if _SPELLED.isdisjoint(given):
        return model.bedrock, given
    told = {name: value for name, value in given.items() if name in _SPELLED}
    rest = {name: value for name, value in given.items() if name not in _SPELLED}
    try:
        named = canonical(told, _NAMES, where="this call")
        named = {name: value for name, value in named.items() if value is not None}
        if not named:
            return model.bedrock, rest
        key = tuple(sorted((name, _plain(value)) for name, value in named.items()))
        client = kept.get(key)
        if client is None:
            client = _made(model, named)
            while len(kept) >= _KEPT:
                del kept[next(iter(kept))]
            kept[key] = client
    except BedrockError as error:
        raise adapted(error) from error.__cause__
    return client, rest


def without_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """A call's keywords for traces and caches: a mark in each secret's place, the same for the same one."""
    if _SPELLED.isdisjoint(given):
        return dict(given)
    return {
        name: _mark(value) if SPELLINGS.get(name, name) in SECRETS and value is not None else value
        for name, value in given.items()
    }


def _made(model: ChatBedrock, named: dict[str, Any]) -> BedrockClient:
    update = dict(named)
    own_identity = not named.keys().isdisjoint(_IDENTITY)
    if own_identity:
        update = {**dict.fromkeys(_IDENTITY), **named}
    copied = model.model_copy(update=update)
    if own_identity:
        copied._secrets_lost = False
    return copied.bedrock


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _mark(value: Any) -> str:
    return "secret " + sha256(str(_plain(value)).encode("utf-8", "surrogatepass")).hexdigest()[:12]
