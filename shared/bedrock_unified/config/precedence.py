"""What wins where several places say something: layers of keywords, from the weakest to the strongest.

Most keywords stand alone. Some mean something only together, and are taken from one layer together: who signs
(a key of one account never meets another's session token), which guardrail (never the identifier of one with
the version of another), and where requests go (a region never meets the AWS host of another region).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from ..settings import SECRETS
from ..wire.endpoints import region_from_url

#: Any of these says who signs, and takes the place of all that was said of it before.
IDENTITY = (*SECRETS, "profile_name", "aws_iam_role_source", "client", "control_client", "agent_client")
#: The role that this identity assumes; said alone it is assumed by the identity that was said before.
ROLE = (
    "role_arn",
    "role_session_name",
    "role_external_id",
    "role_duration",
    "web_identity_token_file",
)
_GUARDRAIL = (
    "guardrail_identifier",
    "guardrail_version",
    "guardrail_trace",
    "guardrail_stream_processing_mode",
    "guardrail_config",
)
#: Keywords that decide which guardrail it is; the others are how it is used.
_WHICH = ("guardrail_identifier", "guardrail_config")
_ENDPOINTS = ("endpoint_url", "control_endpoint_url", "agent_endpoint_url", "sts_endpoint_url")
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


def layered(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords that hold, of layers in canonical names, the weakest first.

    A value of None in a layer takes out what weaker layers say of it.
    """
    result: dict[str, Any] = {}
    for layer in layers:
        told = {name for name, value in layer.items() if value is not None}
        if told.intersection(IDENTITY):
            _drop(result, (*IDENTITY, *ROLE))
        elif "role_arn" in told:
            _drop(result, ROLE)
        if told.intersection(_WHICH):
            _drop(result, _GUARDRAIL)
        if "region_name" in told:
            _drop(
                result, [name for name in _ENDPOINTS if _is_elsewhere(result.get(name), layer["region_name"])]
            )
        result.update(layer)
    return {name: value for name, value in result.items() if value is not None}


def _drop(held: dict[str, Any], names: tuple[str, ...] | list[str]) -> None:
    for name in names:
        held.pop(name, None)


def _is_elsewhere(url: Any, region: Any) -> bool:
    """Whether this is AWS's own host of another region."""
    url = url.get_secret_value() if isinstance(url, SecretStr) else url
    if not isinstance(url, str):
        return False
    try:
        host = urlsplit(url).hostname or ""
        return host.endswith(_AWS_HOSTS) and region_from_url(url) not in (None, region)
    except ValueError:  # no URL; the class that is made says so
        return False
