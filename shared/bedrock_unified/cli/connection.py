"""The options that say where a command's calls go, and the client made from them."""

from __future__ import annotations

from typing import Annotated

import typer

from ..client import BedrockClient

Region = Annotated[str | None, typer.Option("--region", help="AWS region.")]
Profile = Annotated[str | None, typer.Option("--profile", help="AWS profile.")]
EndpointUrl = Annotated[str | None, typer.Option("--endpoint-url", help="Another Bedrock endpoint.")]


def connect(
    *, region: str | None = None, profile: str | None = None, endpoint_url: str | None = None
) -> BedrockClient:
    """The client of a command. An endpoint of one's own answers for all services."""
    elsewhere = dict.fromkeys(("endpoint_url", "control_endpoint_url", "agent_endpoint_url"), endpoint_url)
    return BedrockClient(region_name=region, profile_name=profile, **elsewhere)
