"""What a client that is handed in decides about the connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .client import BedrockClient
from .settings import ConnectionSettings, is_client


def decided_by(client: Any) -> Mapping[str, Any] | None:
    """The connection parameters that this client decides, with their values; None if it is no client.

    A boto3 client leaves the control plane to the parameters, which reaches no model.
    """
    if isinstance(client, BedrockClient):
        names = ConnectionSettings.names() - {"client"}
        return {name: getattr(client.settings, name) for name in names}
    if not is_client("client", client):
        return None
    elsewhere = {"control_client", "control_endpoint_url", "agent_client", "agent_endpoint_url"}
    return decided_by_boto(client, ConnectionSettings.names() - {"client", "cross_region", *elsewhere})


def decided_by_boto(client: Any, names: Iterable[str]) -> dict[str, Any]:
    """Of these connection parameters the values that a boto3 client decides: its region and its endpoint.

    None of the others can be asked of it.
    """
    meta = getattr(client, "meta", None)
    endpoint = getattr(meta, "endpoint_url", None)
    told = {"region_name": getattr(meta, "region_name", None), "endpoint_url": endpoint}
    return {name: (told | {"agent_endpoint_url": endpoint}).get(name) for name in names}
