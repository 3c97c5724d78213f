"""One GET of a download on aiohttp: to a checked address, for the host's name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import aiohttp
from yarl import URL

from ..transport.settings import TransportSettings
from .addresses import Address
from .fetching import HEADERS, Answer, Get, Lookup, Refused, Resolve, check_headers, look_up

_PIECE = 65536


async def looked_up(step: Lookup, resolve: Resolve) -> Sequence[str]:
    """The addresses of a host. Raises Refused."""
    try:
        async with asyncio.timeout(step.seconds):
            return await asyncio.wrap_future(look_up(step, resolve))
    except TimeoutError as error:
        raise Refused(f"the name of {step.host!r} was not found in time") from error
    except (OSError, ValueError) as error:
        raise Refused(f"{step.host!r} has no address") from error


async def get(step: Get) -> Answer:
    """The answer. Raises Refused."""
    left = step.deadline - time.monotonic()
    if left <= 0:
        raise Refused("it did not come in time")
    problem: Exception | None = None
    limits = aiohttp.ClientTimeout(total=left, sock_connect=min(left, step.connect_timeout), sock_read=left)
    context = TransportSettings(origin=step.target.url).ssl_context
    # A session for one request: connections to one address under several names must not be mixed up.
    connector = aiohttp.TCPConnector(force_close=True, ssl=True if context is None else context)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=limits,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    ) as session:
        for address in step.addresses:
            try:
                return await _get(session, step, address)
            except aiohttp.ClientSSLError as error:
                raise Refused(type(error).__name__) from error
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                problem = error
            except TimeoutError as error:
                raise Refused("it did not come in time") from error
            except aiohttp.ClientResponseError as error:  # it quotes the query, which may sign
                raise Refused(type(error).__name__) from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise Refused(type(error).__name__) from error
        raise Refused("it could not be connected to") from problem


async def _get(session: aiohttp.ClientSession, step: Get, address: Address) -> Answer:
    target = step.target
    host = f"[{address}]" if address.version == 6 else str(address)
    async with session.get(
        URL(f"{target.scheme}://{host}:{target.port}{target.path}", encoded=True),
        headers={**HEADERS, "Host": target.host_header},
        allow_redirects=False,
        server_hostname=target.host if target.scheme == "https" else None,
    ) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(response.status, headers)
        if response.status != 200:
            return answer
        check_headers(answer, step.budget)
        data = bytearray()
        async for piece in response.content.iter_chunked(_PIECE):
            step.budget.take(len(piece))
            data += piece
        return Answer(200, headers, bytes(data))
