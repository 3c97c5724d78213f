"""What an operation gives back to the server, before it is bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class JsonAnswer:
    """A unary answer. ``members`` is boto3's response (blobs as ``bytes``) or, for InvokeModel, the raw
    body.
    """

    members: Any
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    usage: Mapping[str, Any] | None = None
    sort_keys: bool = True


@dataclass(frozen=True)
class TextAnswer:
    """A unary answer that is not JSON."""

    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Event:
    """One event of a stream: its type and its payload without padding."""

    kind: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class StreamAnswer:
    """A streamed answer: events in order, or the bytes of frames where a script fixes them."""

    events: list[Event | bytes]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    usage: Mapping[str, Any] | None = None


Answer = JsonAnswer | TextAnswer | StreamAnswer


@dataclass(frozen=True)
class Call:
    """One request, checked: the operation and the parameters boto3's caller gave."""

    service: str
    operation: str
    params: Mapping[str, Any]
    headers: Mapping[str, str]
    region: str
    request_id: str

    @property
    def model_id(self) -> str | None:
        value = self.params.get("modelId")
        return value if isinstance(value, str) else None
