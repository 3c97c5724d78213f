"""Contenox's statements about who signs (CX-06, 07, 14, 15, 22, 23): the chain, JSON, what to do without."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from bedrock_unified.credentials import keys_of_json
from bedrock_unified.errors import AuthenticationError, ConfigurationError

from ..credentials.fakes import KEYS_OF, World
from ..credentials.fakes import world as world
from .conftest import MakeApp
from .frameworks import WAYS, App

MODEL = "anthropic.claude-3-5-sonnet-20241022-v2:0"
BLOB = '{"AccessKeyID":"AKIA...","SecretAccessKey":"...","SessionToken":""}'
both_colours = pytest.mark.parametrize("way", ["whole", "astream"])
Make = Callable[..., App]


@pytest.fixture
def contenox(framework: Any, world: World) -> Make:
    """Makes models of a backend without ``--api-key-env``, unless keys are given."""

    def make(**keys: Any) -> App:
        return framework(**{"model": MODEL, "endpoint_url": world.url, "max_retries": 0, **keys})

    return make


async def signer_of(world: World, model: App, way: str = "whole") -> str:
    await model.ask("Hello?", way)
    model.close()
    return world.signed_by


@both_colours
@pytest.mark.parametrize("source", ["env", "files", "web identity", "ecs", "imds"])
async def test_cx_06_the_standard_chain_needs_no_key(
    contenox: Make, world: World, source: str, way: str
) -> None:
    world.has(source)
    assert await signer_of(world, contenox(), way) == KEYS_OF[source]


@both_colours
async def test_cx_07_aws_profile_is_used(contenox: Make, world: World, way: str) -> None:
    world.has("files")
    world.environment(AWS_PROFILE="my-profile")
    world.credentials("[my-profile]\naws_access_key_id = AKIAMINE\naws_secret_access_key = s\n")
    assert await signer_of(world, contenox(), way) == "AKIAMINE"


@both_colours
async def test_cx_14_a_json_blob_takes_the_chains_place(contenox: Make, world: World, way: str) -> None:
    world.has("env")
    world.environment(AWS_BEDROCK_CREDS=BLOB)
    keys = keys_of_json(os.environ["AWS_BEDROCK_CREDS"], where="AWS_BEDROCK_CREDS")
    assert await signer_of(world, contenox(**keys), way) == "AKIA..."
    assert await signer_of(world, contenox(), way) == KEYS_OF["env"]


@pytest.mark.parametrize(
    "blob",
    [
        BLOB,
        '{"access_key_id": "AKIA...", "secret_access_key": "...", "session_token": ""}',
        '{"accessKeyId": "AKIA...", "secretAccessKey": "...", "sessionToken": ""}',
    ],
    ids=["as documented", "snake_case", "camelCase"],
)
async def test_cx_15_each_spelling_works_and_an_empty_token_is_none(
    contenox: Make, world: World, blob: str
) -> None:
    keys = keys_of_json(blob)
    assert keys == {"aws_access_key_id": "AKIA...", "aws_secret_access_key": "..."}
    assert await signer_of(world, contenox(**keys)) == "AKIA..."
    assert "x-amz-security-token" not in world.asked[-1].headers
    temporary = keys_of_json(blob.replace('""', '"a-token"'))
    await signer_of(world, contenox(**temporary))
    assert world.asked[-1].headers["x-amz-security-token"] == "a-token"


@pytest.mark.parametrize("blob", ["{not json: hush}", "{}", '{"Key": "hush"}', '{"AccessKeyID": "hush"}'])
def test_cx_15_a_blob_with_neither_is_refused_and_not_quoted(blob: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        keys_of_json(blob)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("way", WAYS)
async def test_cx_22_without_credentials_the_hint_says_where_to_get_some(
    contenox: Make, world: World, way: str
) -> None:
    with pytest.raises(AuthenticationError) as caught:
        await contenox().ask("Hello?", way)
    hint = str(caught.value.hint)
    for named in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "aws sts get-caller-identity"):
        assert named in hint
    assert "no AWS credentials" in caught.value.message and "EC2 metadata" in caught.value.message
    assert world.asked == []


@pytest.mark.parametrize("way", WAYS)
async def test_cx_23_keys_that_aws_does_not_know_name_the_keys_and_the_region(app: MakeApp, way: str) -> None:
    unknown = {"aws_access_key_id": "AKIAUNKNOWN0000000000", "aws_secret_access_key": "s"}
    with pytest.raises(AuthenticationError) as caught:
        await app(MODEL, **unknown, region_name="eu-west-3").ask("Hello?", way)
    assert caught.value.code is not None and "UnrecognizedClientException" in caught.value.code
    hint = str(caught.value.hint)
    assert "the access key is not valid in region 'eu-west-3'" in hint
    assert "region is the wrong one" in hint and "endpoint_url" in hint
