"""What is asked: the prompt, what came through a pipe, and the files."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from typing import Any

from ...converse.documents import DocumentNames
from ..usage import UsageError
from .files import block_of, content_block


def content(prompt: str | None, files: Sequence[str], names: DocumentNames, piped: bytes = b"") -> list[Any]:
    """The content of a question: files, then what was piped in, then the prompt.

    Raises:
        UsageError: there is nothing to ask, or a file that cannot be attached.
    """
    if prompt is not None and not prompt.strip():
        raise UsageError("the prompt is empty")
    blocks = [block_of(file, names) for file in files]
    if piped.strip():
        blocks.append(content_block(piped, None, names))
    if prompt is not None:
        blocks.append({"text": prompt})
    if not any("text" in block for block in blocks):
        if not blocks:
            raise UsageError("nothing was asked: the prompt is empty")
        raise UsageError("there is no prompt: say what to do with the file")
    return blocks


def piped_in(*, prompt_given: bool, asked_for: bool = False) -> bytes:
    """What comes through standard input, to its end; nothing where it is a terminal or leads nowhere.

    With a prompt, a device (``/dev/null``, as cron gives it) is not waited for. What was asked for (``-``) is
    read from a terminal, too, until Ctrl-D.
    """
    stdin = sys.stdin
    if stdin is None or stdin.closed or (stdin.isatty() and not asked_for):  # pyright: ignore[reportUnnecessaryComparison]
        return b""
    if prompt_given and not _has_something(stdin):
        return b""
    return stdin.buffer.read()


def _has_something(stdin: Any) -> bool:
    try:
        mode = os.fstat(stdin.fileno()).st_mode
    except (OSError, ValueError):  # no file of the system: a test's
        return True
    return not stat.S_ISCHR(mode)
