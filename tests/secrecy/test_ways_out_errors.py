"""No failing call tells a secret: not in its error, what the error holds, its traceback, or a log.

The endpoint quotes everything that it was sent, as AWS quotes requests whose signature is wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from llama_index.core.llms import ChatMessage

from bedrock_unified import BedrockClient, clear_keys
from bedrock_unified.errors import BedrockError
from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

from ..core.server import ASK, Received, Server, event, reply
from ..credentials.fakes import ROLE, World
from ..credentials.fakes import world as world
from ..traffic.conftest import no_settings_of_this_machine as no_settings_of_this_machine
from .known import canary
from .plugin import scanner
from .showing import tells_no_secret

NOVA, TITAN = "us.amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0"
API_KEY, KEY, TOKEN, ID = (canary(name) for name in ("api-key", "secret-key", "session-token", "key-id"))
PASSWORD = canary("password")
ODD = canary("odd", odd=True)
Keywords = dict[str, Any]

SIGNERS: dict[str, Keywords] = {
    "bearer": {"api_key": API_KEY},
    "odd bearer": {"api_key": ODD},
    "keys": {
        "aws_access_key_id": "AKIASIGNER0000000000",
        "aws_secret_access_key": KEY,
        "aws_session_token": TOKEN,
    },
}


def _quoting(request: Received) -> str:
    """What AWS says of a signature that it cannot follow, with every header in it."""
    headers = "\n".join(f"{name}:{value}" for name, value in request.headers.items())
    signed = KEY if "AWS4" in request.headers.get("authorization", "") else ""  # which AWS knows, too
    return f"The Canonical String for this request should have been\n'{request.method}\n{headers}'\n{signed}"


def _refusal(status: int, code: str) -> Callable[[Received], bytes]:
    def answer(request: Received) -> bytes:
        quoted = _quoting(request)
        about = request.headers.get("authorization", "").replace("\n", " ")
        return reply({"message": quoted}, status, x_amzn_ErrorType=code, x_amzn_Remark=about)

    return answer


def _page(request: Received) -> bytes:
    text = f"<html><pre>{_quoting(request)}</pre></html>".encode()
    return reply(text, 200, Content_Type="text/html")


def _cut(request: Received) -> bytes:
    frames = event("messageStart", {"role": "assistant"}) + event(
        "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Good"}}
    )
    whole = reply(frames + b"\0" * 500, Content_Type="application/vnd.amazon.eventstream")
    return whole[:-480]


def _broken(request: Received) -> bytes:
    return b"HTTP/1.1 200 " + request.headers.get("authorization", "").encode() + b"\r\nnonsense"


ANSWERS: dict[str, Callable[[Received], bytes]] = {
    "throttled": _refusal(429, "ThrottlingException"),
    "wrong key": _refusal(403, "InvalidSignatureException"),
    "denied": _refusal(403, "AccessDeniedException"),
    "expired": _refusal(403, "ExpiredTokenException"),
    "invalid": _refusal(400, "ValidationException"),
    "server error": _refusal(500, "InternalServerException"),
    "redirect": _refusal(302, "Found"),
    "a page": _page,
    "cut": _cut,
    "no HTTP": _broken,
}
CALLERS = ("client", "LangChain", "LlamaIndex", "LangChain embeddings", "LlamaIndex embeddings")
COLOURS = ("sync", "async", "stream", "async stream")


@pytest.fixture(autouse=True)
def _nothing_stored() -> Iterator[None]:
    yield
    clear_keys()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def failure(caller: str, colour: str, **settings: Any) -> BaseException:
    """The error of one call."""
    connection = {
        "region_name": "us-east-1",
        "max_retries": 0,
        "connect_timeout": 2,
        "timeout": 5,
        **settings,
    }
    with pytest.raises(Exception) as caught:
        asyncio.run(_called(caller, colour, connection))
    return caught.value


async def _called(caller: str, colour: str, connection: Keywords) -> None:
    made: Any
    if caller == "client":
        made = client = BedrockClient(**connection)
    elif "embeddings" in caller:
        made = (
            BedrockEmbeddings(model_id=TITAN, **connection)
            if caller == "LangChain embeddings"
            else BedrockEmbedding(model_name=TITAN, **connection)
        )
        client = made.bedrock
    else:
        made = (ChatBedrock if caller == "LangChain" else BedrockConverse)(model=NOVA, **connection)
        client = made.bedrock
    try:
        await _one_call(made, caller, colour)
    finally:
        await client.aclose()


async def _one_call(made: Any, caller: str, colour: str) -> None:
    if caller == "LangChain embeddings":
        await made.aembed_query("x") if colour == "async" else made.embed_query("x")
        return
    if caller == "LlamaIndex embeddings":
        await made.aget_query_embedding("x") if colour == "async" else made.get_query_embedding("x")
        return
    way = {
        "client": ("converse", "aconverse", "converse_stream", "aconverse_stream"),
        "LangChain": ("invoke", "ainvoke", "stream", "astream"),
        "LlamaIndex": ("chat", "achat", "stream_chat", "astream_chat"),
    }[caller][COLOURS.index(colour)]
    given: Any = [HumanMessage("Hello?")] if caller == "LangChain" else [ChatMessage(content="Hello?")]
    result = getattr(made, way)(**ASK) if caller == "client" else getattr(made, way)(given)
    if hasattr(result, "__await__"):
        result = await result
    if hasattr(result, "__aiter__"):
        async for _ in result:
            pass
    elif "stream" in way:
        for _ in result:
            pass


TALKS = [(caller, colour) for caller in CALLERS[:3] for colour in COLOURS]
EMBEDDINGS = [(caller, colour) for caller in CALLERS[3:] for colour in COLOURS[:2]]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(
    ("caller", "colour", "signer"),
    [
        *((*talk, "keys") for talk in TALKS),
        *((*talk, "odd bearer") for talk in TALKS[:4]),
        *((*one, "bearer") for one in EMBEDDINGS),
    ],
)
def test_what_an_endpoint_quotes_is_not_repeated(
    server: Server, caller: str, colour: str, answer: str, signer: str
) -> None:
    server.answer = ANSWERS[answer]
    waits = 0.1 if answer in ("cut", "no HTTP") else 5  # for what never comes
    error = failure(caller, colour, endpoint_url=server.url, timeout=waits, **SIGNERS[signer])
    assert isinstance(error, BedrockError), repr(error)
    tells_no_secret(error)


def _speaks_no_tls(listener: socket.socket) -> None:
    with contextlib.suppress(OSError), listener.accept()[0] as connection:  # nobody may come
        connection.sendall(b"HTTP/1.1 400 no TLS here\r\n\r\n")
        connection.recv(1000)


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("trouble", ["refused", "name", "TLS", "silence", "proxy refuses", "proxy is away"])
def test_what_never_reached_an_endpoint_tells_nothing(
    server: Server, trouble: str, colour: str, signer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = _refusal(407, "ProxyAuthenticationRequired")
    silent, plain = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    threading.Thread(target=_speaks_no_tls, args=(plain,), daemon=True).start()
    closed = socket.create_server(("127.0.0.1", 0))
    nobody = closed.getsockname()[1]
    closed.close()
    url = {
        "refused": f"http://127.0.0.1:{nobody}",
        "name": "https://bedrock-runtime.us-east-1.nowhere.invalid",
        "TLS": f"https://127.0.0.1:{plain.getsockname()[1]}",
        "silence": f"http://127.0.0.1:{silent.getsockname()[1]}",
    }.get(trouble, "https://bedrock-runtime.us-east-1.nowhere.invalid")
    if "proxy" in trouble:
        port = server.port if "refuses" in trouble else nobody
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{port}")
    with silent, plain:
        waits = 0.1 if trouble == "silence" else 5
        error = failure("client", colour, endpoint_url=url, timeout=waits, **SIGNERS[signer])
    assert isinstance(error, BedrockError) and error.status is None, repr(error)
    tells_no_secret(error)


# Who signs

STS_CODES = ["AccessDenied", "ExpiredToken", "SignatureDoesNotMatch", "InvalidClientTokenId"]


@pytest.mark.parametrize("code", STS_CODES)
@pytest.mark.parametrize("colour", ["sync", "async"])
def test_what_sts_quotes_is_not_repeated(world: World, code: str, colour: str) -> None:
    quoted = f"should have been 'x-amz-security-token:{TOKEN} {KEY}'"
    world.aws.sts_refusals = [(403, code, quoted)] * 9
    given = SIGNERS["keys"]
    client = {"endpoint_url": world.url, "sts_endpoint_url": world.url, "role_arn": ROLE}
    tells_no_secret(failure("client", colour, **client, **given))


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_what_a_credential_process_prints_is_not_repeated(world: World, colour: str) -> None:
    for said in (
        f"echo {KEY}",
        f"echo {KEY} >&2; exit 1",
        f'echo \'{{"Version": 1, "SecretAccessKey": "{KEY}"}}\'',
    ):
        world.config(f'[default]\ncredential_process = sh -c "{said}"\n'.replace('\\"', '"'))
        tells_no_secret(failure("client", colour, endpoint_url=world.url))


def test_the_watch_saw_such_a_call(server: Server) -> None:
    """Logs, errors and pickles were searched while it failed: it would have seen their secrets."""
    before = dict(scanner().searched)
    server.answer = ANSWERS["throttled"]
    tells_no_secret(failure("client", "sync", endpoint_url=server.url, **SIGNERS["keys"]))
    for way in ("a log", "a pickle", "a caught error"):
        assert scanner().searched[way] > before.get(way, 0), f"nothing was searched: {way}"
