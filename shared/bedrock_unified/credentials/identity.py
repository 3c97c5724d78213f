"""The two ways to say who is calling: an access key pair that signs, or a bearer key that is sent."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ..wire.signing import Keys


class Bearer(NamedTuple):
    """A Bedrock API key, sent as ``Authorization: Bearer``."""

    token: str

    def __repr__(self) -> str:
        return "Bearer(token='…')"


Identity = Keys | Bearer


class IdentitySource(Protocol):
    """Where an identity comes from."""

    def ready(self) -> Identity | None:
        """The identity if it is at hand without blocking, else None."""
        ...

    def fetch(self) -> Identity:
        """Find or refresh the identity; may read files, ask the network, and block.

        Raises:
            AuthenticationError: there is none.
        """
        ...

    def renew(self, expired: Identity) -> bool:
        """AWS said that this identity has expired: whether fetching again can give another one."""
        ...


class FixedIdentity:
    """An identity that does not change."""

    __slots__ = ("_identity",)

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def ready(self) -> Identity:
        """The identity."""
        return self._identity

    def fetch(self) -> Identity:
        """The identity."""
        return self._identity

    def renew(self, expired: Identity) -> bool:
        """A fixed identity stays expired."""
        return False


def secrets_of(identity: Identity | None) -> list[str]:
    """The texts that must not appear in any message."""
    if identity is None:
        return []
    if isinstance(identity, Bearer):
        return [identity.token]
    return [secret for secret in (identity.secret_access_key, identity.session_token) if secret]
