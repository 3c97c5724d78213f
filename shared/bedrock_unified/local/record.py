"""What was served, for a test or a demonstration to look at. Never a signature, a key or a token."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SECRET_HEADERS = {"authorization", "x-amz-security-token", "cookie", "proxy-authorization"}


@dataclass
class ServedRequest:
    """One request and how it was answered.

    ``body`` is the request as parsed (boto3's parameters, blobs as bytes), the JSON as sent where it did not
    pass the service model, or None where it was refused unread. ``outcome`` is ``"complete"`` once the last
    byte is out, ``"cut"`` where a fault ended it, ``"client left"`` where the client did, else ``"open"``.
    """

    operation: str
    model_id: str | None
    method: str
    path: str
    status: int = 0
    request_id: str = ""
    body: Any = None
    usage: Mapping[str, Any] | None = None
    error: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    connection: int = 0
    """The client's port: requests on one connection share it."""
    auth: str = ""
    """``sigv4``, ``bearer``, or empty where the caller was not accepted."""
    frames_sent: int = 0
    outcome: str = "open"


def safe_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """``headers`` without the ones that carry secrets, names in lower case."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}


class Record:
    """The last ``size`` requests."""

    def __init__(self, size: int) -> None:
        self._served: deque[ServedRequest] = deque(maxlen=size)
        self._lock = threading.Lock()

    def add(self, served: ServedRequest) -> None:
        with self._lock:
            self._served.append(served)

    def clear(self) -> None:
        with self._lock:
            self._served.clear()

    def all(self) -> list[ServedRequest]:
        with self._lock:
            return list(self._served)
