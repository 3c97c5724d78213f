"""Error classes that are also botocore ``ClientError``; imported at the first failure that AWS answered."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from functools import cache

from botocore.exceptions import ClientError

from .errors import BedrockError


@cache
def client_error_class(kind: type[BedrockError]) -> type[BedrockError]:
    """``kind`` joined with ``ClientError``, so that ``except ClientError`` keeps working."""
    if issubclass(kind, ClientError):
        return kind
    return type(
        kind.__name__,
        (kind, ClientError),
        {"__module__": kind.__module__, "__doc__": kind.__doc__, "_public_class": kind},
    )
