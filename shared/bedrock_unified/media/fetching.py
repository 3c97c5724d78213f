"""Downloads of media, for those who allow them: from public addresses only, bounded in size and time.

A URL may come from anybody, and a request from inside a network reaches what the writer of the URL does not.
So, before each connection, redirects included:

- only ``http`` and ``https``, on the ports 80 and 443, without user and password, and never from ``https``
  back to ``http``;
- the host is resolved once, every address it has must be public (:mod:`.addresses`), and the connection goes
  to one of these very addresses, with the host's name in ``Host`` and in TLS: a second answer of the name
  server changes nothing;
- proxies of the environment are not used: they resolve names themselves, where nobody can look;
- nothing is sent that tells who asks: no cookies, no credentials, no ``.netrc``, no referrer.

The body may not be compressed (it could grow without bound) and is left when it passes the limit of its size.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, TypeAlias
from urllib.parse import quote, urljoin, urlsplit

from .._version import __version__
from ..errors import InvalidRequestError
from .addresses import Address, addresses, is_public, literal
from .sources import Fetched, without_query

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:=&?~+!$,;'@()*[]|"
_AT_ONCE = 8
_AT_MOST = 4
HEADERS = {"User-Agent": f"bedrock-unified/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}

#: Addresses of a host: ``resolve(host, port)`` gives them as texts, or raises OSError.
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Target:
    """One place to ask: what the URL says, and no more."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The ``Host`` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL again, for redirects to be joined to."""
        return f"{self.scheme}://{self.host_header}{self.path}"


@dataclass(frozen=True, slots=True)
class Get:
    """What a driver is asked to do: GET the target at one of these addresses, the first that connects.

    Attributes:
        deadline: of :func:`time.monotonic`; the body must be complete by then.
    """

    target: Target
    addresses: Sequence[Address]
    deadline: float
    connect_timeout: float
    budget: Budget


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a driver is asked to do: resolve a host within these seconds."""

    host: str
    port: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: header names in lower case; the body is read of a status 200 alone."""

    status: int
    headers: dict[str, str]
    data: bytes = b""


class Refused(Exception):
    """A download that failed or is not allowed, as the end of the sentence "it could not be fetched: …"."""


class Budget:
    """The bytes that all downloads for one request may take together."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._left = most
        self._lock = Lock()

    def take(self, count: int) -> None:
        """Use up some bytes. Raises Refused when there are not so many left."""
        with self._lock:
            self._left -= count
            if self._left < 0:
                raise Refused(f"it is larger than {self.most} bytes")

    def announced(self, length: str | None) -> None:
        """Refuse a body whose announced length is too large, before any of it is read."""
        if length is not None and length.isdecimal() and int(length) > self._left:
            raise Refused(f"it is larger than {self.most} bytes")


Flow: TypeAlias = Generator[Lookup | Get, Any, Fetched]


class MediaFetcher:
    """Downloads media by the module's rules, synchronously and asynchronously.

    Args:
        max_bytes: of one medium, and of all media of one :meth:`fetch_all`; Converse takes no larger request.
        connect_timeout: seconds for one connection, TLS included.
        total_timeout: seconds for one medium, name, connection, redirects and body together.
        max_redirects: how many are followed.
        ports: those that may be asked; None for any.
        resolve: gives the addresses of a host; the system's resolver by default.
        allow_address: which addresses may be connected to. The default is what keeps internal services,
            cloud metadata and this machine itself from being reached: open it for hosts that you know, and
            no wider.
    """

    def __init__(
        self,
        *,
        max_bytes: int = 20_000_000,
        connect_timeout: float = 5.0,
        total_timeout: float = 30.0,
        max_redirects: int = 3,
        ports: Iterable[int] | None = (80, 443),
        resolve: Resolve | None = None,
        allow_address: Callable[[Address], bool] = is_public,
    ) -> None:
        self._max_bytes = max_bytes
        self._connect_timeout = connect_timeout
        self._total_timeout = total_timeout
        self._max_redirects = max_redirects
        self._ports = None if ports is None else frozenset(ports)
        self._resolve = resolve or resolved
        self._allow_address = allow_address

    def fetch(self, url: str) -> Fetched:
        """What is at the URL.

        Raises:
            InvalidRequestError: it may not be fetched, or could not be; the URL's query is not shown.
        """
        return self._fetch(url, Budget(self._max_bytes))

    async def afetch(self, url: str) -> Fetched:
        """The asynchronous :meth:`fetch`; cancelling it closes the connection."""
        return await self._afetch(url, Budget(self._max_bytes))

    def fetch_all(self, urls: Iterable[str]) -> dict[str, Fetched]:
        """What is at the URLs, some of them side by side, each once.

        Raises:
            InvalidRequestError: as :meth:`fetch`, for the first that failed.
        """
        wanted = list(dict.fromkeys(urls))
        budget = Budget(self._max_bytes)
        if len(wanted) < 2:
            return {url: self._fetch(url, budget) for url in wanted}
        with ThreadPoolExecutor(min(_AT_ONCE, len(wanted)), "bedrock-media") as pool:
            found = [pool.submit(self._fetch, url, budget) for url in wanted]
            try:
                return {url: one.result() for url, one in zip(wanted, found, strict=True)}
            finally:
                for one in found:
                    one.cancel()

    async def afetch_all(self, urls: Iterable[str]) -> dict[str, Fetched]:
        """The asynchronous :meth:`fetch_all`."""
        wanted = list(dict.fromkeys(urls))
        budget, turns = Budget(self._max_bytes), asyncio.Semaphore(_AT_ONCE)

        async def one(url: str) -> Fetched:
            async with turns:
                return await self._afetch(url, budget)

        tasks = [asyncio.ensure_future(one(url)) for url in wanted]
        try:
            return dict(zip(wanted, await asyncio.gather(*tasks), strict=True))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _fetch(self, url: str, budget: Budget) -> Fetched:
        from .fetching_sync import get  # urllib3 is loaded where it is needed

        flow = self._flow(url, budget)
        answer: Any = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as done:
                return done.value
            except Refused as problem:
                raise _failed(url, problem) from problem.__cause__
            try:
                answer = self._looked_up(step) if isinstance(step, Lookup) else get(step)
            except Refused as problem:
                raise _failed(url, problem) from problem.__cause__

    async def _afetch(self, url: str, budget: Budget) -> Fetched:
        from .fetching_async import get, looked_up  # aiohttp is loaded where it is needed

        flow = self._flow(url, budget)
        answer: Any = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as done:
                return done.value
            except Refused as problem:
                raise _failed(url, problem) from problem.__cause__
            try:
                answer = await (looked_up(step, self._resolve) if isinstance(step, Lookup) else get(step))
            except Refused as problem:
                raise _failed(url, problem) from problem.__cause__

    def _flow(self, url: str, budget: Budget) -> Flow:
        """One download: yields what a driver shall do, and returns what was found. Raises Refused."""
        deadline = time.monotonic() + self._total_timeout
        target = self._target(url)
        for _ in range(self._max_redirects + 1):
            found = yield from self._addresses(target, deadline)
            answer: Answer = yield Get(target, found, deadline, self._connect_timeout, budget)
            if answer.status not in _REDIRECTS:
                return _read(answer, url)
            location = answer.headers.get("location")
            if not location:
                raise Refused("it redirects to nowhere")
            onward = self._target(urljoin(target.url, location))
            if (target.scheme, onward.scheme) == ("https", "http"):
                raise Refused("it redirects from https to http")
            target = onward
        raise Refused(f"it redirects more than {self._max_redirects} times")

    def _addresses(self, target: Target, deadline: float) -> Generator[Lookup, Any, Sequence[Address]]:
        address = literal(target.host)
        if address is not None:
            found = [address]
        else:
            told = yield Lookup(target.host, target.port, _left(deadline))
            try:
                found = addresses(told)
            except ValueError as error:
                raise Refused(f"the name of {target.host!r} leads to no address") from error
        closed = [address for address in found if not self._allow_address(address)]
        if closed or not found:
            # Which address it is stays unsaid: whoever wrote the URL would learn of the network here.
            why = "is not on the public internet" if closed else "has no address"
            raise Refused(f"{target.host!r} {why}")
        return found[:_AT_MOST]

    def _target(self, url: str) -> Target:
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise Refused("it is no URL") from error
        if parts.scheme not in _DEFAULT_PORTS:
            raise Refused(f"its scheme is {parts.scheme!r:.20}, not http or https")
        if "@" in parts.netloc:
            raise Refused("it has a user or password in it")
        port = _DEFAULT_PORTS[parts.scheme] if port is None else port
        if self._ports is not None and port not in self._ports:
            raise Refused(f"port {port} is not one of {', '.join(map(str, sorted(self._ports)))}")
        query = f"?{quote(parts.query, _SAFE)}" if parts.query else ""
        return Target(parts.scheme, _host(host), port, (quote(parts.path, _SAFE) or "/") + query)

    def _looked_up(self, step: Lookup) -> Sequence[str]:
        """The system's resolver knows no time limit, so it runs beside."""
        found: Future[Sequence[str]] = look_up(step, self._resolve)
        try:
            return found.result(step.seconds)
        except TimeoutError as error:
            raise Refused(f"the name of {step.host!r} was not found in time") from error
        except (OSError, ValueError) as error:
            raise Refused(f"{step.host!r} has no address") from error


def look_up(step: Lookup, resolve: Resolve) -> Future[Sequence[str]]:
    """A host's addresses, found on a thread that nobody waits for, neither a loop's end nor the process's."""
    found: Future[Sequence[str]] = Future()
    found.set_running_or_notify_cancel()  # who waits may go away; the thread cannot be stopped

    def look() -> None:
        try:
            found.set_result(resolve(step.host, step.port))
        except Exception as error:  # handed to whoever waits, who tells the resolver's from others
            found.set_exception(error)

    Thread(target=look, name="bedrock-media-name", daemon=True).start()
    return found


def resolved(host: str, port: int) -> list[str]:
    """The system's addresses of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _host(given: str) -> str:
    """A host as it is written on the wire. Raises Refused."""
    if (address := literal(given)) is not None:
        return str(address)
    try:
        host = given.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise Refused("its host is no name") from error
    if not host or not all(character.isalnum() or character in ".-_" for character in host):
        raise Refused("its host is no name")
    return host


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())


def _read(answer: Answer, url: str) -> Fetched:
    if answer.status != 200:
        raise Refused(f"HTTP status {answer.status}")
    if not answer.data:
        raise Refused("it has zero bytes")
    told = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Fetched(answer.data, told or None, url)


def check_headers(answer: Answer, budget: Budget) -> None:
    """Refuse a body of status 200 before it is read. Raises Refused."""
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise Refused(f"it is compressed ({encoding:.20}), which nobody asked for")
    budget.announced(answer.headers.get("content-length"))


def _failed(url: str, problem: Refused) -> InvalidRequestError:
    return InvalidRequestError(
        f"{without_query(url)!r} could not be fetched: {problem}",
        hint="download it in your own code and give the bytes, or put it into S3 and give s3://bucket/key",
    )
