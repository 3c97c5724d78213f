"""How the calls are made that credentials need themselves: to STS, SSO and its token service, by botocore."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from logging import LogRecord, getLogger
from threading import local
from typing import Any, NamedTuple

CONNECT_SECONDS = 5
READ_SECONDS = 20
_REGION = "us-east-1"


class Nested(NamedTuple):
    """What these calls take over from the client that they are made for; no region: the profile's."""

    region: str = ""
    sts_endpoint_url: str | None = None
    verify: bool | str | None = None
    use_fips: bool | None = None
    use_dualstack: bool | None = None


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
    session: Any = botocore.Session(_named(ambient_profile(os.environ)), profile=profile)
    if ambient is None and profile is None:
        try:
            session.get_scoped_config()
        except exceptions.ProfileNotFound:
            session = botocore.Session(_named(None))
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


def _named(profile: str | None) -> dict[str, Any]:
    """The environment's profile, as botocore's session takes it: an empty variable names none."""
    return {"profile": (None, None, profile, None)}


def ambient_profile(env: Mapping[str, str]) -> str | None:
    """The profile that the environment names, in botocore's order."""
    return env.get("AWS_DEFAULT_PROFILE") or env.get("AWS_PROFILE") or None


def frozen_of(credentials: Any) -> Any:
    """The keys of botocore's credentials, refreshed if need be."""
    _quiet()
    _asking.keys = True
    try:
        return credentials.get_frozen_credentials()
    finally:
        _asking.keys = False


_asking = local()


@cache
def _quiet() -> None:
    """Keep botocore's traceback of a failed refresh out of the log: our error tells it, without secrets."""
    getLogger("botocore.credentials").addFilter(_told_by_us)


def _told_by_us(record: LogRecord) -> bool:
    if not getattr(_asking, "keys", False) or record.exc_info is None:
        return True
    record.exc_info = None
    return not (record.args and "mandatory" in record.args)  # the advisory one is not raised
