"""Choosing who signs, by the documented precedence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from ..settings import ROLE, check_secret
from ..wire.signing import Keys
from .chain import ChainIdentity
from .identity import SESSION_TOKENS, Bearer, FixedIdentity, IdentitySource
from .nested import Nested, ambient_profile

if TYPE_CHECKING:
    from ..settings import ConnectionSettings


def choose_source(
    settings: ConnectionSettings,
    env: Mapping[str, str],
    region: str,
    stored: ConnectionSettings | None = None,
    *,
    policy: str | None = None,
) -> IdentitySource:
    """The source of identity for these settings.

    Precedence: ``api_key``, then the access key pair, then ``aws_iam_role_source`` (other than ``auto``) and
    ``profile_name``, then what :func:`~bedrock_unified.put_key` stored, then ``AWS_BEARER_TOKEN_BEDROCK``,
    then the AWS chain. With ``role_arn`` that identity assumes the role. Explicit keys never take an ambient
    session token.

    Args:
        stored: what is stored for clients that say nothing of who signs.
        policy: a session policy for the role, as JSON.
    """
    if settings.secrets_lost:
        raise ConfigurationError(
            "this copy was made without its explicit credentials, and will not sign as somebody else",
            hint="give it api_key= or aws_access_key_id= and aws_secret_access_key= again; models on a "
            "profile, a role or the environment keep working when they are pickled",
        )
    nested = Nested(
        region,
        settings.sts_endpoint_url,
        settings.verify,
        settings.use_fips,
        settings.use_dualstack,
    ).reading(env)
    base = _given(settings, "arguments") or _base(settings, env, nested, stored)
    if settings.role_arn is None:
        return base
    if isinstance(base.ready(), Bearer):
        raise ConfigurationError(
            f"a Bedrock API key (from {base.origin}) cannot assume {settings.role_arn}",
            hint="give an access key pair or profile_name, or unset AWS_BEARER_TOKEN_BEDROCK",
        )
    from .role import Role, RoleIdentity

    role = Role(*(getattr(settings, name) for name in ROLE), policy=policy)
    return RoleIdentity(base, role, nested, profile=settings.profile_name)


def _given(settings: ConnectionSettings, origin: str) -> FixedIdentity | None:
    if settings.api_key:
        return FixedIdentity(Bearer(settings.api_key), origin)
    if settings.aws_access_key_id and settings.aws_secret_access_key:
        keys = Keys(settings.aws_access_key_id, settings.aws_secret_access_key, settings.aws_session_token)
        return FixedIdentity(keys, origin)
    return None


def _base(
    settings: ConnectionSettings, env: Mapping[str, str], nested: Nested, stored: ConnectionSettings | None
) -> IdentitySource:
    restriction = settings.aws_iam_role_source
    if restriction != "auto":
        found = environment_keys(env) if restriction == "env" else None
        return found or ChainIdentity(None, nested, explicit=False, restriction=restriction)
    if settings.profile_name:
        return ChainIdentity(settings.profile_name, nested)
    if stored is not None and (found := _given(stored, "put_key")):
        return found
    if token := env.get("AWS_BEARER_TOKEN_BEDROCK", "").strip():
        check_secret("AWS_BEARER_TOKEN_BEDROCK", token)
        return FixedIdentity(Bearer(token), "bearer")
    return environment_keys(env) or ChainIdentity(ambient_profile(env), nested, explicit=False)


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
    token = next(filter(None, map(env.get, SESSION_TOKENS)), None)
    for name, value in (
        ("AWS_ACCESS_KEY_ID", key_id),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_SESSION_TOKEN", token),
    ):
        if value is not None:
            check_secret(name, value)
    return FixedIdentity(Keys(key_id, secret, token), "env")
