"""No failing call tells a secret: not in its error, what the error holds, its traceback, or a log.

The endpoint quotes everything that it was sent, as AWS quotes requests whose signature is wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from llama_index.core.llms import ChatMessage
from pydantic import SecretStr

from bedrock_unified import BedrockClient, clear_keys, load, put_key
from bedrock_unified.credentials import assume_role
from bedrock_unified.credentials.blob import keys_of_json
from bedrock_unified.errors import BedrockError, ConfigurationError
from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding, BedrockRerank

from ..core.server import ASK, Received, Server, event, reply
from ..credentials.fakes import ROLE, World
from ..credentials.fakes import world as world
from ..traffic.conftest import no_settings_of_this_machine as no_settings_of_this_machine
from .known import canary
from .plugin import scanner
from .showing import no_secret, tells_no_secret

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
        "timeout": 0.4,
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
    error = failure(caller, colour, endpoint_url=server.url, **SIGNERS[signer])
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
        error = failure("client", colour, endpoint_url=url, **SIGNERS[signer])
    assert isinstance(error, BedrockError) and error.status is None, repr(error)
    tells_no_secret(error)


# What is refused before anything is sent

KINDS: dict[str, Callable[..., Any]] = {
    "client": BedrockClient,
    "ChatBedrock": lambda **given: ChatBedrock(model=NOVA, **given),
    "BedrockEmbeddings": lambda **given: BedrockEmbeddings(model_id=TITAN, **given),
    "BedrockConverse": lambda **given: BedrockConverse(model=NOVA, **given),
    "BedrockEmbedding": lambda **given: BedrockEmbedding(model_name=TITAN, **given),
    "BedrockRerank": lambda **given: BedrockRerank(model_id="cohere.rerank-v3-5:0", **given),
    "put_key": lambda **given: put_key("aws_bedrock", given),
    "assume_role": lambda **given: assume_role(role_arn=ROLE, **given),
    "keys_of_json": lambda **given: keys_of_json(json.dumps(given, default=repr)[:-1]),
}
MISTAKES: dict[str, Keywords] = {
    "unknown keyword": {"api_kee": API_KEY},
    "unknown keyword with the keys": {"credentials": {"secret": KEY, "token": TOKEN}},
    "keyword of another package": {"aws_access_key": ID, "aws_secret_access": KEY},
    "bytes": {"api_key": API_KEY.encode()},
    "list": {"api_key": [API_KEY]},
    "dict": {"aws_access_key_id": ID, "aws_secret_access_key": {"value": KEY}},
    "number beside it": {"aws_access_key_id": 7, "aws_secret_access_key": KEY},
    "two spellings": {"aws_session_token": TOKEN, "session_token": canary("another-token")},
    "two spellings of a pair": {
        "aws_access_key_id": ID,
        "access_key_id": canary("another-id"),
        "aws_secret_access_key": KEY,
        "secret_access_key": canary("another-key"),
    },
    "half a pair": {"aws_secret_access_key": KEY},
    "token alone": {"aws_session_token": TOKEN},
    "line break": {"api_key": f"{API_KEY}\n"},
    "white space": {"aws_access_key_id": ID, "aws_secret_access_key": f" {KEY}"},
    "typographic": {"api_key": f"“{API_KEY}”"},
    "secret bytes": {"api_key": SecretStr(f"{API_KEY}\r")},
    "password in the endpoint": {"endpoint_url": f"https://me:{PASSWORD}@bedrock.example"},
    "user alone in the endpoint": {"endpoint_url": f"https://{API_KEY}@bedrock.example"},
    "query in the endpoint": {"endpoint_url": f"https://bedrock.example?key={API_KEY}"},
    "fragment of the endpoint": {"endpoint_url": f"https://bedrock.example#{API_KEY}"},
    "no scheme": {"endpoint_url": f"me:{PASSWORD}@bedrock.example"},
    "bad port": {"endpoint_url": f"https://me:{PASSWORD}@bedrock.example:port"},
    "odd password": {"endpoint_url": f"https://me:{ODD}@bedrock.example"},
    "odd password, no scheme": {"endpoint_url": f"me:{ODD}@bedrock.example"},
    "password with a slash": {"endpoint_url": f"https://me:x/{PASSWORD}@bedrock.example"},
    "password with a question mark": {"endpoint_url": f"https://me:{PASSWORD}?x@bedrock.example"},
    "password with a number sign": {"endpoint_url": f"https://me:{PASSWORD}#x@bedrock.example"},
    "odd password of the control plane": {"control_endpoint_url": f"https://me:{ODD}@bedrock.example"},
    "odd password of STS": {"role_arn": ROLE, "sts_endpoint_url": f"https://me:{ODD}@sts.example"},
    "blank": {"endpoint_url": f"https://me:{PASSWORD}@bedrock. example"},
    "bracket in the password": {"endpoint_url": f"https://me:{PASSWORD}[@bedrock.example"},
    "bracket of an address": {"endpoint_url": f"https://[me:{PASSWORD}@bedrock.example"},
    "control plane": {"control_endpoint_url": f"https://me:{PASSWORD}@bedrock.example"},
    "agents": {"agent_endpoint_url": f"https://me:{PASSWORD}@bedrock.example"},
    "STS": {"role_arn": ROLE, "sts_endpoint_url": f"https://me:{PASSWORD}@sts.example"},
    "beside another mistake": {"api_key": API_KEY, "timeout": "soon"},
    "beside a limit": {"aws_access_key_id": ID, "aws_secret_access_key": KEY, "max_retries": -1},
    "with a role": {"api_key": API_KEY, "role_arn": ROLE},
    "key and client": {"api_key": API_KEY, "client": object()},
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_keyword_that_is_refused_does_not_show_its_value(kind: str, mistake: str) -> None:
    given = MISTAKES[mistake]
    if kind in ("ChatBedrock", "BedrockConverse") and mistake in ("bytes", "list"):
        given = {**given, "temperature": 0.5}
    try:
        KINDS[kind](**given)
    except (BedrockError, TypeError, ValueError) as error:
        tells_no_secret(error)
    else:  # some mistakes are none for everybody: what was made must keep it to itself
        assert mistake not in ("unknown keyword", "bytes", "list", "half a pair", "line break")


@pytest.mark.parametrize("kind", ["ChatBedrock", "BedrockConverse"])
@pytest.mark.parametrize("mistake", [name for name in MISTAKES if name not in ("key and client",)])
def test_nor_when_it_is_said_for_one_call(server: Server, kind: str, mistake: str) -> None:
    model = KINDS[kind](endpoint_url=server.url, region_name="us-east-1", api_key="a-key", max_retries=0)
    given = MISTAKES[mistake]
    try:
        if kind == "ChatBedrock":
            model.invoke("Hello?", **given)
        else:
            model.chat([ChatMessage(content="Hello?")], **given)
    except (BedrockError, TypeError, ValueError) as error:
        tells_no_secret(error)
    finally:
        model.bedrock.close()


CONFIGURATIONS: dict[str, Any] = {
    "unknown key": {"models": {"a": {"model": NOVA, "api_kee": API_KEY}}},
    "two spellings": {
        "models": {"a": {"model": NOVA, "api_key": API_KEY, "bedrock_api_key": canary("other")}}
    },
    "wrong type": {"models": {"a": {"model": NOVA, "api_key": [API_KEY]}}},
    "no model": {"models": {"a": {"api_key": API_KEY}}},
    "half a pair": {"providers": {"p": {"aws_secret_access_key": KEY}}, "models": {"a": NOVA}},
    "in a url": {"providers": {"p": {"endpoint_url": f"https://me:{PASSWORD}@bedrock.example"}}},
    "missing beside it": {"models": {"a": {"model": NOVA, "api_key": f"{API_KEY}${{env:MISSING}}"}}},
    "spice: unknown": {
        "version": "v1",
        "kind": "Spicepod",
        "models": [{"from": f"bedrock:{NOVA}", "name": "a", "params": {"aws_secret_acces_key": KEY}}],
    },
    "spice: elsewhere": {
        "version": "v1",
        "kind": "Spicepod",
        "models": [
            {
                "from": f"bedrock:{NOVA}",
                "name": "a",
                "params": {"aws_region": f"{KEY} {{}}"[:0] + "x y"},
                "secret": KEY,
            }
        ],
    },
    "contenox: bad blob": {
        "backends": [
            {"name": "b", "type": "bedrock", "url": "us-east-1", "api-key": f'{{"AccessKeyID": "{ID}"'}
        ]
    },
    "contenox: wrong blob": {
        "backends": [
            {
                "name": "b",
                "type": "bedrock",
                "url": "us-east-1",
                "api-key": json.dumps({"AccessKeyID": ID, "Secret": KEY}),
            }
        ]
    },
    "contenox: url": {"backends": [{"name": "b", "type": "bedrock", "url": f"https://me:{PASSWORD}[@x"}]},
    "contenox: slashes": {
        "backends": [{"name": "b", "type": "bedrock", "url": f"https://me:{PASSWORD}//x@h"}]
    },
    "contenox: no scheme": {"backends": [{"name": "b", "type": "bedrock", "url": f"me:{PASSWORD}@h"}]},
    "gomodel: url": {"providers": {"b": {"type": "bedrock", "base_url": f"me:{PASSWORD}@h"}}},
    "gomodel: odd url": {"providers": {"b": {"type": "bedrock", "base_url": f"https://me:{ODD}@h"}}},
    "onellm: url": {"endpoint_url": f"https://me:{PASSWORD}[@h", "region": "us-east-1"},
    "spice: url": {
        "version": "v1",
        "kind": "Spicepod",
        "models": [
            {
                "from": f"bedrock:{NOVA}",
                "name": "a",
                "params": {"endpoint": f"me:{ODD}@h", "aws_region": "us-east-1"},
            }
        ],
    },
    "onellm: half": {"region": "us-east-1", "aws_secret_access_key": KEY},
    "req_llm: unknown": {"provider": "bedrock", "id": NOVA, "provider_options": [["secret_key", KEY]]},
}
TEXTS = {
    "spicepod.yaml": [
        "models:\n- from: bedrock:x\n  name: a\n  params: {aws_secret_access_key: @SECRET@",
        "models:\n- from: bedrock:x\n  name: a\n  params:\n   aws_secret_access_key: @SECRET@: x\n",
        "models:\n- from: bedrock:x\n  name: a\n  params:\n  - @SECRET@\n",
        "models:\n- from: bedrock:x\n  params: &a {k: @SECRET@, <<: *b}\n",
        "models: @SECRET@\n",
        "models:\n- {from: bedrock:x, name: a, params: {aws_secret_access_key:@SECRET@}}\n",
        "\tmodels: @SECRET@\n",
        "models: '@SECRET@\n",
        "models: !!python/object:os.@SECRET@ x\n",
    ],
    "bedrock.json": [
        '{"aws_secret_access_key": "@SECRET@"',
        '{"aws_secret_access_key": "@SECRET@",}',
        '{"aws_secret_access_key": @SECRET@}',
        '{"region": ["@SECRET@"]}',
        '["@SECRET@"]',
        '"@SECRET@"',
    ],
    "config.yaml": [
        "providers:\n  bedrock: {type: bedrock, api_key: @SECRET@",
        "providers:\n  bedrock: {type: bedrock, api_kee: @SECRET@}",
        "providers:\n  bedrock: {type: bedrock, base_url: 'https://me:@SECRET@@h'}",
        "server: {master_key: [@SECRET@]}\nproviders: {bedrock: {type: bedrock}}",
    ],
    "bedrock-unified.json": [
        '{"bedrock-unified": 1, "backends": {"a": {"type": "bedrock", "api_key": "@SECRET@"',
        '{"bedrock-unified": 1, "backends": {"a": {"type": "bedrock", "api_kee": "@SECRET@"}}}',
        '{"bedrock-unified": 1, "backends": {"a": {"type": "bedrock", "api_key": ["@SECRET@"]}}}',
        '{"bedrock-unified": 1, "backends": {"a": {"type": "bedrock", "region": "us-east-1", '
        '"api_key": "{\\"k\\": \\"@SECRET@\\"}", "model": "x"}}}',
    ],
}


def _used(source: Any) -> None:
    found = load(source)
    for name in list(found) or [NOVA]:
        ChatBedrock.from_config(found, name)


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_a_configuration_that_cannot_be_is_refused_without_its_secrets(
    case: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        _used(CONFIGURATIONS[case])
    except (BedrockError, TypeError, ValueError) as error:
        tells_no_secret(error)
    else:
        assert case == "missing beside it"


@pytest.mark.parametrize("secret", [canary("written"), KEY[: len(KEY) // 2]], ids=["whole", "half"])
@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts], ids=str
)
def test_nor_is_a_file_that_cannot_be_read_quoted(
    name: str, text: str, secret: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text.replace("@SECRET@", secret))
    with pytest.raises(ConfigurationError) as caught:
        _used(tmp_path / name)
    tells_no_secret(caught.value)


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


def test_the_searched_ways_were_taken() -> None:
    """The watch over logs, errors and pickles saw this file's calls: it would have seen their secrets."""
    for way in ("a log", "a pickle", "a caught error"):
        assert scanner().searched.get(way), f"nothing was searched: {way}"
    no_secret(counts=repr(scanner().searched))
