"""How to reach Bedrock, validated once: the connection half of every client and model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .errors import ConfigurationError
from .spelling import canonical

_SECRETS = ("api_key", "aws_access_key_id", "aws_secret_access_key", "aws_session_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """The parameters of :class:`bedrock_unified.BedrockClient`, where each is described.

    Raises:
        ConfigurationError: half a key pair, a limit that is not a positive number, a client next to settings
            that it would ignore.
    """

    region_name: str | None = None
    endpoint_url: str | None = None
    control_endpoint_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    aws_access_key_id: str | None = field(default=None, repr=False)
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_session_token: str | None = field(default=None, repr=False)
    profile_name: str | None = None
    max_retries: int = 3
    retry_read_timeouts: bool = False
    connect_timeout: float = 5.0
    timeout: float = 300.0
    total_timeout: float | None = None
    max_concurrency: int | None = None
    verify: bool | str | None = None
    use_fips: bool | None = None
    use_dualstack: bool | None = None
    client: Any = field(default=None, repr=False)
    control_client: Any = field(default=None, repr=False)
    #: Set on an unpickled copy whose original had explicit credentials.
    secrets_lost: bool = False

    def __post_init__(self) -> None:
        for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "api_key"):
            value = getattr(self, name)
            if value is not None and (
                not isinstance(value, str) or not value.strip() or not value.isprintable()
            ):
                raise ConfigurationError(f"{name} must be non-empty text on one line")
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            missing = "aws_secret_access_key" if self.aws_secret_access_key is None else "aws_access_key_id"
            raise ConfigurationError(
                f"{missing} is missing: the two keys come as a pair",
                hint=f"give {missing}, or neither key to use a profile or the AWS chain",
            )
        if self.aws_session_token is not None and self.aws_access_key_id is None:
            raise ConfigurationError(
                "aws_session_token was given without its key pair",
                hint="give aws_access_key_id and aws_secret_access_key, too",
            )
        for name in ("connect_timeout", "timeout", "total_timeout"):
            value = getattr(self, name)
            if value is None and name == "total_timeout":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
                raise ConfigurationError(
                    f"{name} must be a positive number of seconds, not {value!r}",
                    hint="a time limit can be long, never infinite",
                )
        if (
            isinstance(self.max_retries, bool)
            or not isinstance(self.max_retries, int)
            or self.max_retries < 0
        ):
            raise ConfigurationError(f"max_retries must be a whole number from 0, not {self.max_retries!r}")
        concurrency = self.max_concurrency
        if concurrency is not None and (
            isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1
        ):
            raise ConfigurationError(f"max_concurrency must be a whole number from 1, not {concurrency!r}")
        region = self.region_name
        if region is not None and (not isinstance(region, str) or not _looks_like_region(region)):
            raise ConfigurationError(
                f"region_name {region!r} is not a region", hint="a region looks like us-east-1"
            )

    @classmethod
    def from_keywords(cls, given: Mapping[str, Any], where: str) -> ConnectionSettings:
        """Settings from keywords in any accepted spelling; None means "not given"."""
        names = cls.names()
        named = canonical(given, names, where=where)
        return cls(**{name: value for name, value in named.items() if value is not None})

    @classmethod
    def names(cls) -> frozenset[str]:
        """The public names."""
        return _NAMES

    def without_secrets(self) -> ConnectionSettings:
        """A copy that may be written down. It remembers that explicit credentials existed."""
        unwritable = (*_SECRETS, "client", "control_client")
        lost = self.secrets_lost or any(getattr(self, name) is not None for name in unwritable)
        return replace(self, **dict.fromkeys(unwritable), secrets_lost=lost)

    def shown(self) -> str:
        """What was set, without secrets."""
        set_ = [(e.name, getattr(self, e.name)) for e in fields(self) if getattr(self, e.name) != e.default]
        return ", ".join(f"{name}='…'" if name in _SECRETS else f"{name}={value!r}" for name, value in set_)


_NAMES = frozenset(entry.name for entry in fields(ConnectionSettings)) - {"secrets_lost"}


def _looks_like_region(text: str) -> bool:
    return (
        bool(text)
        and all(part.isalnum() and part.isascii() for part in text.split("-"))
        and text == text.lower()
    )
