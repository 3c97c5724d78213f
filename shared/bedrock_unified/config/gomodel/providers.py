"""One of GoModel's providers, as keywords of our client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...wire.endpoints import region_from_url
from ..named import Provider
from ..open import read_id
from ..reading.planes import connection_to
from .file import Entry, given

_IDENTITY = ("api_key", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "profile_name")


def provider_of(
    entry: Entry, ambient: Mapping[str, Any], max_retries: int | None, mode: str, notes: list[str]
) -> Provider:
    """The provider.

    Its region is that of ``base_url``: a region, or an AWS host's. With an endpoint of one's own it is
    ``AWS_REGION``, then ``AWS_DEFAULT_REGION``, as it is without ``base_url``.

    Args:
        ambient: what the environment and ``.env`` say of region and identity.
        max_retries: what the file says for all providers.
        notes: what is left out is added here.
    """
    keywords = dict(ambient)
    if given(entry.base_url) and entry.base_url is not None:
        keywords |= connection_to(entry.base_url.text(), entry.base_url.origin, told_by_any_host=False)
        told = region_from_url(keywords.get("endpoint_url", ""))
        if told and "region_name" not in keywords:
            notes.append(
                f"{entry.base_url.origin}: the region {told} is the host's, as neither AWS_REGION nor "
                "AWS_DEFAULT_REGION is set"
            )
    if given(entry.api_key) and entry.api_key is not None:
        # GoModel's Bedrock provider has no key of its own; this package takes one for a Bedrock API key.
        keywords = {name: value for name, value in keywords.items() if name not in _IDENTITY}
        keywords["api_key"] = entry.api_key.secret()
    retries = entry.max_retries if entry.max_retries is not None else max_retries
    if retries is not None:
        keywords["max_retries"] = retries
    models = dict.fromkeys(read_id(one.text(), one.origin) for one in entry.models if given(one))
    return Provider(
        name=entry.name, parameters=keywords, models=tuple(models), models_mode=mode, origin=entry.origin
    )
