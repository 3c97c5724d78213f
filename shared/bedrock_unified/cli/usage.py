"""The one way for a command to refuse its arguments."""

from __future__ import annotations


class UsageError(Exception):
    """The command was given something it cannot work with; said in one sentence, exit code 2."""
