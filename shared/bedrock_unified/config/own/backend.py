"""A backend: one way to reach Bedrock under a name, as the command's own file keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from ...errors import BedrockError, ConfigurationError
from ...models.ids import parse_model_id
from ...settings import BASE_IDENTITY, ROLE, ROLE_SOURCES, ConnectionSettings, check_region, shown
from ...wire.endpoints import custom_endpoint, endpoint_url, has_two_slashes, region_from_url, shown_url
from ..reading.documents import Document
from ..reading.problems import problem, unknown_key
from .keys import key_in_environment, key_in_keyring, keywords_of_key
from .settings import PROVIDERS

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
URL_NEEDED = (
    "--url is required for bedrock backends (it carries the region) "
    "e.g.: --url https://bedrock-runtime.us-east-1.amazonaws.com"
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_RUNTIME = "bedrock-runtime"
_AWS_HOST = re.compile(r"(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))")
#: Field to the parameter it is.
_KEYWORDS: Mapping[str, str] = {
    "region": "region_name",
    "profile": "profile_name",
    "role_arn": "role_arn",
    "role_session_name": "role_session_name",
    "external_id": "role_external_id",
    "iam_role_source": "aws_iam_role_source",
}
#: The fields that say where the key is; a backend has one of them at most.
KEYS = ("api_key_env", "keyring", "api_key")
#: Parameters that say who signs.
IDENTITY = frozenset({*BASE_IDENTITY, *ROLE, "sts_endpoint_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What ``backend add`` was told.

    Attributes:
        type: ``bedrock``.
        url: an endpoint that is not AWS's own; None for AWS's.
        region: the region of its calls.
        profile: a profile of the shared AWS files.
        role_arn: a role to assume; with ``role_session_name`` and ``external_id``.
        iam_role_source: where AWS's chain may look: ``auto``, ``metadata``, ``env``.
        model: the model where none is named.
        api_key_env: the environment variable that holds its key: a Bedrock API key, or a JSON object.
        keyring: the entry of the system's keyring that holds its key.
        api_key: the key itself, in plain text.
    """

    type: str = "bedrock"
    url: str | None = None
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    role_session_name: str | None = None
    external_id: str | None = None
    iam_role_source: str | None = None
    model: str | None = None
    api_key_env: str | None = None
    keyring: str | None = None
    api_key: str | None = None

    def written(self) -> dict[str, str]:
        """Its members in the file."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}

    def shown(self) -> dict[str, str]:
        """What may be shown: where its key is, never the key."""
        held = self.written()
        if held.pop("api_key", None) is not None:
            held["api_key"] = "(in the file, in plain text)"
        if held.pop("keyring", None) is not None:
            held["api_key"] = "(in the system's keyring)"
        return held

    def __repr__(self) -> str:
        return f"Backend({self.shown()})"

    def without_key(self) -> Backend:
        """The same without a key in plain text; one that is kept elsewhere is found again."""
        return replace(self, api_key=None)

    def keywords(self) -> dict[str, Any]:
        """Its parameters but for the key. An endpoint of one's own answers for all services."""
        found: dict[str, Any] = {
            keyword: value
            for name, keyword in _KEYWORDS.items()
            if (value := getattr(self, name)) is not None
        }
        if self.url is not None:
            found["endpoint_url"] = self.url
            if not is_aws(self.url):
                found |= dict.fromkeys(("control_endpoint_url", "agent_endpoint_url"), self.url)
        return found

    def key(self, env: Mapping[str, str], where: str) -> dict[str, Any]:
        """The parameters of its key, looked up where it is kept; none where it has no key.

        Raises:
            ConfigurationError: it is not there, or is no key.
        """
        if self.api_key_env is not None:
            return key_in_environment(self.api_key_env, env, where)
        if self.keyring is not None:
            return key_in_keyring(self.keyring, where)
        return {} if self.api_key is None else keywords_of_key(self.api_key, f"{where}: api_key")

    def checked(self, name: str) -> Backend:
        """The same, if it can work.

        Raises:
            ConfigurationError: a value that cannot be, or two that exclude each other.
        """
        where = f"backend {name!r}"
        if NAME.fullmatch(name) is None:
            raise ConfigurationError(
                f"{shown(name)} cannot be a backend's name",
                hint="a letter or digit, then letters, digits, '.', '_' and '-', 64 characters at most",
            )
        if self.type not in PROVIDERS:
            raise ConfigurationError(
                f"{where}: the type {shown(self.type)} is not known", hint=f"one of: {', '.join(PROVIDERS)}"
            )
        if self.region is None and self.url is None:
            raise ConfigurationError(
                f"{where}: {URL_NEEDED}", hint="a bare region is enough: --url us-east-1"
            )
        if self.region is None:
            raise ConfigurationError(
                f"{where}: its URL carries the region only where it begins like AWS's own",
                hint="name the region beside it: --region us-east-1",
            )
        check_region(f"{where}: the region", self.region)
        if self.url is not None:
            custom_endpoint(self.url)
        if self.model is not None:
            parse_model_id(self.model)
        if self.iam_role_source not in (None, *ROLE_SOURCES):
            raise ConfigurationError(
                f"{where}: the source {shown(self.iam_role_source)} is not known",
                hint=f"one of: {', '.join(ROLE_SOURCES)}",
            )
        self._check_identity(where)
        try:
            ConnectionSettings(**self.keywords())
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}: {error.message}", hint=error.hint) from None
        return self

    def _check_identity(self, where: str) -> None:
        if self.api_key_env is not None and _VARIABLE.fullmatch(self.api_key_env) is None:
            raise ConfigurationError(
                f"{where}: what is given as the key's environment variable cannot be the name of one",
                hint="the name is wanted, not the key: --api-key-env AWS_BEDROCK_CREDS",
            )
        keys = [key for key in KEYS if getattr(self, key) is not None]
        if len(keys) > 1:
            raise ConfigurationError(f"{where}: its key is in more than one place: {', '.join(keys)}")
        if keys and self.profile is not None:
            raise ConfigurationError(
                f"{where}: it has a key and the profile {self.profile!r}, and only one can sign",
                hint="leave one of them out",
            )
        if self.role_arn is None and (self.role_session_name or self.external_id):
            raise ConfigurationError(
                f"{where}: a session name or an external id without a role",
                hint="--role-arn arn:aws:iam::123456789012:role/NAME",
            )


FIELDS = tuple(field.name for field in fields(Backend))


def url_and_region(given: str) -> tuple[str | None, str | None]:
    """What ``--url`` says: the endpoint, None for AWS's own, and the region, None where it tells none.

    Raises:
        ConfigurationError: it is neither an endpoint nor a region.
    """
    text = given.strip()
    if "://" in text and has_two_slashes(text):
        raise ConfigurationError(
            f"--url {shown_url(text)} looks malformed: two slashes in a row in its path",
            hint="e.g.: --url https://bedrock-runtime.us-east-1.amazonaws.com",
        )
    region = region_from_url(text)
    if "://" not in text:
        if region is None or text.startswith("-"):
            raise ConfigurationError(
                f"--url {shown_url(text)} is neither an endpoint's URL nor a region",
                hint="e.g.: --url us-east-1, or --url https://bedrock-runtime.us-east-1.amazonaws.com",
            )
        return None, region
    url = custom_endpoint(text)
    if region is not None and url == endpoint_url(_RUNTIME, region):
        return None, region
    return url, region


def is_aws(url: str) -> bool:
    """Whether a URL's host is AWS's: then the other services have hosts of their own."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    found = _AWS_HOST.search(host)
    return (
        found is not None
        and found.end() == len(host)
        and (found.start() == 0 or host[found.start() - 1] == ".")
    )


def backend_of(name: str, document: Document) -> Backend:
    """The backend of this name in the file.

    Raises:
        ConfigurationError: its entry cannot be one.
    """
    given: dict[str, str] = {}
    for key, value in document.mapping("backends", name).items():
        where = document.origin("backends", name, key)
        if key not in FIELDS:
            raise unknown_key(where, key, FIELDS)
        if value is None:
            continue
        if not isinstance(value, str) or not value.strip():
            raise problem(where, "it must be text that is not empty")
        given[key] = value
    try:
        return Backend(**given).checked(name)
    except BedrockError as error:
        raise problem(document.origin("backends", name), error.message, hint=error.hint) from None
