"""``bedrock-unified local``: the embedded endpoint, for other programs on this machine."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("local", help="serve the Bedrock wire on this machine, without AWS")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8642, help="0 for any free port (default 8642)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from ..local import serve_forever

    serve_forever(options.host, options.port)
    return 0
