"""``bedrock-unified iam-policy``, and the policies as data (:mod:`bedrock_unified.iam`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import iam
from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.local import LocalBedrock

from .running import Command
from .running import account as account
from .running import command as command
from .running import home as home
from .running import signed_in as signed_in

INVOKE, STREAM = "bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ACCOUNT = "123456789012"


def statements(*models: str, region: str = "us-east-1", **how: Any) -> list[dict[str, Any]]:
    return iam.policy(models, region=region, **how).document["Statement"]


def model_arn(model: str, region: str = "us-east-1", partition: str = "aws") -> str:
    return f"arn:{partition}:bedrock:{region}::foundation-model/{model}"


def test_a_model_on_demand_needs_itself_alone() -> None:
    (one,) = statements("amazon.nova-lite-v1:0")
    assert one == {
        "Effect": "Allow",
        "Action": [INVOKE, STREAM],
        "Resource": [model_arn("amazon.nova-lite-v1:0")],
    }


def test_without_streaming_there_is_no_permission_to_stream() -> None:
    (one,) = statements("amazon.nova-lite-v1:0", streaming=False)
    assert one["Action"] == [INVOKE]


@pytest.mark.parametrize(
    "model", ["amazon.titan-embed-text-v2:0", "cohere.rerank-v3-5:0", "cohere.embed-v4:0"]
)
def test_a_model_that_answers_whole_is_not_streamed(model: str) -> None:
    (one,) = statements(model)
    assert one["Action"] == [INVOKE]


@pytest.mark.parametrize(
    ("geography", "region", "others"),
    [
        ("us", "us-east-1", ["us-east-2", "us-west-2"]),
        ("eu", "eu-west-1", ["eu-central-1", "eu-north-1", "eu-south-2", "eu-west-3"]),
        ("apac", "ap-southeast-1", ["ap-northeast-1", "ap-south-2", "me-central-1"]),
        ("jp", "ap-northeast-1", ["ap-northeast-3"]),
        ("au", "ap-southeast-2", ["ap-southeast-4"]),
        ("in", "ap-south-1", ["ap-south-2"]),
        ("ca", "ca-central-1", ["ca-west-1"]),
    ],
)
def test_a_profile_needs_itself_and_its_model_wherever_it_routes(
    geography: str, region: str, others: list[str]
) -> None:
    profile = f"arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{geography}.{CLAUDE}"
    own, behind = statements(f"{geography}.{CLAUDE}", region=region, account=ACCOUNT)
    assert own["Resource"] == [profile]
    assert behind["Resource"][0] == model_arn(CLAUDE, region)
    assert {model_arn(CLAUDE, other) for other in others} <= set(behind["Resource"])
    assert behind["Condition"] == {"ArnLike": {"bedrock:InferenceProfileArn": [profile]}}


def test_a_global_profile_needs_its_model_without_a_region() -> None:
    made = iam.policy([f"global.{CLAUDE}"], region="eu-west-1")
    behind = made.document["Statement"][1]
    assert behind["Resource"] == [model_arn(CLAUDE, "eu-west-1"), model_arn(CLAUDE, "")]
    assert any("routes to all regions" in note for note in made.notes)


def test_an_unknown_geography_is_allowed_everywhere_and_told() -> None:
    made = iam.policy([f"mars.{CLAUDE}"], region="us-east-1")
    assert made.document["Statement"][1]["Resource"] == [model_arn(CLAUDE, "*")]
    assert any("'mars'" in note for note in made.notes)


def test_routes_that_are_known_take_the_place_of_the_geography() -> None:
    behind = statements(f"us.{CLAUDE}", routes={f"us.{CLAUDE}": [model_arn(CLAUDE, "us-west-2")]})[1]
    assert behind["Resource"] == [model_arn(CLAUDE, "us-east-1"), model_arn(CLAUDE, "us-west-2")]


def test_an_application_profile_allows_its_models_through_it_alone() -> None:
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/abc"
    own, behind = statements(arn)
    assert own["Resource"] == [arn]
    assert behind["Resource"] == [model_arn("*", "*")]
    assert behind["Condition"] == {"ArnLike": {"bedrock:InferenceProfileArn": [arn]}}
    assert statements(arn, routes={arn: [model_arn(CLAUDE)]})[1]["Resource"] == [model_arn(CLAUDE)]


@pytest.mark.parametrize(
    "kind", ["custom-model-deployment", "imported-model", "provisioned-model", "default-prompt-router"]
)
def test_a_model_with_an_arn_of_its_own_needs_that(kind: str) -> None:
    arn = f"arn:aws:bedrock:us-west-2:{ACCOUNT}:{kind}/abc"
    (one,) = statements(arn)
    assert one["Resource"] == [arn]


def test_a_managed_prompt_is_rendered_and_its_model_must_be_named() -> None:
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:prompt/ABCDEFGHIJ:1"
    made = iam.policy([arn], region="us-east-1")
    (one,) = made.document["Statement"]
    assert one["Action"] == ["bedrock:RenderPrompt"] and "name that, too" in made.notes[0]


@pytest.mark.parametrize(("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")])
def test_the_region_decides_the_partition(region: str, partition: str) -> None:
    resources = statements("amazon.nova-lite-v1:0", region=region, guardrails=["abc"], account=ACCOUNT)
    assert resources[0]["Resource"] == [model_arn("amazon.nova-lite-v1:0", region, partition)]
    assert resources[1]["Resource"] == [f"arn:{partition}:bedrock:{region}:{ACCOUNT}:guardrail/abc"]


def test_a_gov_profile_stays_in_its_partition() -> None:
    behind = statements(f"us-gov.{CLAUDE}", region="us-gov-west-1")[1]
    assert behind["Resource"] == [
        model_arn(CLAUDE, "us-gov-west-1", "aws-us-gov"),
        model_arn(CLAUDE, "us-gov-east-1", "aws-us-gov"),
    ]


def test_a_pattern_stays_one() -> None:
    (one,) = statements("amazon.nova-*", "bedrock:meta.llama3-?-70b*")
    assert one["Resource"] == [model_arn("amazon.nova-*"), model_arn("meta.llama3-?-70b*")]
    own, behind = statements("us.amazon.nova-*", account=ACCOUNT)
    assert own["Resource"] == [f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.amazon.nova-*"]
    assert model_arn("amazon.nova-*", "us-west-2") in behind["Resource"]


def test_a_short_name_of_a_model_behind_profiles_is_its_profile() -> None:
    made = iam.policy(["bedrock/claude-3-5-sonnet"], region="us-east-1")
    profile = "us.anthropic.claude-3-5-sonnet-20241022-v2:0"
    assert made.document["Statement"][0]["Resource"][0].endswith(f"/{profile}")
    assert profile in made.notes[0]


def test_a_bare_id_of_such_a_model_is_taken_as_it_is_and_told() -> None:
    made = iam.policy([CLAUDE], region="us-east-1")
    assert made.document["Statement"][0]["Resource"] == [model_arn(CLAUDE)]
    assert f"us.{CLAUDE}" in made.notes[0]


def test_every_further_permission_is_there_when_it_is_asked_for() -> None:
    made = statements(
        f"us.{CLAUDE}",
        account=ACCOUNT,
        guardrails=["abc123", f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:guardrail/def"],
        count_tokens=True,
        rerank=True,
        list_models=True,
    )
    by_action = {action: one["Resource"] for one in made for action in one["Action"]}
    assert by_action["bedrock:CountTokens"] == [model_arn(CLAUDE)]
    assert by_action["bedrock:ApplyGuardrail"] == [
        f"arn:aws:bedrock:us-east-1:{ACCOUNT}:guardrail/abc123",
        f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:guardrail/def",
    ]
    assert by_action["bedrock:Rerank"] == by_action["bedrock:ListFoundationModels"] == "*"
    assert by_action["bedrock:ListInferenceProfiles"] == "*"
    assert by_action["bedrock:GetInferenceProfile"] == [
        f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.{CLAUDE}"
    ]


def test_nothing_is_allowed_twice() -> None:
    made = statements("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "bedrock:amazon.nova-lite-v1:0")
    assert made[0]["Resource"] == [model_arn("amazon.nova-lite-v1:0")]
    twice = iam.together([iam.policy(["amazon.nova-lite-v1:0"], region="us-east-1")] * 2)
    assert twice.document["Statement"] == made


def test_a_policy_that_is_too_long_for_iam_says_so() -> None:
    models = [f"apac.vendor.model-{number}-v1:0" for number in range(9)]
    made = iam.together([iam.policy(models, region="ap-southeast-1")])
    assert any("6144" in note for note in made.notes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"region": "US"},
        {"account": "12"},
        {"guardrails": ["Not A Guardrail"]},
        {"style": "wide"},
        {"models": []},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        iam.policy(**{"models": ["amazon.nova-lite-v1:0"], "region": "us-east-1", **wrong})


@pytest.mark.parametrize("model", ["two words", "amazon.nova-*\n", ""])
def test_an_id_that_cannot_be_is_refused(model: str) -> None:
    with pytest.raises(InvalidRequestError):
        iam.policy([model], region="us-east-1")


# The command


def test_the_policy_goes_out_and_notes_go_beside_it(command: Command) -> None:
    done = command("iam-policy", "--model", f"us.{CLAUDE}", "--region", "us-east-1")
    assert done.code == 0
    assert done.json() == iam.policy([f"us.{CLAUDE}"], region="us-east-1").document
    assert "note: '*' stands for the account" in done.err
    both = command("iam-policy", "--model", f"us.{CLAUDE}", "--region", "us-east-1", "--json").json()
    assert both["policy"] == done.json() and len(both["notes"]) == 2


def test_without_a_model_the_configured_ones_are_meant(command: Command) -> None:
    for name, region in (("here", "us-east-1"), ("there", "eu-west-1")):
        assert command("backend", "add", name, "--url", region, "--api-key-env", "NOT_SET").code == 0
    assert command("config", "set", "default-model", "amazon.nova-lite-v1:0").code == 0
    done = command("iam-policy")
    resources = [one["Resource"][0] for one in done.json()["Statement"]]
    assert resources == [model_arn("amazon.nova-lite-v1:0"), model_arn("amazon.nova-lite-v1:0", "eu-west-1")]


def test_the_guardrails_of_a_configuration_are_allowed(command: Command, home: Path) -> None:
    (home / "spicepod.yaml").write_text(
        "models:\n- from: bedrock:amazon.nova-lite-v1:0\n  name: nova\n  params:\n    aws_region: us-west-2\n"
        "    bedrock_guardrail_identifier: abc123\n    bedrock_guardrail_version: '1'\n"
    )
    made = command("iam-policy", "--config", "spicepod.yaml", "--account", ACCOUNT).json()["Statement"]
    assert made[0]["Resource"] == [model_arn("amazon.nova-lite-v1:0", "us-west-2")]
    assert made[1]["Resource"] == [f"arn:aws:bedrock:us-west-2:{ACCOUNT}:guardrail/abc123"]
    everywhere = command("iam-policy", "--config", "spicepod.yaml", "--region", "us-east-1").json()
    assert everywhere["Statement"][0]["Resource"] == [model_arn("amazon.nova-lite-v1:0")]


def test_nothing_named_and_nothing_configured_is_wrong_use(command: Command) -> None:
    done = command("iam-policy")
    assert done.code == 2 and "--model" in done.err
    assert command("iam-policy", "--list-models").code == 0


def test_embeddings_and_reranking_bring_their_models(command: Command) -> None:
    made = command("iam-policy", "--embeddings", "--rerank").json()["Statement"]
    assert made[0] == {
        "Effect": "Allow",
        "Action": [INVOKE],
        "Resource": [model_arn("amazon.titan-embed-text-v2:0"), model_arn("cohere.rerank-v3-5:0")],
    }
    assert made[1]["Action"] == ["bedrock:Rerank"]
    named = command("iam-policy", "--embeddings", "--model", "cohere.embed-v4:0").json()["Statement"]
    assert named[0]["Resource"] == [model_arn("cohere.embed-v4:0")]


def test_resolve_asks_where_a_profile_routes(command: Command, signed_in: LocalBedrock) -> None:
    done = command("iam-policy", "--model", "us.amazon.nova-lite-v1:0", "--resolve")
    assert done.json()["Statement"][1]["Resource"] == [model_arn("amazon.nova-lite-v1:0")]
    assert [request.operation for request in signed_in.requests] == ["GetInferenceProfile"]
    plain = command("iam-policy", "--model", "us.amazon.nova-lite-v1:0")
    assert len(plain.json()["Statement"][1]["Resource"]) == 3 and len(signed_in.requests) == 1


@pytest.mark.parametrize("option", [("--style", "broad"), ("--account", "x"), ("--model", "a b")])
def test_a_wrong_option_is_refused_in_one_sentence(command: Command, option: tuple[str, str]) -> None:
    done = command("iam-policy", *option, *([] if option[0] == "--model" else ["--model", "amazon.nova-*"]))
    assert done.code in (1, 2) and done.out == ""
    assert option[1] in done.err
