"""What is written down for users: the README, and the help of the command."""

from __future__ import annotations

from ..cli.running import Command
from ..traffic.recordings import REPOSITORY

#: The README, its lines joined.
README = " ".join((REPOSITORY / "README.md").read_text(encoding="utf-8").split())
#: The drawing of typer's help.
_FRAME = str.maketrans(dict.fromkeys("│╭╮╰╯─", " "))


def help_of(command: Command, *names: str) -> str:
    """The help of a command, its lines joined."""
    done = command(*names, "--help")
    assert done.code == 0
    return " ".join(done.out.translate(_FRAME).split())
