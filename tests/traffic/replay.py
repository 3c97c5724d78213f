"""A Bedrock that only repeats: a raw-socket server that sends recorded bytes and keeps what it was asked."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock, Thread
from types import TracebackType
from typing import Any, BinaryIO, Self

from .recordings import Exchange

# The server frames its answers itself; a recorded length may belong to a body that was re-serialised.
_OWN_HEADERS = frozenset({"connection", "content-length", "transfer-encoding"})
# Frames are some 240 bytes long: most pieces end inside one, some hold several.
_PIECE_SIZES = (1, 9, 61, 240, 977, 2500)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the wire; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


class ReplayServer:
    """Answers every request with one recorded exchange, over kept-alive connections on the loopback.

    :meth:`play` says which; ``choose`` may be replaced where the request itself tells.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.choose: Callable[[Asked], Exchange] = _nothing_to_play
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._threads: list[Thread] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}"

    def play(self, exchange: Exchange) -> None:
        """Answer with this exchange from now on, and forget what was asked."""
        self.asked = []
        self.choose = lambda _: exchange

    @property
    def last(self) -> Asked:
        """The latest request."""
        return self.asked[-1]

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        # shutdown() wakes a thread that waits on the socket; close() alone does not.
        with self._lock:
            for held in (self._listener, *self._open):
                with suppress(OSError):
                    held.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _spawn(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            with self._lock:
                self._open.add(connection)
                self.connections += 1
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection, connection.makefile("rb") as reader:
                while (asked := _read(reader)) is not None:
                    self.asked.append(asked)
                    for piece in _written(self.choose(asked)):
                        connection.sendall(piece)
        except (ConnectionError, BrokenPipeError):
            return  # the client went away, as it may
        finally:
            with self._lock:
                self._open.discard(connection)


def _nothing_to_play(asked: Asked) -> Exchange:
    raise AssertionError(f"no exchange was chosen for {asked.method} {asked.target}")


def _read(reader: BinaryIO) -> Asked | None:
    line = reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split()
    headers: dict[str, str] = {}
    while (line := reader.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return Asked(method, target, headers, reader.read(int(headers.get("content-length", 0))))


def _written(exchange: Exchange) -> Iterator[bytes]:
    """The answer's bytes, in the pieces in which they are sent."""
    chunked = exchange.streams and exchange.status == 200
    chunked = chunked or _header(exchange, "transfer-encoding") == "chunked"
    lines = [f"HTTP/1.1 {exchange.status} {HTTPStatus(exchange.status).phrase}"]
    lines += [
        f"{name}: {value}" for name, value in exchange.headers.items() if name.lower() not in _OWN_HEADERS
    ]
    lines.append("Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(exchange.body)}")
    head = "\r\n".join((*lines, "", "")).encode("latin-1")
    if not chunked:
        yield head + exchange.body
        return
    yield head
    for piece in pieces(exchange):
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def pieces(exchange: Exchange) -> Iterator[bytes]:
    """The body in pieces of many sizes, the same for the same exchange."""
    sizes = random.Random(exchange.id)
    position = 0
    while position < len(exchange.body):
        size = sizes.choice(_PIECE_SIZES)
        yield exchange.body[position : position + size]
        position += size


def _header(exchange: Exchange, name: str) -> str | None:
    return next((value for key, value in exchange.headers.items() if key.lower() == name), None)
