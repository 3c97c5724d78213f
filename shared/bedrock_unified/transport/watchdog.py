"""Time limits that a socket cannot keep by itself.

A socket's own time limit starts anew with every byte, and urllib3 lets the connect limit stand while sending.
The connections here know the read limit as soon as they are open, and a watchdog shuts the socket when the
time for a whole call is over.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Any, cast

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from .head import PlainResponse

_call = threading.local()
#: A request up to this size goes out in one piece: one packet and one TLS record for head and body together.
_ONE_PIECE = 1 << 16
#: A larger body goes out in pieces, each with a time limit of its own: a socket's holds for all it is given.
_PIECE = 1 << 18


class Watchdog:
    """Shuts the socket of the call that runs on this thread when its seconds are over."""

    __slots__ = ("_lock", "_sock", "_timer", "expired")

    def __init__(self, seconds: float) -> None:
        #: Whether the time ran out; whatever the socket reported then was our doing.
        self.expired = False
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._bark)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, sock: socket.socket) -> None:
        """Watch over this socket from now on."""
        with self._lock:
            self._sock = sock
            if self.expired:
                _shut(sock)

    def cancel(self) -> None:
        """The call is over in time."""
        self._timer.cancel()
        with self._lock:
            self._sock = None
        self._timer.join(1)

    def _bark(self) -> None:
        with self._lock:
            self.expired = True
            if self._sock is not None:
                _shut(self._sock)


def watching(watchdog: Watchdog | None) -> None:
    """Have connections that this thread uses show their socket to the watchdog."""
    _call.watchdog = watchdog


def patient(connection: type[Any], read_timeout: float) -> type[Any]:
    """urllib3's connection class, with the read limit instead of the connect limit once it is connected.

    It sends a small request in one piece, where http.client sends head and body one after the other, and
    reads answers as :class:`~bedrock_unified.transport.head.PlainResponse` does.
    """

    base: Any = connection

    class PatientConnection(base):
        response_class = PlainResponse
        sock: socket.socket | None
        timeout: float | None
        _pieces: list[bytes] | None = None

        def __str__(self) -> str:  # what urllib3's messages begin with
            return f"{self.host}:{self.port}"

        def connect(self) -> None:
            try:
                super().connect()  # pyright: ignore[reportUnknownMemberType]
            except TimeoutError as error:
                # In a TLS handshake or before a proxy; urllib3 would call it a read that timed out.
                raise ConnectTimeoutError(self, f"{error} (connect timeout={self.timeout})") from error
            except (ConnectionError, ssl.SSLEOFError) as error:
                raise NewConnectionError(self, f"while it was opened: {error}") from error
            if self.sock is not None:
                self.sock.settimeout(read_timeout)
                self._show()

        def request(self, *args: Any, **kwargs: Any) -> None:
            self._show()
            if self.sock is not None:
                self.timeout = read_timeout  # urllib3 sets the socket's to it: it is the connect limit still
            body = kwargs.get("body")
            if not isinstance(body, bytes) or len(body) > _ONE_PIECE:
                super().request(*args, **kwargs)  # pyright: ignore[reportUnknownMemberType]
                return
            pieces = self._pieces = []
            try:
                super().request(*args, **kwargs)  # pyright: ignore[reportUnknownMemberType]
            finally:
                self._pieces = None
            if pieces:
                self.send(b"".join(pieces))

        def send(self, data: Any) -> None:
            if self._pieces is not None:
                self._pieces.append(data)
                return
            rest = memoryview(data)
            while rest:
                super().send(rest[:_PIECE])  # pyright: ignore[reportUnknownMemberType]
                rest = rest[_PIECE:]

        def getresponse(self) -> Any:
            response = cast("Any", super().getresponse())  # pyright: ignore[reportUnknownMemberType]
            if getattr(response, "chunked", False):
                response.chunked = False  # the response class has taken the chunks out
            return response

        def _show(self) -> None:
            watchdog: Watchdog | None = getattr(_call, "watchdog", None)
            if watchdog is not None and self.sock is not None:
                watchdog.watch(self.sock)

    PatientConnection.__name__ = connection.__name__  # urllib3 names it in its errors
    return PatientConnection


def _shut(sock: socket.socket) -> None:
    # The plain socket's method: an SSLSocket's own would take the session away from a thread that reads.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
