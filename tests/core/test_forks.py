"""A forked child: connections, loops and threads of its own, and its parent's left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from .server import Server

pytestmark = pytest.mark.usefixtures("no_aws")


FORKED = """
import os, sys, asyncio, warnings
warnings.simplefilter("error")
from bedrock_unified import BedrockClient

ask = {"modelId": "m.x", "messages": [{"role": "user", "content": [{"text": "Hello?"}]}]}
client = BedrockClient(
    endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="s"
)

def child(work):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


def forked(program: str, server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKED + textwrap.dedent(program), server.url],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_opens_connections_of_its_own(server: Server) -> None:
    forked(
        """
        client.converse(**ask)
        assert child(lambda: client.converse(**ask)) == 0
        client.converse(**ask)
        assert child(lambda: asyncio.run(client.aconverse(**ask))) == 0
        client.converse(**ask)
        client.close()
        """,
        server,
    )
    assert server.connections == 3, "a connection was shared with a child, or the parent lost its own"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork_inside_an_event_loop_leaves_the_parents_connections_alone(server: Server) -> None:
    forked(
        """
        import gc

        def work():
            client.converse(**ask)
            gc.collect()

        async def run():
            for _ in range(3):
                await client.aconverse(**ask)
                assert child(work) == 0
            await client.aconverse(**ask)
            await client.aclose()

        asyncio.run(run())
        """,
        server,
    )
    assert server.connections == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_that_ends_in_the_ordinary_way_says_nothing_and_spares_its_parent(server: Server) -> None:
    """Its interpreter shuts down and collects what it inherited."""
    forked(
        """
        loop = asyncio.new_event_loop()
        loop.run_until_complete(client.aconverse(**ask))
        pid = os.fork()
        if pid == 0:
            client.converse(**ask)
            client.close()
            sys.exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        loop.run_until_complete(client.aconverse(**ask))
        loop.run_until_complete(client.aclose())
        loop.close()
        """,
        server,
    )
    assert server.connections == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_an_injected_clients_threads_are_made_anew_in_a_child(server: Server) -> None:
    forked(
        """
        import threading

        class Boto:
            def converse(self, **_):
                return {"output": {"thread": threading.current_thread().name}}

        injected = BedrockClient(client=Boto())

        def ask_twice():
            async def run():
                return await asyncio.wait_for(injected.aconverse(**ask), 5)
            assert asyncio.run(run())["output"]["thread"].startswith("bedrock-unified-boto3")
            injected.close()

        # The parent's thread lives while the child is made; Python 3.12 warns of that in general.
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.run(injected.aconverse(**ask))
        assert child(ask_twice) == 0
        ask_twice()
        """,
        server,
    )
