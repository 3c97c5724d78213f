"""A client of the caller's own: called as it is, with our errors and our streams, on threads of ours."""

from __future__ import annotations

import asyncio
import threading
import time
from io import BytesIO, StringIO
from types import SimpleNamespace
from typing import Any

import boto3
import botocore
import pytest
from botocore import exceptions as boto
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch, InvalidHeadersLength
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from bedrock_unified import BedrockClient
from bedrock_unified.errors import (
    AuthenticationError,
    BedrockError,
    ConnectionFailed,
    InvalidRequestError,
    RequestTimeoutError,
    StreamInterrupted,
    ThrottlingError,
)
from bedrock_unified.injected_calls import KNOWN_BY

from .server import ASK, KEYS, MODEL, REQUEST_ID, Server, event, reply

pytestmark = pytest.mark.usefixtures("no_aws")

colours = pytest.mark.parametrize("colour", ["sync", "async"])


class Boto:
    """Stands for a boto3 client: answers or raises as told, and keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.threads: list[str] = []
        self.meta = SimpleNamespace(region_name="ap-south-1", config=SimpleNamespace(max_pool_connections=3))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def operation(**members: Any) -> Any:
            self.asked.append((name, members))
            self.threads.append(threading.current_thread().name)
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return operation


class Events:
    """A botocore event stream: events, then perhaps a failure; it can be closed."""

    def __init__(self, *events: Any) -> None:
        self.events = events
        self.closed = False

    def __iter__(self) -> Any:
        for item in self.events:
            if isinstance(item, Exception):
                raise item
            yield item

    def close(self) -> None:
        self.closed = True


def call(client: BedrockClient, colour: str, method: str, **members: Any) -> Any:
    if colour == "sync":
        return getattr(client, method)(**members)
    return asyncio.run(getattr(client, f"a{method}")(**members))


def stream(
    client: BedrockClient, colour: str, method: str = "converse_stream", **members: Any
) -> tuple[Any, Any]:
    """The events of a stream, and the stream."""
    asked = members or ASK

    async def run() -> tuple[Any, Any]:
        async with await getattr(client, f"a{method}")(**asked) as opened:
            return [item async for item in opened], opened

    if colour == "async":
        return asyncio.run(run())
    with getattr(client, method)(**asked) as opened:
        return list(opened), opened


def told(code: str = "ThrottlingException", status: int = 429) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "slow down"},
            "ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": status, "HTTPHeaders": {"Date": "d"}},
        },
        "Converse",
    )


TEXT = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Good day."}}}
STOP = {"messageStop": {"stopReason": "end_turn"}}


@colours
def test_the_request_reaches_the_client_as_it_is_and_its_answer_comes_back(colour: str) -> None:
    answer = {"output": {"message": {}}, "ResponseMetadata": {"RequestId": "r"}}
    injected = Boto(converse=answer)
    client = BedrockClient(client=injected)
    assert call(client, colour, "converse", **ASK, system=None) is answer
    assert injected.asked == [("converse", ASK)]
    assert client.region == "ap-south-1"
    client.close()


@colours
def test_asynchronous_calls_run_on_threads_of_our_own(colour: str) -> None:
    injected = Boto(converse={"output": {}})
    client = BedrockClient(client=injected)
    call(client, colour, "converse", **ASK)
    here = threading.current_thread().name
    assert (injected.threads[0] == here) is (colour == "sync")
    assert colour == "sync" or injected.threads[0].startswith("bedrock-unified-boto3")
    client.close()
    for thread in threading.enumerate():
        if thread.name.startswith("bedrock-unified-boto3"):
            thread.join(5)
            assert not thread.is_alive(), "closing the client does not end its threads"


@colours
@pytest.mark.parametrize("body", [BytesIO(b"{}"), StringIO("{}"), "{}", memoryview(b"{}"), b"{}"])
def test_a_body_that_is_read_from_a_stream_or_a_stubs_text_is_given_as_bytes(body: Any, colour: str) -> None:
    if hasattr(body, "seek"):
        body.seek(0)  # the other colour has read it
    client = BedrockClient(client=Boto(invoke_model={"body": body, "contentType": "application/json"}))
    assert call(client, colour, "invoke", modelId=MODEL, body=b"{}")["body"] == b"{}"
    client.close()


@colours
@pytest.mark.parametrize(
    ("method", "name", "members", "answer", "value"),
    [
        (
            "count_tokens",
            "count_tokens",
            {"modelId": MODEL, "input": {}},
            {"inputTokens": 3},
            {"inputTokens": 3},
        ),
        (
            "apply_guardrail",
            "apply_guardrail",
            {"guardrailIdentifier": "a", "guardrailVersion": "1", "source": "INPUT", "content": []},
            {"action": "NONE"},
            {"action": "NONE"},
        ),
    ],
)
def test_other_operations_of_the_runtime(
    method: str, name: str, members: Any, answer: Any, value: Any, colour: str
) -> None:
    injected = Boto(**{name: answer})
    client = BedrockClient(client=injected)
    assert call(client, colour, method, **members) == value
    assert injected.asked == [(name, members)]
    client.close()


@colours
def test_the_control_plane_has_a_client_of_its_own(colour: str) -> None:
    control = Boto(
        list_foundation_models={"modelSummaries": [{"modelId": "m"}]},
        list_inference_profiles={"inferenceProfileSummaries": [{"inferenceProfileId": "p"}]},
    )
    client = BedrockClient(control_client=control, client=Boto())
    assert call(client, colour, "list_models", byProvider="x") == [{"modelId": "m"}]
    assert call(client, colour, "list_inference_profiles") == [{"inferenceProfileId": "p"}]
    assert control.asked[0] == ("list_foundation_models", {"byProvider": "x"})
    client.close()


@colours
def test_an_error_of_aws_is_ours_and_a_client_error(colour: str) -> None:
    client = BedrockClient(client=Boto(converse=told()))
    with pytest.raises(ClientError) as caught:
        call(client, colour, "converse", **ASK)
    error = caught.value
    assert isinstance(error, ThrottlingError)
    assert (error.status, error.request_id, error.message) == (429, "r-1", "slow down")
    assert (error.model_id, error.region, error.operation) == (MODEL, "ap-south-1", "Converse")
    assert isinstance(error.__cause__, ClientError)
    client.close()


class Refused(OSError):
    """The system's words."""


FAILURES: list[tuple[Exception, type[BedrockError]]] = [
    (boto.ReadTimeoutError(endpoint_url="u"), RequestTimeoutError),
    (boto.ConnectTimeoutError(endpoint_url="u"), RequestTimeoutError),
    (boto.EndpointConnectionError(endpoint_url="u"), ConnectionFailed),
    (boto.ConnectionClosedError(endpoint_url="u"), ConnectionFailed),
    (boto.ProxyConnectionError(proxy_url="u"), ConnectionFailed),
    (boto.SSLError(endpoint_url="u", error="e"), ConnectionFailed),
    (boto.HTTPClientError(error="e"), ConnectionFailed),
]


@colours
@pytest.mark.parametrize(("failure", "kind"), FAILURES, ids=lambda value: getattr(value, "__name__", None))
def test_its_failures_below_http_are_ours(failure: Exception, kind: type[BedrockError], colour: str) -> None:
    client = BedrockClient(client=Boto(converse=failure))
    with pytest.raises(kind) as caught:
        call(client, colour, "converse", **ASK)
    assert not isinstance(caught.value, ClientError)
    assert caught.value.operation == "Converse"
    client.close()


@colours
def test_nobody_to_sign_as_is_an_authentication_error(colour: str) -> None:
    client = BedrockClient(client=Boto(converse=boto.NoCredentialsError()))
    with pytest.raises(AuthenticationError) as caught:
        call(client, colour, "converse", **ASK)
    assert caught.value.hint
    assert isinstance(caught.value, boto.NoCredentialsError)
    client.close()


@colours
def test_what_it_raises_beside_that_is_the_callers_own(colour: str) -> None:
    failure = ZeroDivisionError("a bug in the caller's instrumentation")
    client = BedrockClient(client=Boto(converse=failure))
    with pytest.raises(ZeroDivisionError):
        call(client, colour, "converse", **ASK)
    client.close()


@colours
def test_its_streams_are_our_streams(colour: str) -> None:
    events = Events({"messageStart": {"role": "assistant"}}, TEXT, STOP)
    about = {"RequestId": "r-2", "HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 1}
    client = BedrockClient(client=Boto(converse_stream={"stream": events, "ResponseMetadata": about}))
    seen, opened = stream(client, colour)
    assert seen == list(events.events)
    assert opened.response["output"]["message"]["content"] == [{"text": "Good day."}]
    assert opened.response_metadata["RequestId"] == "r-2"
    assert opened.response_metadata["RetryAttempts"] == 1
    assert not events.closed, "a stream that was read to its end goes back to its pool"
    client.close()


@colours
def test_raw_chunks_pass_through(colour: str) -> None:
    events = Events({"chunk": {"bytes": b"1"}}, {"chunk": {"bytes": b"2"}})
    client = BedrockClient(client=Boto(invoke_model_with_response_stream={"body": events}))
    seen, opened = stream(client, colour, "invoke_stream", modelId=MODEL, body=b"{}")
    assert [item["chunk"]["bytes"] for item in seen] == [b"1", b"2"]
    with pytest.raises(TypeError, match="raw chunks"):
        _ = opened.response
    client.close()


@colours
def test_a_stream_that_is_left_early_is_closed(colour: str) -> None:
    events = Events(TEXT, TEXT, STOP)
    client = BedrockClient(client=Boto(converse_stream={"stream": events}))

    async def run() -> None:
        async with await client.aconverse_stream(**ASK) as opened:
            async for _ in opened:
                break

    if colour == "async":
        asyncio.run(run())
    else:
        with client.converse_stream(**ASK) as opened:
            next(iter(opened))
    assert events.closed
    client.close()


@colours
@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (boto.ReadTimeoutError(endpoint_url="u"), RequestTimeoutError),
        (boto.ResponseStreamingError(error="cut"), StreamInterrupted),
        (
            boto.EventStreamError(
                {"Error": {"Code": "throttlingException", "Message": "slow down"}}, "ConverseStream"
            ),
            ThrottlingError,
        ),
        (None, StreamInterrupted),
    ],
    ids=["silence", "cut", "exception frame", "no messageStop"],
)
def test_a_stream_that_breaks_keeps_what_came(failure: Any, kind: type[BedrockError], colour: str) -> None:
    events = Events(TEXT, *([failure] if failure else []))
    client = BedrockClient(client=Boto(converse_stream={"stream": events}))
    with pytest.raises(kind) as caught:
        stream(client, colour)
    partial = caught.value.partial
    assert partial is not None
    assert partial["output"]["message"]["content"] == [{"text": "Good day."}]
    if kind is ThrottlingError:
        assert caught.value.status == 429
    client.close()


def test_an_injected_client_is_not_written_down_and_the_copy_says_so() -> None:
    import pickle

    injected = Boto(converse={})
    injected.lock = threading.Lock()  # type: ignore[attr-defined]  # a real one cannot be pickled either
    client = BedrockClient(client=injected, region_name="us-east-1")
    restored = pickle.loads(pickle.dumps(client))
    with pytest.raises(BedrockError, match="without its explicit credentials"):
        restored.converse(**ASK)


# A real boto3 client


@pytest.fixture
def real(server: Server) -> Any:
    client = boto3.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        endpoint_url=server.url,
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=4),
        **KEYS,
    )
    yield client
    client.close()


@colours
def test_a_real_boto3_client_does_everything(colour: str, server: Server, real: Any) -> None:
    with BedrockClient(client=real) as client:
        assert call(client, colour, "converse", **ASK)["stopReason"] == "end_turn"
        assert call(client, colour, "invoke", modelId=MODEL, body=b"{}")["body"].startswith(b'{"embedding"')
        assert call(client, colour, "count_tokens", modelId=MODEL, input={"converse": {}}) is not None
        found = call(client, colour, "embed", inputs=["a", "b"])
        assert (len(found.vectors), found.input_tokens) == (2, 4)
        seen, opened = stream(client, colour)
        assert [next(iter(item)) for item in seen][:2] == ["messageStart", "contentBlockDelta"]
        assert opened.response["output"]["message"]["content"] == [{"text": "Good day."}]
        assert opened.response["ResponseMetadata"]["RequestId"] == REQUEST_ID
        assert client.region == "eu-west-1"


@colours
def test_a_real_boto3_clients_errors_are_ours(colour: str, server: Server, real: Any) -> None:
    server.answer = lambda _: reply({"message": "bad"}, 400, x_amzn_ErrorType="ValidationException:http://x/")
    with BedrockClient(client=real) as client:
        with pytest.raises(InvalidRequestError) as caught:
            call(client, colour, "converse", **ASK)
        assert (caught.value.code, caught.value.request_id) == ("ValidationException", REQUEST_ID)
        cut = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "so far"}})
        server.answer = lambda _: reply(cut, Content_Type="application/vnd.amazon.eventstream")
        with pytest.raises(StreamInterrupted) as cut_short:
            stream(client, colour)
        assert cut_short.value.partial["output"]["message"]["content"] == [{"text": "so far"}]  # type: ignore[index]


@colours
def test_what_boto3_refuses_is_told_as_ours(colour: str, server: Server, real: Any) -> None:
    """botocore validates more than we do; its findings are an invalid request."""
    with BedrockClient(client=real) as client, pytest.raises(InvalidRequestError) as caught:
        call(client, colour, "converse", **{**ASK, "system": [{"txt": "x"}]})
    assert "txt" in caught.value.message
    assert server.connections == 0


@colours
@pytest.mark.parametrize("member", ["converse", "count_tokens"])
def test_a_success_without_the_operations_answer_is_told(member: str, colour: str) -> None:
    """botocore gives a cut JSON text as an answer without members."""
    client = BedrockClient(client=Boto(**{member: {"ResponseMetadata": {"HTTPStatusCode": 200}}}))
    request: dict[str, Any] = ASK if member == "converse" else {"modelId": MODEL, "input": {"converse": {}}}
    with client, pytest.raises(BedrockError, match=r"it has no (output|inputTokens)") as caught:
        call(client, colour, member, **request)
    assert (caught.value.status, caught.value.model_id) == (200, request["modelId"])


@colours
def test_an_answer_that_botocore_cannot_parse_is_told(colour: str) -> None:
    client = BedrockClient(client=Boto(converse=ResponseParserError("no such shape")))
    with client, pytest.raises(BedrockError, match=r"not Converse's: no such shape"):
        call(client, colour, "converse", **ASK)


@colours
@pytest.mark.parametrize(
    "failure", [ChecksumMismatch(1, 2), InvalidHeadersLength(3), ResponseParserError("odd")], ids=repr
)
def test_corrupt_bytes_of_a_stream_keep_what_came(failure: Exception, colour: str) -> None:
    client = BedrockClient(client=Boto(converse_stream={"stream": Events(TEXT, failure)}))
    with client, pytest.raises(StreamInterrupted, match="not an intact event stream") as caught:
        stream(client, colour)
    assert caught.value.partial is not None


@pytest.mark.parametrize("begun", [True, False])
def test_leaving_a_stalled_stream_does_not_hold_up_the_event_loop(begun: bool) -> None:
    woken, closed = threading.Event(), threading.Event()

    class Stalled:
        """Like urllib3: reading and closing share a lock, and shutting the socket down wakes the reader."""

        _raw_stream = SimpleNamespace(shutdown=woken.set)
        lock = threading.Lock()

        def __iter__(self) -> Any:
            if begun:
                yield {"messageStart": {"role": "assistant"}}
            with self.lock:
                woken.wait(10)
            yield from ()

        def close(self) -> None:
            with self.lock:
                closed.set()

    async def read(client: BedrockClient) -> None:
        async with await client.aconverse_stream(**ASK) as opened:  # it opens with its first event
            async for _ in opened:
                pass

    async def run() -> float:
        async with BedrockClient(client=Boto(converse_stream={"stream": Stalled()})) as client:
            reader = asyncio.create_task(read(client))
            await asyncio.sleep(0.05)
            began = time.monotonic()
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            return time.monotonic() - began

    assert asyncio.run(run()) < 1
    assert closed.wait(5)


@colours
def test_a_member_that_the_installed_botocore_does_not_know_names_the_version_that_does(
    colour: str, server: Server, real: Any
) -> None:
    content = [{"hologram": {"format": "holo"}}]
    with BedrockClient(client=real) as client, pytest.raises(InvalidRequestError, match="hologram") as caught:
        call(client, colour, "converse", **{**ASK, "messages": [{"role": "user", "content": content}]})
    assert f"the installed botocore {botocore.__version__}" in str(caught.value.hint)
    assert KNOWN_BY in str(caught.value.hint)
    with BedrockClient(client=real) as client, pytest.raises(InvalidRequestError) as caught:
        call(client, colour, "converse", **{**ASK, "requestMetadata": {"team": 5}})
    assert "botocore" not in str(caught.value.hint)


def test_the_botocore_that_is_named_is_no_newer_than_the_one_of_the_tests() -> None:
    def parts(version: str) -> tuple[int, ...]:
        return tuple(int(part) for part in version.split("."))

    assert parts(KNOWN_BY) <= parts(botocore.__version__)
