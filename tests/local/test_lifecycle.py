"""Starting, stopping, and what is left behind: nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bedrock_unified.client import BedrockClient
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.local import Fault, LocalBedrock

from .sending import post, signed_headers

PATH = "/model/amazon.nova-lite-v1%3A0/converse"
ASK = {"messages": [{"role": "user", "content": [{"text": "hello"}]}]}


def open_files() -> int:
    """Open file descriptors; 0 where the system does not tell."""
    listing = Path("/proc/self/fd")
    return sum(1 for _ in listing.iterdir()) if listing.exists() else 0


def test_nothing_is_left_behind() -> None:
    with LocalBedrock() as endpoint:
        post(endpoint, PATH, ASK)
    gc.collect()
    before_threads, before_files = threading.active_count(), open_files()
    for _ in range(5):
        with LocalBedrock() as endpoint:
            post(endpoint, PATH, ASK)
            post(endpoint, f"{PATH}-stream", ASK)
    gc.collect()
    assert threading.active_count() == before_threads
    assert open_files() <= before_files
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", endpoint._wanted_port or 1), timeout=1)  # pyright: ignore[reportPrivateUsage]


def test_it_can_be_started_again_and_keeps_its_record() -> None:
    endpoint = LocalBedrock()
    for _ in range(2):
        with endpoint:
            assert post(endpoint, PATH, ASK)[0] == 200
    assert len(endpoint.requests) == 2
    endpoint.forget()
    assert endpoint.requests == []


def test_a_port_can_be_chosen_and_is_refused_when_taken() -> None:
    with LocalBedrock() as first:
        second = LocalBedrock(port=first.port)
        with pytest.raises(ConfigurationError, match="could not start"):
            second.start()
        with pytest.raises(ConfigurationError, match="not running"):
            _ = second.url
    with LocalBedrock(port=0) as third, pytest.raises(ConfigurationError, match="already running"):
        third.start()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", ""])
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback addresses only"):
        LocalBedrock(host=host)


def test_its_environment_is_all_that_boto3_needs(tmp_path: Path) -> None:
    program = (
        "import boto3\n"
        "rt = boto3.client('bedrock-runtime'); print(rt.converse(modelId='amazon.nova-lite-v1:0', messages="
        "[{'role': 'user', 'content': [{'text': 'hello'}]}])['stopReason'])\n"
        "print(len(boto3.client('bedrock').list_foundation_models()['modelSummaries']) > 10)\n"
        "print(boto3.client('sts').get_caller_identity()['Account'])\n"
    )
    with LocalBedrock() as endpoint:
        bare = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment = {**bare, "HOME": str(tmp_path), **endpoint.environment()}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
        )
    assert done.stdout.split() == ["end_turn", "True", "123456789012"], done.stderr


async def test_it_serves_from_the_running_loop() -> None:
    aiohttp = pytest.importorskip("aiohttp")
    before = asyncio.all_tasks()
    async with LocalBedrock() as endpoint, aiohttp.ClientSession() as session:
        body = json.dumps(ASK).encode()

        async def call(path: str) -> tuple[int, bytes]:
            headers = signed_headers(endpoint.url + path, body)
            from yarl import URL

            async with session.post(
                URL(endpoint.url + path, encoded=True), data=body, headers=headers
            ) as answer:
                return answer.status, await answer.read()

        answers = await asyncio.gather(
            *(call(PATH) for _ in range(50)), *(call(f"{PATH}-stream") for _ in range(50))
        )
        assert {status for status, _ in answers} == {200}
        assert len({served.request_id for served in endpoint.requests}) == 100
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before


async def test_stopping_in_the_loop_ends_what_is_under_way() -> None:
    aiohttp = pytest.importorskip("aiohttp")
    endpoint = await LocalBedrock(faults=[Fault.latency(60.0)]).astart()
    body = json.dumps(ASK).encode()
    async with aiohttp.ClientSession() as session:
        from yarl import URL

        url = URL(endpoint.url + PATH, encoded=True)
        waiting = asyncio.create_task(session.post(url, data=body, headers=signed_headers(str(url), body)))
        await asyncio.sleep(0.1)
        started = time.perf_counter()
        await endpoint.astop()
        assert time.perf_counter() - started < 3
        done = await asyncio.wait_for(asyncio.gather(waiting, return_exceptions=True), 5)
    assert isinstance(done[0], aiohttp.ClientError) or done[0].status in {200, 403}


def test_importing_it_loads_neither_aiohttp_nor_botocore() -> None:
    program = (
        "import sys, bedrock_unified.local as local\n"
        "local.LocalBedrock, local.Fault, local.Script, local.Guardrail\n"
        "print(sorted({'aiohttp', 'botocore', 'boto3'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_call_takes_little_time() -> None:
    import http.client

    with LocalBedrock() as endpoint:
        body = json.dumps(ASK).encode()
        headers = signed_headers(endpoint.url + PATH, body)
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
        times: list[float] = []
        for _ in range(200):
            started = time.perf_counter()
            connection.request("POST", PATH, body=body, headers=headers)
            connection.getresponse().read()
            times.append(time.perf_counter() - started)
        connection.close()
    assert sorted(times)[100] < 0.02  # a couple of milliseconds; generous for a busy machine


def test_it_serves_until_interrupted() -> None:
    import signal

    program = "from bedrock_unified.local import serve_forever; serve_forever(port=0)"
    process = subprocess.Popen([sys.executable, "-u", "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(8)]
    try:
        assert "http://127.0.0.1:" in lines[0]
        assert any(
            line.startswith("export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:") for line in lines
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_client_that_leaves_a_stream_is_no_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    script = [{"content": [{"text": "word " * 4000}], "times": None}]
    with LocalBedrock(script=script) as endpoint:
        with BedrockClient(
            endpoint_url=endpoint.url,
            region_name="us-east-1",
            aws_access_key_id=endpoint.ACCESS_KEY_ID,
            aws_secret_access_key=endpoint.SECRET_ACCESS_KEY,
        ) as client:
            message = {"role": "user", "content": [{"text": "Hello"}]}
            for _ in range(5):
                with client.converse_stream(modelId="amazon.nova-lite-v1:0", messages=[message]) as stream:
                    next(iter(stream))
        deadline = time.monotonic() + 5
        while any(one.outcome == "open" for one in endpoint.requests) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "client left" in {one.outcome for one in endpoint.requests}
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
