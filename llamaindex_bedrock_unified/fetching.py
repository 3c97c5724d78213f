"""Downloads of media for asynchronous calls, on the event loop itself.

LlamaIndex downloads with ``requests``, which would stop the loop or need a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

#: Seconds for one download, connection included.
SECONDS = 60.0
#: Bytes of one download; Converse takes no request that is larger.
MOST_BYTES = 25 * 1024 * 1024
_PIECE = 64 * 1024


async def fetch(urls: Sequence[str]) -> dict[str, bytes | OSError]:
    """What is at the URLs, side by side; for one that cannot be had, the reason as an OSError."""
    limit = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=limit) as session:
        found = await asyncio.gather(*(_fetched(session, url) for url in urls))
    return dict(zip(urls, found, strict=True))


async def _fetched(session: aiohttp.ClientSession, url: str) -> bytes | OSError:
    try:
        async with session.get(url, proxy=_proxy(url)) as response:
            if response.status >= 400:
                return OSError(f"HTTP status {response.status} {response.reason or ''}".rstrip())
            data = bytearray()
            async for piece in response.content.iter_chunked(_PIECE):
                data += piece
                if len(data) > MOST_BYTES:
                    return OSError(f"it is larger than {MOST_BYTES} bytes")
    except TimeoutError:
        return OSError(f"it did not come within {SECONDS:g} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return OSError(f"{type(error).__name__}: {error}")
    return bytes(data) if data else OSError("it has zero bytes")


def _proxy(url: str) -> str | None:
    """The environment's proxy; aiohttp's own way of asking reads ``.netrc`` in a thread."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return None if proxy is None or proxy_bypass(parts.hostname or "") else proxy
