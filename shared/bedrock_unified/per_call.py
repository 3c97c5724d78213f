"""Connection parameters of a single call: another region, key or endpoint, for this call only."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Lock
from typing import Any, TypeVar

from pydantic import SecretStr

from .client import BedrockClient
from .connection_parameters import ConnectionParameters, laid_over
from .errors import ConfigurationError
from .private import private
from .settings import SECRETS
from .spelling import SPELLINGS, canonical

#: What a call may say; clients that are handed in belong to a model.
_NAMES = frozenset(ConnectionParameters.model_fields) - {"client", "control_client", "agent_client"}
#: The same in every spelling.
CONNECTION_KEYWORDS = _NAMES | {spelling for spelling, name in SPELLINGS.items() if name in _NAMES}
#: So many clients of calls are kept with their connections.
_KEPT = 16
_lock = Lock()
_Name = TypeVar("_Name", bound=str)

#: Clients of calls that went elsewhere, by what those calls said.
Clients = dict[tuple[Any, ...], BedrockClient]


class CallSecret(SecretStr):
    """The secret of one call: for the call alone. Copied into a file it is empty."""

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> CallSecret:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (CallSecret, ("",))


def client_for(model: ConnectionParameters, given: dict[str, Any]) -> tuple[BedrockClient, dict[str, Any]]:
    """The client of a call, and the call's keywords without those that chose it.

    An identity that a call brings takes the place of the model's own, its role included: a key of the one is
    never joined with a token of the other. A role alone is assumed with the model's own identity.

    Raises:
        ConfigurationError: values that cannot work, or a model whose ``client`` would make them meaningless.
    """
    if CONNECTION_KEYWORDS.isdisjoint(given):
        return model.bedrock, given
    told = {name: value for name, value in given.items() if name in CONNECTION_KEYWORDS}
    rest = without_connection(given)
    named = canonical(told, _NAMES, where="this call")
    named = {name: value for name, value in named.items() if value is not None}
    if not named:
        return model.bedrock, rest
    for name in SECRETS:
        if isinstance(value := named.get(name), CallSecret) and not value.get_secret_value():
            raise ConfigurationError(
                f"{name} is empty",
                hint="give it again: a secret that was bound is not written down with its model",
            )
    return kept_client(private(model)["_elsewhere"], named, lambda: _made(model, named)), rest


def kept_client(kept: Clients, named: Mapping[str, Any], make: Callable[[], BedrockClient]) -> BedrockClient:
    """The client that was made for these connection parameters before, else a new one, which is kept.

    Its key has a digest in each secret's place: it outlives the call.
    """
    key = tuple(sorted((name, type(value).__name__, _kept(name, value)) for name, value in named.items()))
    try:
        client = kept.get(key)
    except TypeError:  # a list, which is no parameter
        return make()
    if client is None:
        made = make()
        with _lock:
            while len(kept) >= _KEPT:
                del kept[next(iter(kept))]
            client = kept.setdefault(key, made)
    return client


def without_connection(given: Mapping[_Name, Any]) -> dict[_Name, Any]:
    """A call's keywords without those of its connection."""
    return {name: value for name, value in given.items() if name not in CONNECTION_KEYWORDS}


def without_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """A call's keywords for traces and caches: a mark in each secret's place, the same for the same one."""
    return _replaced(given, _mark)


def with_hidden_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """A call's keywords for the call itself where others see them: nobody prints or stores its secrets."""
    return _replaced(given, _hidden)


def _replaced(given: Mapping[str, Any], secret: Callable[[Any], Any]) -> dict[str, Any]:
    if CONNECTION_KEYWORDS.isdisjoint(given):
        return dict(given)
    return {
        name: secret(value) if SPELLINGS.get(name, name) in SECRETS and value is not None else value
        for name, value in given.items()
    }


def _made(model: ConnectionParameters, named: dict[str, Any]) -> BedrockClient:
    update, own_identity = laid_over(named)
    return model.bedrock_with(update, own_identity=own_identity)


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _hidden(value: Any) -> Any:
    return CallSecret(_plain(value)) if isinstance(value, (str, SecretStr)) else value


def _kept(name: str, value: Any) -> Any:
    return _digest(value) if name in SECRETS else value


def _mark(value: Any) -> str:
    return f"secret {_digest(value)[:12]}"


def _digest(value: Any) -> str:
    return sha256(str(_plain(value)).encode("utf-8", "surrogatepass")).hexdigest()


def _after_fork() -> None:
    global _lock
    _lock = Lock()  # another thread of the parent may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
