"""Who signs: which credentials there are, from where, and whose they are."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from html import unescape

from ...credentials import Bearer, Identity, IdentitySource
from ...credentials.identity import secrets_of
from ...errors import BedrockError
from ...failures import redacted
from ...hints import explain
from ...place import Place, Places
from ...settings import ConnectionSettings
from ...wire.http import Flow, Request, Response, TransportError
from ...wire.signing import Keys, sign
from .bounded import within
from .report import Finding, failed, without_objects

#: Seconds for finding credentials: botocore asks SSO, STS and metadata services with limits of its own.
_LOOK_SECONDS = 30.0
_ASK_IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
#: The shortest id that AWS gives; of a shorter text its end would be most of it.
_ID_LENGTH = 16
_NOBODY = "no AWS credentials. Tried"
_WHOAMI = "aws sts get-caller-identity"
#: What the origins of an identity are called in a sentence; others are shown as they are.
_ORIGINS = {
    "arguments": "the settings",
    "bearer": "the environment (AWS_BEARER_TOKEN_BEDROCK)",
    "env": "the environment (AWS_ACCESS_KEY_ID)",
    "imds": "the instance's metadata (IMDSv2)",
    "ecs": "the container's credential endpoint",
    "web identity": "web identity (AWS_WEB_IDENTITY_TOKEN_FILE)",
}
_START = (
    "run `aws configure` (access keys) or `aws configure sso` (IAM Identity Center), or set "
    "AWS_BEARER_TOKEN_BEDROCK to a Bedrock API key from the console; confirm keys with "
    f"`{_WHOAMI}`. Without an AWS account, `bedrock-unified local` serves a stand-in"
)


def look(
    settings: ConnectionSettings, env: Mapping[str, str], places: Places, found: list[Finding]
) -> Identity | None:
    """Find the credentials; what there is to say of them is added to ``found``."""
    found.extend(_oddities(settings, env))
    check = "credentials"
    try:
        source = places.source
        identity = within(_LOOK_SECONDS, source.fetch)
    except TimeoutError:
        found.append(
            Finding(
                check,
                "fail",
                f"the AWS chain had no answer within {_LOOK_SECONDS:g} s",
                "check that SSO, STS or the metadata service can be reached; outside of AWS set "
                "AWS_EC2_METADATA_DISABLED=true",
            )
        )
        return None
    except BedrockError as error:
        nobody = error.message.startswith(_NOBODY)
        found.append(failed(check, error, fix=_START if nobody else None))
        return None
    found.append(Finding(check, "ok", f"{_shown(identity)}, from {_origin(places, source)}"))
    return identity


def whose(places: Places, identity: Identity) -> Finding:
    """Ask STS who the caller is (GetCallerIdentity, which needs no permission)."""
    check = "caller identity"
    if isinstance(identity, Bearer):
        return Finding(check, "skipped", "a Bedrock API key names no caller: STS takes signatures alone")
    place = places["sts"]
    route = place.route
    try:
        response = place.sync.run(_exchange(_request(place, identity)))
    except TransportError as failure:
        return Finding(
            check,
            "warning",
            f"STS at {route.host} could not be asked: {without_objects(str(failure))}",
            f"check the network, or confirm with `{_WHOAMI}`; AWS_ENDPOINT_URL_STS names another endpoint",
        )
    text = response.body.decode("utf-8", "replace")
    if response.status == 200 and (arn := _element(text, "Arn")):
        return Finding(check, "ok", arn)
    code = _element(text, "Code") or str(response.status)
    message = redacted(_element(text, "Message") or text[:200], secrets_of(identity))
    _, hint = explain(
        code,
        message,
        status=response.status,
        operation="GetCallerIdentity",
        model_id=None,
        region=route.region,
        profile_name=places.profile,
    )
    return Finding(check, "fail", f"{code}: {message}", hint or f"confirm with `{_WHOAMI}`")


def _request(place: Place, keys: Keys) -> Request:
    route = place.route
    target = f"{route.prefix}/"
    unsigned = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "user-agent": route.user_agent,
    }

    def signed() -> dict[str, str]:
        return sign(
            "POST",
            target,
            unsigned,
            _ASK_IDENTITY,
            host=route.host,
            keys=keys,
            region=route.region,
            service="sts",
            now=time.time(),
        )

    return Request("POST", target, signed, _ASK_IDENTITY)


def _exchange(request: Request) -> Flow[Response]:
    response = yield request
    return response


def _element(text: str, name: str) -> str | None:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return unescape(found[1]).strip() if found else None


def _oddities(settings: ConnectionSettings, env: Mapping[str, str]) -> Iterator[Finding]:
    """What is set and not used, or cannot have been meant."""
    check = "credentials"
    if env.get("AWS_SECRET_ACCESS_KEY") and not env.get("AWS_ACCESS_KEY_ID"):
        yield Finding(
            check,
            "fail",
            "AWS_SECRET_ACCESS_KEY is set in the environment and AWS_ACCESS_KEY_ID is not: it is not used",
            "set both, or neither",
        )
    given = "api_key" if settings.api_key else "aws_access_key_id" if settings.aws_access_key_id else None
    explicit = given or ("profile_name" if settings.profile_name else None)
    ambient = "AWS_BEARER_TOKEN_BEDROCK" if env.get("AWS_BEARER_TOKEN_BEDROCK", "").strip() else None
    keys = "AWS_ACCESS_KEY_ID" if env.get("AWS_ACCESS_KEY_ID") else None
    winner = explicit or ambient
    for name in (ambient, keys):
        if winner and name and name != winner:
            yield Finding(check, "note", f"{name} is set in the environment, too; {winner} comes before it")


def _origin(places: Places, source: IdentitySource) -> str:
    """Where the credentials are from, in words."""
    named = _ORIGINS.get(source.origin, source.origin)
    of_profile = places.profile and source.origin.startswith(("files", "role"))
    return f"{named}, profile {places.profile!r}" if of_profile else named


def _shown(identity: Identity) -> str:
    """Credentials in words; of a key id its end, of secrets nothing."""
    if isinstance(identity, Bearer):
        return "a Bedrock API key (bearer)"
    kind = "temporary keys" if identity.session_token else "an access key pair"
    key = identity.access_key_id
    return f"{kind}, id …{key[-4:] if len(key) >= _ID_LENGTH else ''}"
