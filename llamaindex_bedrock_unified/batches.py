"""One limit of requests for all the batches of a call.

LlamaIndex cuts a call into batches and begins them all at once; the core's limit holds for each of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

from bedrock_unified.invoke.embeddings.families import family_of

_MANY = 128  # the core's own limit, asynchronously


class _Permits:
    """So many requests at a time; a batch waits until there are as many as it can use."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._queue = asyncio.Lock()  # a large batch is not overtaken for ever by small ones
        self._changed = asyncio.Event()

    async def take(self, wanted: int) -> None:
        async with self._queue:
            while self._free < wanted:
                self._changed.clear()
                await self._changed.wait()
            self._free -= wanted

    def give(self, taken: int) -> None:
        self._free += taken
        self._changed.set()


_permits: ContextVar[_Permits | None] = ContextVar("bedrock_unified_permits", default=None)


@contextmanager
def together(concurrency: int | None) -> Iterator[None]:
    """Batches that are begun in here share one limit."""
    token = _permits.set(_Permits(_MANY if concurrency is None else concurrency))
    try:
        yield
    finally:
        _permits.reset(token)


@asynccontextmanager
async def turns(how: Mapping[str, Any], inputs: Sequence[Any]) -> AsyncIterator[None]:
    """As many turns as the requests of one batch take; free where no call of several batches is under way.

    Args:
        how: the keywords of the batch's call.
        inputs: what it embeds, all of one kind: texts, or images as dicts.
    """
    permits = _permits.get()
    if permits is None:
        yield
        return
    family = family_of(how["model_id"], how["family"])
    most = family.most if isinstance(inputs[0], str) else family.most_of.get("image", family.most)
    taken = min(-(-len(inputs) // most), permits.count)
    await permits.take(taken)
    try:
        yield
    finally:
        permits.give(taken)
