"""One GET of a download on urllib3: to a checked address, for the host's name."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError
from urllib3.util import Timeout

from ..transport.settings import TransportSettings
from ..transport.watchdog import Watchdog, patient, watching
from .addresses import Address
from .fetching import HEADERS, Answer, Get, Refused, check_headers

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

_PIECE = 65536
#: ``on`` while this thread downloads.
_downloading = threading.local()


def _without_query(record: logging.LogRecord) -> bool:
    """urllib3 logs what it asks for; the query of a download, which may be a signature, is left out."""
    if getattr(_downloading, "on", False) and isinstance(record.args, tuple):
        record.args = tuple(each.partition("?")[0] if isinstance(each, str) else each for each in record.args)
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_without_query)


def get(step: Get) -> Answer:
    """The answer. Raises Refused."""
    left = step.deadline - time.monotonic()
    if left <= 0:
        raise Refused("it did not come in time")
    watchdog = Watchdog(left)
    watching(watchdog)
    _downloading.on = True
    problem: Exception | None = None
    try:
        for address in step.addresses:
            try:
                return _get(step, address, watchdog)
            except (NewConnectionError, ConnectTimeoutError) as error:
                problem = error
            if watchdog.expired:
                break
        raise Refused("it could not be connected to") from problem
    except (HTTPError, OSError) as error:
        # A read's limit is what was left of the whole time, and may end a moment before the watchdog's.
        late = watchdog.expired or isinstance(error, ReadTimeoutError)
        reason = "it did not come in time" if late else type(error).__name__
        raise Refused(reason) from error
    finally:
        _downloading.on = False
        watching(None)
        watchdog.cancel()


def _get(step: Get, address: Address, watchdog: Watchdog) -> Answer:
    with _pool(step, address) as pool:
        response: BaseHTTPResponse = pool.urlopen(
            "GET",
            step.target.path,
            headers={**HEADERS, "Host": step.target.host_header},
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            return _answer(step, response, watchdog)
        finally:
            response.close()


def _answer(step: Get, response: BaseHTTPResponse, watchdog: Watchdog) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    answer = Answer(response.status, headers)
    if response.status != 200:
        return answer
    check_headers(answer, step.budget)
    data = bytearray()
    while piece := response.read1(_PIECE, decode_content=False):
        step.budget.take(len(piece))
        data += piece
    if watchdog.expired:  # a body without a length ends where its connection was shut
        raise Refused("it did not come in time")
    return Answer(200, headers, bytes(data))


def _pool(step: Get, address: Address) -> Any:
    left = max(0.001, step.deadline - time.monotonic())
    limits = Timeout(connect=min(left, step.connect_timeout), read=left)
    pool: Any
    if step.target.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            str(address),
            step.target.port,
            timeout=limits,
            ssl_context=TransportSettings(origin=step.target.url).ssl_context,
            server_hostname=step.target.host,
        )
    else:
        pool = urllib3.HTTPConnectionPool(str(address), step.target.port, timeout=limits)
    pool.ConnectionCls = patient(pool.ConnectionCls, left)
    return pool
