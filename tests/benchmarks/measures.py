"""What is measured, from inside the process of one system.

    python measures.py MEASURE SYSTEM ENDPOINT PARAMETERS        prints one line of JSON, then its numbers

Times of the CPU are those of the whole process, user and system, threads included. Each measure makes a first
call before it looks at the clock; a cold start is measured from outside (``processes.py``).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from systems import SYSTEMS

Numbers = dict[str, float]
PROMPT = "What is the capital of France?"


def server_statistics(endpoint: str) -> dict[str, int]:
    """What the endpoint has counted, on a connection of its own."""
    parts = urlsplit(endpoint)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    try:
        connection.request("GET", "/statistics")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def fanout(system: Any, *, calls: int, latency_ms: int) -> Numbers:
    """So many calls at once against a server that takes its time, and once more over the warm connections."""

    async def wave() -> float:
        began = time.perf_counter()
        answers = await asyncio.gather(*[system.acall(f"{PROMPT} {index}") for index in range(calls)])
        assert all(answers)
        return time.perf_counter() - began

    async def run() -> Numbers:
        await system.open()
        await system.acall(PROMPT)
        server_statistics(system.endpoint)
        cpu = time.process_time()
        first = await wave()
        cpu = time.process_time() - cpu
        before = server_statistics(system.endpoint)
        second = await wave()
        after = server_statistics(system.endpoint)
        await system.aclose()
        return {
            "wall_s": first,
            "of_ideal": first / (latency_ms / 1e3),
            "cpu_ms_per_call": cpu / calls * 1e3,
            "second_wall_s": second,
            "new_connections": after["connections"] - before["connections"] - 1,  # one asked for the numbers
            "peak_in_flight": before["peak_in_flight"],
        }

    return asyncio.run(run())


def calls(system: Any, *, count: int) -> Numbers:
    """Synchronous calls, one after another."""
    for _ in range(min(50, count)):
        assert system.call(PROMPT)
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(count):
        system.call(PROMPT)
    return _each(cpu, wall, count)


def acalls(system: Any, *, count: int) -> Numbers:
    """Asynchronous calls, one after another."""

    async def run() -> Numbers:
        await system.open()
        for _ in range(min(50, count)):
            assert await system.acall(PROMPT)
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(count):
            await system.acall(PROMPT)
        numbers = _each(cpu, wall, count)
        await system.aclose()
        return numbers

    return asyncio.run(run())


def events(system: Any, *, streams: int, events: int) -> Numbers:
    """Streams that come as fast as they are read, one after another."""
    assert sum(1 for _ in system.stream(PROMPT)) == events
    cpu, wall = time.process_time(), time.perf_counter()
    seen = sum(1 for _ in range(streams) for _ in system.stream(PROMPT))
    assert seen == streams * events
    return _each(cpu, wall, seen)


def aevents(system: Any, *, streams: int, events: int) -> Numbers:
    """Streams that come as fast as they are read, all at once."""

    async def run() -> Numbers:
        await system.open()
        await _count(system)
        cpu, wall = time.process_time(), time.perf_counter()
        seen = await asyncio.gather(*[_count(system) for _ in range(streams)])
        numbers = _each(cpu, wall, sum(seen))
        assert seen == [events] * streams
        await system.aclose()
        return numbers

    return asyncio.run(run())


def paced(system: Any, *, streams: int, events: int, gap_ms: int) -> Numbers:
    """Streams whose text comes one delta at a time, all at once: how much longer than the text it takes."""

    async def run() -> Numbers:
        await system.open()
        await system.acall(PROMPT)
        cpu, wall = time.process_time(), time.perf_counter()
        seen = await asyncio.gather(*[_count(system) for _ in range(streams)])
        numbers = _each(cpu, wall, sum(seen))
        wall = time.perf_counter() - wall
        assert seen == [events] * streams
        await system.aclose()
        return {**numbers, "of_ideal": wall / ((events - 1) * gap_ms / 1e3)}

    return asyncio.run(run())


def first_token(system: Any, *, streams: int, events: int) -> Numbers:
    """Time from the question to the first text, over many short synchronous streams."""
    times: list[float] = []
    for _ in range(streams + 10):
        began = time.perf_counter()
        pieces = iter(system.stream(PROMPT))
        next(pieces)
        times.append(time.perf_counter() - began)
        assert sum(1 for _ in pieces) == events - 1
    return {"first_us": statistics.median(times[10:]) * 1e6}


def afirst_token(system: Any, *, streams: int, events: int) -> Numbers:
    """Time from the question to the first text, over many short asynchronous streams."""

    async def one() -> float:
        began, first, seen = time.perf_counter(), 0.0, 0
        async for _ in system.astream(PROMPT):
            first = first or time.perf_counter() - began
            seen += 1
        assert seen == events
        return first

    async def run() -> Numbers:
        await system.open()
        times = [await one() for _ in range(streams + 10)]
        await system.aclose()
        return {"first_us": statistics.median(times[10:]) * 1e6}

    return asyncio.run(run())


def tool_deltas(system: Any, *, few: int, many: int, tool_words: int) -> Numbers:
    """A tool call whose input comes in pieces; and how the cost of a piece grows with their number."""
    origin = system.endpoint.rpartition("/")[0]

    def cost(deltas: int) -> float:
        counted = type(system)(f"{origin}/tool_deltas-{deltas}.tool_words-{tool_words}")
        assert sum(1 for _ in counted.tool_stream(PROMPT)) >= deltas

        def once() -> None:
            for _ in counted.tool_stream(PROMPT):
                pass

        return _median_cpu(once, at_most=9, seconds=2.0)

    at_few, at_many = cost(few), cost(many)
    return {"cpu_s": at_many, "growth": (at_many / many) / (at_few / few)}


def embed(
    system: Any, *, model: str, texts: int, latency_ms: int = 0, repeat: int = 1, digits: int = 9
) -> Numbers:
    """Texts embedded at once, synchronously."""
    given = [f"{PROMPT} {index}" for index in range(texts)]
    assert len(system.embed(model, given[:1])) == 1
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(repeat):
        assert len(system.embed(model, given)) == texts
    return _embedded(cpu, wall, texts * repeat)


def aembed(system: Any, *, model: str, texts: int, latency_ms: int = 0, repeat: int = 1) -> Numbers:
    """Texts embedded at once, asynchronously."""
    given = [f"{PROMPT} {index}" for index in range(texts)]

    async def run() -> Numbers:
        assert len(await system.aembed(model, given[:1])) == 1
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(repeat):
            assert len(await system.aembed(model, given)) == texts
        numbers = _embedded(cpu, wall, texts * repeat)
        await system.aclose()
        return numbers

    return asyncio.run(run())


def _embedded(cpu: float, wall: float, texts: int) -> Numbers:
    return {"wall_s": time.perf_counter() - wall, "cpu_us": (time.process_time() - cpu) / texts * 1e6}


def memory(system: Any, *, streams: int, events: int, hold_ms: int) -> Numbers:
    """Resident memory for each asynchronous stream that is open after its first text."""
    opened = 0

    async def one() -> None:
        nonlocal opened
        pieces = system.astream(PROMPT)
        await anext(pieces)
        opened += 1
        async for _ in pieces:
            pass

    async def run() -> Numbers:
        await system.open()
        warm = asyncio.create_task(one())
        while not opened:
            await asyncio.sleep(0.005)
        warm.cancel()
        await asyncio.gather(warm, return_exceptions=True)
        gc.collect()
        before = _resident()
        held = [asyncio.create_task(one()) for _ in range(streams)]
        patience = time.monotonic() + hold_ms / 1e3 * 0.9
        while opened <= streams and time.monotonic() < patience:
            await asyncio.sleep(0.01)
        gc.collect()
        after = _resident()
        now_open = opened - 1
        if now_open < streams:
            raise RuntimeError(f"only {now_open} of {streams} streams were open at once after {hold_ms} ms")
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        await system.aclose()
        return {"kib_per_stream": (after - before) / 1024 / streams}

    return asyncio.run(run())


def imports(package: str, unwanted: list[str]) -> Numbers:
    """How many of the unwanted packages an import brings with it; this process has none of them itself."""
    assert not set(unwanted) & set(sys.modules)
    __import__(package)
    return {"unwanted": len(set(unwanted) & set(sys.modules))}


def _each(cpu: float, wall: float, count: int) -> Numbers:
    return {
        "cpu_us": (time.process_time() - cpu) / count * 1e6,
        "wall_us": (time.perf_counter() - wall) / count * 1e6,
    }


async def _count(system: Any) -> int:
    seen = 0
    async for _ in system.astream(PROMPT):
        seen += 1
    return seen


def _median_cpu(once: Callable[[], None], *, at_most: int, seconds: float) -> float:
    costs: list[float] = []
    end = time.monotonic() + seconds
    while not costs or (len(costs) < at_most and time.monotonic() < end):
        began = time.process_time()
        once()
        costs.append(time.process_time() - began)
    return statistics.median(costs)


def _resident() -> int:
    """Bytes of resident memory; where the system does not say, the most there ever was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


MEASURES: dict[str, Callable[..., Numbers]] = {
    measure.__name__: measure
    for measure in (
        fanout,
        calls,
        acalls,
        events,
        aevents,
        paced,
        first_token,
        afirst_token,
        tool_deltas,
        memory,
        embed,
        aembed,
    )
}


def main(name: str, system_name: str, endpoint: str, parameters: str) -> None:
    """Measure once and print the numbers, and the versions of what was measured."""
    given: dict[str, Any] = json.loads(parameters)
    if name == "imports":
        print(json.dumps({"numbers": imports(**given), "versions": {}}), flush=True)
        return
    kind = SYSTEMS[system_name]
    numbers = MEASURES[name](kind(endpoint), **given)
    versions = {distribution: version(distribution) for distribution in kind.distributions}
    print(json.dumps({"numbers": numbers, "versions": versions}), flush=True)
    os._exit(0)  # some systems leave threads behind that would be waited for


if __name__ == "__main__":
    main(*sys.argv[1:5])
