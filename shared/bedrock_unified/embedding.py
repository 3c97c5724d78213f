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
) -> list[dict[str, Any]]:
    """The answers, asked for on a few threads; the first failure is raised and the rest is not begun."""
    if len(requests) < 2 or concurrency < 2:
        return [invoke(**request) for request in requests]
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    workers = min(concurrency, len(requests))
    with ThreadPoolExecutor(workers, thread_name_prefix="bedrock-unified-embed") as pool:
        futures = [pool.submit(invoke, **request) for request in requests]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = next((future for future in futures if future in done and future.exception()), None)
            return [future.result() for future in ([failed] if failed else futures)]
        finally:
            for future in futures:
                future.cancel()


async def agather(
    invoke: Callable[..., Awaitable[dict[str, Any]]], requests: Sequence[Request], concurrency: int
) -> list[dict[str, Any]]:
    """The answers, asked for on the event loop; the first failure is raised and cancels the rest."""
    import asyncio

    slots = asyncio.Semaphore(concurrency)

    async def one(request: Request) -> dict[str, Any]:
        async with slots:
            return await invoke(**request)

    tasks = [asyncio.ensure_future(one(request)) for request in requests]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def read(answers: Sequence[dict[str, Any]]) -> Embeddings:
    """The vectors of the answers. Raises BedrockError for one that is no embedding model's."""
    found = [titan_text.answer(answer["body"]) for answer in answers]
    return Embeddings([vector for vector, _ in found], sum(tokens for _, tokens in found))
