"""AWS Signature Version 4 with the day's key cached, for small JSON requests.

Equal to botocore's ``SigV4Auth`` (property tests compare the two) at a fraction of its cost. Rules: AWS
General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import hmac
import re
import time
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

# Headers that proxies, HTTP libraries and tracers may add or change on the way; botocore's list.
_UNSIGNED = frozenset(
    {
        "baggage",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)
_SPACES = re.compile(r"\s+")
_DATE, _TOKEN = "x-amz-date", "x-amz-security-token"


class Keys(NamedTuple):
    """An access key pair, with its session token when it is temporary."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Keys(access_key_id='{self.access_key_id[:4]}…')"


def amz_date(now: float) -> str:
    """``YYYYMMDDTHHMMSSZ`` of a Unix time."""
    return _amz_date(int(now))


@lru_cache(maxsize=4)
def _amz_date(second: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))


@lru_cache(maxsize=64)
def _signing_key(secret: str, day: str, region: str, service: str) -> hmac.HMAC:
    """The day's key, ready to be copied: making one costs more than signing with it."""
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, digestmod="sha256")


class _Form(NamedTuple):
    """A canonical request around its date and session token; the hash of its body comes last."""

    before_date: str
    before_token: str
    rest: str
    names: str


@lru_cache(maxsize=512)
def _form(
    method: str, target: str, headers: tuple[tuple[str, str], ...], host: str, *, has_token: bool
) -> _Form:
    """What all requests to one target have in common; no secret is in it."""
    signed = {**dict(headers), "host": host, _DATE: "", **({_TOKEN: ""} if has_token else {})}
    names = sorted(name for name in signed if name not in _UNSIGNED)
    lines = [f"{name}:{_trim(signed[name])}" for name in names]
    date = names.index(_DATE) + 1
    token = names.index(_TOKEN) + 1 if has_token else date
    path, _, query = target.partition("?")
    listed = ";".join(names)
    before_date = "\n".join([method, _canonical_path(path), _canonical_query(query), *lines[:date]])
    before_token = "\n".join(["", *lines[date:token]]) if has_token else ""
    return _Form(before_date, before_token, "\n".join(["", *lines[token:], "", listed, ""]), listed)


def _canonical_path(path: str) -> str:
    """Dot segments resolved, then every segment percent-encoded once more, as all services but S3 want."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if segments:
                segments.pop()
        elif segment not in ("", "."):
            segments.append(segment)
    slash = "/" if segments and path.endswith("/") else ""
    return quote("/" + "/".join(segments) + slash, safe="/~")


def _canonical_query(query: str) -> str:
    pairs = [part.partition("=")[::2] for part in query.split("&")] if query else []
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def sign(
    method: str,
    target: str,
    headers: dict[str, str],
    body: bytes,
    *,
    host: str,
    keys: Keys,
    region: str,
    service: str,
    now: float,
) -> dict[str, str]:
    """The headers to send: those given, the date, the session token and the signature.

    Args:
        target: percent-encoded path and query, as on the wire.
        headers: names in lower case, without ``host``.
        now: Unix time in seconds, corrected for the clock's skew.
    """
    date = amz_date(now)
    day = date[:8]
    token = keys.session_token or ""
    form = _form(method, target, tuple(headers.items()), host, has_token=bool(token))
    request = (
        f"{form.before_date}{date}{form.before_token}{_trim(token)}{form.rest}{sha256(body).hexdigest()}"
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    mac = _signing_key(keys.secret_access_key, day, region, service).copy()
    mac.update(text.encode())
    signed = {**headers, _DATE: date}
    if token:
        signed[_TOKEN] = token
    signed["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access_key_id}/{scope}, "
        f"SignedHeaders={form.names}, Signature={mac.hexdigest()}"
    )
    return signed


def _trim(value: str) -> str:
    return _SPACES.sub(" ", value.strip()) if " " in value or not value.isprintable() else value
