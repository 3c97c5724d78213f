"""Error classes that are also botocore's; imported at the first failure of a call."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Any

from botocore import exceptions

from .errors import BedrockError


def named(error: BaseException) -> str | None:
    """The name of an error's class in ``botocore.exceptions``, if it is a ``BotoCoreError`` of these."""
    name = type(error).__name__
    if isinstance(error, exceptions.BotoCoreError) and getattr(exceptions, name, None) is type(error):
        return name
    return None


@cache
def joined(kind: type[BedrockError], like: str) -> type[BedrockError]:
    """``kind`` joined with a class of ``botocore.exceptions``: an ``except`` for that goes on working."""
    theirs: type[Exception] = getattr(exceptions, like)
    if issubclass(kind, theirs):
        return kind
    # What their constructors would set, which are not called.
    members: dict[str, Any] = {}
    if issubclass(theirs, exceptions.BotoCoreError):
        members = {"kwargs": MappingProxyType({}), "request": None}
    members |= {"__module__": kind.__module__, "__doc__": kind.__doc__, "_public_class": kind, "_like": like}
    return type(kind.__name__, (kind, theirs), members)
