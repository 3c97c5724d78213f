"""``bedrock-unified local``: the embedded endpoint, for other programs on this machine."""

from __future__ import annotations

from typing import Annotated

import typer


def local(
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 for any free port.")] = 8642,
) -> None:
    """Serve the Bedrock wire on this machine, without AWS, until Ctrl-C."""
    from ..local import serve_forever

    serve_forever(host, port)
