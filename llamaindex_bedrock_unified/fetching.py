"""Downloads of media that messages name by a web address, before the request is written.

LlamaIndex's own blocks download with ``requests``, from anywhere, without a bound on the size, and stop the
event loop meanwhile. Here nothing is downloaded unless ``fetch_media`` allows it, and then within the bounds
of :mod:`bedrock_unified.media.fetching`: from public addresses alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from bedrock_unified.media import Fetched, MediaFetcher


async def fetch(urls: Sequence[str], fetcher: MediaFetcher | None = None) -> dict[str, Fetched]:
    """What is at the URLs, on the event loop itself, side by side.

    Args:
        urls: as :func:`~.media.remote_urls` gives them.
        fetcher: who downloads; one with the default bounds where none is given.

    Raises:
        InvalidRequestError: a download that is not allowed anywhere, or failed.
    """
    return await (fetcher or MediaFetcher()).afetch_all(urls)


def fetch_blocking(urls: Sequence[str], fetcher: MediaFetcher | None = None) -> dict[str, Fetched]:
    """The synchronous :func:`fetch`."""
    return (fetcher or MediaFetcher()).fetch_all(urls)
