"""``bedrock-unified local``: the embedded endpoint, for other programs on this machine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .console import AsJson, print_json


def local(
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free port.")] = 8642,
    as_json: AsJson = False,
) -> None:
    """Serve the Bedrock wire on this machine, without AWS, until Ctrl-C.

    Printed is what to export so that a program calls it: in a second terminal, or with --json for a script.
    """
    from ..local import LocalBedrock, serve_forever

    def ready(endpoint: LocalBedrock) -> None:
        print_json({"url": endpoint.url, "environment": endpoint.environment()})
        sys.stdout.flush()

    serve_forever(host, port, on_ready=ready if as_json else None)
