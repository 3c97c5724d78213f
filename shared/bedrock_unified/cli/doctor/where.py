"""Where calls go: the region, the endpoint, the clock."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import time
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from ...place import Place, profile_section
from ...settings import ConnectionSettings
from ...wire.endpoints import configured_endpoint, partition_of, region_from_url
from ...wire.failure import server_time
from ...wire.http import FailureKind, Flow, Request, Response, TransportError
from ...wire.operations import RUNTIME
from .report import Finding, without_objects

#: AWS takes signatures within five minutes of its own clock; a minute is worth a word.
_REFUSED_SECONDS, _ODD_SECONDS = 300, 60
_FIXES = {
    FailureKind.NAME: "check the region and the endpoint URL, and that this machine resolves the host's name",
    FailureKind.CONNECT: "check the endpoint URL and the network; set HTTPS_PROXY if a proxy is needed",
    FailureKind.CONNECT_TIMEOUT: "check the network, a firewall, and whether a proxy (HTTPS_PROXY) is needed",
    FailureKind.TLS: "name the CA bundle of your network in AWS_CA_BUNDLE (or verify=)",
    FailureKind.PROXY: "check HTTPS_PROXY; hosts to reach directly go into NO_PROXY",
}


def region(settings: ConnectionSettings, env: Mapping[str, str], name: str) -> Finding:
    """The region, who said so, and whether Bedrock is there."""
    endpoint = settings.endpoint_url or configured_endpoint(RUNTIME, env)
    found = f"{name}, {_region_source(settings, env, endpoint)}"
    known = _regions(partition_of(name).name)
    if name in known:
        return Finding("region", "ok", found)
    where = f"{found}; botocore knows no Bedrock there"
    if endpoint:
        return Finding("region", "note", f"{where}, the endpoint URL decides")
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    near.sort(key=lambda other: sorted(other) != sorted(name))  # two letters that changed places come first
    others = ", ".join(near or (*list(known)[:6], "…") if known else ()) or "none in this partition"
    return Finding(
        "region",
        "fail",
        where,
        f"choose a region that has Bedrock (--region, AWS_REGION): {others}; a newer region than botocore "
        "needs a newer botocore",
    )


def _region_source(settings: ConnectionSettings, env: Mapping[str, str], endpoint: str | None) -> str:
    if settings.region_name:
        return "as given"
    if endpoint and region_from_url(endpoint):
        return "from the endpoint URL"
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if env.get(name):
            return f"from {name}"
    if profile_section(settings.profile_name, env)[0].get("region"):
        return f"from the AWS profile {settings.profile_name or env.get('AWS_PROFILE') or 'default'!r}"
    return "the default: nothing names one (AWS_REGION, --region)"


def _regions(partition: str) -> list[str]:
    import botocore.session

    session: Any = botocore.session.Session()
    return session.get_available_regions("bedrock", partition)


def endpoint(place: Place, found: list[Finding]) -> bool:
    """Whether the runtime's endpoint answers, and what its clock says; added to ``found``."""
    route = place.route
    url = f"{place.transport.origin}{route.prefix}"
    proxy, _ = place.transport.proxy_parts
    way = f" through the proxy {urlsplit(proxy).netloc}" if proxy else ""
    began = time.monotonic()
    try:
        response = place.sync.run(_ask(f"{route.prefix}/"))
    except TransportError as failure:
        found.append(
            Finding(
                "endpoint",
                "fail",
                f"{url}{way} cannot be reached: {_reason(failure)}",
                _FIXES.get(failure.kind, "check the endpoint URL, the network and any proxy"),
            )
        )
        return False
    milliseconds = (time.monotonic() - began) * 1000
    found.append(Finding("endpoint", "ok", f"{url}{way} answers in {milliseconds:.0f} ms"))
    found.append(_clock(response))
    return True


def _reason(failure: TransportError) -> str:
    """Without the library's own words where they add nothing."""
    clear = failure.kind in (FailureKind.NAME, FailureKind.CONNECT_TIMEOUT)
    return failure.kind.value if clear else without_objects(str(failure))


def _ask(target: str) -> Flow[Response]:
    """Without a signature and a route: any answer will do."""
    response = yield Request("GET", target, dict, b"")
    return response


def _clock(response: Response) -> Finding:
    theirs = server_time(response.headers)
    if theirs is None:
        return Finding("clock", "skipped", "the endpoint tells no date")
    ahead = time.time() - theirs
    if abs(ahead) < _ODD_SECONDS:
        return Finding("clock", "ok", "agrees with the endpoint's")
    found = f"this machine is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the endpoint"
    if abs(ahead) < _REFUSED_SECONDS:
        return Finding("clock", "warning", found, "set this machine's clock (NTP)")
    return Finding(
        "clock",
        "fail",
        f"{found}; AWS refuses signatures that are more than five minutes off",
        "set this machine's clock (NTP): `timedatectl set-ntp true`",
    )
