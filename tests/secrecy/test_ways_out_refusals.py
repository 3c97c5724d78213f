"""Nothing that is refused before it is sent shows the secret in it: keywords, configurations, files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from pydantic import SecretStr

from bedrock_unified import BedrockClient, clear_keys, load, put_key
from bedrock_unified.credentials import assume_role
from bedrock_unified.credentials.blob import keys_of_json
from bedrock_unified.errors import BedrockError, ConfigurationError
from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding, BedrockRerank

from ..core.conftest import server as server
from ..core.server import Server
from ..credentials.fakes import ROLE
from ..traffic.conftest import no_settings_of_this_machine as no_settings_of_this_machine
from .known import canary
from .showing import tells_no_secret

NOVA, TITAN = "us.amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0"
API_KEY, KEY, TOKEN, ID = (canary(name) for name in ("api-key", "secret-key", "session-token", "key-id"))
PASSWORD, ODD = canary("password"), canary("odd", odd=True)
Keywords = dict[str, Any]


@pytest.fixture(autouse=True)
def _nothing_stored() -> Iterator[None]:
    yield
    clear_keys()


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
