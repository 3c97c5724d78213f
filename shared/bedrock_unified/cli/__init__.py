"""The command ``bedrock-unified``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .._version import __version__
from ..errors import BedrockError
from .usage import UsageError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0, 1 for a failed call, 2 for a wrong use, 130 for Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="bedrock-unified", description="Amazon Bedrock for LangChain and LlamaIndex."
    )
    parser.add_argument("--version", action="version", version=f"bedrock-unified {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    from . import demo, local

    for command in (demo, local):
        command.add_parser(commands)
    options = parser.parse_args(argv)
    try:
        return options.run(options)
    except UsageError as error:
        print(f"bedrock-unified: {error}", file=sys.stderr)
        return 2
    except BedrockError as error:
        print(f"bedrock-unified: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output (head, less) has gone; nothing more can be said to them.
        sys.stderr.close()
        return 1
