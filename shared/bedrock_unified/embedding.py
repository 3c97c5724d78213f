"""Many embedding requests at once, in order, synchronously or not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from .invoke import titan_text

Request = dict[str, Any]


class Embeddings(NamedTuple):
    """Vectors in the order of their texts, and the tokens they cost in all."""

    vectors: list[list[float]]
    input_tokens: int


def gather(
    invoke: Callable[..., dict[str, Any]], requests: Sequence[Request], concurrency: int
) -> Embeddings:
    """Run the requests on a few threads; the first failure is raised and the rest is not begun."""
    if len(requests) < 2 or concurrency < 2:
        return _read([invoke(**request) for request in requests])
    from concurrent.futures import ThreadPoolExecutor

    workers = min(concurrency, len(requests))
    with ThreadPoolExecutor(workers, thread_name_prefix="bedrock-unified-embed") as pool:
        futures = [pool.submit(invoke, **request) for request in requests]
        try:
            return _read([future.result() for future in futures])
        except BaseException:
            for future in futures:
                future.cancel()
            raise


async def agather(
    invoke: Callable[..., Awaitable[dict[str, Any]]], requests: Sequence[Request], concurrency: int
) -> Embeddings:
    """Run the requests on the event loop; the first failure is raised and cancels the rest."""
    import asyncio

    slots = asyncio.Semaphore(max(1, concurrency))

    async def one(request: Request) -> dict[str, Any]:
        async with slots:
            return await invoke(**request)

    tasks = [asyncio.ensure_future(one(request)) for request in requests]
    try:
        return _read(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _read(answers: Sequence[dict[str, Any]]) -> Embeddings:
    read = [titan_text.answer(answer["body"]) for answer in answers]
    return Embeddings([vector for vector, _ in read], sum(tokens for _, tokens in read))
