"""Failures below HTTP: names, connects, time limits; and that asynchronous calls use no thread."""

from __future__ import annotations

import asyncio
import gc
import socket
import time

import aiohttp
import pytest
from wireserver import ASK, Hang, WireServer, answer, converse, ending, error, stream, text_frames

from bedrock_unified import BedrockClient, ConnectionFailed, RequestTimeoutError
from bedrock_unified.settings import ConnectionSettings


def test_a_host_name_that_does_not_resolve_is_named_with_what_to_check(face):
    client = face.client("http://no-such-host.invalid:9", max_retries=1)
    with pytest.raises(ConnectionFailed) as caught:
        face.converse(client)
    assert "no-such-host.invalid" in str(caught.value)
    assert "region_name" in caught.value.hint


def test_a_port_that_nobody_listens_on_is_a_connection_failure(face):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ConnectionFailed) as caught:
        face.converse(face.client(f"http://127.0.0.1:{port}", max_retries=1))
    assert str(port) in str(caught.value)


def test_a_server_that_accepts_nothing_ends_at_the_connect_time_limit(face):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(4):  # fill the backlog: further connects are left without an answer
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        time.sleep(0.05)
        try:
            began = time.monotonic()
            with pytest.raises(RequestTimeoutError):
                face.converse(face.client(f"http://127.0.0.1:{port}", connect_timeout=0.3, max_retries=0))
            assert time.monotonic() - began < 3
        finally:
            for filler in fillers:
                filler.close()


@pytest.mark.parametrize("proxied", ["", "http", "https"])
def test_a_peer_that_is_silent_before_the_request_ends_at_the_connect_time_limit(face, proxied, monkeypatch):
    """In its TLS handshake, or as a proxy asked for a tunnel: no model was paid, so it is retried."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = f"127.0.0.1:{listener.getsockname()[1]}"
        if proxied:
            monkeypatch.setenv("HTTPS_PROXY", f"{proxied}://{peer}")
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
        url = "https://bedrock-runtime.example.test" if proxied else f"https://{peer}"
        with pytest.raises(RequestTimeoutError, match="connect time limit"):
            face.converse(face.client(url, connect_timeout=0.2, timeout=2, max_retries=1))
        listener.settimeout(1)
        for _ in range(2):
            listener.accept()[0].close()


def test_a_silent_server_ends_at_the_read_time_limit_and_is_not_asked_twice(face):
    with WireServer([Hang()]) as server, pytest.raises(RequestTimeoutError) as caught:
        face.converse(face.client(server.url, timeout=0.3))
    assert len(server.requests) == 1, "the model may have been paid for the first request"
    assert "retry_read_timeouts" in caught.value.hint


def test_read_time_limits_are_retried_on_request(face):
    with WireServer([Hang()], [converse("Hello.")]) as server:
        face.converse(face.client(server.url, timeout=0.3, retry_read_timeouts=True))
    assert len(server.requests) == 2


def test_a_request_has_the_headers_that_we_wrote_and_none_of_a_library(face):
    ours = {"accept-encoding", "authorization", "content-length", "host", "user-agent", "x-amz-date"}
    with WireServer([converse("Hello.")], [answer({"modelSummaries": []})]) as server:
        face.converse(face.client(server.url))
        client = face.client(server.url, control_endpoint_url=server.url)
        asyncio.run(client.alist_models()) if face.colour == "async" else client.list_models()
        client.close()
    asked, listed = ({name for name in request if name[0] != ":"} for request in server.requests)
    assert asked == ours | {"content-type"}
    assert listed == ours
    assert all(request["user-agent"].startswith("bedrock-unified/") for request in server.requests)


def test_who_asked_for_retries_of_read_time_limits_is_not_told_to_ask_for_them(face):
    with WireServer([Hang()], [Hang()]) as server, pytest.raises(RequestTimeoutError) as caught:
        face.converse(face.client(server.url, timeout=0.2, retry_read_timeouts=True, max_retries=1))
    assert len(server.requests) == 2
    assert caught.value.hint == "long answers need a longer timeout=, or streaming"


@pytest.mark.parametrize("retries", [0, 1])
def test_who_has_no_retries_left_is_not_told_to_ask_for_them(face, retries):
    throttled = [[error(429, "ThrottlingException", "wait")]] * retries
    with WireServer(*throttled, [Hang()]) as server, pytest.raises(RequestTimeoutError) as caught:
        face.converse(face.client(server.url, timeout=0.2, max_retries=retries))
    assert len(server.requests) == retries + 1
    assert caught.value.hint == "long answers need a longer timeout=, or streaming"


def test_the_total_time_limit_covers_retries(face):
    throttled = error(429, "ThrottlingException", "wait", **{"Retry-After": "5"})
    with WireServer([throttled]) as server:
        began = time.monotonic()
        with pytest.raises(Exception, match="ThrottlingException"):
            face.converse(face.client(server.url, total_timeout=1))
        assert time.monotonic() - began < 1


def test_the_total_time_limit_ends_a_slow_answer(face):
    with WireServer([Hang()]) as server:
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError):
            face.converse(face.client(server.url, total_timeout=0.4))
        assert time.monotonic() - began < 3


def test_nothing_waits_forever_by_default():
    settings = ConnectionSettings()
    assert (settings.connect_timeout, settings.timeout, settings.total_timeout) == (5.0, 300.0, None)


def test_an_answer_that_is_not_bedrocks_is_said_to_be_so(face):
    with WireServer([answer({"hello": "world"})]) as server, pytest.raises(Exception, match="not Converse's"):
        face.converse(face.client(server.url))


def test_connections_are_kept_and_used_again(face):
    with WireServer([converse("Hello.")]) as server:
        client = face.client(server.url)
        if face.colour == "sync":
            with client:
                for _ in range(5):
                    client.converse(**ASK)
        else:

            async def run() -> None:
                async with client:
                    for _ in range(5):
                        await client.aconverse(**ASK)

            asyncio.run(run())
    assert server.connections == 1


def test_a_second_wave_of_concurrent_calls_opens_no_connection():
    with WireServer([converse("Hello.")]) as server:

        async def run() -> tuple[int, int]:
            async with BedrockClient(endpoint_url=server.url, api_key="key") as client:
                await asyncio.gather(*[client.aconverse(**ASK) for _ in range(50)])
                first = server.connections
                await asyncio.gather(*[client.aconverse(**ASK) for _ in range(50)])
                return first, server.connections

        first, both = asyncio.run(run())
    assert first <= 50
    assert both == first


def test_max_concurrency_bounds_the_requests_in_flight():
    import threading

    flying, peak, lock = 0, 0, threading.Lock()

    def slow() -> bytes:
        nonlocal flying, peak
        with lock:
            flying += 1
            peak = max(peak, flying)
        time.sleep(0.05)
        with lock:
            flying -= 1
        return converse("Hello.")

    with WireServer([slow]) as server:

        async def run() -> None:
            async with BedrockClient(endpoint_url=server.url, api_key="key", max_concurrency=3) as client:
                await asyncio.gather(*[client.aconverse(**ASK) for _ in range(12)])

        asyncio.run(run())
    assert peak == 3


def test_one_client_serves_event_loops_in_turn():
    with WireServer([converse("Hello.")]) as server:
        client = BedrockClient(endpoint_url=server.url, api_key="key")
        for _ in range(3):
            assert asyncio.run(client.aconverse(**ASK))["stopReason"] == "end_turn"
    assert len(server.requests) == 3


def test_a_loop_that_was_closed_under_a_client_is_dropped_without_a_warning():
    with WireServer([converse("Hello.")]) as server:
        client = BedrockClient(endpoint_url=server.url, api_key="key")
        loop = asyncio.new_event_loop()
        loop.run_until_complete(client.aconverse(**ASK))
        loop.close()  # without shutdown_asyncgens(): nobody told the client
        assert asyncio.run(client.aconverse(**ASK))["stopReason"] == "end_turn"


def test_a_client_that_is_collected_in_a_cycle_closes_its_connection_without_a_word(caplog):
    with WireServer([converse("Hello.")]) as server:

        async def run() -> None:
            for _ in range(5):
                holder: dict[str, object] = {"client": BedrockClient(endpoint_url=server.url, api_key="key")}
                holder["itself"] = holder  # as agents and their workflows do
                await holder["client"].aconverse(**ASK)
                del holder
            gc.collect()
            await asyncio.sleep(0.05)
            assert not [one for one in gc.get_objects() if isinstance(one, aiohttp.ClientSession)]

        asyncio.run(run())
    assert caplog.records == []


def test_no_asynchronous_method_touches_a_thread(monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a thread was asked for")

    script = {
        "converse": converse("Hello."),
        "stream": b"".join(part for part in stream(*text_frames("Hello"), *ending())),
        "embed": answer({"embedding": [0.1, 0.2], "inputTextTokenCount": 2}),
        "tokens": answer({"inputTokens": 2}),
        "guardrail": answer({"action": "NONE", "outputs": [], "assessments": [], "usage": {}}),
        "models": answer({"modelSummaries": []}),
        "profiles": answer({"inferenceProfileSummaries": []}),
    }
    order = ["converse", "stream", "embed", "stream", "embed", "tokens", "guardrail", "models", "profiles"]
    with WireServer(*[[script[name]] for name in order]) as server:

        async def run() -> None:
            async with BedrockClient(
                endpoint_url=server.url, control_endpoint_url=server.url, api_key="key"
            ) as client:
                loop = asyncio.get_running_loop()
                monkeypatch.setattr(loop, "run_in_executor", refused)
                monkeypatch.setattr(asyncio, "to_thread", refused)
                await client.aconverse(**ASK)
                async with await client.aconverse_stream(**ASK) as opened:
                    assert len([event async for event in opened]) == 5
                await client.ainvoke(modelId="amazon.titan-embed-text-v2:0", body={"inputText": "x"})
                async with await client.ainvoke_stream(modelId="meta.llama", body=b"{}") as opened:
                    assert len([event async for event in opened]) == 5
                await client.aembed(["a text"])
                await client.acount_tokens(modelId=ASK["modelId"], input={"converse": {}})
                await client.aapply_guardrail(
                    guardrailIdentifier="abc", guardrailVersion="1", source="INPUT", content=[]
                )
                assert await client.alist_models() == []
                assert await client.alist_inference_profiles() == []

        asyncio.run(run())
    assert len(server.requests) == len(order)


def test_a_large_body_is_sent_whole_by_both_colours(face):
    text = "x" * 10_000_000
    with WireServer([converse("Hello.")]) as server:
        face.converse(face.client(server.url), messages=[{"role": "user", "content": [{"text": text}]}])
    assert len(server.requests[0][":body"]) > len(text)


@pytest.mark.parametrize(("size", "pieces"), [(5, 1), (200_000, 2)])
def test_a_small_request_goes_out_in_one_piece_and_a_large_body_is_not_copied(
    size: int, pieces: int, monkeypatch: pytest.MonkeyPatch
):
    sent: list[bytes] = []

    class Recorded(socket.socket):
        def sendall(self, data, *flags):
            if not bytes(data).startswith(b"HTTP/"):  # the server's are of this class, too
                sent.append(bytes(data))
            super().sendall(data, *flags)

    monkeypatch.setattr(socket, "socket", Recorded)
    with WireServer([converse("Hello.")]) as server:
        client = BedrockClient(endpoint_url=server.url, api_key="key")
        client.converse(**{**ASK, "messages": [{"role": "user", "content": [{"text": "x" * size}]}]})
    assert len(sent) == pieces
    assert b"".join(sent).endswith(b"x" * size + b'"}]}]}')
