"""No public object shows the secrets it holds, however it is shown or written down."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keyring
import pytest
from langchain_core.load import dumps
from pydantic import SecretStr

from bedrock_unified import BedrockClient, Configuration, LocalBedrock, clear_keys, load, put_key
from bedrock_unified.config.own.backend import Backend
from bedrock_unified.credentials import assume_role
from bedrock_unified.credentials.blob import keys_of_json
from bedrock_unified.credentials.identity import Bearer
from bedrock_unified.settings import ConnectionSettings
from bedrock_unified.wire.signing import Keys
from langchain_bedrock_unified import BedrockEmbeddings, BedrockGuardrail, ChatBedrock
from langchain_bedrock_unified import BedrockRerank as LangChainRerank
from langchain_bedrock_unified.middleware import BedrockPromptCachingMiddleware
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding
from llamaindex_bedrock_unified import BedrockRerank as LlamaIndexRerank

from ..cli.conftest import Ring
from ..credentials.fakes import ROLE, World
from ..credentials.fakes import world as world
from ..traffic.conftest import no_settings_of_this_machine as no_settings_of_this_machine
from .known import STEM, canary
from .showing import no_secret, shows_no_secret

NOVA, TITAN, COHERE = "amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0", "cohere.rerank-v3-5:0"
API_KEY, KEY, TOKEN, ID = (canary(name) for name in ("api-key", "secret-key", "session-token", "key-id"))
ODD = canary("odd-key", odd=True)

CLASSES: dict[str, Callable[..., Any]] = {
    "BedrockClient": BedrockClient,
    "ChatBedrock": lambda **given: ChatBedrock(model=NOVA, **given),
    "BedrockEmbeddings": lambda **given: BedrockEmbeddings(model_id=TITAN, **given),
    "BedrockRerank of LangChain": lambda **given: LangChainRerank(model_id=COHERE, **given),
    "BedrockGuardrail": lambda **given: BedrockGuardrail(
        guardrail_identifier="abc123", guardrail_version="1", **given
    ),
    "BedrockConverse": lambda **given: BedrockConverse(model=NOVA, **given),
    "BedrockEmbedding": lambda **given: BedrockEmbedding(model_name=TITAN, **given),
    "BedrockRerank of LlamaIndex": lambda **given: LlamaIndexRerank(model_id=COHERE, **given),
}
IDENTITIES: dict[str, dict[str, Any]] = {
    "API key": {"api_key": API_KEY},
    "API key as a secret": {"api_key": SecretStr(API_KEY)},
    "odd API key": {"api_key": ODD},
    "key pair": {"aws_access_key_id": ID, "aws_secret_access_key": KEY},
    "odd key pair": {"aws_access_key_id": ID, "aws_secret_access_key": ODD},
    "temporary keys": {
        "aws_access_key_id": ID,
        "aws_secret_access_key": SecretStr(KEY),
        "aws_session_token": TOKEN,
    },
    "role": {"aws_access_key_id": ID, "aws_secret_access_key": KEY, "role_arn": ROLE},
}
everyone = pytest.mark.parametrize("kind", CLASSES)


@pytest.fixture(autouse=True)
def _nothing_stored() -> Iterator[None]:
    yield
    clear_keys()


@pytest.mark.parametrize("identity", IDENTITIES)
@everyone
def test_no_public_class_shows_who_signs(kind: str, identity: str) -> None:
    given = IDENTITIES[identity]
    if kind == "BedrockClient":
        given = revealed(given)  # it takes plain texts
    shows_no_secret(CLASSES[kind](region_name="us-east-1", **given))


@everyone
def test_nor_after_a_call_was_made(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{canary('proxy-password')}@proxy.example:3128")
    made = CLASSES[kind](region_name="us-east-1", **revealed(IDENTITIES["temporary keys"]))
    client = made if isinstance(made, BedrockClient) else made.bedrock
    assert client.who_signs().origin == "arguments"
    shows_no_secret(made)
    shows_no_secret(client)
    no_secret(signer=repr(client.who_signs()), settings=repr(client.settings) + client.settings.shown())
    client.close()


@everyone
def test_nor_one_whose_key_is_changed_or_copied_with_another(kind: str) -> None:
    made = CLASSES[kind](region_name="us-east-1", api_key="a-first-key")
    if isinstance(made, BedrockClient):
        return
    shows_no_secret(made.model_copy(update={"api_key": API_KEY}))
    made.api_key = API_KEY
    shows_no_secret(made)
    assert made.api_key.get_secret_value() == API_KEY


@everyone
def test_nor_one_with_a_client_that_was_handed_in(kind: str) -> None:
    client = BedrockClient(region_name="us-east-1", api_key=API_KEY)
    made = client if kind == "BedrockClient" else CLASSES[kind](client=client)
    shows_no_secret(made)


@everyone
def test_nor_one_that_signs_with_what_was_stored_or_is_in_the_environment(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = CLASSES[kind](region_name="us-east-1")
    client = made if isinstance(made, BedrockClient) else made.bedrock
    put_key("aws_bedrock", {"access_key_id": ID, "secret_access_key": KEY, "session_token": TOKEN})
    assert client.who_signs().origin == "put_key"
    shows_no_secret(made)
    clear_keys()
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", API_KEY)
    other = CLASSES[kind](region_name="eu-west-1")
    second = other if isinstance(other, BedrockClient) else other.bedrock
    assert second.who_signs().origin == "bearer"
    shows_no_secret(other)
    for opened in (client, second):
        opened.close()


@pytest.mark.parametrize("bound", ["bind", "with_config", "with_structured_output", "with_retry", "|"])
def test_what_is_made_of_a_model_shows_no_key(bound: str) -> None:
    model = ChatBedrock(model=NOVA, region_name="us-east-1", **IDENTITIES["temporary keys"])
    schema = {"title": "Tea", "type": "object", "properties": {"at": {"type": "string"}}}
    made = {
        "bind": lambda: model.bind(stop=["x"]),
        "with_config": lambda: model.with_config(tags=["x"]),
        "with_structured_output": lambda: model.with_structured_output(schema),
        "with_retry": lambda: model.with_retry(),
        "|": lambda: model | (lambda message: message),
    }[bound]()
    no_secret(
        repr=repr(made),
        str=str(made),
        json=json.dumps(made.to_json(), default=repr),
        graph=str(made.get_graph()),
    )


@pytest.mark.parametrize("bound", ["bind", "bind_tools", "with_structured_output", "another spelling"])
def test_nor_does_a_key_that_is_bound(bound: str) -> None:
    model = ChatBedrock(model=NOVA, region_name="us-east-1")
    schema = {"title": "Tea", "type": "object", "properties": {"at": {"type": "string"}}}
    made: Any = {
        "bind": lambda: model.bind(api_key=API_KEY),
        "bind_tools": lambda: model.bind_tools(
            [schema], aws_access_key_id=ID, aws_secret_access_key=KEY, aws_session_token=TOKEN
        ),
        "with_structured_output": lambda: model.with_structured_output(schema, api_key=API_KEY),
        "another spelling": lambda: model.bind(bedrock_api_key=API_KEY),
    }[bound]()
    no_secret(repr=repr(made), json=dumps(made), dump=repr(made.model_dump()))
    if bound != "with_structured_output":  # a chain with a lambda in it
        no_secret(pickle=repr(pickle.dumps(made)))
        assert pickle.loads(pickle.dumps(made)).kwargs.keys() == made.kwargs.keys()


def test_small_objects_show_no_key() -> None:
    middleware = BedrockPromptCachingMiddleware()
    endpoint = LocalBedrock()
    settings = ConnectionSettings(
        aws_access_key_id="AKIA", aws_secret_access_key=KEY, aws_session_token=TOKEN
    )
    no_secret(
        keys=f"{Keys('AKIAKEY', KEY, TOKEN)} {Keys('AKIAKEY', KEY, TOKEN)!r}",
        bearer=f"{Bearer(API_KEY)} {Bearer(API_KEY)!r}",
        middleware=repr(middleware),
        endpoint=f"{endpoint} {endpoint!r}",
        settings=f"{settings} {settings!r} {settings.shown()}",
    )


@pytest.mark.parametrize("spelling", ["AccessKeyID {}", "access_key_id {}", "accessKeyId {}"])
def test_keys_from_json_show_none_of_it(spelling: str) -> None:
    names = {
        "AccessKeyID {}": ("AccessKeyID", "SecretAccessKey", "SessionToken"),
        "access_key_id {}": ("access_key_id", "secret_access_key", "session_token"),
        "accessKeyId {}": ("accessKeyId", "secretAccessKey", "sessionToken"),
    }[spelling]
    found = keys_of_json(json.dumps(dict(zip(names, (ID, KEY, TOKEN), strict=True))))
    assert found["aws_secret_access_key"] == KEY
    no_secret(**dict(ways_of_plain(found)))


def test_the_keys_of_a_role_are_not_shown(world: World) -> None:
    world.has("env")
    found = assume_role(role_arn=ROLE, region_name="us-east-1", sts_endpoint_url=world.url)
    assert found["aws_secret_access_key"]
    no_secret(**dict(ways_of_plain(found)))


def ways_of_plain(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keywords are a dict, which is there to be passed on: what shows it is its repr and str."""
    yield "repr", repr(found)
    yield "str", f"{found} {found!r} {found!s}"
    yield "in a container", repr([found])


# Configurations

SPICEPOD = """\
version: v1
kind: Spicepod
name: app
models:
  - from: bedrock:amazon.nova-lite-v1:0
    name: novash
    params:
      aws_region: us-east-1
      aws_access_key_id: ${ secrets:AN_ID }
      aws_secret_access_key: ${ env:A_KEY }
      aws_session_token: ${ ring:A_TOKEN }
secrets:
  - from: env
    name: env
  - from: keyring
    name: ring
"""
GOMODEL = """\
server:
  master_key: ${A_MASTER_KEY}
providers:
  bedrock:
    type: bedrock
    base_url: us-east-1
    api_key: ${AN_API_KEY}
    models: [amazon.nova-lite-v1:0]
  elsewhere:
    type: openai
    api_key: ${ANOTHER_KEY}
"""


def configurations(folder: Path) -> dict[str, Callable[[], Configuration]]:
    """A configuration of each system, with secrets in it, by the system."""

    def write(name: str, text: str) -> Path:
        (folder / name).write_text(text)
        return folder / name

    pair = {"aws_access_key_id": ID, "aws_secret_access_key": KEY, "aws_session_token": TOKEN}
    bedrock_json = {"region": "us-east-1", **pair}
    spec = {
        "provider": "bedrock",
        "id": NOVA,
        "provider_options": [["access_key_id", ID], ["secret_access_key", KEY], ["session_token", TOKEN]],
    }
    backend = {"name": "bedrock", "type": "bedrock", "url": "us-east-1", "api-key-env": "CREDS"}
    own = {
        "bedrock-unified": 1,
        "settings": {"default-model": NOVA},
        "backends": {
            "plain": {"type": "bedrock", "region": "eu-west-1", "api_key": API_KEY},
            "ring": {"type": "bedrock", "region": "eu-west-1", "keyring": "ring-1"},
            "env": {"type": "bedrock", "region": "eu-west-1", "api_key_env": "AN_API_KEY"},
        },
    }
    plain = {
        "providers": {"eu": {"region_name": "eu-west-1", **pair}},
        "models": {"fast": {"model": NOVA, "api_key": API_KEY}, "slow": {"model": NOVA, "provider": "eu"}},
        "defaults": {"region_name": "us-east-1"},
    }
    return {
        "spice": lambda: load(write("spicepod.yaml", SPICEPOD), system="spice"),
        "gomodel": lambda: load(write("config.yaml", GOMODEL), system="gomodel"),
        "onellm": lambda: load(bedrock_json, system="onellm"),
        "req_llm": lambda: load(spec, system="req_llm"),
        "contenox": lambda: load({"backends": [backend]}, system="contenox"),
        "bedrock-unified": lambda: load(plain, system="bedrock-unified"),
        "own file": lambda: load(write("bedrock-unified.json", json.dumps(own))),
    }


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment and a keyring full of secrets, and an empty current folder."""
    monkeypatch.chdir(tmp_path)
    blob = json.dumps({"AccessKeyID": ID, "SecretAccessKey": KEY, "SessionToken": TOKEN})
    told = {
        "AN_ID": ID,
        "A_KEY": KEY,
        "AN_API_KEY": API_KEY,
        "A_MASTER_KEY": canary("master"),
        "ANOTHER_KEY": canary("openai"),
        "CREDS": blob,
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BEDROCK_UNIFIED_HOME", str(tmp_path / "home"))
    ring = Ring()
    monkeypatch.setattr(ring, "get_password", lambda service, name: TOKEN)
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
    monkeypatch.setattr(keyring, "get_password", ring.get_password)
    return tmp_path


SYSTEMS = tuple(configurations(Path()))


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_configuration_shows_what_was_referred_to(system: str, surroundings: Path) -> None:
    found = configurations(surroundings)[system]()
    held = [found, *found.providers.values(), *found.models.values()]
    for one in held:
        shows_no_secret(one)
    no_secret(notes=repr(found.notes), server=repr(found.server), defaults=repr(found.defaults))
    told = str([revealed(dict(one.parameters)) for one in held[1:]])
    assert STEM in told, "no secret was read: the test proves nothing"


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_model_of_a_configuration_shows_it(system: str, surroundings: Path) -> None:
    found = configurations(surroundings)[system]()
    for name in list(found) or [NOVA]:
        for kind in (ChatBedrock, BedrockConverse, BedrockClient):
            shows_no_secret(kind.from_config(found, name))
        no_secret(**dict(ways_of_plain(found.keywords(found[name]))))


def test_a_backend_shows_where_its_key_is() -> None:
    no_secret(**dict(ways_of_backend(Backend(region="eu-west-1", api_key=API_KEY).checked("eu"))))


def ways_of_backend(backend: Backend) -> Iterator[tuple[str, str]]:
    """A backend is what is written into the file, a key in plain text with it; it is shown without."""
    yield "repr", f"{backend} {backend!r} {[backend]}"
    yield "shown", f"{backend.shown()}"
    yield "without its key", f"{backend.without_key().written()}"


def revealed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    reveal = {name: getattr(value, "get_secret_value", None) for name, value in parameters.items()}
    return {name: found() if found else parameters[name] for name, found in reveal.items()}
