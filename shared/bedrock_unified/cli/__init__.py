"""The command ``bedrock-unified``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

#: Packages of the extra ``cli`` that the command cannot do without.
_NEEDED = frozenset({"click", "rich", "typer"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; see :mod:`bedrock_unified.cli.app`."""
    try:
        from .app import run

        return run(argv)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        print(
            f"bedrock-unified: the command needs {error.name}: pip install 'bedrock-unified[cli]'",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:  # while it was starting
        return 130
