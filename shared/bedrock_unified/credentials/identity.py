"""The two ways to say who is calling: an access key pair that signs, or a bearer key that is sent."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import NamedTuple, Protocol

from ..wire.signing import Keys

#: AWS's own name comes first, as in its newer SDKs. botocore takes the old one first where both are set, and
#: pairs the keys of today with the token of an older tool.
SESSION_TOKENS = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


class Bearer(NamedTuple):
    """A Bedrock API key, sent as ``Authorization: Bearer``."""

    token: str

    def __repr__(self) -> str:
        return "Bearer(token='…')"


Identity = Keys | Bearer


class IdentitySource(Protocol):
    """Where an identity comes from."""

    @property
    def origin(self) -> str:
        """Where it was found, in a word or two: ``env``, ``files (sso)``; empty before it was fetched."""
        ...

    @property
    def executor(self) -> Executor | None:
        """Where an event loop has :meth:`fetch` run; None for its own threads."""
        ...

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

    __slots__ = ("_identity", "executor", "origin")

    def __init__(self, identity: Identity, origin: str = "arguments") -> None:
        self._identity = identity
        self.executor: Executor | None = None  # it is at hand
        self.origin = origin

    def ready(self) -> Identity:
        """The identity."""
        return self._identity

    def fetch(self) -> Identity:
        """The identity."""
        return self._identity

    def renew(self, expired: Identity) -> bool:
        """A fixed identity stays expired."""
        return False


class Signer(NamedTuple):
    """Who signs a client's calls.

    Attributes:
        origin: where the identity was found: ``arguments``, ``put_key``, ``bearer`` (the variable
            ``AWS_BEARER_TOKEN_BEDROCK``), ``env``, ``files (sso)`` (in parentheses what the profile names),
            ``web identity``, ``ecs``, ``imds``, ``role (…)`` with what assumed it, ``client`` for a boto3
            client that decides itself.
        key: the beginning and the end of the access key id; empty for a bearer key and for ``client``.
        profile: the AWS profile that it is from, where one was named.
        temporary: whether there is a session token.
    """

    origin: str
    key: str = ""
    profile: str | None = None
    temporary: bool = False


def signer_of(source: IdentitySource, profile: str | None) -> Signer:
    """Who signs by this source, fetched if it must be.

    Raises:
        AuthenticationError: nobody.
    """
    identity = source.ready() or source.fetch()
    origin = source.origin
    if isinstance(identity, Bearer):
        return Signer(origin)
    key = identity.access_key_id
    named = profile if "files" in origin else None
    return Signer(origin, f"{key[:4]}…{key[-4:]}", named, identity.session_token is not None)


def secrets_of(identity: Identity | None) -> list[str]:
    """The texts that must not appear in any message."""
    if identity is None:
        return []
    if isinstance(identity, Bearer):
        return [identity.token]
    return [secret for secret in (identity.secret_access_key, identity.session_token) if secret]
