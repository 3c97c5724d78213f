"""The sources of the AWS chain in the documented order, each asked through botocore's own providers.

The order is environment, shared files, web identity, ECS, EC2 metadata. botocore's own differs in one place:
it asks the web identity of the environment before the shared files.
"""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from botocore import credentials, utils
from botocore.exceptions import MetadataRetrievalError

from ..errors import BedrockError, ConfigurationError
from .identity import SESSION_TOKENS
from .nested import Nested, nested_session

botocore: Any = credentials
_utils: Any = utils

ENV, FILES, WEB_IDENTITY, ECS, IMDS = "env", "files", "web identity", "ecs", "imds"
_TITLES = {
    ENV: "the environment",
    FILES: "the shared files",
    WEB_IDENTITY: "web identity",
    ECS: "ECS",
    IMDS: "EC2 metadata",
}
_ASKED = {
    "auto": (ENV, FILES, WEB_IDENTITY, ECS, IMDS),
    "metadata": (WEB_IDENTITY, ECS, IMDS),
    "env": (ENV,),
}
#: A profile that was asked for stands in for the environment's keys and web identity, as in botocore.
_OF_A_PROFILE = (FILES, ECS, IMDS)
#: botocore's providers of the shared files, by what a profile names.
_IN_FILES = (
    "assume-role",
    "sso",
    "shared-credentials-file",
    "login",
    "custom-process",
    "config-file",
    "ec2-credentials-file",
    "boto-config",
)
_STATIC = frozenset({"aws_access_key_id", "aws_secret_access_key"})


class Found(NamedTuple):
    """Credentials, what they were when they were found, and where."""

    credentials: Any
    frozen: Any
    source: str
    origin: str


class NobodyFound(Exception):
    """No source has credentials; the text says of each why not."""


class SourceFailed(Exception):
    """A source is set up and gives nothing; its cause says why, ``tried`` what came before it."""

    def __init__(self, title: str, tried: str, login_profile: str | None) -> None:
        super().__init__(title)
        self.title = title
        self.tried = tried
        self.login_profile = login_profile


def find(
    nested: Nested, *, profile: str | None, explicit: bool, restriction: str, only: str | None = None
) -> Found:
    """The first source's credentials, or those of the one that was found before (``only``).

    A source that is not set up is passed over. One that is, and fails, ends the search: behind it somebody
    else would sign.

    Raises:
        NobodyFound: no source is set up.
        SourceFailed: one is, and gives nothing.
        Exception: of botocore, for shared files that cannot be used.
    """
    session = nested_session(
        nested, profile=profile if explicit else None, ambient=True if restriction == "auto" else None
    )

    @cache
    def botocores() -> Mapping[str, Any]:
        return {one.METHOD: one for one in botocore.create_credential_resolver(session).providers}

    asked = _OF_A_PROFILE if explicit else _ASKED[restriction]
    if only is not None:
        asked = (only,)
    tried: list[str] = []
    for name in asked:
        try:
            for provider in _providers(name, session, nested, botocores):
                loaded = provider.load()
                if loaded is None:
                    continue
                origin = f"{name} ({_kind(loaded)})" if name == FILES else name
                # A role's keys and those of SSO are fetched only now.
                return Found(loaded, loaded.get_frozen_credentials(), name, origin)
            reason = _REASONS[name](session)
        except MetadataRetrievalError:
            reason = "no session token to be had; version 1 is not asked"
        except BedrockError:
            raise
        # Each provider has exceptions of its own, and botocore no class for them.
        except Exception as error:
            raise SourceFailed(_titled(name, session), _listed(tried), _login(session)) from error
        tried.append(f"{_TITLES[name]} ({reason})")
    raise NobodyFound(_listed(tried))


def _listed(tried: list[str]) -> str:
    return ", ".join(tried)


def _titled(name: str, session: Any) -> str:
    return f"{_TITLES[name]}, profile {_profile(session)!r}" if name == FILES else _TITLES[name]


def _providers(
    name: str, session: Any, nested: Nested, botocores: Callable[[], Mapping[str, Any]]
) -> Iterator[Any]:
    if name == ENV:
        yield botocore.EnvProvider(mapping={"token": list(SESSION_TOKENS)})
        return
    if name == WEB_IDENTITY:
        yield _web_identity(session, nested, dict)
        return
    made = botocores()
    if name == FILES:
        _refuse_mfa(session)
        yield made["assume-role"]
        yield _web_identity(session, nested, lambda: session.full_config, in_files=True)
        for method in _IN_FILES[1:]:
            if method in made:
                yield made[method]
    else:
        yield made["container-role" if name == ECS else "iam-role"]


def _web_identity(
    session: Any, nested: Nested, load_config: Callable[[], Any], *, in_files: bool = False
) -> Any:
    def client(service: str, **settings: Any) -> Any:
        return _utils.create_nested_client(session, service, region_name=nested.region or None, **settings)

    return botocore.AssumeRoleWithWebIdentityProvider(
        load_config=load_config,
        client_creator=client,
        profile_name=_profile(session),
        cache={},
        disable_env_vars=in_files,
    )


def _kind(loaded: Any) -> str:
    method: str = loaded.method
    return {
        "shared-credentials-file": "credentials file",
        "config-file": "config file",
        "custom-process": "credential_process",
        "assume-role": "role",
        "assume-role-with-web-identity": "web identity",
    }.get(method, method)


def _profile(session: Any) -> str:
    return session.get_config_variable("profile") or "default"


def _profiles_from(session: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The profile in use, and those whose keys assume its role.

    A source with keys of its own gives these to botocore, whatever role it has beside them.
    """
    profiles: dict[str, Any] = session.full_config.get("profiles", {})
    name: str | None = _profile(session)
    seen: set[str] = set()
    while name and name in profiles and name not in seen:
        section = profiles[name]
        if seen and not _STATIC.isdisjoint(section):
            return
        seen.add(name)
        yield name, section
        name = section.get("source_profile") if "role_arn" in section else None


def _refuse_mfa(session: Any) -> None:
    for name, section in _profiles_from(session):
        if "role_arn" in section and section.get("mfa_serial"):
            raise ConfigurationError(
                f"the AWS profile {name!r} assumes its role with MFA (mfa_serial), and nobody can be asked "
                "for a code here",
                hint="take a session yourself, by `aws configure export-credentials --profile "
                f"{shlex.quote(name)}`, and pass its three keys; or name a profile without mfa_serial",
            )


def _login(session: Any) -> str | None:
    """The profile that `aws sso login` or `aws login` is for."""
    for name, section in _profiles_from(session):
        if {"sso_session", "sso_start_url", "login_session"} & section.keys():
            return name
    return None


def _reason_env(_: Any) -> str:
    half = " beside AWS_SECRET_ACCESS_KEY" if os.environ.get("AWS_SECRET_ACCESS_KEY") else ""
    return f"AWS_ACCESS_KEY_ID is not set{half}"


def _reason_files(session: Any) -> str:
    profile = _profile(session)
    if profile in session.full_config.get("profiles", {}):
        return f"profile {profile!r} names no keys, role, SSO or process"
    return f"no profile {profile!r} in them"


def _reason_imds(_: Any) -> str:
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return "disabled by AWS_EC2_METADATA_DISABLED"
    return "no role's credentials there"


_REASONS: dict[str, Callable[[Any], str]] = {
    ENV: _reason_env,
    FILES: _reason_files,
    WEB_IDENTITY: lambda _: "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
    ECS: lambda _: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set",
    IMDS: _reason_imds,
}
