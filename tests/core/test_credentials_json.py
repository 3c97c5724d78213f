"""Keys in a JSON text and in the process's store: every spelling, and nothing quoted of what is refused."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bedrock_unified import BedrockClient, clear_keys, put_key, remove_key
from bedrock_unified.credentials import keys_of_json
from bedrock_unified.errors import ConfigurationError

from .identities import ENVIRONMENT, ask
from .server import ASK, KEYS, Server

pytestmark = pytest.mark.usefixtures("no_aws")

PAIR = {"aws_access_key_id": "AKIABLOB", "aws_secret_access_key": "hush-hush"}
SPELLINGS = {
    "Contenox's": ("AccessKeyID", "SecretAccessKey", "SessionToken"),
    "snake": ("access_key_id", "secret_access_key", "session_token"),
    "camel": ("accessKeyId", "secretAccessKey", "sessionToken"),
    "AWS's": ("AccessKeyId", "SecretAccessKey", "SessionToken"),
    "variables": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    "keywords": ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
}


@pytest.fixture(autouse=True)
def nothing_stored() -> Iterator[None]:
    yield
    clear_keys()


def blob(spelling: str, token: str | None) -> dict[str, Any]:
    key_id, secret, session = SPELLINGS[spelling]
    told = {key_id: PAIR["aws_access_key_id"], secret: PAIR["aws_secret_access_key"]}
    return told if token is None else {**told, session: token}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("token", [None, "", "a-token"])
def test_every_spelling_of_a_blob_and_of_put_key(spelling: str, token: str | None, server: Server) -> None:
    expected = {**PAIR, "aws_session_token": "a-token"} if token else PAIR
    found = keys_of_json(json.dumps(blob(spelling, token)))
    assert found == expected
    assert "hush" not in repr(found) + str(found)
    assert ask(server, **found) == PAIR["aws_access_key_id"]
    put_key("aws_bedrock", blob(spelling, token))
    assert ask(server) == PAIR["aws_access_key_id"]
    assert server.requests[-1].headers.get("x-amz-security-token") == (token or None)


def test_what_aws_own_tools_print_is_read() -> None:
    keys = {"AccessKeyId": "AKIA", "SecretAccessKey": "s", "SessionToken": "t"}
    expected = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "s", "aws_session_token": "t"}
    assert keys_of_json(json.dumps({"Version": 1, **keys, "Expiration": "2099-01-01T00:00:00Z"})) == expected
    assert keys_of_json(json.dumps({"Credentials": keys, "AssumedRoleUser": {"Arn": "a"}})) == expected
    assert keys_of_json("\ufeff" + json.dumps({**keys, "region": "eu-west-1"})) == {
        **expected,
        "region_name": "eu-west-1",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"AccessKeyID": "AKIAhush", "SecretAccessKey": hush}', "is no JSON object"),
        ("AKIAhush:hush", "is no JSON object"),
        ('["hush"]', "is no JSON object"),
        ('"hush"', "is no JSON object"),
        ("", "is no JSON object"),
        ("[" * 100_000, "is no JSON object"),
        ("{}", "neither an access key pair nor an API key"),
        ('{"AccessKeyID": "", "SecretAccessKey": ""}', "neither an access key pair nor an API key"),
        ('{"hush": "hush"}', "unknown name"),
        ('{"AccessKeyID": "AKIAhush"}', "aws_secret_access_key is missing"),
        ('{"SecretAccessKey": "hush"}', "aws_access_key_id is missing"),
        ('{"AccessKeyID": "a", "access_key_id": "b", "SecretAccessKey": "hush"}', "aws_access_key_id twice"),
        ('{"AccessKeyID": "a", "AccessKeyID": "b", "SecretAccessKey": "hush"}', "aws_access_key_id twice"),
        ('{"AccessKeyID": "a", "SecretAccessKey": ["hush"]}', "aws_secret_access_key of"),
        ('{"AccessKeyID": "a", "SecretAccessKey": "hush\\nhush"}', "aws_secret_access_key of"),
        ('{"AccessKeyID": "a", "SecretAccessKey": 7}', "aws_secret_access_key of"),
        ('{"Credentials": "hush"}', "is no JSON object"),
    ],
)
def test_a_blob_that_is_none_is_refused_and_not_quoted(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        keys_of_json(text, where="AWS_BEDROCK_CREDS")
    error = caught.value
    assert says in error.message and ("AWS_BEDROCK_CREDS" in error.message or "missing" in says)
    assert "hush" not in str(error) + repr(error)
    assert error.__cause__ is None and error.__context__ is None, "the parser's exception holds the text"


# The store


def test_put_key_stands_between_arguments_and_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        **ENVIRONMENT,
        "AWS_BEARER_TOKEN_BEDROCK": "ambient",
        "AWS_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    put_key("aws_bedrock", {"access_key_id": "AKIASTORED", "secret_access_key": "s", "region": "ap-south-1"})
    with BedrockClient(endpoint_url=server.url) as client:
        client.converse(**ASK)
        assert client.region == "ap-south-1"
        assert client.who_signs().origin == "put_key"
    assert "AKIASTORED" in server.requests[-1].headers["authorization"]
    assert "/ap-south-1/" in server.requests[-1].headers["authorization"]
    assert "x-amz-security-token" not in server.requests[-1].headers
    with BedrockClient(endpoint_url=server.url, **KEYS) as client:
        client.converse(**ASK)
        assert client.region == "eu-west-1", "the store's region belongs to its keys"
    assert ask(server, **KEYS) == KEYS["aws_access_key_id"]
    assert ask(server, api_key="k") == "Bearer k"
    assert ask(server, aws_iam_role_source="env") == ENVIRONMENT["AWS_ACCESS_KEY_ID"]
    assert ask(server) == "AKIASTORED"


def test_a_profile_that_was_asked_for_stands_above_it(server: Server, shared_files: Any) -> None:
    put_key("bedrock", {"api_key": "stored"})
    assert ask(server) == "Bearer stored"
    assert ask(server, profile_name="dev") == "AKIADEV0000000000000"


def test_what_is_removed_signs_no_more(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert not remove_key("amazon_bedrock")
    put_key("aws_bedrock", blob("snake", None))
    assert ask(server) == "AKIABLOB"
    assert remove_key("amazon_bedrock"), "one provider has three names"
    assert ask(server) == ENVIRONMENT["AWS_ACCESS_KEY_ID"]


def test_a_client_keeps_to_what_it_read_at_its_first_call(server: Server) -> None:
    put_key("aws_bedrock", {"api_key": "first"})
    with server.client(aws_access_key_id=None, aws_secret_access_key=None) as client:
        client.converse(**ASK)
        put_key("aws_bedrock", {"api_key": "second"})
        client.converse(**ASK)
        assert server.requests[-1].headers["authorization"] == "Bearer first"
    assert ask(server) == "Bearer second"


def test_the_store_is_in_no_repr_pickle_or_copy(server: Server) -> None:
    put_key("aws_bedrock", blob("snake", "hush-token"))
    client = BedrockClient(endpoint_url=server.url)
    client.converse(**ASK)
    data = pickle.dumps(client)
    assert b"hush" not in data and b"AKIABLOB" not in data
    assert "hush" not in repr(client) + repr(copy.deepcopy(client)) + repr(client.settings)
    clear_keys()
    put_key("aws_bedrock", {"api_key": "of the other process"})
    restored = pickle.loads(data)
    restored.converse(**ASK)
    assert server.requests[-1].headers["authorization"] == "Bearer of the other process"
    restored.close()
    client.close()


def test_a_copy_that_lost_its_own_keys_does_not_take_the_stored_ones(server: Server) -> None:
    put_key("aws_bedrock", {"api_key": "stored"})
    restored = pickle.loads(pickle.dumps(server.client()))
    with pytest.raises(ConfigurationError, match="will not sign as somebody else"):
        restored.converse(**ASK)
    assert server.connections == 0


def test_many_threads_store_and_call_and_never_mix_two_identities(server: Server) -> None:
    def work(number: int) -> None:
        key, token = f"AKIA{number:04}", f"token-{number:04}"
        for _ in range(10):
            put_key("aws_bedrock", {"access_key_id": key, "secret_access_key": "s", "session_token": token})
            ask(server)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for request in server.requests:
        key = request.headers["authorization"].split("Credential=AKIA")[1][:4]
        assert request.headers["x-amz-security-token"] == f"token-{key}"


@pytest.mark.parametrize(
    ("provider", "keys", "says"),
    [
        ("openai", {"api_key": "hush"}, "provider 'openai'"),
        ("aws_bedrok", {"api_key": "hush"}, "'aws_bedrock'"),
        ("aws_bedrock", "hush", "needs a mapping"),
        ("aws_bedrock", {"access_key": "hush"}, "unknown name"),
        ("aws_bedrock", {"access_key_id": "hush"}, "is missing"),
        ("aws_bedrock", {"region": "us-east-1"}, "neither"),
        ("aws_bedrock", {"api_key": "hush", "region": "Mars!"}, "is not a region"),
    ],
)
def test_put_key_refuses_what_cannot_be_and_stores_nothing(
    provider: str, keys: Any, says: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        put_key(provider, keys)
    assert says in str(caught.value) and "hush" not in str(caught.value)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "ambient")
    assert ask(server) == "Bearer ambient"
