"""Where requests go: AWS's host names, endpoints of one's own, and the proxy on the way.

Pure functions over text and mappings. Host names follow botocore's endpoint rules, environment variables its
configuration; the tests compare both with the installed botocore.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, cast
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigurationError

SERVICES = ("bedrock-runtime", "bedrock", "bedrock-agent-runtime", "sts")


class Partition(NamedTuple):
    """A part of AWS with domains of its own."""

    name: str
    region: str  # a pattern of its regions' names
    domain: str
    dualstack_domain: str


# Patterns are text here: a client meets few of them, and compiling all takes longer than making the client.
# In botocore's order: the first whose pattern fits a region has it, "aws" has the rest.
_PARTITIONS = (
    Partition(
        "aws",
        r"(?:us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+|aws-global",
        "amazonaws.com",
        "api.aws",
    ),
    Partition(
        "aws-cn",
        r"cn-\w+-\d+|aws-cn-global",
        "amazonaws.com.cn",
        "api.amazonwebservices.com.cn",
    ),
    Partition("aws-eusc", r"eusc-de-\w+-\d+", "amazonaws.eu", "api.amazonwebservices.eu"),
    Partition("aws-iso", r"us-iso-\w+-\d+|aws-iso-global", "c2s.ic.gov", "api.aws.ic.gov"),
    Partition("aws-iso-b", r"us-isob-\w+-\d+|aws-iso-b-global", "sc2s.sgov.gov", "api.aws.scloud"),
    Partition(
        "aws-iso-e",
        r"eu-isoe-\w+-\d+|aws-iso-e-global",
        "cloud.adc-e.uk",
        "api.cloud-aws.adc-e.uk",
    ),
    Partition("aws-iso-f", r"us-isof-\w+-\d+|aws-iso-f-global", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    Partition("aws-us-gov", r"us-gov-\w+-\d+|aws-us-gov-global", "amazonaws.com", "api.aws"),
)
_AWS_DOMAINS = tuple(
    f".{domain}" for partition in _PARTITIONS for domain in (partition.domain, partition.dualstack_domain)
)
# Regions for which botocore builds no dual-stack client, although the endpoint rules name a domain.
_NO_DUALSTACK = r"(?:eu-isoe|us-isof)-\w+-\d+"

_REGION_NAME = r"(?![0-9]+\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
# How regions are in fact named, to tell them from hosts.
_REAL_REGION = r"[a-z]{2,4}(?:-[a-z]+){1,2}-\d{1,2}"
_BEDROCK_LABEL = r"bedrock(?:-[a-z]+)*"
_HOST = r"(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)*(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.?"
_PATH = r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*"
_PROXY_PLACE = r"(?:[A-Za-z0-9._-]+|\[[A-Za-z0-9:.%_-]+\])(?::\d*)?"
_ESCAPE = r"%[0-9a-fA-F]{2}"
_BLANK = r"[\x00-\x20\x7f]|\s"


def partition_of(region: str) -> Partition:
    """The partition a region lies in; one that fits no pattern counts as ``aws``, as in botocore."""
    for partition in _PARTITIONS:
        if re.fullmatch(partition.region, region):
            return partition
    return _PARTITIONS[0]


def endpoint_url(service: str, region: str, *, fips: bool = False, dualstack: bool = False) -> str:
    """AWS's own endpoint of a service in a region, as ``https://host``.

    Args:
        service: one of :data:`SERVICES`.
        region: also botocore's old pseudo regions (``fips-us-gov-west-1``), which ask for FIPS.

    Raises:
        ConfigurationError: no such service, the region's name cannot be one, or AWS has no such endpoint.
    """
    if service not in SERVICES:
        raise ConfigurationError(f"no endpoint is known for {service!r}, only for {', '.join(SERVICES)}")
    name = region.replace("fips-", "").replace("-fips", "")
    fips = fips or name != region
    if not re.fullmatch(_REGION_NAME, name):
        raise ConfigurationError(f"{region!r} cannot be an AWS region; a region is like 'us-east-1'")
    partition = partition_of(name)
    domain = partition.domain
    if dualstack:
        if re.fullmatch(_NO_DUALSTACK, name):
            raise ConfigurationError(
                f"region {name!r} lies in partition {partition.name!r}, which has no dual-stack endpoints; "
                "leave use_dualstack out"
            )
        domain = partition.dualstack_domain
    elif service == "sts":
        if name == "aws-global" and not fips:
            return "https://sts.amazonaws.com"
        if partition.name == "aws-us-gov":  # its plain hosts are FIPS hosts
            fips = False
    return f"https://{service}{'-fips' if fips else ''}.{name}.{domain}"


def custom_endpoint(url: str, *, fips: bool = False, dualstack: bool = False) -> str:
    """An endpoint of the user's own, checked; returned without a trailing slash. It may carry a path prefix.

    Raises:
        ConfigurationError: the URL cannot be an endpoint, or it is combined with ``use_fips`` or
            ``use_dualstack``, which choose among AWS's own hosts.
    """
    for option, given in (("use_fips", fips), ("use_dualstack", dualstack)):
        if given:
            raise ConfigurationError(
                f"{option} cannot be combined with the endpoint URL {shown_url(url)}: "
                "leave it out and name the host you want in the URL"
            )
    return _checked(url)


def region_from_url(url: str) -> str | None:
    """The region that an endpoint's URL, its bare host or a bare region name tells, or None.

    AWS's hosts tell it in every partition, PrivateLink names included. Another host only tells it when it
    begins like the runtime's, ``bedrock-runtime.<region>.``: not ``https://bedrock.internal.example.com``.
    """
    text = url.strip()
    if re.fullmatch(_REAL_REGION, text):
        return text
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname
    except ValueError:  # an unclosed bracket: no host, so no region
        return None
    if not host:
        return None
    labels = host.rstrip(".").split(".")
    if host.rstrip(".").endswith(_AWS_DOMAINS):
        found = [after for label, after in pairwise(labels) if re.fullmatch(_BEDROCK_LABEL, label)]
    else:
        found = labels[1:2] if labels[0] in ("bedrock-runtime", "bedrock-runtime-fips") else []
    return next((label for label in found if re.fullmatch(_REAL_REGION, label)), None)


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine by its very name: ``localhost``, ``127.0.0.0/8`` or ``::1``."""
    import ipaddress

    try:
        host = urlsplit(url).hostname or ""
        if host.rstrip(".") == "localhost":
            return True
        address = ipaddress.ip_address(host)
    except ValueError:  # a name, not an address: it may lead anywhere
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def configured_endpoint(
    service: str,
    env: Mapping[str, str],
    profile: Mapping[str, Any] | None = None,
    services: Mapping[str, Mapping[str, Any]] | None = None,
) -> str | None:
    """The endpoint URL that environment or configuration file set for a service, or None.

    In botocore's order: ``AWS_ENDPOINT_URL_<SERVICE>``, ``AWS_ENDPOINT_URL``, the profile's ``services``
    section, its ``endpoint_url``. ``AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`` (or the profile's key of that name)
    switches all of them off.

    Args:
        service: ``bedrock-runtime``, …, which makes ``AWS_ENDPOINT_URL_BEDROCK_RUNTIME``.
        profile: the profile's section of the AWS configuration file, as botocore parses it.
        services: the file's ``services`` sections by name.

    Raises:
        ConfigurationError: the profile names a ``services`` section that the file does not have.
    """
    profile = profile or {}
    ignore = env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", profile.get("ignore_configured_endpoint_urls"))
    if str(ignore).lower() == "true":
        return None
    key = service.replace("-", "_")
    for variable in (f"AWS_ENDPOINT_URL_{key.upper()}", "AWS_ENDPOINT_URL"):
        if url := env.get(variable):
            return url
    if "services" in profile:
        name = _text(profile, "services")
        section = (services or {}).get(name or "")
        if not section:
            raise ConfigurationError(
                f"the AWS profile names the services section {name!r}, which the configuration file lacks; "
                f"add [services {name}] or remove the line"
            )
        settings: Any = section.get(key, {})
        if not isinstance(settings, Mapping):
            raise ConfigurationError(
                f"{key} in the AWS configuration file's [services {name}] holds no settings; "
                "write endpoint_url on an indented line under it"
            )
        if url := _text(cast("Mapping[str, Any]", settings), "endpoint_url"):
            return url
    return _text(profile, "endpoint_url")


def _text(section: Mapping[str, Any], key: str) -> str | None:
    """A setting of the AWS configuration file that is no group of settings."""
    value = section.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(
            f"{key} in the AWS configuration file is a group of settings; write its value on the same line"
        )
    return value or None


def proxy_for(url: str, env: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for a URL, or None.

    As botocore (and urllib) read it: ``HTTPS_PROXY`` or ``HTTP_PROXY`` by the URL's scheme, lower case first;
    ``NO_PROXY`` holds host names or their suffixes, with or without port, or ``*``; no address ranges.
    ``ALL_PROXY`` is not read, nor are the proxy settings of macOS and Windows.

    Raises:
        ConfigurationError: the proxy is neither an http nor an https one, or has no readable host and port.
            Its URL is not shown: it may hold a password.
    """
    settings = _proxy_settings(env)
    parts = urlsplit(url)
    proxy = settings.get(parts.scheme)
    if not proxy or _bypassed(parts.netloc.lower(), settings.get("no")):
        return None
    variable = f"{parts.scheme.upper()}_PROXY"
    if proxy.startswith("//"):
        proxy = f"http:{proxy}"
    scheme, separator, _ = proxy.partition("://")
    if not separator:
        proxy = f"http://{proxy}"
    elif scheme not in ("http", "https"):
        raise ConfigurationError(
            f"{variable} names a {scheme!r} proxy; only http and https proxies can be used"
        )
    if not _is_proxy(proxy):
        raise ConfigurationError(
            f"{variable} is not a proxy's URL, http://<host>:<port>",
            hint="special characters of its user name and password are percent-encoded",
        )
    return proxy


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    place = parts.netloc.rpartition("@")[2]
    return port != 0 and re.search(_BLANK, url) is None and re.fullmatch(_PROXY_PLACE, place) is not None


def _proxy_settings(env: Mapping[str, str]) -> dict[str, str]:
    """``<scheme>_proxy`` variables by scheme; a lower-case one wins, and an empty one switches it off."""
    upper: dict[str, str] = {}
    lower: dict[str, str] = {}
    for name, value in env.items():
        if name.endswith("_proxy"):
            lower[name[:-6].lower()] = value
        if name.lower().endswith("_proxy") and value:
            upper[name[:-6].lower()] = value
    if "REQUEST_METHOD" in env:  # in a CGI script HTTP_PROXY is what a client's Proxy header says
        upper.pop("http", None)
    return {scheme: value for scheme, value in {**upper, **lower}.items() if value}


def _bypassed(netloc: str, no_proxy: str | None) -> bool:
    if no_proxy is None:
        return False
    if no_proxy == "*":
        return True
    host, colon, port = netloc.rpartition(":")
    hosts = (host if colon and (not port or port.isdecimal()) else netloc, netloc)
    names = (name.strip().lstrip(".").lower() for name in no_proxy.split(",") if name.strip())
    return any(host == name or host.endswith(f".{name}") for name in names for host in hosts)


@lru_cache(maxsize=256)
def _checked(url: str) -> str:
    """An endpoint's URL, or a ConfigurationError that says what is wrong with it.

    It comes as HTTP libraries send it, which is what must be signed: no slash at its end, no dot behind the
    host, escapes in upper case.
    """
    shown = shown_url(url)
    if re.search(_BLANK, url) or not url.isprintable():
        raise ConfigurationError(f"the endpoint URL {shown} has a blank or control character; remove it")
    if "://" not in url:
        region = re.fullmatch(_REAL_REGION, url)
        way_out = "it is a region: pass it as region_name" if region else "write 'https://<host>'"
        raise ConfigurationError(f"the endpoint URL {shown} has no scheme; {way_out}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        reason = "" if "@" in url else f": {error}"  # it may quote a password
        raise ConfigurationError(f"the endpoint URL {shown} cannot be read{reason}") from None
    if problem := _problem(url, parts, port):
        raise ConfigurationError(f"the endpoint URL {shown} {problem}")
    host = re.sub(r":\d*$", "", parts.netloc).removesuffix(".")
    place = host if port is None else f"{host}:{port}"
    path = re.sub(_ESCAPE, lambda escape: escape[0].upper(), parts.path.rstrip("/"))
    return f"{parts.scheme}://{place}{path}"


def _problem(url: str, parts: SplitResult, port: int | None) -> str | None:
    """What keeps a URL from being an endpoint, as the rest of a sentence."""
    path = parts.path.rstrip("/")
    checks = (
        (parts.scheme in ("http", "https"), "is neither http nor https"),
        ("@" not in parts.netloc, "holds a user name or password; credentials have their own parameters"),
        (_is_host(parts.hostname), "has no valid host name"),
        (port != 0, "has the port 0"),
        ("?" not in url and "#" not in url, "has a query or fragment; an endpoint is scheme, host and path"),
        (re.fullmatch(_PATH, path), "has a path that is not percent-encoded"),
        ("//" not in path, "has two slashes in a row in its path"),
        (not {".", ".."}.intersection(path.split("/")), "has '.' or '..' in its path; write the path itself"),
    )
    return next((problem for fine, problem in checks if not fine), None)


def _is_host(host: str | None) -> bool:
    if host is None or len(host) > 255:
        return False
    if ":" not in host:
        return re.fullmatch(_HOST, host) is not None
    import ipaddress

    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def has_two_slashes(url: str) -> bool:
    """Whether two slashes follow each other in its path, as in an address that was put together by hand."""
    return "//" in re.split(r"[?#]", url.partition("://")[2] or url, maxsplit=1)[0]


def shown_url(url: str) -> str:
    """A URL for a message, without what may be secret: user, password, query."""
    # Up to the last @: a password that is not percent-encoded may hold anything.
    safe = re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", r"\1***@", url, flags=re.DOTALL)
    safe = re.sub(r"([?#]).*", r"\1...", safe, flags=re.DOTALL)
    return repr(safe if len(safe) <= 200 else safe[:197] + "...")
