"""A role that another identity assumes, by STS; its keys are renewed before they expire."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, NamedTuple

from ..errors import AuthenticationError, BedrockError, ConfigurationError
from ..settings import check_secret
from ..wire.signing import Keys
from .chain import explained, shown_cause
from .identity import Bearer, Identity, IdentitySource, secrets_of
from .nested import Nested, asking, nested_session
from .once import Once

_log = logging.getLogger(__name__)
_SESSION_NAME = "bedrock-unified"
#: Keys are renewed so long before they end, or when a third of their life is left.
_MARGIN = 900.0
#: So long before their end keys no longer set out on a call that another one could sign.
_LAST_MINUTE = 60.0
#: After a renewal that failed, the keys that are still good serve so long before the next.
_PAUSE = 60.0
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})


class Role(NamedTuple):
    """What STS AssumeRole is asked for. ``duration`` in seconds, ``policy`` as JSON text."""

    arn: str
    session_name: str | None = None
    external_id: str | None = None
    duration: int | None = None
    policy: str | None = None

    def request(self) -> dict[str, Any]:
        """AssumeRole's members."""
        members = {
            "RoleArn": self.arn,
            "RoleSessionName": self.session_name or _SESSION_NAME,
            "ExternalId": self.external_id,
            "DurationSeconds": self.duration,
            "Policy": self.policy,
        }
        return {name: value for name, value in members.items() if value is not None}


class _Held(NamedTuple):
    """Keys, and by this machine's clock when to renew them and when they end."""

    keys: Keys
    renew_at: float
    ends_at: float


class RoleIdentity:
    """The keys of a role.

    Args:
        base: who assumes it.
        profile: the profile that was asked for; what it says of STS's endpoint counts.
    """

    def __init__(
        self,
        base: IdentitySource,
        role: Role,
        nested: Nested,
        *,
        profile: str | None = None,
    ) -> None:
        self._base = base
        self._role = role
        self._nested = nested
        self._profile = profile
        self._held: _Held | None = None
        self.executor = Once()
        self._renewing = Lock()  # never held while anything is asked: an event loop takes it

    @property
    def origin(self) -> str:
        """``role`` with the identity that assumes it."""
        return f"role ({self._base.origin})"

    def ready(self) -> Keys | None:
        """The keys, None when they must be had from STS; while they are renewed the old ones serve."""
        held = self._held
        if held is None:
            return None
        until = held.ends_at - _LAST_MINUTE if self.executor.asking else held.renew_at
        return held.keys if time.time() < max(until, held.renew_at) else None

    def fetch(self) -> Identity:
        """Assume the role, once for all that wait.

        Raises:
            AuthenticationError: nobody can assume it, or STS refuses.
        """
        return self.executor.run(self._fetched)

    def renew(self, expired: Identity) -> bool:
        """Forget these keys, unless others have taken their place."""
        with self._renewing:
            if self._held is not None and self._held.keys == expired:
                self._held = None
        return True

    def _fetched(self) -> Keys:
        held = self._held
        if held is not None and time.time() < held.renew_at:
            return held.keys  # of whoever asked just before
        try:
            held = self._assumed()
        except BedrockError as error:
            held = self._held
            if held is None or time.time() >= held.ends_at:
                raise
            _log.warning("the keys of %s could not be renewed yet: %s", self._role.arn, error.message)
            held = held._replace(renew_at=min(time.time() + _PAUSE, held.ends_at))
        self._held = held
        return held.keys

    def _assumed(self) -> _Held:
        keys = self._base_keys()
        try:
            try:
                return self._ask(keys)
            except Exception as error:
                if _code(error) not in _EXPIRED or not self._base.renew(keys):
                    raise
            keys = self._base_keys()
            return self._ask(keys)
        except BedrockError:
            raise
        # botocore's exceptions, of which there is no common class: STS's answer, no connection, a setting.
        except Exception as error:
            failure, cause = self._explained(error, keys), shown_cause(error)
        raise failure from cause  # out here, without a context, whose text may quote the request

    def _base_keys(self) -> Keys:
        identity = self._base.ready() or self._base.fetch()
        if isinstance(identity, Bearer):
            raise ConfigurationError(f"a Bedrock API key cannot assume {self._role.arn}")
        return identity

    def _ask(self, keys: Keys) -> _Held:
        session = nested_session(self._nested, profile=self._profile, ambient=None)
        client = session.create_client(
            "sts",
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )
        try:
            with asking():
                return _held(client.assume_role(**self._role.request()))
        finally:
            client.close()

    def _explained(self, error: Exception, keys: Keys) -> BedrockError:
        return explained(error, f"role {self._role.arn}", self._profile, secrets=secrets_of(keys))


def _code(error: Exception) -> str:
    response: Any = getattr(error, "response", None)  # of botocore's ClientError alone
    return response["Error"].get("Code", "") if response else ""


def _held(answer: Mapping[str, Any]) -> _Held:
    """STS's answer. How long keys live is told by its clock, not by this machine's."""
    told: dict[str, Any] = answer.get("Credentials") or {}
    values: list[Any] = [told.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    expiration = told.get("Expiration")
    if not isinstance(expiration, datetime):
        raise AuthenticationError(
            "no AWS credentials: STS answered without keys", hint="check that sts_endpoint_url is STS"
        )
    for name, value in zip(("access key", "secret key", "session token"), values, strict=True):
        check_secret(f"the {name} of STS's answer", value)
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        theirs = parsedate_to_datetime(date) if date else datetime.now(UTC)
    except ValueError:  # not a date; then our clock must do
        theirs = datetime.now(UTC)
    life = max((expiration - theirs).total_seconds(), 0.0)
    now = time.time()
    return _Held(Keys(*values), now + life - min(_MARGIN, life / 3), now + life)


def policy_text(policy: str | Mapping[str, Any] | None) -> str | None:
    """A session policy as STS takes it.

    Raises:
        ConfigurationError: it is no JSON object.
    """
    if policy is None:
        return None
    text = policy if isinstance(policy, str) else _written(policy)
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError(
            "policy must be a JSON object", hint="a session policy has Version and Statement"
        )
    return text


def _written(policy: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(policy))
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"policy cannot be written as JSON: {error}") from None
