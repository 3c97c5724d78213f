"""No network, no credentials: what a replay is allowed to touch."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Any, NoReturn

import pytest
from urllib3.connectionpool import HTTPConnectionPool

_SETTINGS = ("AWS_", "LANGCHAIN_", "LANGSMITH_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class NetworkUsed(AssertionError):
    """A replay tried to reach something."""


def refuse_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every way to look up a name or to open a connection raise :class:`NetworkUsed`."""

    def refuse(*args: Any, **_: Any) -> NoReturn:
        raise NetworkUsed(f"a replay needs no network, but reached for {args}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)


def empty_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Take away every credential, region, endpoint and proxy that the machine could lend."""
    for name in list(os.environ):
        if name.upper().startswith(_SETTINGS) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))


def one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let urllib3 send one request at a time.

    vcrpy takes its patches back for a moment whenever it makes a connection; what another thread opens in
    that moment escapes it. aiohttp, on one event loop, has no such moment.
    """
    lock = threading.Lock()
    original = HTTPConnectionPool.urlopen

    def urlopen(self: HTTPConnectionPool, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return original(self, *args, **kwargs)

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", urlopen)
