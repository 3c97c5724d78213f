"""Who is calling: SigV4 recomputed with botocore's own signer, or a bearer key.

The project's signer is never used here, so that a mistake in it cannot confirm itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..problems import FRONT_DOOR, Problem
from ..shapes import botocore

SKEW = timedelta(minutes=5)
"""How far a signature's time may lie from the server's, as AWS allows."""

_TIME = "%Y%m%dT%H%M%SZ"
_SCHEME = "AWS4-HMAC-SHA256"
_INVALID_TOKEN = "The security token included in the request is invalid."


@dataclass(frozen=True)
class Account:
    """The identities this endpoint knows: long-term keys, temporary keys of the same user, and a bearer
    key.
    """

    access_key_id: str
    secret_access_key: str
    temporary_access_key_id: str
    session_token: str
    api_key: str
    account_id: str = "123456789012"


@dataclass(frozen=True)
class Caller:
    """A request that passed: by which scheme, with which key id, signed for which region."""

    scheme: str
    access_key_id: str | None
    region: str | None


@dataclass(frozen=True)
class Signed:
    """The parts of a request that a signature covers."""

    method: str
    path: str
    """As sent: still percent-encoded."""
    query: str
    headers: Mapping[str, str]
    """Case-insensitive."""
    body: bytes


def authenticate(
    request: Signed, account: Account, service: str, now: datetime, *, expired: bool = False
) -> Caller:
    """Accept the caller or raise the 403 that AWS answers.

    ``service`` is the signing name the operation wants (``bedrock``, ``sts``); ``now`` the server's clock;
    ``expired`` makes valid credentials count as expired ones (fault injection).
    """
    authorization = request.headers.get("Authorization", "")
    if authorization.startswith("Bearer ") and service != "sts":
        caller = _bearer(authorization.removeprefix("Bearer ").strip(), account)
    elif authorization.startswith(_SCHEME):
        caller = _sigv4(request, authorization, account, service, now)
    elif authorization:
        raise _refused(
            "IncompleteSignatureException", f"Unsupported authorization scheme; expected {_SCHEME}."
        )
    else:
        raise _refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    if expired:
        raise _refused("ExpiredTokenException", "The security token included in the request is expired")
    return caller


def _bearer(token: str, account: Account) -> Caller:
    if not hmac.compare_digest(token.encode(), account.api_key.encode()):
        raise _refused(
            "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid."
        )
    return Caller("bearer", None, None)


def _sigv4(request: Signed, authorization: str, account: Account, service: str, now: datetime) -> Caller:
    fields = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]+)", authorization))
    for name in ("Credential", "Signature", "SignedHeaders"):
        if name not in fields:
            raise _refused(
                "IncompleteSignatureException", f"Authorization header requires '{name}' parameter."
            )
    stamp = request.headers.get("X-Amz-Date")
    if stamp is None:
        raise _refused(
            "IncompleteSignatureException",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    key_id, region = _check_scope(fields["Credential"], stamp, service)
    _check_time(stamp, now)
    _check_identity(key_id, request.headers.get("X-Amz-Security-Token"), account)
    signed_headers = fields["SignedHeaders"].split(";")
    if "host" not in signed_headers:
        raise _refused(
            "InvalidSignatureException", "'Host' must be a 'SignedHeader' in the AWS Authorization."
        )
    expected = _signature(request, signed_headers, stamp, account.secret_access_key, key_id, region, service)
    if not hmac.compare_digest(expected, fields["Signature"]):
        raise _refused(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key and signing method. Consult the service documentation for details.",
        )
    return Caller("sigv4", key_id, region)


def _check_scope(credential: str, stamp: str, service: str) -> tuple[str, str]:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise _refused(
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
        )
    key_id, day, region, named = parts[:4]
    if named != service:
        raise _refused(
            "InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'. "
        )
    if not region:
        raise _refused("InvalidSignatureException", "Credential should be scoped to a valid region. ")
    if stamp[:8] != day:
        raise _refused(
            "InvalidSignatureException",
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{day}' != '{stamp[:8]}', from '{stamp}'.",
        )
    return key_id, region


def _check_time(stamp: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(stamp, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise _refused(
            "IncompleteSignatureException", f"Date must be in ISO-8601 'basic format'. Got '{stamp}'."
        ) from None
    now = now.replace(microsecond=0)
    shown = now.strftime(_TIME)
    if signed_at < now - SKEW:
        edge = (now - SKEW).strftime(_TIME)
        raise _refused(
            "InvalidSignatureException",
            f"Signature expired: {stamp} is now earlier than {edge} ({shown} - 5 min.)",
        )
    if signed_at > now + SKEW:
        edge = (now + SKEW).strftime(_TIME)
        raise _refused(
            "InvalidSignatureException",
            f"Signature not yet current: {stamp} is still later than {edge} ({shown} + 5 min.)",
        )


def _check_identity(key_id: str, token: str | None, account: Account) -> None:
    if key_id == account.access_key_id:
        known = token is None
    else:
        known = key_id == account.temporary_access_key_id and token == account.session_token
    if not known:
        raise _refused("UnrecognizedClientException", _INVALID_TOKEN)


def _signature(
    request: Signed,
    names: list[str],
    stamp: str,
    secret: str,
    key_id: str,
    region: str,
    service: str,
) -> str:
    present = {name: request.headers[name] for name in names if name in request.headers}
    host = request.headers.get("Host", "")
    query = f"?{request.query}" if request.query else ""
    sample = botocore("awsrequest").AWSRequest(
        method=request.method, url=f"http://{host}{request.path}{query}", headers=present, data=request.body
    )
    sample.context["timestamp"] = stamp
    keys = botocore("credentials").Credentials(key_id, secret)
    signer = botocore("auth").SigV4Auth(keys, service, region)
    parts = [
        sample.method.upper(),
        signer._normalize_url_path(request.path or "/"),
        signer.canonical_query_string(sample),
        _canonical_headers(names, present) + "\n",
        ";".join(names),
        _payload_hash(request),
    ]
    return str(signer.signature(signer.string_to_sign(sample, "\n".join(parts)), sample))


def _canonical_headers(names: list[str], present: Mapping[str, str]) -> str:
    # botocore would leave out the headers it never signs itself (user-agent, …); what counts on a server is
    # the list in the request.
    return "\n".join(f"{name}:{' '.join(present.get(name, '').split())}" for name in names)


def _payload_hash(request: Signed) -> str:
    actual = hashlib.sha256(request.body).hexdigest()
    declared = request.headers.get("X-Amz-Content-SHA256")
    if declared is not None and declared != actual:
        raise _refused(
            "InvalidSignatureException",
            "The value for the header 'x-amz-content-sha256' does not match the SHA-256 of the request body.",
        )
    return actual


def _refused(code: str, message: str) -> Problem:
    domain = "com.amazon.bedrock" if code == "AccessDeniedException" else FRONT_DOOR
    return Problem(code, message, domain=domain)
