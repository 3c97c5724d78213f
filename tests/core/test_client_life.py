"""A client's life: copies, pickles, views, what it shows of itself, and what it opens and closes."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import subprocess
import sys
from typing import Any

import pytest
from pydantic import SecretStr

from bedrock_unified import BedrockClient
from bedrock_unified.errors import BedrockError, ConfigurationError, NotFoundError, ThrottlingError
from bedrock_unified.observing import Watch
from bedrock_unified.parameters import ConnectionParameters, ConverseParameters
from bedrock_unified.settings import ConnectionSettings
from bedrock_unified.wire.operations import INVOKE_MODEL

from .server import ASK, KEYS, SECRET, Received, Server, reply

TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN=="
API_KEY = "ABSKQmVkcm9ja0FQSUtleUV4YW1wbGU="
EXPLICIT: list[dict[str, Any]] = [KEYS, {**KEYS, "aws_session_token": TOKEN}, {"api_key": API_KEY}]
WORDS = [SECRET, TOKEN, API_KEY, "AKIAIOSFODNN7EXAMPLE"]

pytestmark = pytest.mark.usefixtures("no_aws")


class AdaptersThrottling(ThrottlingError):
    """An adapter's own class."""


class AdaptersConfiguration(ConfigurationError):
    """An adapter's own class."""


ADAPTERS = {ThrottlingError: AdaptersThrottling, ConfigurationError: AdaptersConfiguration}


def hides_secrets(*texts: object) -> bool:
    shown = b"".join(text if isinstance(text, bytes) else str(text).encode() for text in texts)
    return not any(word.encode() in shown for word in WORDS)


@pytest.mark.parametrize("explicit", EXPLICIT, ids=["keys", "temporary keys", "api key"])
def test_nothing_that_is_written_down_holds_a_secret(explicit: dict[str, Any], server: Server) -> None:
    with server.client(**{**dict.fromkeys(KEYS), **explicit}) as client:
        client.converse(**ASK)
        texts = [repr(client), str(client), repr(client.settings), repr(client.__dict__)]
        assert hides_secrets(*texts, *(pickle.dumps(client, protocol) for protocol in range(2, 6)))
        assert "…" in repr(client)
        assert "region_name='us-east-1'" in repr(client)


@pytest.mark.parametrize("explicit", EXPLICIT, ids=["keys", "temporary keys", "api key"])
@pytest.mark.parametrize("loads", [1, 2], ids=["once", "twice"])
def test_a_restored_client_without_its_credentials_refuses_to_sign(
    explicit: dict[str, Any], loads: int, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE0000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the secret of somebody else")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "the key of somebody else")
    client = server.client(**{**dict.fromkeys(KEYS), **explicit})
    for _ in range(loads):
        client = pickle.loads(pickle.dumps(client))
    with pytest.raises(ConfigurationError, match="without its explicit credentials") as caught:
        client.converse(**ASK)
    assert "api_key=" in str(caught.value.hint)
    assert server.connections == 0


def test_a_restored_client_on_the_environment_works(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    client = BedrockClient(endpoint_url=server.url, region_name="us-east-1", timeout=7)
    with pickle.loads(pickle.dumps(client)) as restored:
        assert restored.settings == client.settings
        assert restored.converse(**ASK)["stopReason"] == "end_turn"


@pytest.mark.parametrize("explicit", EXPLICIT, ids=["keys", "temporary keys", "api key"])
def test_a_secret_of_pydantics_is_taken_as_the_models_take_it(
    explicit: dict[str, Any], server: Server
) -> None:
    hidden = {name: SecretStr(value) for name, value in explicit.items()}
    with server.client(**{**dict.fromkeys(KEYS), **hidden}) as client:
        assert client.converse(**ASK)["stopReason"] == "end_turn"
        assert {name: getattr(client.settings, name) for name in explicit} == explicit


@pytest.mark.parametrize("explicit", EXPLICIT, ids=["keys", "temporary keys", "api key"])
def test_a_deep_copy_keeps_its_credentials_and_opens_connections_of_its_own(
    explicit: dict[str, Any], server: Server
) -> None:
    with server.client(**{**dict.fromkeys(KEYS), **explicit}) as client:
        client.converse(**ASK)
        with copy.deepcopy(client) as other:
            other.converse(**ASK)
            assert server.connections == 2
        client.converse(**ASK)
        assert server.connections == 2, "closing the copy closed the original's connection"
    assert len({request.headers["authorization"].partition(",")[0] for request in server.requests}) == 1


def test_views_and_shallow_copies_share_their_connections(server: Server) -> None:
    with server.client() as client:
        for view in (client, client.raising(ADAPTERS), copy.copy(client)):
            view.converse(**ASK)
        assert server.connections == 1
        assert copy.copy(client).settings is client.settings


def test_a_view_raises_its_own_classes_and_the_original_does_not(server: Server) -> None:
    server.answer = lambda _: reply({"message": "slow"}, 429, x_amzn_ErrorType="ThrottlingException:")
    with server.client(max_retries=0) as client:
        view = client.raising(ADAPTERS)
        with pytest.raises(AdaptersThrottling):
            view.converse(**ASK)
        with pytest.raises(ThrottlingError) as caught:
            client.converse(**ASK)
        assert not isinstance(caught.value, AdaptersThrottling)
        for copied in (copy.copy(view), copy.deepcopy(view)):
            with copied, pytest.raises(AdaptersThrottling):
                copied.converse(**ASK)
    restored = pickle.loads(pickle.dumps(view))
    with pytest.raises(AdaptersConfiguration):
        restored.converse(**ASK)


def test_a_subclass_stays_one() -> None:
    class Mine(BedrockClient):
        pass

    mine = Mine(**KEYS)
    for other in (copy.copy(mine), copy.deepcopy(mine), mine.raising({})):
        assert type(other) is Mine
    assert repr(mine).startswith("Mine(")
    with pytest.raises(ConfigurationError, match="Mine has no parameter 'regionname'"):
        Mine(regionname="x")


def test_a_client_works_again_after_it_was_closed(server: Server) -> None:
    client = server.client()
    for connections in (1, 2):
        with client:
            client.converse(**ASK)
        assert server.connections == connections
    client.close()


def test_making_a_client_opens_and_loads_nothing() -> None:
    program = (
        "import sys, bedrock_unified;"
        "client = bedrock_unified.BedrockClient(region_name='eu-west-1', profile_name='absent');"
        "repr(client);"
        "heavy = {'boto3', 'botocore', 'aiohttp', 'numpy', 'pydantic', 'urllib3'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_a_client_that_is_dropped_leaves_nothing_open(server: Server) -> None:
    client = server.client()
    client.converse(**ASK)
    del client
    gc.collect()  # warnings are errors: an unclosed socket fails the test here


def test_an_observer_is_told_of_every_call_of_all_views_and_is_not_written_down(server: Server) -> None:
    seen: list[Any] = []
    with server.client() as client:
        client.observe(seen.append)
        client.raising({}).converse(**ASK)
        with client.converse_stream(**ASK) as stream:
            assert len(list(stream)) == 6
        server.answer = lambda _: reply(
            {"message": "gone"}, 404, x_amzn_ErrorType="ResourceNotFoundException:"
        )
        with pytest.raises(NotFoundError):
            client.count_tokens(modelId="m.x", input={"converse": {}})
        assert pickle.loads(pickle.dumps(client))._connection.observers == []
    assert [record.operation for record in seen] == ["Converse", "ConverseStream", "CountTokens"]
    assert [record.usage and record.usage.total_tokens for record in seen] == [7, 7, None]
    assert isinstance(seen[-1].error, NotFoundError)


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_an_observer_that_fails_is_logged_and_costs_nobody_an_answer(
    colour: str, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(record: Any) -> None:
        raise RuntimeError(f"cannot count {record.operation}")

    seen: list[Any] = []
    with server.client() as client:
        client.observe(failing)
        client.observe(seen.append)
        answer = client.converse(**ASK) if colour == "sync" else asyncio.run(client.aconverse(**ASK))
    assert "output" in answer and len(seen) == 1
    assert "cannot count Converse" in caplog.text


@pytest.mark.parametrize("count", ["abc", "", "-1", "²", "9" * 5000])
def test_a_token_count_that_is_no_number_counts_nothing(count: str) -> None:
    seen: list[Any] = []
    headers = {"x-amzn-bedrock-input-token-count": count, "x-amzn-bedrock-output-token-count": "3"}
    Watch([seen.append], INVOKE_MODEL, {}).finished({"ResponseMetadata": {"HTTPHeaders": headers}})
    Watch([seen.append], INVOKE_MODEL, {}).finished({"usage": {"inputTokens": "abc"}})
    Watch([seen.append], INVOKE_MODEL, {}).finished({"usage": ["odd"]})
    assert [record.usage for record in seen] == [None, None, None]


# The same for the models' parameters


@pytest.mark.parametrize("explicit", EXPLICIT, ids=["keys", "temporary keys", "api key"])
def test_parameters_hold_their_secrets_back(explicit: dict[str, Any]) -> None:
    model = ConverseParameters(region_name="us-east-1", **explicit)
    assert hides_secrets(
        repr(model),
        str(model),
        pickle.dumps(model),
        model.model_dump(),
        model.model_dump_json(),
        model.bedrock,
    )
    restored = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(model))))
    with pytest.raises(ConfigurationError, match="without its explicit credentials"):
        restored.bedrock.converse(**ASK)


def test_copied_parameters_keep_their_secrets(server: Server) -> None:
    model = ConnectionParameters(endpoint_url=server.url, region_name="us-east-1", **KEYS)
    with model.bedrock as first:
        first.converse(**ASK)
        for other in (copy.deepcopy(model), model.model_copy(deep=True)):
            assert other.bedrock is not first
            with other.bedrock as bedrock:
                bedrock.converse(**ASK)
    assert server.connections == 3


def test_parameters_on_somebody_elses_client_share_it(server: Server) -> None:
    with server.client() as client:
        model = ConnectionParameters(client=client)
        model.bedrock.converse(**ASK)
        client.converse(**ASK)
        assert server.connections == 1
        restored = pickle.loads(pickle.dumps(model))
        with pytest.raises(ConfigurationError, match="without its explicit credentials"):
            restored.bedrock.converse(**ASK)


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ({"api_key": 7}, "api_key must be text"),
        ({"api_key": ["ABSK-very-secret"]}, "api_key must be text"),
        ({"aws_secret_access_key": SECRET}, "aws_access_key_id is missing"),
        ({"aws_secret_access_key": SECRET + "\n", "aws_access_key_id": "A"}, "aws_secret_access_key must be"),
        ({"temperature": 3}, "temperature: Input should be less than or equal to 1 (given: 3)"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"tempature": 0.5}, "no parameter 'tempature'"),
        ({"verify": object()}, "verify"),
    ],
)
def test_parameters_that_cannot_work_are_refused_by_name_and_without_secrets(
    wrong: dict[str, Any], shown: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ConverseParameters(region_name="us-east-1", **wrong)
    error = caught.value
    assert shown in error.message
    assert hides_secrets(str(error), repr(error), pickle.dumps(error))
    assert "very-secret" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_the_documented_limits_hold_when_nothing_is_said() -> None:
    settings = BedrockClient().settings
    assert (settings.max_retries, settings.connect_timeout, settings.timeout) == (3, 5, 300)
    assert settings.total_timeout is settings.max_concurrency is settings.verify is None
    assert settings.retry_read_timeouts is False
    model = ConverseParameters()
    assert (model.max_retries, model.connect_timeout, model.timeout) == (3, 5, 300)
    with pytest.raises(AttributeError):
        settings.timeout = 1  # type: ignore[misc]


def test_settings_show_no_secret_and_compare_by_value() -> None:
    one, other = (ConnectionSettings(region_name="us-east-1", **KEYS) for _ in range(2))
    assert one == other
    assert hides_secrets(repr(one), one.shown())
    assert copy.copy(one) is copy.deepcopy(one) is one
    assert hides_secrets(*(pickle.dumps(one, protocol) for protocol in range(2, 6)))
    assert pickle.loads(pickle.dumps(one)) == one.without_secrets()
    assert one.without_secrets().secrets_lost
    assert not ConnectionSettings(profile_name="dev").without_secrets().secrets_lost


def test_an_error_of_a_call_shows_no_secret(server: Server) -> None:
    def quoting(request: Received) -> bytes:
        """As AWS does: the canonical request, with the session token in it."""
        canonical = "\\n".join(f"{name}:{value}" for name, value in request.headers.items())
        message = f"The Canonical String for this request should have been\\n'POST\\n{canonical}'"
        return reply({"message": message}, 403, x_amzn_ErrorType="InvalidSignatureException:")

    server.answer = quoting
    with server.client(aws_session_token=TOKEN) as client, pytest.raises(BedrockError) as caught:
        client.converse(**ASK)
    error = caught.value
    assert "x-amz-date" in error.message
    assert TOKEN not in str(error)
    assert TOKEN.encode() not in pickle.dumps(error)


LEFT = """
import asyncio, sys, threading
from bedrock_unified import BedrockClient

ask = {"modelId": "m.x", "messages": [{"role": "user", "content": [{"text": "Hello?"}]}]}
client = BedrockClient(
    endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="s"
)
loop = asyncio.new_event_loop()
"""
ONE = "loop.run_until_complete(client.aconverse(**ask))"


@pytest.mark.parametrize(
    "program",
    [
        ONE,
        f"{ONE}; loop.close()",
        f"{ONE}; loop.close(); loop = asyncio.new_event_loop(); {ONE}",
        f"{ONE}; loop.close(); del client",
        "thread = threading.Thread(target=loop.run_forever); thread.start()\n"
        "asyncio.run_coroutine_threadsafe(client.aconverse(**ask), loop).result(5)\n"
        "loop.call_soon_threadsafe(loop.stop); thread.join()",
    ],
    ids=["left open", "closed by hand", "two", "let go", "of a thread"],
)
def test_a_process_that_ends_no_loop_properly_ends_in_silence(program: str, server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{LEFT}\n{program}", server.url], capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_may_close_its_client_at_exit(server: Server) -> None:
    program = (
        "import atexit, warnings; warnings.simplefilter('always')\n"
        "atexit.register(lambda: (loop.run_until_complete(client.aclose()), loop.close()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{LEFT}\n{program}{ONE}", server.url],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.returncode, done.stderr) == (0, "")
