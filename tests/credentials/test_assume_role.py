"""``assume_role``: a role's temporary keys as keywords."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bedrock_unified import put_key
from bedrock_unified.credentials import aassume_role, assume_role
from bedrock_unified.errors import AuthenticationError, ConfigurationError

from .calling import PAIR, signed
from .fakes import KEYS_OF, ROLE, SECRET, World

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}]}


@pytest.mark.parametrize("asynchronous", [False, True])
def test_its_keywords_make_a_client_of_the_role(asynchronous: bool, world: World) -> None:
    given: dict[str, Any] = {
        "role_arn": ROLE,
        "session_name": "s-1",
        "external_id": "e-1",
        "duration": 900,
        "policy": POLICY,
        "region_name": "eu-west-1",
        "access_key_id": PAIR["aws_access_key_id"],
        "secret_access_key": PAIR["aws_secret_access_key"],
    }
    keys = asyncio.run(aassume_role(**given)) if asynchronous else assume_role(**given)
    assert keys == {
        "aws_access_key_id": "ASIAREADER0001",
        "aws_secret_access_key": SECRET,
        "aws_session_token": "token-of-ASIAREADER0001",
        "region_name": "eu-west-1",
    }
    assert SECRET not in repr(keys) + str(keys) + f"{keys}" and "token-of" not in repr(keys)
    assert signed(world, **keys) == "ASIAREADER0001"
    assert world.asked[-1].headers["x-amz-security-token"] == "token-of-ASIAREADER0001"
    (asked,) = world.aws.sts
    assert asked.signer == PAIR["aws_access_key_id"]
    assert (asked.form["DurationSeconds"], asked.form["RoleSessionName"]) == ("900", "s-1")
    assert json.loads(asked.form["Policy"]) == POLICY


def test_without_a_region_none_is_given_back(world: World) -> None:
    assert set(assume_role(role_arn=ROLE, **PAIR)) == {*PAIR, "aws_session_token"}


@pytest.mark.parametrize("base", ["env", "profile", "put_key", "metadata"])
def test_whoever_would_sign_assumes_it(base: str, world: World) -> None:
    world.has("ecs")
    world.has("files")
    given: dict[str, Any] = {}
    if base == "put_key":
        put_key("aws_bedrock", {"access_key_id": "AKIASTORED", "secret_access_key": "s"})
        expected = "AKIASTORED"
    elif base == "env":
        world.has("env")
        expected = KEYS_OF["env"]
    else:
        given = {"aws_profile": "default"} if base == "profile" else {"aws_iam_role_source": "metadata"}
        expected = KEYS_OF["files" if base == "profile" else "ecs"]
    assume_role(role_arn=ROLE, **given)
    assert world.aws.sts[-1].signer == expected


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"role_arn": None}, "needs role_arn"),
        ({"role_arn": "x"}, "role_arn cannot be"),
        ({"duration": 5}, "900"),
        ({"policy": "no json"}, "policy must be a JSON object"),
        ({"policy": "[]"}, "policy must be a JSON object"),
        ({"policy": {"a": object()}}, "policy cannot be written"),
        ({"api_key": "k"}, "cannot assume a role"),
        ({"mfa_serial": "arn:aws:iam::1:mfa/ann"}, "no parameter 'mfa_serial'"),
        ({"profil": "x"}, "no parameter 'profil'"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], says: str, world: World) -> None:
    with pytest.raises(ConfigurationError) as caught:
        assume_role(**{"role_arn": ROLE, **given})
    assert says in str(caught.value)
    assert world.aws.sts == []


def test_nobody_to_assume_it_and_a_refusal_are_told(world: World) -> None:
    with pytest.raises(AuthenticationError, match=r"no AWS credentials\. Tried"):
        assume_role(role_arn=ROLE)
    world.aws.sts_refusals = [(403, "AccessDenied", "not authorized to perform: sts:AssumeRole")]
    with pytest.raises(AuthenticationError) as caught:
        assume_role(role_arn=ROLE, **PAIR)
    assert "role_external_id" in str(caught.value.hint)
