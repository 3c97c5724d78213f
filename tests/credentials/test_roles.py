"""A role as a parameter: assumed with what the other keywords give, renewed before it ends."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from bedrock_unified.credentials import role as roles
from bedrock_unified.errors import AuthenticationError, ConfigurationError

from ..core.server import ASK, Received, reply
from .calling import PAIR, call, client_of, colours, refused, signed
from .fakes import KEYS_OF, ROLE, SECRET, World

OTHER = "arn:aws:iam::210987654321:role/writer"


@colours
def test_a_role_is_assumed_with_the_pair_and_signs(colour: str, world: World) -> None:
    told = {"role_session_name": "s-1", "role_external_id": "e-1", "role_duration": 1800}
    client = client_of(world, **PAIR, role_arn=ROLE, **told)
    call(client, colour)
    assert world.signed_by == "ASIAREADER0001"
    assert world.asked[-1].headers["x-amz-security-token"] == "token-of-ASIAREADER0001"
    (asked,) = world.aws.sts
    assert asked.signer == PAIR["aws_access_key_id"]
    assert (asked.form["RoleSessionName"], asked.form["ExternalId"]) == ("s-1", "e-1")
    assert asked.form["DurationSeconds"] == "1800"
    assert client.who_signs().origin == "role (arguments)"


def test_unsaid_the_session_has_our_name_and_sts_its_hour(world: World) -> None:
    signed(world, **PAIR, aws_role_name=ROLE)
    (asked,) = world.aws.sts
    assert asked.form["RoleSessionName"] == "bedrock-unified"
    assert not {"DurationSeconds", "ExternalId", "Policy"} & asked.form.keys()


@colours
@pytest.mark.parametrize("source", ["env", "files", "web identity", "ecs", "imds"])
def test_any_source_can_assume_it(source: str, colour: str, world: World) -> None:
    world.has(source)
    client = client_of(world, role_arn=OTHER)
    call(client, colour)
    assert world.signed_by.startswith("ASIAWRITER")
    assert world.aws.sts[-1].signer == KEYS_OF[source]
    assert client.who_signs().origin.startswith(f"role ({source}")


@pytest.mark.parametrize("restricted", ["metadata", "env"])
def test_the_restriction_counts_for_who_assumes_it(restricted: str, world: World) -> None:
    for source in ("env", "ecs"):
        world.has(source)
    world.environment(AWS_BEARER_TOKEN_BEDROCK="ambient", AWS_PROFILE="absent")
    signed(world, role_arn=ROLE, aws_iam_role_source=restricted)
    assert world.aws.sts[-1].signer == KEYS_OF["ecs" if restricted == "metadata" else "env"]


@pytest.mark.parametrize("given", [PAIR, {}], ids=["arguments", "environment"])
def test_a_profile_of_the_environment_that_does_not_exist_is_in_nobodys_way(
    given: dict[str, Any], world: World
) -> None:
    world.has("env")
    world.environment(AWS_PROFILE="absent")
    assert signed(world, **given, role_arn=ROLE) == "ASIAREADER0001"


def test_the_profile_of_the_environment_says_where_sts_is(world: World) -> None:
    world.environment(AWS_ENDPOINT_URL_STS=None, AWS_PROFILE="corp", AWS_REGION="eu-west-1")
    world.config(f"[profile corp]\nservices = ours\n[services ours]\nsts =\n  endpoint_url = {world.url}\n")
    assert signed(world, **PAIR, role_arn=ROLE) == "ASIAREADER0001"


def test_a_role_over_the_role_of_a_profile(world: World) -> None:
    world.has("files")
    world.config(f"[profile role]\nrole_arn = {ROLE}\nsource_profile = default\n")
    assert signed(world, profile_name="role", role_arn=OTHER) == "ASIAWRITER0002"
    assert [one.signer for one in world.aws.sts] == [KEYS_OF["files"], "ASIAREADER0001"]


def test_a_bearer_key_cannot_assume_a_role(world: World) -> None:
    with pytest.raises(ConfigurationError, match="cannot assume a role"):
        client_of(world, api_key="k", role_arn=ROLE)
    world.environment(AWS_BEARER_TOKEN_BEDROCK="ambient")
    error = refused(world, ConfigurationError, role_arn=ROLE)
    assert "(from bearer) cannot assume" in error.message
    assert "unset AWS_BEARER_TOKEN_BEDROCK" in str(error.hint)
    assert signed(world, **PAIR, role_arn=ROLE) == "ASIAREADER0001"


# When its keys end


def test_the_keys_serve_until_a_quarter_of_an_hour_before_their_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(world, **PAIR, role_arn=ROLE)
    begin, passed = time.time(), 0.0
    monkeypatch.setattr(roles.time, "time", lambda: begin + passed)
    for passed, sts in ((0, 1), (2600, 1), (2800, 2), (2900, 2)):
        # The made-up AWS counts an hour from now, which moves with the test's clock.
        world.aws.skew = passed
        client.converse(**ASK)
        assert len(world.aws.sts) == sts, passed
    assert world.signed_by == "ASIAREADER0002"
    client.close()


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_a_machine_whose_clock_is_wrong_does_not_ask_each_time(skew: float, world: World) -> None:
    world.aws.skew = skew
    client = client_of(world, **PAIR, role_arn=ROLE)
    for _ in range(3):
        client.converse(**ASK)
    client.close()
    assert len(world.aws.sts) == 1


def test_a_short_session_is_not_renewed_at_every_call(world: World) -> None:
    world.aws.lifetime = 900
    client = client_of(world, **PAIR, role_arn=ROLE, role_duration=900)
    for _ in range(3):
        client.converse(**ASK)
    client.close()
    assert len(world.aws.sts) == 1


def test_a_renewal_that_fails_leaves_keys_that_are_still_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(world, **PAIR, role_arn=ROLE)
    client.converse(**ASK)
    begin, passed = time.time(), 3000.0
    monkeypatch.setattr(roles.time, "time", lambda: begin + passed)
    world.aws.sts_refusals = [(400, "ValidationError", "not now")] * 2
    client.converse(**ASK)
    client.converse(**ASK)
    assert world.signed_by == "ASIAREADER0001" and len(world.aws.sts) == 2, (
        "asked once more, not at each call"
    )
    passed = 3601.0
    with pytest.raises(AuthenticationError, match="not now"):
        client.converse(**ASK)
    client.close()


@colours
def test_a_burst_assumes_the_role_once_and_beside_the_event_loop(colour: str, world: World) -> None:
    world.aws.delay = 0.2
    client = client_of(world, **PAIR, role_arn=ROLE)

    async def run() -> int:
        turns = 0
        async with client:
            calls = [asyncio.ensure_future(client.aconverse(**ASK)) for _ in range(20)]
            while not all(call.done() for call in calls):
                await asyncio.sleep(0.01)
                turns += 1
            await asyncio.gather(*calls)
        return turns

    if colour == "async":
        assert asyncio.run(run()) > 10
    else:
        threads = [threading.Thread(target=client.converse, kwargs=ASK) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
    assert len(world.aws.sts) == 1
    assert {signer.headers["authorization"].split("/")[0][-14:] for signer in world.asked} == {
        "ASIAREADER0001"
    }


@colours
def test_keys_that_aws_calls_expired_are_had_again(colour: str, world: World) -> None:
    def answer(request: Received) -> bytes:
        if "ASIAREADER0001" in request.headers.get("authorization", ""):
            return reply({"message": "expired"}, 403, x_amzn_ErrorType="ExpiredTokenException")
        return world.aws(request)

    world.server.answer = answer
    client = client_of(world, **PAIR, role_arn=ROLE, max_retries=1)
    call(client, colour)
    assert world.signed_by == "ASIAREADER0002"


def test_a_base_that_has_expired_is_had_again(world: World) -> None:
    world.has("ecs")
    world.aws.sts_refusals = [(403, "ExpiredToken", "The security token included in the request is expired")]
    assert signed(world, role_arn=ROLE).startswith("ASIAREADER")
    assert len(world.aws.container_headers) == 2 and len(world.aws.sts) == 2


# What STS refuses


@colours
@pytest.mark.parametrize(
    ("code", "message", "says"),
    [
        (
            "AccessDenied",
            "User: arn:aws:iam::1:user/ann is not authorized to perform: sts:AssumeRole",
            "sts:Ass",
        ),
        ("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration", "lower role_dur"),
        ("InvalidClientTokenId", "The security token included in the request is invalid", "trust policy"),
    ],
)
def test_what_sts_refuses_is_explained(code: str, message: str, says: str, colour: str, world: World) -> None:
    world.aws.sts_refusals = [(403, code, message)] * 4
    error = refused(world, AuthenticationError, colour, **PAIR, role_arn=ROLE)
    assert message in error.message and f"role {ROLE}" in error.message
    assert says in str(error.hint)


def test_an_sts_that_cannot_be_reached_is_told_as_that(world: World) -> None:
    world.environment(AWS_MAX_ATTEMPTS="1")
    error = refused(world, AuthenticationError, **PAIR, role_arn=ROLE, sts_endpoint_url="http://127.0.0.1:9")
    assert "sts_endpoint_url" in str(error.hint)


def test_what_sts_quotes_of_a_request_is_not_shown(world: World) -> None:
    quoted = f"The Canonical String should have been 'x-amz-security-token:{SECRET} {SECRET}'"
    world.aws.sts_refusals = [(403, "SignatureDoesNotMatch", quoted)]
    error = refused(world, AuthenticationError, **PAIR, aws_session_token=SECRET, role_arn=ROLE)
    assert SECRET not in repr(error) + str(error) and error.__cause__ is None


def test_an_answer_without_keys_is_no_identity(world: World) -> None:
    empty = b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"
    world.server.answer = lambda _: reply(empty, Content_Type="text/xml")
    error = refused(world, AuthenticationError, **PAIR, role_arn=ROLE)
    assert "without keys" in error.message


# What a role can be


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"role_arn": "reader"}, "role_arn cannot be 'reader'"),
        ({"role_arn": ROLE + "\n"}, "role_arn cannot be"),
        ({"role_arn": "arn:aws:iam::123456789012:user/ann"}, "role_arn cannot be"),
        ({"role_arn": ROLE, "role_session_name": "a b"}, "role_session_name cannot be 'a b'"),
        ({"role_arn": ROLE, "role_external_id": "x"}, "role_external_id cannot be 'x'"),
        ({"role_arn": ROLE, "role_duration": 60}, "whole number from 900 to 43200"),
        ({"role_arn": ROLE, "role_duration": True}, "whole number"),
        ({"role_session_name": "nightly"}, "without role_arn"),
        ({"role_external_id": "abc"}, "without role_arn"),
        ({"role_duration": 3600}, "without role_arn"),
        ({"sts_endpoint_url": "nowhere"}, "nowhere"),
        ({"sts_endpoint_url": "http://sts.example"}, "clear text"),
        ({"role_arn": ROLE, "mfa_serial": "arn:aws:iam::1:mfa/ann"}, "mfa_serial"),
    ],
)
def test_a_role_that_cannot_be_is_refused_when_the_client_is_made(
    given: dict[str, Any], says: str, world: World
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client_of(world, **PAIR, **given)
    assert says in caught.value.message
    if "mfa_serial" in given:
        assert "aws sts get-session-token" in str(caught.value.hint)


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov", "aws"])
def test_roles_of_every_partition_and_path_are_taken(partition: str, world: World) -> None:
    arn = f"arn:{partition}:iam::123456789012:role/team/a-b.c@d=e,f+g/{'n' * 64}"
    assert client_of(world, **PAIR, role_arn=arn).settings.role_arn == arn
