"""One client for many threads and many event loops, in turn and at once; and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.errors import RequestTimeoutError

from .server import ASK, Received, Server, as_bedrock

pytestmark = pytest.mark.usefixtures("no_aws")


def open_sockets() -> int:
    """How many sockets this process has open."""
    folder = Path("/proc/self/fd")
    if not folder.exists():  # only Linux counts them there
        return 0
    found = 0
    for entry in folder.iterdir():
        try:
            found += str(entry.readlink()).startswith("socket:")
        except OSError:  # the listing's own descriptor
            continue
    return found


@pytest.fixture(autouse=True)
def nothing_is_left(server: Server) -> Iterator[None]:
    """No socket of the client, no thread and no warning survives a test."""
    gc.collect()
    sockets, threads = open_sockets(), threading.active_count()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
        gc.collect()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            mine = [thread for thread in threading.enumerate() if thread.name != "test-server"]
            # The server's end of a connection closes a moment after ours.
            if open_sockets() <= sockets and len(mine) <= threads:
                return
            time.sleep(0.01)
    assert open_sockets() <= sockets, "sockets were left open"
    names = [thread.name for thread in threading.enumerate() if thread.name != "test-server"]
    raise AssertionError(f"threads were left running: {names}")


def echoing(request: Received) -> bytes:
    """Answer with the question, so that answers cannot be mixed up unseen."""
    from .server import converse_answer, reply, stream_answer

    if request.target.endswith("converse-stream"):
        text = request.json()["messages"][0]["content"][0]["text"]
        return stream_answer(*text)
    if request.target.endswith("converse"):
        return reply(converse_answer(request.json()["messages"][0]["content"][0]["text"]))
    return as_bedrock(request)


def question(text: str) -> dict[str, object]:
    return {**ASK, "messages": [{"role": "user", "content": [{"text": text}]}]}


def text_of(answer: dict[str, object]) -> str:
    return answer["output"]["message"]["content"][0]["text"]  # type: ignore[index]


def test_many_threads_share_one_client(server: Server) -> None:
    server.answer = echoing
    with server.client() as client, ThreadPoolExecutor(16) as pool:

        def unary(number: int) -> bool:
            return text_of(client.converse(**question(f"unary {number}"))) == f"unary {number}"

        def streamed(number: int) -> bool:
            with client.converse_stream(**question(f"streamed {number}")) as stream:
                for _ in stream:
                    pass
                return text_of(stream.response) == f"streamed {number}"

        work: list[Callable[[int], bool]] = [unary, streamed] * 40
        assert all(pool.map(lambda item: item[1](item[0]), enumerate(work)))
        assert server.connections <= 17


def test_the_first_calls_of_many_threads_resolve_the_client_once(server: Server) -> None:
    gate = threading.Barrier(12)
    with server.client() as client, ThreadPoolExecutor(12) as pool:

        def first(_: int) -> object:
            gate.wait()
            client.converse(**ASK)
            return client._connection._places

        assert len(set(map(id, pool.map(first, range(12))))) == 1


def test_event_loops_one_after_the_other_share_one_client(server: Server) -> None:
    server.answer = echoing
    client = server.client()

    async def run(turn: int) -> None:
        asked = [f"{turn} {number}" for number in range(5)]
        answers = await asyncio.gather(*(client.aconverse(**question(text)) for text in asked))
        assert [text_of(answer) for answer in answers] == asked

    for turn in range(4):
        asyncio.run(run(turn))
    client.close()


def test_event_loops_that_were_closed_without_ceremony_leave_nothing_behind(server: Server) -> None:
    """As older programs do: no asyncio.run(), no shutdown of asynchronous generators."""
    client = server.client()
    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(client.aconverse(**ASK))
        loop.close()
    asyncio.run(client.aconverse(**ASK))
    client.close()
    del client


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "dropped"])
def test_the_last_event_loop_may_be_closed_without_ceremony_too(closed: bool, server: Server) -> None:
    client = server.client()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.aconverse(**ASK))
    loop.close()
    if closed:
        client.close()
    del client, loop


def test_event_loops_in_many_threads_share_one_client_at_once(server: Server) -> None:
    server.answer = echoing
    client = server.client()
    failures: list[BaseException] = []
    gate = threading.Barrier(8)

    async def ask(name: str) -> None:
        for number in range(6):
            asked = [f"{name} {number} {part}" for part in range(4)]
            answers = await asyncio.gather(*(client.aconverse(**question(text)) for text in asked))
            assert [text_of(answer) for answer in answers] == asked
            async with await client.aconverse_stream(**question(name)) as stream:
                async for _ in stream:
                    pass
                assert text_of(stream.response) == name

    def loops(name: str) -> None:
        try:
            gate.wait()
            for turn in range(3):
                asyncio.run(ask(f"{name}/{turn}"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=loops, args=(f"thread {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert not failures, failures[0]


def test_threads_and_an_event_loop_share_one_client(server: Server) -> None:
    server.answer = echoing

    async def run() -> None:
        async with server.client() as client:
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(4) as pool:
                synchronous = [
                    loop.run_in_executor(pool, lambda n=n: client.converse(**question(f"sync {n}")))
                    for n in range(20)
                ]
                answers = await asyncio.gather(
                    *synchronous, *(client.aconverse(**question(f"async {n}")) for n in range(20))
                )
        texts = [f"sync {n}" for n in range(20)] + [f"async {n}" for n in range(20)]
        assert [text_of(answer) for answer in answers] == texts

    asyncio.run(run())


def test_a_client_is_used_without_ever_being_closed(server: Server) -> None:
    async def run() -> None:
        client = server.client()
        await client.aconverse(**ASK)
        async with await client.aconverse_stream(**ASK) as stream:
            async for _ in stream:
                break

    asyncio.run(run())
    client = server.client()
    client.converse(**ASK)
    with client.converse_stream(**ASK) as stream:
        next(iter(stream))
    del client, stream


def test_connections_are_kept_and_used_again(server: Server) -> None:
    async def run() -> None:
        async with server.client() as client:
            for _ in range(3):
                await asyncio.gather(*(client.aconverse(**ASK) for _ in range(10)))

    asyncio.run(run())
    assert server.connections == 10
    with server.client() as client:
        for _ in range(10):
            client.converse(**ASK)
            list(client.converse_stream(**ASK))
    assert server.connections == 11


def test_no_more_requests_are_in_flight_than_allowed(server: Server) -> None:
    lock = threading.Lock()
    now, most = 0, 0

    def slowly(request: Received) -> bytes:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return as_bedrock(request)

    server.answer = slowly

    async def run() -> None:
        async with server.client(max_concurrency=3) as client:
            await asyncio.gather(*(client.aconverse(**ASK) for _ in range(12)))

    asyncio.run(run())
    assert most == 3
    assert server.connections == 3


def test_a_call_does_not_wait_longer_for_its_turn_than_its_total_limit(server: Server) -> None:
    async def run() -> None:
        async with server.client(max_concurrency=1, total_timeout=0.3) as client:
            async with await client.aconverse_stream(**ASK):
                began = time.monotonic()
                with pytest.raises(RequestTimeoutError, match="max_concurrency") as caught:
                    await client.aconverse(**ASK)
                assert 0.25 < time.monotonic() - began < 3
                assert "total_timeout" in str(caught.value.hint)
            await client.aconverse(**ASK)

    asyncio.run(run())


def test_a_stream_that_is_dropped_unread_gives_its_turn_back(server: Server) -> None:
    async def run() -> None:
        async with server.client(max_concurrency=1) as client:
            stream = await client.aconverse_stream(**ASK)
            del stream
            await asyncio.wait_for(client.aconverse(**ASK), 10)

    asyncio.run(run())


def test_a_call_that_waited_for_its_turn_is_signed_when_it_is_sent(server: Server) -> None:
    async def run() -> None:
        async with server.client(max_concurrency=1) as client:
            async with await client.aconverse_stream(**ASK):
                waiting = asyncio.ensure_future(client.aconverse(**ASK))
                await asyncio.sleep(1.1)
            await waiting

    asyncio.run(run())
    first, second = (request.headers["x-amz-date"] for request in server.requests)
    assert first < second


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_embeddings_come_in_the_order_of_their_texts(colour: str, server: Server) -> None:
    from .server import reply

    def numbered(request: Received) -> bytes:
        number = int(request.json()["inputText"])
        time.sleep(0.001 * (7 - number % 7))
        return reply({"embedding": [number, 0.5], "inputTextTokenCount": 2})

    server.answer = numbered
    texts = [str(number) for number in range(40)]

    async def run() -> object:
        async with server.client() as client:
            return await client.aembed(texts, concurrency=8)

    if colour == "sync":
        with server.client() as client:
            found = client.embed(texts, concurrency=8)
    else:
        found = asyncio.run(run())  # type: ignore[assignment]
    assert [vector[0] for vector in found.vectors] == list(range(40))
    assert found.input_tokens == 80
    assert server.connections <= 8


def test_a_client_is_made_and_dropped_often_without_piling_up(server: Server) -> None:
    from bedrock_unified import connection

    others = set(connection._alive)  # of other tests
    for _ in range(30):
        client = BedrockClient(endpoint_url=server.url, region_name="us-east-1", api_key="k")
        client.converse(**ASK)
        del client
    gc.collect()
    assert set(connection._alive) <= others
