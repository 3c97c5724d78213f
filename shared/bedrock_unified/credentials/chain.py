"""The AWS chain as a source of identity: asked when first needed, and again when its keys expire."""

from __future__ import annotations

import logging
import re
from threading import Lock
from typing import Any

from ..errors import AuthenticationError, BedrockError
from ..settings import check_secret
from ..wire.signing import Keys
from .identity import Identity
from .nested import Nested, frozen_of

_log = logging.getLogger(__name__)
_ONLY = {
    "metadata": "aws_iam_role_source='metadata' asks web identity, ECS and EC2 metadata alone",
    "env": "aws_iam_role_source='env' reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN "
    "alone, not AWS_BEARER_TOKEN_BEDROCK either",
}
#: What a refused signature's message quotes of the request.
_QUOTED_TOKEN = re.compile(r"(x-amz-security-token['\"]?\s*[:=]\s*['\"]?)[^\s'\",;&]+", re.IGNORECASE)


class ChainIdentity:
    """Environment, shared files (keys, roles, SSO, processes), web identity, ECS, EC2 metadata.

    Args:
        profile: the profile that was asked for, or that the environment names.
        nested: how the calls are made that this takes; a region's name stands for it alone.
        explicit: whether the profile was asked for; then the environment's keys do not stand before it.
        restriction: ``metadata`` or ``env`` to ask these alone.
    """

    def __init__(
        self,
        profile: str | None,
        nested: Nested | str,
        *,
        explicit: bool = True,
        restriction: str = "auto",
    ) -> None:
        self._profile = profile
        self._explicit = explicit and profile is not None
        self._restriction = restriction
        self._nested = Nested(nested) if isinstance(nested, str) else nested
        self._credentials: Any = None
        self._issued: Keys | None = None  # the keys that were last given out
        self._lock = Lock()
        self._renewing = Lock()  # never held while anything is asked: an event loop takes it
        self.origin = ""

    def ready(self) -> Identity | None:
        """The keys at hand, None when they must be found or refreshed."""
        credentials = self._credentials
        if credentials is None:
            return None
        try:
            refresh_needed = getattr(credentials, "refresh_needed", None)
            if refresh_needed is not None and refresh_needed():
                return None
            return self._issue(credentials, credentials.get_frozen_credentials())
        except Exception:  # fetch() meets it again, and explains it
            return None

    def fetch(self) -> Identity:
        """Ask the chain. Raises AuthenticationError or ConfigurationError with what to do."""
        try:
            with self._lock:
                credentials = self._credentials
                if credentials is None:
                    credentials, frozen = self._find()
                    keys = self._issue(credentials, frozen)
                    self._credentials = credentials
                    return keys
            return self._issue(credentials, frozen_of(credentials))
        except BedrockError:
            self._credentials = None  # what was found cannot sign; the next call looks again
            raise
        # botocore has no class for what its providers raise: STS and SSO refuse with a ClientError, a process
        # answers a list, keys are refreshed and still expired, a token file is gone.
        except Exception as error:
            raise explained(error, self.origin, self._profile) from shown_cause(error)

    def renew(self, expired: Identity) -> bool:
        """Forget these keys, so that the chain is asked again; of many calls that failed, only once."""
        with self._renewing:
            if self._issued == expired:
                self._credentials = self._issued = None
        return True

    def _issue(self, credentials: Any, frozen: Any) -> Keys:
        for name in ("access_key", "secret_key", "token"):
            if (value := getattr(frozen, name)) or name != "token":
                check_secret(f"the {name} found by the AWS provider {credentials.method!r}", value)
        keys = self._issued = Keys(frozen.access_key, frozen.secret_key, frozen.token or None)
        return keys

    def _find(self) -> tuple[Any, Any]:
        from .providers import NobodyFound, SourceFailed, find

        try:
            found = find(
                self._nested,
                profile=self._profile,
                explicit=self._explicit,
                restriction=self._restriction,
            )
        except NobodyFound as nobody:
            raise self._nobody(str(nobody)) from None
        except SourceFailed as failed:
            error = failed.__cause__ or failed
            profile = failed.login_profile or self._profile
            raise explained(error, failed.title, profile, failed.tried) from shown_cause(error)
        self.origin = found.origin
        _log.debug("credentials found by the provider %s", found.credentials.method)
        return found.credentials, found.frozen

    def _nobody(self, tried: str) -> BedrockError:
        from ..hints import explain_missing_credentials

        only = _ONLY.get(self._restriction)
        message = f"no AWS credentials{f': {only}' if only else ''}. Tried: {tried}"
        asked = f"NoCredentialsError: aws_iam_role_source={self._restriction!r}"
        kind, hint = explain_missing_credentials(asked, profile_name=self._profile)
        return kind(message, hint=hint)


def explained(error: BaseException, where: str, profile: str | None, tried: str = "") -> BedrockError:
    """Our error for what a source of credentials raised.

    Args:
        where: the source.
        profile: the AWS profile, for the login command.
        tried: what was tried before, and why it gave nothing.
    """
    from ..hints import explain_missing_credentials

    failure = f"{type(error).__name__}: {error}"
    if where == "web identity":
        failure += f" ({where})"
    kind, hint = explain_missing_credentials(failure, profile_name=profile)
    text = f"the answer has no {error}" if isinstance(error, KeyError) else without_token(str(error))
    if kind is AuthenticationError:
        text = f"no AWS credentials from {where}: {text}" if where else f"no AWS credentials: {text}"
        text += f". Tried before: {tried}" if tried else ""
    return kind(text, hint=hint)


def without_token(text: str) -> str:
    """A message of AWS without the session token that it quotes."""
    return _QUOTED_TOKEN.sub(r"\1…", text)


def shown_cause(error: BaseException) -> BaseException | None:
    """The error as a cause, unless its text has what no traceback may show."""
    return error if without_token(str(error)) == str(error) else None
