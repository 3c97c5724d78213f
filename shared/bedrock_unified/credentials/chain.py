"""The AWS chain as a source of identity: asked when first needed, and again when its keys expire."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Collection
from threading import Lock
from typing import Any

from ..errors import AuthenticationError, BedrockError, make_error
from ..failures import redacted
from ..settings import check_secret
from ..wire.signing import Keys
from .identity import Identity
from .nested import Nested, asking
from .once import Once

_log = logging.getLogger(__name__)
_ONLY = {
    "metadata": "aws_iam_role_source='metadata' asks web identity, ECS and EC2 metadata alone",
    "env": "aws_iam_role_source='env' reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN "
    "alone, not AWS_BEARER_TOKEN_BEDROCK either",
}
#: What a refused signature's message quotes of the request.
_QUOTED_TOKEN = re.compile(r"(x-amz-security-token['\"]?\s*[:=]\s*['\"]?)[^\s'\",;&]+", re.IGNORECASE)


#: What botocore itself says of a process that succeeded.
_OF_BOTOCORE = re.compile(
    r"(?:Missing required key in response: '\w{1,32}'|Unsupported version '[\w .<>]{0,40}' for .{0,99})"
)
#: botocore's: with less left than this, keys must be refreshed before they sign.
_MANDATORY = 600
#: After a refresh that left keys in botocore's advisory quarter of an hour, they serve so long (seconds).
_PAUSE = 60.0


class ChainIdentity:
    """Environment, shared files (keys, roles, SSO, processes), web identity, ECS, EC2 metadata.

    The source that was found is the client's for good: keys that AWS calls expired are had again from it
    alone, with the profile and the files of the beginning. A variable that was set since makes nobody else
    sign.

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
        self._nested = Nested(nested).reading(os.environ) if isinstance(nested, str) else nested
        self._credentials: Any = None
        self._issued: Keys | None = None  # the keys that were last given out
        self._source: str | None = None  # where they were found
        self._pause_until = 0.0
        self._renewing = Lock()  # never held while anything is asked: an event loop takes it
        self.executor = Once()
        self.origin = ""

    def ready(self) -> Identity | None:
        """The keys at hand, None when they must be found or refreshed.

        As with botocore, keys are refreshed a quarter of an hour before they end, and those that still have
        ten minutes serve meanwhile; unlike with botocore, for a minute after a refresh that failed, too, so
        that not each call waits for a source that is out of order.
        """
        return self._at_hand(resting=self.executor.asking or time.monotonic() < self._pause_until)

    def _at_hand(self, *, resting: bool) -> Identity | None:
        credentials, issued = self._credentials, self._issued
        if credentials is None:
            return None
        try:
            needed = getattr(credentials, "refresh_needed", None)
            if needed is None or not needed():
                return issued
            return issued if resting and not needed(_MANDATORY) else None
        except Exception:  # fetch() meets it again, and explains it
            return None

    def fetch(self) -> Identity:
        """Ask the chain, once for all that wait.

        Raises:
            AuthenticationError: nobody is found, or the source gives nothing.
            ConfigurationError: it is set up wrongly; what to do is said.
        """
        return self.executor.run(self._fetched)

    def renew(self, expired: Identity) -> bool:
        """Forget these keys, so that their source is asked again; of many calls that failed, only once."""
        with self._renewing:
            if self._issued == expired:
                self._credentials = self._issued = None
        return True

    def _fetched(self) -> Identity:
        if (keys := self._at_hand(resting=time.monotonic() < self._pause_until)) is not None:
            return keys  # of whoever asked just before
        try:
            with asking():
                keys = self._asked()
        except BedrockError as error:
            self._credentials = self._issued = None  # what was found cannot sign; the next call looks again
            failure, cause = error, error.__cause__
        # botocore has no class for what its providers raise: STS and SSO refuse with a ClientError, a process
        # answers a list, keys are refreshed and still expired, a token file is gone.
        except Exception as error:
            failure, cause = explained(error, self.origin, self._profile), shown_cause(error)
        else:
            self._pause_until = time.monotonic() + _PAUSE
            return keys
        raise failure from cause  # out here, without a context, which may quote what a process wrote

    def _asked(self) -> Keys:
        credentials = self._credentials
        if credentials is not None:
            return self._issue(credentials, credentials.get_frozen_credentials())
        from .providers import NobodyFound, SourceFailed, find

        failure, cause = None, None
        try:
            found = find(
                self._nested,
                profile=self._profile,
                explicit=self._explicit,
                restriction=self._restriction,
                only=self._source,
            )
        except NobodyFound as nobody:
            failure = self._nobody(str(nobody))
        except SourceFailed as failed:
            error = failed.__cause__ or failed
            profile = failed.login_profile or self._profile
            failure, cause = explained(error, failed.title, profile, failed.tried), shown_cause(error)
        else:
            keys = self._issue(found.credentials, found.frozen)
            self.origin = found.origin
            self._source = found.source
            self._credentials = found.credentials
            _log.debug("credentials found by the provider %s", found.credentials.method)
            return keys
        raise failure from cause

    def _issue(self, credentials: Any, frozen: Any) -> Keys:
        for name in ("access_key", "secret_key", "token"):
            if (value := getattr(frozen, name)) or name != "token":
                check_secret(f"the {name} found by the AWS provider {credentials.method!r}", value)
        keys = self._issued = Keys(frozen.access_key, frozen.secret_key, frozen.token or None)
        return keys

    def _nobody(self, tried: str) -> BedrockError:
        from ..hints import explain_missing_credentials

        only = _ONLY.get(self._restriction)
        message = f"no AWS credentials{f': {only}' if only else ''}. Tried: {tried}"
        asked = f"NoCredentialsError: aws_iam_role_source={self._restriction!r}"
        kind, hint = explain_missing_credentials(asked, profile_name=self._profile)
        return make_error(kind, message, {"hint": hint}, like="NoCredentialsError")


def explained(
    error: BaseException,
    where: str,
    profile: str | None,
    tried: str = "",
    secrets: Collection[str] = (),
) -> BedrockError:
    """Our error for what a source of credentials raised.

    Args:
        where: the source.
        profile: the AWS profile, for the login command.
        tried: what was tried before, and why it gave nothing.
        secrets: what the error may quote and nobody may read.
    """
    from ..botocores import named
    from ..hints import explain_missing_credentials

    text = redacted(_told(error), secrets)
    failure = f"{type(error).__name__}: {text}"
    if where == "web identity":
        failure += f" ({where})"
    kind, hint = explain_missing_credentials(failure, profile_name=profile)
    if kind is AuthenticationError:
        text = f"no AWS credentials from {where}: {text}" if where else f"no AWS credentials: {text}"
        text = f"{text.rstrip('.')}. Tried before: {tried}" if tried else text
    return make_error(kind, text, {"hint": hint}, like=named(error))


def without_token(text: str) -> str:
    """A message of AWS without the session token that it quotes."""
    return _QUOTED_TOKEN.sub(r"\1…", text)


def shown_cause(error: BaseException) -> BaseException | None:
    """The error as a cause, unless its text or what it holds has what no traceback may show."""
    if isinstance(error, ValueError):  # of a parser, which keeps all that it was given
        return None
    return error if isinstance(error, KeyError) or _told(error) == str(error) else None


def _told(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"the answer has no {error}"
    if isinstance(error, UnicodeDecodeError):
        return "what it gave is no UTF-8"
    text = without_token(str(error))
    # botocore takes over all that a failing credential_process wrote, and nobody knows what that is.
    process, found, said = text.partition("custom-process: ")
    return text if not found or _OF_BOTOCORE.fullmatch(said) else f"{process}custom-process: it failed"
