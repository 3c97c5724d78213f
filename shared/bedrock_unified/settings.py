"""How to reach Bedrock, validated once: the connection half of every client and model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from os import PathLike, fspath
from typing import Any, cast

from .errors import ConfigurationError
from .spelling import canonical
from .wire.endpoints import custom_endpoint, is_loopback

#: The parameters that no message, representation or pickle may show.
SECRETS = ("api_key", "aws_access_key_id", "aws_secret_access_key", "aws_session_token")
#: What ``aws_iam_role_source`` may be; the first is the default.
ROLE_SOURCES = ("auto", "metadata", "env")
#: The role that a client assumes; all but the first say how.
ROLE = ("role_arn", "role_session_name", "role_external_id", "role_duration")
#: Who signs before any role is assumed.
BASE_IDENTITY = (*SECRETS, "profile_name", "aws_iam_role_source")
# STS's own limits, from its service model.
_ROLE_PATTERNS = {
    "role_arn": r"arn:aws[a-z-]*:iam::\d{12}:role/[\x21-\x7e]{1,1024}",
    "role_session_name": r"[A-Za-z0-9_+=,.@-]{2,64}",
    "role_external_id": r"[A-Za-z0-9_+=,.@:/-]{2,1224}",
}
#: Clients that can be handed in: of which service, and the methods that tell one.
_CLIENTS = {
    "client": ("bedrock-runtime", "converse", "converse_stream", "invoke_model"),
    "control_client": ("bedrock", "list_foundation_models", "list_inference_profiles"),
    "agent_client": ("bedrock-agent-runtime", "rerank"),
}
_SHORTEST_ROLE, _LONGEST_ROLE = 900, 43200  # seconds
#: A week in seconds: event loops and sockets overflow somewhere above it.
_LONGEST = 7 * 86400
_MOST_RETRIES = 1000
_MOST_REQUESTS = 65536  # as many as there are ports
_MOST_A_MINUTE = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """The parameters of :class:`bedrock_unified.BedrockClient`, where each is described.

    Raises:
        ConfigurationError: half a key pair, a limit that is not a positive number or above a week, an
            endpoint that cannot be one, a value of a wrong type.
    """

    region_name: str | None = None
    endpoint_url: str | None = None
    control_endpoint_url: str | None = None
    agent_endpoint_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    aws_access_key_id: str | None = field(default=None, repr=False)
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_session_token: str | None = field(default=None, repr=False)
    profile_name: str | None = None
    aws_iam_role_source: str = ROLE_SOURCES[0]
    role_arn: str | None = None
    role_session_name: str | None = None
    role_external_id: str | None = None
    role_duration: int | None = None
    sts_endpoint_url: str | None = None
    max_retries: int = 3
    retry_read_timeouts: bool = False
    connect_timeout: float = 5.0
    timeout: float = 300.0
    total_timeout: float | None = None
    max_concurrency: int | None = None
    requests_per_minute: int | None = None
    verify: bool | str | None = None
    use_fips: bool | None = None
    use_dualstack: bool | None = None
    cross_region: str | bool | None = None
    client: Any = field(default=None, repr=False)
    control_client: Any = field(default=None, repr=False)
    agent_client: Any = field(default=None, repr=False)
    #: Set on an unpickled copy whose original had explicit credentials.
    secrets_lost: bool = False

    def __post_init__(self) -> None:
        self._check_credentials()
        object.__setattr__(self, "aws_iam_role_source", role_source(self.aws_iam_role_source))
        self._check_role()
        for name in ("connect_timeout", "timeout", "total_timeout"):
            _check_seconds(name, getattr(self, name), optional=name == "total_timeout")
        _check_whole("max_retries", self.max_retries, least=0, most=_MOST_RETRIES)
        if self.max_concurrency is not None:
            _check_whole("max_concurrency", self.max_concurrency, least=1, most=_MOST_REQUESTS)
        if self.requests_per_minute is not None:
            _check_whole("requests_per_minute", self.requests_per_minute, least=1, most=_MOST_A_MINUTE)
        for name in _CLIENTS:
            _check_client(name, getattr(self, name))
        for name in ("endpoint_url", "control_endpoint_url", "agent_endpoint_url", "profile_name"):
            _check_text(name, getattr(self, name))
        for name in ("retry_read_timeouts", "use_fips", "use_dualstack"):
            _check_switch(name, getattr(self, name))
        _check_cross_region(self.cross_region)
        for url in (self.endpoint_url, self.control_endpoint_url, self.agent_endpoint_url):
            if url is not None:
                custom_endpoint(url, fips=bool(self.use_fips), dualstack=bool(self.use_dualstack))
        if self.region_name is not None:
            check_region("region_name", self.region_name)
        object.__setattr__(self, "verify", _verify(self.verify))

    def _check_credentials(self) -> None:
        for name in SECRETS:
            value = getattr(self, name)
            if value is not None:
                check_secret(name, value)
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

    def _check_role(self) -> None:
        for name, pattern in _ROLE_PATTERNS.items():
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                raise ConfigurationError(f"{name} cannot be {shown(value)}", hint=_ROLE_HINTS[name])
        if self.role_duration is not None:
            _check_whole("role_duration", self.role_duration, least=_SHORTEST_ROLE, most=_LONGEST_ROLE)
        if self.role_arn is None:
            for name in ROLE[1:]:
                if getattr(self, name) is not None:
                    raise ConfigurationError(
                        f"{name} was given without role_arn", hint="name the role, or leave it out"
                    )
        elif self.api_key is not None:
            raise ConfigurationError(
                "a Bedrock API key cannot assume a role: api_key was given with role_arn",
                hint="keep one; a role is assumed with an access key pair, a profile or the AWS chain",
            )
        url = self.sts_endpoint_url
        _check_text("sts_endpoint_url", url)
        if url is not None:
            url = custom_endpoint(url, fips=bool(self.use_fips), dualstack=bool(self.use_dualstack))
            if url.startswith("http:") and not is_loopback(url):
                raise ConfigurationError(
                    "sts_endpoint_url would carry credentials in clear text",
                    hint="use https, or an endpoint on this machine",
                )

    @classmethod
    def from_keywords(cls, given: Mapping[str, Any], where: str) -> ConnectionSettings:
        """Settings from keywords in any accepted spelling; None means "not given"."""
        names = cls.names()
        named = canonical(given, names, where=where)
        for name in SECRETS:  # pydantic's SecretStr, which the models take
            if (unveil := getattr(named.get(name), "get_secret_value", None)) is not None:
                named[name] = unveil()
        return cls(**{name: value for name, value in named.items() if value is not None})

    @classmethod
    def names(cls) -> frozenset[str]:
        """The public names."""
        return _NAMES

    def without_secrets(self) -> ConnectionSettings:
        """A copy that may be written down. It remembers that explicit credentials existed."""
        unwritable = (*SECRETS, "client", "control_client", "agent_client")
        lost = self.secrets_lost or any(getattr(self, name) is not None for name in unwritable)
        return replace(self, **dict.fromkeys(unwritable), secrets_lost=lost)

    def __reduce__(self) -> tuple[Any, ...]:
        bare = self.without_secrets()
        values = {entry.name: getattr(bare, entry.name) for entry in fields(bare)}
        return partial(ConnectionSettings, **values), ()

    def __copy__(self) -> ConnectionSettings:
        return self  # it does not change, and pickling's way of copying would lose the credentials

    def __deepcopy__(self, memo: dict[int, Any]) -> ConnectionSettings:
        return self

    def shown(self) -> str:
        """What was set, without secrets."""
        set_ = [(e.name, getattr(self, e.name)) for e in fields(self) if getattr(self, e.name) != e.default]
        return ", ".join(f"{name}='…'" if name in SECRETS else f"{name}={value!r}" for name, value in set_)


_NAMES = frozenset(entry.name for entry in fields(ConnectionSettings)) - {"secrets_lost"}


_ROLE_HINTS = {
    "role_arn": "a role's ARN looks like arn:aws:iam::123456789012:role/name",
    "role_session_name": "2 to 64 letters, digits and any of _+=,.@-",
    "role_external_id": "2 to 1224 letters, digits and any of _+=,.@:/-, as the role's trust policy has it",
}


def role_source(value: Any) -> str:
    """``aws_iam_role_source`` as it is meant, whatever its case and the white space around it.

    Raises:
        ConfigurationError: it is none of ``auto``, ``metadata``, ``env``.
    """
    if value is None:
        return ROLE_SOURCES[0]
    meant = value.strip().lower() if isinstance(value, str) else value
    if meant not in ROLE_SOURCES:
        found = shown(value) if not isinstance(value, str) else value.strip()[:80]
        raise ConfigurationError(
            f"aws_iam_role_source must be one of: {', '.join(ROLE_SOURCES)}. Found {found}",
            hint="auto is the whole AWS chain, metadata web identity, ECS and EC2 metadata alone, env the "
            "access-key variables alone",
        )
    return meant


def check_secret(name: str, value: Any) -> None:
    """Refuse a credential that no header can carry; ``name`` says where it was given.

    White space around it is refused, too: botocore signs with it, and AWS says that the signature is wrong.

    Raises:
        ConfigurationError: it does not show the value.
    """
    plain = isinstance(value, str) and value.isascii() and value.isprintable()
    if not plain or not value or value != value.strip():
        raise ConfigurationError(
            f"{name} must be non-empty text in printable ASCII without white space around it",
            hint="look for a space, a line break or a typographic character that was copied along",
        )


def check_region(name: str, value: Any) -> None:
    """Refuse what cannot be a region; it becomes part of a host name.

    Raises:
        ConfigurationError: it names the value.
    """
    if (
        not isinstance(value, str)
        or value != value.lower()
        or not all(part.isalnum() and part.isascii() for part in value.split("-"))
    ):
        raise ConfigurationError(
            f"{name} {shown(value)} is not a region", hint="a region looks like us-east-1"
        )


def shown(value: Any, length: int = 80) -> str:
    """A value in a message, cut; also one that Python refuses to print (a number of thousands of digits)."""
    try:
        return repr(value)[:length]
    except ValueError:
        return f"a huge {type(value).__name__}"


def _check_seconds(name: str, value: Any, *, optional: bool) -> None:
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= _LONGEST:
        raise ConfigurationError(
            f"{name} must be a positive number of seconds, at most {_LONGEST}, not {shown(value)}",
            hint="a time limit can be long, never infinite",
        )


def _check_whole(name: str, value: Any, *, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigurationError(f"{name} must be a whole number from {least} to {most}, not {shown(value)}")


def _check_text(name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise ConfigurationError(f"{name} must be text, not {shown(value)}")


def is_client(name: str, client: Any) -> bool:
    """Whether it is a boto3 client that this parameter takes, or behaves as one.

    A class has the methods, too, and can call none.
    """
    _, *methods = _CLIENTS[name]
    return not isinstance(client, type) and any(callable(getattr(client, method, None)) for method in methods)


def _check_client(name: str, client: Any) -> None:
    if client is not None and not is_client(name, client):
        service = _CLIENTS[name][0]
        raise ConfigurationError(
            f"{name} is a {type(client).__name__}, not a client of {service}",
            hint=f"give boto3.client({service!r})",
        )


def _check_switch(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be True or False, not {shown(value)}")


def _check_cross_region(value: Any) -> None:
    if value is not None and value is not False and value != "auto":
        raise ConfigurationError(
            f"cross_region must be 'auto', False or None, not {shown(value)}",
            hint="None sends short names by inference profile where AWS needs one, 'auto' full ids, too, "
            "False neither",
        )


def path_text(value: Any) -> Any:
    """A path as text; anything else as it is."""
    return fspath(cast("PathLike[str]", value)) if isinstance(value, PathLike) else value


def _verify(value: Any) -> bool | str | None:
    """What ``verify=`` says, a path as text."""
    value = path_text(value)
    if value is None or isinstance(value, bool) or (isinstance(value, str) and value):
        return value
    raise ConfigurationError(f"verify must be a CA bundle's path or False, not {shown(value)}")
