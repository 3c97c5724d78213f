"""A small web server on the loopback that answers by path, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

#: Bytes of a whole answer, or what writes one by itself.
Reply = bytes | Callable[[Any], None]


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def moved(location: str, status: str = "302 Found") -> bytes:
    """A redirect."""
    return answer(b"", status, Location=location)


class WebServer:
    """Answers each request on a connection of its own; a path that it does not know is a 404."""

    def __init__(self, replies: dict[str, Reply], context: ssl.SSLContext | None = None) -> None:
        self.replies = replies
        self.requests: list[str] = []
        self.names: list[str | None] = []
        self.accepted = 0
        self._context = context
        if context is not None:
            context.sni_callback = lambda _, name, __: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @contextlib.contextmanager
    def running(self) -> Iterator[WebServer]:
        self._start(self._accept)
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            for thread in self._threads:
                thread.join(5)

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        # A client may go away, or not like the certificate.
        with contextlib.suppress(OSError), connection:
            connection.settimeout(5)
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    head += piece
                self.requests.append(head.decode("latin-1"))
                reply = self.replies.get(head.split()[1].decode().partition("?")[0])
                if callable(reply):
                    reply(connection)
                else:
                    connection.sendall(answer(b"", "404 Not Found") if reply is None else reply)


def drip(connection: Any) -> None:
    """A body that never ends: a byte now and then."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_head(connection: Any) -> None:
    """A head that never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_without_length(connection: Any) -> None:
    """A body that ends with the connection, and does not end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def endless(connection: Any) -> None:
    """A body without a length, as fast as it is taken."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(10_000):
        connection.sendall(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
