"""Fetching beside the calls: once for all that wait, on nobody else's thread, a failure for all of them."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest

from bedrock_unified.credentials import role as roles
from bedrock_unified.credentials.once import Once
from bedrock_unified.errors import AuthenticationError

from ..core.server import ASK, Received, reply
from .calling import PAIR, call, client_of, colours, signed
from .fakes import KEYS_OF, ROLE, World

DENIED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>"
    b"<RequestId>r</RequestId></ErrorResponse>"
)


@pytest.fixture
def slow_refusal(world: World) -> list[Received]:
    """STS takes a fifth of a second to refuse; the requests it got."""
    asked: list[Received] = []

    def answer(request: Received) -> bytes:
        if request.target != "/":
            return world.aws(request)
        asked.append(request)
        time.sleep(0.2)
        return reply(DENIED, 403, Content_Type="text/xml")

    world.server.answer = answer
    return asked


@colours
def test_a_batch_is_refused_together_and_not_one_after_the_other(
    colour: str, slow_refusal: list[Received], world: World
) -> None:
    client = client_of(world, **PAIR, role_arn=ROLE)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            client.converse(**ASK)
        except AuthenticationError as error:
            errors.append(error)

    async def run() -> None:
        async with client:
            calls = (client.aconverse(**ASK) for _ in range(200))
            errors.extend(await asyncio.gather(*calls, return_exceptions=True))  # type: ignore[arg-type]

    if colour == "async":
        asyncio.run(run())
    else:
        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(slow_refusal) <= 3
    assert len(errors) == len({id(error) for error in errors}) == (200 if colour == "async" else 20)
    assert {type(error) for error in errors} == {AuthenticationError}
    assert world.asked == []


async def test_a_source_that_hangs_takes_no_thread_of_the_event_loop(world: World) -> None:
    world.aws.delay = 0.8
    async with client_of(world, **PAIR, role_arn=ROLE) as client:
        calls = [asyncio.ensure_future(client.aconverse(**ASK)) for _ in range(50)]
        await asyncio.sleep(0.1)
        begin = time.perf_counter()
        assert await asyncio.to_thread(lambda: 7) == 7, "names are resolved on these threads"
        assert time.perf_counter() - begin < 0.5
        calls[0].cancel()
        await asyncio.gather(*calls[1:])
    assert len(world.aws.sts) == 1


async def test_the_loop_turns_while_keys_are_fetched(world: World) -> None:
    world.aws.delay = 0.4
    gaps: list[float] = []

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            gaps.append(time.perf_counter() - last)
            last = time.perf_counter()

    beating = asyncio.ensure_future(beat())
    async with client_of(world, **PAIR, role_arn=ROLE) as client:
        await client.aconverse(**ASK)
    beating.cancel()
    assert len(gaps) > 10 and max(gaps) < 0.35


def test_while_a_roles_keys_are_renewed_the_old_ones_serve(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(world, **PAIR, role_arn=ROLE)
    client.converse(**ASK)
    begin = time.time()
    monkeypatch.setattr(roles.time, "time", lambda: begin + 3000)
    world.aws.delay = 0.5
    renewing = threading.Thread(target=client.converse, kwargs=ASK)
    renewing.start()
    time.sleep(0.1)
    client.converse(**ASK)
    assert world.signed_by == "ASIAREADER0001" and len(world.aws.sts) == 1
    renewing.join()
    client.close()
    assert world.signed_by == "ASIAREADER0002"


def test_keys_with_some_minutes_left_serve_while_their_source_is_out_of_order(world: World) -> None:
    world.has("ecs")
    world.aws.lifetime = 800  # less than botocore's quarter of an hour, more than its ten minutes
    client = client_of(world)
    for _ in range(3):
        call(client)
    assert world.signed_by == KEYS_OF["ecs"]
    # botocore refreshes them as soon as they are found, and would at every call.
    assert len(world.aws.container_headers) <= 2


# The one that asks


def test_one_that_is_interrupted_leaves_the_asking_to_the_next() -> None:
    once, begun, go = Once(), threading.Event(), threading.Event()

    def interrupted() -> None:
        begun.set()
        go.wait(5)
        raise KeyboardInterrupt

    def first() -> None:
        with pytest.raises(KeyboardInterrupt):
            once.run(interrupted)

    got: list[int] = []
    leading = threading.Thread(target=first)
    leading.start()
    begun.wait(5)
    following = threading.Thread(target=lambda: got.append(once.run(lambda: 7)))
    following.start()
    while not once._joined:
        time.sleep(0.001)
    go.set()
    leading.join(5)
    following.join(5)
    assert got == [7] and not once.asking


def test_without_a_thread_the_error_is_given_and_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none)
    once = Once()
    future: Future[int] = once.submit(lambda: 7)
    with pytest.raises(RuntimeError, match="new thread"):
        future.result(1)
    monkeypatch.undo()
    assert once.submit(lambda: 7).result(5) == 7


# What is written of it


@pytest.mark.parametrize("source", ["role", "web identity", "sso", "ecs", "imds"])
def test_the_log_of_botocore_has_no_secret_at_debug(
    source: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    given: dict[str, Any] = {}
    if source == "role":
        given = {**PAIR, "aws_session_token": "the-callers-token", "role_arn": ROLE}
    elif source == "sso":
        lines = "sso_start_url = https://p\nsso_region = us-west-2\nsso_account_id = 1\nsso_role_name = r\n"
        world.config(f"[default]\n{lines}")
        world.sso_token("https://p")
    else:
        world.has(source)
    signed(world, **given)
    told = "".join(record.getMessage() for record in caplog.records)
    for secret in ("hush-hush-secret", "token-of-", "the-callers-token", "identity-token", "the-sso-token"):
        assert secret not in told, secret
    assert "botocore" in {record.name.split(".")[0] for record in caplog.records}


def test_what_a_process_writes_is_not_quoted(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for command in ("sh -c 'echo written-by-it >&2; exit 3'", "echo written-by-it"):
        world.config(f"[default]\ncredential_process = {command}\n")
        with pytest.raises(AuthenticationError) as caught:
            call(client_of(world))
        error: BaseException | None = caught.value
        assert "credential_process" in str(caught.value.hint)
        while error is not None:
            assert "written-by-it" not in f"{error!r}{error}{getattr(error, 'doc', '')}"
            error = error.__cause__ or error.__context__
    assert "written-by-it" not in caplog.text


def test_what_botocore_says_of_a_processs_answer_is_told(world: World) -> None:
    world.config("[default]\ncredential_process = echo '{\"Version\": 1}'\n")
    with pytest.raises(AuthenticationError, match="Missing required key in response: 'AccessKeyId'"):
        call(client_of(world))
