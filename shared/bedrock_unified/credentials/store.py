"""The process's stored keys: ReqLLM's ``put_key``, for clients that are not told who signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from ..nearest import did_you_mean
from ..settings import BASE_IDENTITY, ROLE_SOURCES, ConnectionSettings, shown
from .keywords import keywords_of_mapping

#: One provider under each of its names.
_PROVIDERS = frozenset({"aws_bedrock", "amazon_bedrock", "bedrock"})
_BEDROCK = "aws_bedrock"
#: Replaced as a whole, which is one step for all threads.
_stored: dict[str, ConnectionSettings] = {}


def put_key(provider: str, keys: Mapping[str, Any]) -> None:
    """Store an identity for all clients of this process that are not told who signs.

    ``put_key("aws_bedrock", {"access_key_id": …, "secret_access_key": …, "region": …})``; also
    ``session_token``, and ``api_key`` in place of the pair, in any spelling. It stands below every explicit
    argument that says who signs and above the environment; its region below ``region_name`` and
    ``endpoint_url``, above ``AWS_REGION``. A client reads it at its first call, as it reads the environment,
    and keeps to it. It is in no pickle and no repr.

    Args:
        provider: ``aws_bedrock``, ``amazon_bedrock`` or ``bedrock``, which are one.

    Raises:
        ConfigurationError: another provider, an unknown name, half a pair. No value is quoted.
    """
    _check(provider)
    if not isinstance(keys, Mapping):  # type: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            "put_key needs a mapping of keys",
            hint='{"access_key_id": …, "secret_access_key": …, "region": …}',
        )
    named = keywords_of_mapping(keys, "put_key")
    _stored[_BEDROCK] = ConnectionSettings.from_keywords(named, "put_key")


def remove_key(provider: str) -> bool:
    """Forget what was stored; whether anything was. Clients that have called keep what they read."""
    _check(provider)
    return _stored.pop(_BEDROCK, None) is not None


def clear_keys() -> None:
    """Forget everything that was stored."""
    _stored.clear()


def stored_for(settings: ConnectionSettings) -> ConnectionSettings | None:
    """What is stored, for settings that do not say who signs; a role to assume does not say it."""
    if settings.aws_iam_role_source != ROLE_SOURCES[0]:
        return None
    if any(getattr(settings, name) is not None for name in BASE_IDENTITY if name != "aws_iam_role_source"):
        return None
    return _stored.get(_BEDROCK)


def _check(provider: Any) -> None:
    if not isinstance(provider, str) or provider not in _PROVIDERS:
        raise ConfigurationError(
            f"there are no keys of a provider {shown(provider)} here",
            hint=did_you_mean(str(provider), _PROVIDERS) or "the provider is 'aws_bedrock'",
        )
