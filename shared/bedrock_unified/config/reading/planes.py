"""The one URL of a gateway or backend, as the endpoints and the region that it means."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from ...settings import shown
from ...wire.endpoints import custom_endpoint, partition_of, region_from_url
from ..named import Origin
from .problems import problem

_RUNTIME, _CONTROL = "://bedrock-runtime.", "://bedrock."
_MANTLE = re.compile(r"\bbedrock-mantle[.-]", re.IGNORECASE)
_LOOKS_LIKE = "write a region (us-east-1) or an endpoint (https://bedrock-runtime.us-east-1.amazonaws.com)"


def aws_region(url: str) -> str | None:
    """The region that one of AWS's own hosts names; None for every other host."""
    region = region_from_url(url)
    if region is None:
        return None
    try:
        host = (urlsplit(url if "://" in url else f"//{url}").hostname or "").rstrip(".")
    except ValueError:
        return None
    partition = partition_of(region)
    return region if host.endswith((f".{partition.domain}", f".{partition.dualstack_domain}")) else None


def checked_region(text: str, origin: Origin) -> str:
    """A region's name.

    Raises:
        ConfigurationError: it cannot be one.
    """
    text = text.strip()
    if region_from_url(text) != text:  # a host's name tells one, too
        raise problem(origin, f"{shown(text)} is not a region", hint="a region looks like us-east-1")
    return text


def connection_to(text: str, origin: Origin, *, told_by_any_host: bool) -> dict[str, Any]:
    """The connection keywords that a region or an endpoint's URL stands for.

    An endpoint of AWS's names its region; a URL of either plane stands for both. An endpoint of one's own
    answers for all services, except that ``bedrock-runtime.…`` has its control plane at ``bedrock.…``.

    Args:
        told_by_any_host: whether ``bedrock-runtime.<region>.example.com`` names a region, too (Contenox), or
            AWS's hosts alone (GoModel).

    Raises:
        ConfigurationError: it is neither a region nor a URL that can be an endpoint.
    """
    text = text.strip()
    if not any(mark in text for mark in "/.:"):
        if region_from_url(text) != text:  # a host's name would pass for one with the other rule
            raise problem(origin, f"{shown(_without_user(text))} is not a region", hint=_LOOKS_LIKE)
        return {"region_name": text}
    if "://" not in text and aws_region(text):
        text = f"https://{text}"
    try:
        url = custom_endpoint(text)
    except ConfigurationError as error:
        raise problem(origin, error.message, hint=error.hint or _LOOKS_LIKE) from None
    if _MANTLE.search(url):
        raise problem(
            origin,
            "this is the endpoint of Bedrock Mantle, which does not speak Converse",
            hint="write the region alone, or the bedrock-runtime endpoint",
        )
    region = aws_region(url)
    if region is not None:
        return _of_aws(url, region)
    told = region_from_url(url) if told_by_any_host else None
    control = url.replace(_RUNTIME, _CONTROL, 1)
    endpoints = {"endpoint_url": url, "control_endpoint_url": control, "agent_endpoint_url": url}
    return {"region_name": told, **endpoints} if told else endpoints


def _of_aws(url: str, region: str) -> dict[str, Any]:
    runtime = url.replace(_CONTROL, _RUNTIME, 1)
    if runtime == f"https://bedrock-runtime.{region}.{partition_of(region).domain}":
        return {"region_name": region}  # AWS's own endpoint: that is what the region says already
    return {"region_name": region, "endpoint_url": runtime}


def _without_user(text: str) -> str:
    return text.rpartition("@")[2]
