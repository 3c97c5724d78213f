"""``assume_role``: a role's temporary keys, as keywords for our classes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConfigurationError
from ..settings import ConnectionSettings
from ..spelling import canonical
from .keywords import Keywords
from .role import policy_text
from .sources import choose_source
from .store import stored_for

if TYPE_CHECKING:
    from ..wire.signing import Keys

#: What says who assumes the role, and how STS is reached.
_BASE = frozenset(
    {
        "api_key",  # to be told that it cannot
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "profile_name",
        "aws_iam_role_source",
        "sts_endpoint_url",
        "verify",
        "use_fips",
        "use_dualstack",
    }
)
_WHERE = "assume_role"


def assume_role(
    *,
    role_arn: str,
    session_name: str | None = None,
    external_id: str | None = None,
    duration: int | None = None,
    policy: str | Mapping[str, Any] | None = None,
    region_name: str | None = None,
    **base: Any,
) -> dict[str, Any]:
    """Assume a role once, and give its keys as keywords: ``ChatBedrock(..., **assume_role(role_arn=…))``.

    They end after ``duration``. A model that shall renew them takes ``role_arn=`` itself.

    Args:
        session_name: how CloudTrail names the session; default ``bedrock-unified``.
        external_id: what the role's trust policy asks for.
        duration: seconds, 900 to 43200; default STS's hour.
        policy: a session policy that narrows the role's own, as JSON or as a dict.
        region_name: of STS, and among the keywords that are given back.
        base: who assumes it: ``aws_access_key_id`` …, ``profile_name``, ``aws_iam_role_source``, in any
            spelling; else the AWS chain. ``sts_endpoint_url``, ``verify``, ``use_fips``, ``use_dualstack``.

    Returns:
        ``aws_access_key_id``, ``aws_secret_access_key``, ``aws_session_token``, and ``region_name`` where it
        was given. Its repr shows no key.

    Raises:
        ConfigurationError: keywords that cannot work, a bearer key.
        AuthenticationError: nobody can assume it, or STS refuses.
    """
    named = canonical(base, _BASE, where=_WHERE)
    given = {
        **named,
        "role_arn": role_arn,
        "role_session_name": session_name,
        "role_external_id": external_id,
        "role_duration": duration,
        "region_name": region_name,
    }
    settings = ConnectionSettings.from_keywords(given, _WHERE)
    if settings.role_arn is None:
        raise ConfigurationError(f"{_WHERE} needs role_arn")
    env = os.environ
    region = region_name or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or ""
    source = choose_source(settings, env, region, stored_for(settings), policy=policy_text(policy))
    keys = cast("Keys", source.fetch())
    told = {
        "aws_access_key_id": keys.access_key_id,
        "aws_secret_access_key": keys.secret_access_key,
        "aws_session_token": keys.session_token,
    }
    return Keywords(told if region_name is None else {**told, "region_name": region_name})


async def aassume_role(**how: Any) -> dict[str, Any]:
    """The asynchronous :func:`assume_role`, on a thread of its own."""
    return await asyncio.to_thread(partial(assume_role, **how))
