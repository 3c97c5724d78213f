"""Every recorded exchange of every operation through ``BedrockClient``: whole answers, requests, mix-ups."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from boto3 import Session
from botocore.exceptions import ClientError

from bedrock_unified import BedrockClient
from bedrock_unified.errors import AuthenticationError, BedrockError, InvalidRequestError

from .operations import acall, call, plane
from .recordings import CONVERSE, Exchange
from .replay import Asked, ReplayServer
from .shapes import as_botocore_gives, event_shape, output_shape
from .speakers import CONNECTION, ClientSpeaker, boto3_client
from .tally import TALLY
from .views import oracle_answer

Exchanges = tuple[Exchange, ...]

#: Invalid requests that our checks refuse before anything is sent, by id, with the reason. None of the
#: recorded requests is of that kind: what AWS refused (models, tools, turns) only AWS can judge.
REFUSED_BEFORE_SENDING: dict[str, str] = {}


def own_client(url: str) -> BedrockClient:
    """A client over the project's own transports."""
    return BedrockClient(endpoint_url=url, control_endpoint_url=url, **CONNECTION)


def client_over_boto3(url: str) -> BedrockClient:
    """A client over the caller's boto3 clients."""
    return BedrockClient(client=boto3_client(url), control_client=boto3_client(url, "bedrock"))


MakeClient = Callable[[str], BedrockClient]
over_each_transport = pytest.mark.parametrize(
    "make", [own_client, client_over_boto3], ids=["own transports", "boto3"]
)


def test_the_recordings_are_all_there(recorded: Exchanges, conversations: Exchanges) -> None:
    assert len(conversations) >= 630
    assert {one.operation for one in conversations} == CONVERSE
    assert {one.operation for one in recorded} >= {
        "InvokeModel",
        "InvokeModelWithResponseStream",
        "CountTokens",
        "ApplyGuardrail",
        "ListFoundationModels",
    }


@over_each_transport
def test_every_request_and_every_member_of_every_response_is_as_recorded(
    make: MakeClient, server: ReplayServer, recorded: Exchanges
) -> None:
    responses: list[str] = []
    requests: list[str] = []
    with make(server.url) as client:
        for exchange in recorded:
            server.play(exchange)
            try:
                response, events = call(client, exchange)
            except BedrockError as error:
                responses += _error_differences(exchange, error)
            else:
                responses += _differences(exchange, response, events)
            requests += _asked_differently(exchange, server.asked)
    ids = [exchange.id for exchange in recorded]
    try:
        TALLY.check("whole responses", f"{make.__name__} sync", ids, responses)
    finally:
        TALLY.check("requests", f"{make.__name__} sync", ids, requests)


@over_each_transport
async def test_every_member_of_every_response_is_as_recorded_asynchronously(
    make: MakeClient, server: ReplayServer, recorded: Exchanges
) -> None:
    found: list[str] = []
    async with make(server.url) as client:
        for exchange in recorded:
            server.play(exchange)
            try:
                response, events = await acall(client, exchange)
            except BedrockError as error:
                found += _error_differences(exchange, error)
            else:
                found += _differences(exchange, response, events)
    TALLY.check("whole responses", f"{make.__name__} async", (one.id for one in recorded), found)


def test_connections_are_kept_and_used_again(server: ReplayServer, conversations: Exchanges) -> None:
    whole = [one for one in conversations if one.oracle.error is None or not one.oracle.error.in_stream]
    with own_client(server.url) as client:
        for exchange in whole:
            server.play(exchange)
            try:
                call(client, exchange)
            except BedrockError:
                assert exchange.oracle.error is not None
    assert server.connections == 1


def test_what_a_boto3_client_refuses_to_send_is_one_of_our_errors(server: ReplayServer) -> None:
    with client_over_boto3(server.url) as client:
        with pytest.raises(InvalidRequestError, match="text") as refused:
            client.converse(modelId="a.b", messages=[{"role": "user", "content": [{"text": 5}]}])
        assert refused.value.operation == "Converse"
    unsigned = Session().client("bedrock-runtime", region_name="us-east-1", endpoint_url=server.url)
    with BedrockClient(client=unsigned) as client, pytest.raises(AuthenticationError, match="credentials"):
        client.converse(modelId="a.b", messages=[{"role": "user", "content": [{"text": "hello"}]}])
    assert server.asked == []


async def test_concurrent_calls_on_one_event_loop_are_not_mixed_up(
    server: ReplayServer, conversations: Exchanges
) -> None:
    marked = _play_by_mark(server, conversations)
    speaker = ClientSpeaker(server.url)
    try:
        replies = await asyncio.gather(*(speaker.aask(exchange) for exchange in marked))
    finally:
        await speaker.aclose()
    answers = [reply.answer for reply in replies]
    TALLY.check("concurrent answers", "BedrockClient async", _ids(marked), _mix_ups(marked, answers))


def test_concurrent_calls_from_many_threads_are_not_mixed_up(
    server: ReplayServer, conversations: Exchanges
) -> None:
    marked = _play_by_mark(server, conversations)
    speaker = ClientSpeaker(server.url)
    try:
        with ThreadPoolExecutor(16) as pool:
            answers = [reply.answer for reply in pool.map(speaker.ask, marked)]
    finally:
        speaker.close()
    TALLY.check("concurrent answers", "BedrockClient threads", _ids(marked), _mix_ups(marked, answers))


def _differences(exchange: Exchange, response: dict[str, Any], events: list[dict[str, Any]]) -> Iterator[str]:
    where = f"{exchange.id} {exchange.operation}"
    oracle = exchange.oracle
    if oracle.error is not None:
        yield f"{where}: no error, where botocore has {oracle.error}"
        return
    expected = {name: value for name, value in oracle.parsed.items() if name != "ResponseMetadata"}
    told = oracle.parsed["ResponseMetadata"]
    about = response.pop("ResponseMetadata", None)
    if about is not None and (about.get("RequestId"), about["HTTPStatusCode"]) != (
        told.get("RequestId"),
        told["HTTPStatusCode"],
    ):
        yield f"{where}: metadata {about!r:.200} instead of {told}"
    if exchange.streams:
        shape = event_shape(exchange.operation)
        given = [as_botocore_gives(shape, event) for event in events]
        if given != oracle.events:
            yield f"{where}: events {given!r:.400} instead of {oracle.events!r:.400}"
        return
    if isinstance(expected.get("body"), str):
        expected["body"] = expected["body"].encode()
    given = as_botocore_gives(output_shape(exchange.operation, plane=plane(exchange.operation)), response)
    if given != expected:
        yield f"{where}: {given!r:.400} instead of {expected!r:.400}"


def _error_differences(exchange: Exchange, error: BedrockError) -> Iterator[str]:
    expected = exchange.oracle.error
    where = f"{exchange.id} {exchange.operation}"
    if expected is None:
        yield f"{where}: {error!r}"
        return
    if (error.code, error.message) != (expected.code, expected.message):
        yield f"{where}: {error.code}: {error.message} instead of {expected}"
    if not isinstance(error, ClientError) or error.response["Error"]["Code"] != expected.code:
        yield f"{where}: {type(error)} is not the ClientError that botocore would raise"
    if not expected.in_stream and error.status != exchange.status:
        yield f"{where}: status {error.status} instead of {exchange.status}"


def _asked_differently(exchange: Exchange, asked: list[Asked]) -> Iterator[str]:
    reason = REFUSED_BEFORE_SENDING.get(exchange.id)
    if len(asked) != (0 if reason else 1):
        yield f"{exchange.id}: {len(asked)} requests were sent ({reason or 'it is not to be refused'})"
    elif asked:
        yield from (f"{exchange.id}: {difference}" for difference in _sent_differences(exchange, asked[0]))


def _sent_differences(exchange: Exchange, sent: Asked) -> Iterator[str]:
    # Clients write a colon either way, and AWS takes both; everything else is percent-encoded alike.
    if sent.target.replace("%3A", ":") != exchange.path.replace("%3A", ":"):
        yield f"went to {sent.target} instead of {exchange.path}"
    body = sent.json if sent.body else None
    if body != exchange.request:
        yield f"sent {body!r:.400} instead of {exchange.request!r:.400}"
    for name in ("guardrailidentifier", "guardrailversion", "trace"):
        header = f"x-amzn-bedrock-{name}"
        if sent.headers.get(header) != exchange.request_headers.get(header):
            yield f"sent {header}: {sent.headers.get(header)}"


def _play_by_mark(server: ReplayServer, exchanges: Exchanges) -> list[Exchange]:
    """The exchanges with requests that name them, so that each is answered with its own answer."""
    by_id = {exchange.id: exchange for exchange in exchanges}
    server.choose = lambda asked: by_id[asked.json["requestMetadata"]["exchange"]]
    return [
        replace(one, request={**one.request, "requestMetadata": {"exchange": one.id}}) for one in exchanges
    ]


def _ids(exchanges: list[Exchange]) -> Iterator[str]:
    return (exchange.id for exchange in exchanges)


def _mix_ups(exchanges: list[Exchange], answers: list[Any]) -> list[str]:
    return [
        f"{exchange.id} {difference}"
        for exchange, answer in zip(exchanges, answers, strict=True)
        for difference in oracle_answer(exchange).differences(answer)
    ]
