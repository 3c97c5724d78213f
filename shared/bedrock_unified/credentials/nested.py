"""How the calls are made that credentials need themselves: to STS, SSO and its token service, by botocore."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from logging import INFO, LogRecord, getLogger
from threading import local
from typing import Any, NamedTuple

CONNECT_SECONDS = 5
READ_SECONDS = 20
_REGION = "us-east-1"
#: What botocore says at DEBUG of requests and answers: tokens in headers, keys in bodies.
_TELLS_SECRETS = ("botocore.auth", "botocore.endpoint", "botocore.parsers")


class Nested(NamedTuple):
    """What these calls take over from the client that they are made for; no region: the profile's.

    The last three are the environment's as it was when the client read it. botocore reads it anew for each
    session; a client whose keys are found again keeps to the files and the profile that signed before.
    """

    region: str = ""
    sts_endpoint_url: str | None = None
    verify: bool | str | None = None
    use_fips: bool | None = None
    use_dualstack: bool | None = None
    ambient_profile: str | None = None
    config_file: str | None = None
    credentials_file: str | None = None

    def reading(self, env: Mapping[str, str]) -> Nested:
        """The same with this environment's profile and files."""
        return self._replace(
            ambient_profile=ambient_profile(env),
            config_file=env.get("AWS_CONFIG_FILE"),
            credentials_file=env.get("AWS_SHARED_CREDENTIALS_FILE"),
        )


def nested_session(nested: Nested, *, profile: str | None = None, ambient: bool | None = True) -> Any:
    """A botocore session for these calls.

    Args:
        profile: the AWS profile that was asked for.
        ambient: where none was, whether the one that the environment names must exist; None if it only
            counts where it does: keys of the caller's own and metadata services do not depend on it.
    """
    from botocore import exceptions
    from botocore import session as sessions
    from botocore.config import Config

    botocore: Any = sessions
    session: Any = botocore.Session(_pinned(nested, nested.ambient_profile), profile=profile)
    if ambient is None and profile is None:
        try:
            session.get_scoped_config()
        except exceptions.ProfileNotFound:
            session = botocore.Session(_pinned(nested, None))
    with suppress(exceptions.ProfileNotFound):  # whoever needs the profile raises it
        session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    create_client = session.create_client

    def create(service_name: str, *args: Any, **kwargs: Any) -> Any:
        if service_name == "sts" and kwargs.get("endpoint_url") is None:
            kwargs["endpoint_url"] = nested.sts_endpoint_url
        if kwargs.get("verify") is None:
            kwargs["verify"] = nested.verify
        return create_client(service_name, *args, **kwargs)

    session.create_client = create
    region = nested.region or session.get_config_variable("region") or _REGION
    session.set_config_variable("region", region)
    # The token of version 2 is what keeps a forwarded request from reading an instance's keys.
    session.set_config_variable("ec2_metadata_v1_disabled", True)
    # botocore's own limits are a minute each, for each of its tries.
    session.set_default_client_config(
        Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            **{
                name: value
                for name, value in (
                    ("use_fips_endpoint", nested.use_fips),
                    ("use_dualstack_endpoint", nested.use_dualstack),
                )
                if value is not None
            },
        )
    )
    return session


@cache
def _loader(data_path: str | None) -> Any:
    """botocore's service data, read once for all sessions: a role's keys are renewed again and again."""
    from botocore import loaders

    botocore: Any = loaders
    return botocore.create_loader(data_path)


def _pinned(nested: Nested, profile: str | None) -> dict[str, Any]:
    """Profile and files as botocore's session takes them: an empty variable names no profile.

    As with botocore, an empty name of a file stands for no file.
    """
    config = "~/.aws/config" if nested.config_file is None else nested.config_file
    keys = "~/.aws/credentials" if nested.credentials_file is None else nested.credentials_file
    return {
        "profile": (None, None, profile, None),
        "config_file": (None, None, config, None),
        "credentials_file": (None, None, keys, None),
    }


def ambient_profile(env: Mapping[str, str]) -> str | None:
    """The profile that the environment names, in botocore's order."""
    return env.get("AWS_DEFAULT_PROFILE") or env.get("AWS_PROFILE") or None


_asking = local()


@contextmanager
def asking() -> Generator[None]:
    """While this thread asks for keys, keep out of the log what botocore would write of them.

    At DEBUG it writes whole answers of STS and SSO, and of a failed refresh a traceback; our error tells that
    one, without secrets. Other threads' use of botocore is logged as ever.
    """
    _quiet()
    before = getattr(_asking, "keys", False)
    _asking.keys = True
    try:
        yield
    finally:
        _asking.keys = before


@cache
def _quiet() -> None:
    getLogger("botocore.credentials").addFilter(_told_by_us)
    for name in _TELLS_SECRETS:
        getLogger(name).addFilter(_tells_no_secret)


def _told_by_us(record: LogRecord) -> bool:
    if not getattr(_asking, "keys", False) or record.exc_info is None:
        return True
    record.exc_info = None
    return not (record.args and "mandatory" in record.args)  # the advisory one is not raised


def _tells_no_secret(record: LogRecord) -> bool:
    return record.levelno >= INFO or not getattr(_asking, "keys", False)
