"""Choosing who signs, by the documented precedence, and asking botocore's chain when nothing else is set."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..errors import AuthenticationError, BedrockError, ConfigurationError
from ..settings import check_secret
from ..wire.signing import Keys
from .identity import Bearer, FixedIdentity, Identity, IdentitySource

if TYPE_CHECKING:
    from ..settings import ConnectionSettings

_log = logging.getLogger(__name__)
_CONNECT_SECONDS = 5
_READ_SECONDS = 20


def choose_source(settings: ConnectionSettings, env: Mapping[str, str], region: str) -> IdentitySource:
    """The source of identity for these settings.

    Precedence: ``api_key``, then the access key pair, then ``profile_name``, then
    ``AWS_BEARER_TOKEN_BEDROCK``, then the AWS chain. Explicit keys never take an ambient session token.
    """
    if settings.secrets_lost:
        raise ConfigurationError(
            "this copy was made without its explicit credentials, and will not sign as somebody else",
            hint="give it api_key= or aws_access_key_id= and aws_secret_access_key= again; models on a "
            "profile, a role or the environment keep working when they are pickled",
        )
    if settings.api_key:
        return FixedIdentity(Bearer(settings.api_key))
    if settings.aws_access_key_id and settings.aws_secret_access_key:
        return FixedIdentity(
            Keys(settings.aws_access_key_id, settings.aws_secret_access_key, settings.aws_session_token)
        )
    if settings.profile_name:
        return ChainIdentity(settings.profile_name, region)
    if token := env.get("AWS_BEARER_TOKEN_BEDROCK", "").strip():
        check_secret("AWS_BEARER_TOKEN_BEDROCK", token)
        return FixedIdentity(Bearer(token))
    return environment_keys(env) or ChainIdentity(ambient_profile(env), region, explicit=False)


def ambient_profile(env: Mapping[str, str]) -> str | None:
    """The profile that the environment names, in botocore's order."""
    return env.get("AWS_DEFAULT_PROFILE") or env.get("AWS_PROFILE") or None


def environment_keys(env: Mapping[str, str]) -> FixedIdentity | None:
    """The first link of the AWS chain, read without loading botocore.

    Keys with an expiration are left to botocore, which can read them again.
    """
    key_id = env.get("AWS_ACCESS_KEY_ID")
    if not key_id or env.get("AWS_CREDENTIAL_EXPIRATION"):
        return None
    secret = env.get("AWS_SECRET_ACCESS_KEY")
    if not secret:
        raise ConfigurationError(
            "AWS_ACCESS_KEY_ID is set in the environment and AWS_SECRET_ACCESS_KEY is not",
            hint="set both, or neither",
        )
    token = env.get("AWS_SESSION_TOKEN") or env.get("AWS_SECURITY_TOKEN") or None
    for name, value in (
        ("AWS_ACCESS_KEY_ID", key_id),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_SESSION_TOKEN", token),
    ):
        if value is not None:
            check_secret(name, value)
    return FixedIdentity(Keys(key_id, secret, token))


class ChainIdentity:
    """botocore's provider chain: profile, SSO, web identity, ECS, IMDSv2. Loaded when first asked."""

    def __init__(self, profile: str | None, region: str, *, explicit: bool = True) -> None:
        self._profile = profile
        self._explicit = explicit and profile is not None
        self._region = region
        self._credentials: Any = None
        self._issued: Keys | None = None  # the keys that were last given out
        self._lock = Lock()

    def ready(self) -> Identity | None:
        """The keys at hand, None when they must be found or refreshed."""
        credentials = self._credentials
        if credentials is None:
            return None
        try:
            refresh_needed = getattr(credentials, "refresh_needed", None)
            if refresh_needed is not None and refresh_needed():
                return None
            return self._issue(credentials)
        except Exception:  # fetch() meets it again, and explains it
            return None

    def fetch(self) -> Identity:
        """Ask the chain. Raises AuthenticationError or ConfigurationError with what to do."""
        try:
            with self._lock:
                credentials = self._credentials
                if credentials is None:
                    credentials = self._credentials = self._find()
            return self._issue(credentials)
        except BedrockError:
            self._credentials = None  # what was found cannot sign; the next call looks again
            raise
        # botocore has no class for what its providers raise: STS and SSO refuse with a ClientError, a process
        # answers a list, keys are refreshed and still expired, a token file is gone.
        except Exception as error:
            raise self._explained(error) from error

    def renew(self, expired: Identity) -> bool:
        """Forget these keys, so that the chain is asked again; of many calls that failed, only once."""
        with self._lock:
            if self._issued == expired:
                self._credentials = self._issued = None
        return True

    def _issue(self, credentials: Any) -> Keys:
        frozen = credentials.get_frozen_credentials()
        for name in ("access_key", "secret_key", "token"):
            if (value := getattr(frozen, name)) or name != "token":
                check_secret(f"the {name} found by the AWS provider {credentials.method!r}", value)
        keys = self._issued = Keys(frozen.access_key, frozen.secret_key, frozen.token or None)
        return keys

    def _find(self) -> Any:
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import NoCredentialsError

        session: Any = botocore.session.Session(profile=self._profile if self._explicit else None)
        if self._region:
            session.set_config_variable("region", self._region)
        # For STS and SSO; botocore's own limits are a minute each, for each of its tries.
        session.set_default_client_config(
            Config(connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS)
        )
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        _log.debug("credentials found by the provider %s", credentials.method)
        return credentials

    def _explained(self, error: Exception) -> BedrockError:
        from ..hints import explain_missing_credentials

        kind, hint = explain_missing_credentials(error, profile_name=self._profile)
        message = f"no AWS credentials: {error}" if kind is AuthenticationError else str(error)
        return kind(message, hint=hint)
