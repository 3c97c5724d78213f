"""Error classes that are also botocore's; imported at the first failure of a call."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from types import MappingProxyType
from typing import Any

from botocore import exceptions

from .errors import BedrockError

_made: dict[tuple[type[BedrockError], str], type[BedrockError]] = {}


def named(error: BaseException) -> str | None:
    """The class of ``botocore.exceptions`` that an error is, the nearest, if it is a ``BotoCoreError``."""
    if not isinstance(error, exceptions.BotoCoreError):
        return None
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == exceptions.__name__)


def joined(kind: type[BedrockError], like: str) -> type[BedrockError]:
    """``kind`` joined with a class of ``botocore.exceptions``: an ``except`` for that goes on working."""
    made = _made.get((kind, like))
    # One class for all threads that come here at once.
    return _made.setdefault((kind, like), _join(kind, like)) if made is None else made


def _join(kind: type[BedrockError], like: str) -> type[BedrockError]:
    theirs: type[Exception] = getattr(exceptions, like)
    if issubclass(kind, theirs):
        return kind
    # What their constructors would set, which are not called.
    members: dict[str, Any] = {}
    if issubclass(theirs, exceptions.BotoCoreError):
        members = {"kwargs": MappingProxyType({}), "request": None}
    members |= {"__module__": kind.__module__, "__doc__": kind.__doc__, "_public_class": kind, "_like": like}
    return type(kind.__name__, (kind, theirs), members)
