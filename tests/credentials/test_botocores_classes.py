"""Who catches what botocore raises where nobody can sign catches ours, in the core and in both adapters."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from botocore import exceptions as boto
from langchain_core.runnables import RunnableLambda

from bedrock_unified.errors import (
    AuthenticationError,
    BedrockError,
    ConfigurationError,
    is_answer,
)
from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified import errors as langchains
from llamaindex_bedrock_unified import BedrockConverse

from .calling import colours, refused
from .fakes import World

SSO = """[profile sso-profile]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = reader
"""


@colours
def test_nobody_at_all(colour: str, world: World) -> None:
    error = refused(world, AuthenticationError, colour)
    assert isinstance(error, boto.NoCredentialsError)
    assert not isinstance(error, boto.ClientError) and not is_answer(error)
    assert "Tried:" in error.message and error.hint


@colours
def test_a_login_that_is_missing(colour: str, world: World) -> None:
    world.config(SSO)
    error = refused(world, AuthenticationError, colour, profile_name="sso-profile")
    assert isinstance(error, boto.SSOTokenLoadError)


@colours
@pytest.mark.parametrize("asked", ["by the environment", "by a keyword"])
def test_a_profile_that_is_not_there(asked: str, colour: str, world: World) -> None:
    by_keyword = asked == "by a keyword"
    world.environment(**({} if by_keyword else {"AWS_PROFILE": "absent"}))
    given = {"profile_name": "absent"} if by_keyword else {}
    assert isinstance(refused(world, ConfigurationError, colour, **given), boto.ProfileNotFound)


def test_half_a_pair_in_the_shared_file(world: World) -> None:
    world.credentials("[half]\naws_access_key_id = AKIAHALF\n")
    error = refused(world, BedrockError, profile_name="half")
    assert isinstance(error, boto.PartialCredentialsError)


def test_what_sts_refuses_is_no_answer_of_bedrock(world: World) -> None:
    world.config(SSO)
    world.sso_token("https://example.awsapps.com/start", lives=3600)
    world.aws.denies = {"the-sso-token"}
    error = refused(world, AuthenticationError, profile_name="sso-profile")
    assert not isinstance(error, boto.ClientError)


def test_langchains(world: World) -> None:
    model = ChatBedrock(model="amazon.nova-lite-v1:0", endpoint_url=world.url, region_name="us-east-1")
    with pytest.raises(boto.NoCredentialsError) as caught:
        model.invoke("q")
    error = caught.value
    assert isinstance(error, langchains.AuthenticationError)
    again: Any = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)
    answers = RunnableLambda(lambda _: "from elsewhere")
    safe = model.with_fallbacks([answers], exceptions_to_handle=(boto.NoCredentialsError,))
    assert safe.invoke("q") == "from elsewhere"


def test_llamaindexs(world: World) -> None:
    model = BedrockConverse(model="amazon.nova-lite-v1:0", endpoint_url=world.url, region_name="us-east-1")
    with pytest.raises(boto.NoCredentialsError) as caught:
        model.complete("q")
    assert isinstance(caught.value, AuthenticationError)
