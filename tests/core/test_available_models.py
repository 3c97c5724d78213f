"""``client.available_models``: what it asks, what it makes of refusals, how long it remembers."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from bedrock_unified import BedrockClient, ConfigurationError, NotFoundError, PermissionDeniedError
from bedrock_unified.local import Fault, LocalBedrock
from bedrock_unified.models.available import ModelList

from .account import KEYS, Make
from .account import client as client

pytestmark = pytest.mark.usefixtures("no_aws")

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
MODELS, PROFILES = "ListFoundationModels", "ListInferenceProfiles"
EMPTY = [
    {"operation": MODELS, "body": {"modelSummaries": []}, "times": None},
    {"operation": PROFILES, "body": {"inferenceProfileSummaries": []}, "times": None},
]


def refuse(operation: str) -> Fault:
    """AWS's words for a caller that may not list."""
    return Fault.error(
        "AccessDeniedException",
        f"User: arn:aws:iam::123456789012:user/ann is not authorized to perform: bedrock:{operation}",
        operation=operation,
        times=None,
    )


@pytest.fixture
def endpoint() -> Iterator[LocalBedrock]:
    with LocalBedrock(application_profiles={"abc123": f"global.{HAIKU}"}) as running:
        yield running


def asked(endpoint: LocalBedrock) -> list[str]:
    return [one.operation for one in endpoint.requests]


def both_ways(client: BedrockClient, **which: Any) -> list[ModelList]:
    """The list, asked for synchronously and asynchronously, each anew."""

    async def there() -> ModelList:
        try:
            return await client.aavailable_models(**which, max_age=0)
        finally:
            await client.aclose()

    return [client.available_models(**which, max_age=0), asyncio.run(there())]


def test_the_list_is_of_the_account_and_whole(client: Make, endpoint: LocalBedrock) -> None:
    for models in both_ways(client()):
        assert (models.source, models.region, models.notes) == ("account", "us-east-1", ())
        haiku = models.find(HAIKU)
        assert haiku is not None and haiku.id == f"us.{HAIKU}"
        assert haiku.profiles == (f"us.{HAIKU}", f"global.{HAIKU}")
        team = models[-1]
        assert (team.reached_by, team.models, team.vendor) == ("application_profile", (HAIKU,), "anthropic")
        assert team.id.endswith(":application-inference-profile/abc123")
    assert sorted(asked(endpoint)) == [MODELS] * 2 + [PROFILES] * 4


def test_everything_in_it_can_be_invoked(client: Make) -> None:
    with LocalBedrock(require_inference_profiles=True, application_profiles={"abc123": HAIKU}) as strict:
        bedrock = client(strict)
        for model in bedrock.available_models(kind="chat"):
            bedrock.converse(modelId=model.id, messages=[{"role": "user", "content": [{"text": "Hello?"}]}])


def test_the_list_is_of_the_clients_region(client: Make) -> None:
    models = client(region_name="ap-northeast-1").available_models()
    haiku = models.find(HAIKU)
    assert haiku is not None and haiku.id == f"jp.{HAIKU}"
    assert not any(model.id.startswith("us.") for model in models)


def test_pages_are_read_to_the_last(client: Make) -> None:
    def page(number: int, **more: Any) -> dict[str, Any]:
        profile = f"us.acme.talker{number}"
        one = {
            "inferenceProfileId": profile,
            "inferenceProfileArn": f"arn:x/{profile}",
            "type": "SYSTEM_DEFINED",
        }
        return {"operation": PROFILES, "body": {"inferenceProfileSummaries": [one], **more}}

    script = [page(1, nextToken="a"), page(2, nextToken="b"), page(3), EMPTY[1]]
    with LocalBedrock(script=script) as paged:
        ids = client(paged).available_models().ids
        assert {f"us.acme.talker{number}" for number in (1, 2, 3)} <= set(ids)
        assert [one.body.get("nextToken") for one in paged.requests[1:4]] == [None, "a", "b"]


# --- what may not be asked


def test_without_permission_for_profiles_there_is_a_note_and_the_likeliest_profile(
    client: Make, endpoint: LocalBedrock
) -> None:
    endpoint.inject(refuse(PROFILES))
    for models in both_ways(client()):
        assert models.source == "account"
        haiku = models.find(HAIKU)
        assert haiku is not None and haiku.id == f"us.{HAIKU}"
        (note,) = models.notes
        assert "AccessDeniedException" in note and "bedrock:ListInferenceProfiles" in note


def test_without_permission_for_models_the_curated_list_stands_in_and_says_so(
    client: Make, endpoint: LocalBedrock
) -> None:
    endpoint.inject(refuse(MODELS))
    for models in both_ways(client(), kind="chat"):
        assert models.source == "curated" and f"us.{HAIKU}" in models.ids
        (note,) = models.notes
        assert "not the account's own list" in note and "bedrock:ListFoundationModels" in note


def test_offline_the_curated_list_stands_in(client: Make) -> None:
    nowhere = client(control_endpoint_url="http://127.0.0.1:9", region_name="eu-west-1")
    for models in both_ways(nowhere):
        assert models.source == "curated" and models.region == "eu-west-1"
        haiku = models.find(HAIKU)
        assert haiku is not None and haiku.id == f"eu.{HAIKU}"
        assert "ConnectionFailed" in models.notes[0]


def test_without_any_credentials_the_curated_list_stands_in(endpoint: LocalBedrock) -> None:
    with BedrockClient(region_name="us-east-1", control_endpoint_url=endpoint.url, max_retries=0) as nobody:
        models = nobody.available_models()
    assert models.source == "curated" and "AWS_ACCESS_KEY_ID" in models.notes[0]


def test_settings_that_cannot_work_are_an_error_and_no_list(endpoint: LocalBedrock) -> None:
    with (
        BedrockClient(profile_name="nobody", control_endpoint_url=endpoint.url) as wrong,
        pytest.raises(ConfigurationError, match="nobody"),
    ):
        wrong.available_models()


def test_where_the_curated_list_is_not_wanted_the_failure_is_an_error(
    client: Make, endpoint: LocalBedrock
) -> None:
    endpoint.inject(refuse(MODELS))
    bedrock = client()
    with pytest.raises(NotFoundError, match="model registry has no models: User: arn") as caught:
        bedrock.available_models(curated=False)
    assert isinstance(caught.value.__cause__, PermissionDeniedError)
    assert caught.value.hint is not None and "BEDROCK_MODELS" in caught.value.hint


def test_an_account_without_models_is_an_error_with_the_way_out(client: Make) -> None:
    with LocalBedrock(script=EMPTY) as empty:
        with pytest.raises(NotFoundError) as caught:
            client(empty).available_models()
        assert caught.value.message == "model registry has no models"
        assert caught.value.region == "us-east-1" and "'us-east-1'" in (caught.value.hint or "")


def test_a_filter_that_nothing_fits_gives_an_empty_list(client: Make) -> None:
    assert list(client().available_models(vendor="nobody")) == []


def test_an_answer_that_is_no_list_of_models_is_an_error_that_names_it(client: Make) -> None:
    script = [{"operation": MODELS, "body": {"modelSummaries": [{"name": "no id"}]}, "times": None}]
    with LocalBedrock(script=script) as wrong:
        models = client(wrong).available_models()
        assert models.source == "curated" and "the answer is not ListFoundationModels'" in models.notes[0]


# --- configured lists


def test_fallback_means_that_the_accounts_list_wins(client: Make) -> None:
    models = client().available_models(models=["amazon.nova-lite-v1:0"])
    assert models.source == "account" and len(models) > 10


def test_fallback_is_the_configured_list_where_nothing_is_listed(
    client: Make, endpoint: LocalBedrock
) -> None:
    with LocalBedrock(script=EMPTY) as empty:
        models = client(empty).available_models(models=["amazon.nova-lite-v1:0"])
    assert (models.source, models.ids) == ("configured", ["amazon.nova-lite-v1:0"])
    assert "lists no model in us-east-1" in models.notes[0]
    endpoint.inject(refuse(MODELS))
    models = client().available_models(models=["amazon.nova-lite-v1:0"])
    assert (models.source, models.ids) == ("configured", ["amazon.nova-lite-v1:0"])
    assert "AccessDeniedException" in models.notes[0]


def test_merge_adds_what_is_configured_and_not_listed(client: Make, endpoint: LocalBedrock) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl"
    listed = client().available_models().ids
    wanted = {"models": [listed[0], arn], "mode": " Merge "}
    for models in both_ways(client(), **wanted):
        assert (models.source, models.ids) == ("account", [*listed, arn])
    endpoint.inject(refuse(MODELS))
    for models in both_ways(client(), **wanted):
        assert (models.source, models.ids) == ("configured", wanted["models"])


def test_an_allowlist_asks_nothing_and_needs_no_credentials(endpoint: LocalBedrock) -> None:
    with BedrockClient(region_name="us-east-1", control_endpoint_url=endpoint.url) as nobody:
        models = nobody.available_models(models=["us.amazon.nova-lite-v1:0"], mode="allowlist")
    assert (models.source, models.ids, models[0].name) == (
        "configured",
        ["us.amazon.nova-lite-v1:0"],
        "Nova Lite",
    )
    assert endpoint.requests == []


def test_an_allowlist_without_entries_is_none(client: Make) -> None:
    assert client().available_models(models=[], mode="allowlist").source == "account"


def test_an_allowlist_tells_what_an_earlier_list_said(client: Make, endpoint: LocalBedrock) -> None:
    bedrock = client()
    assert (
        bedrock.available_models(models=["google.gemma-3-27b-it"], mode="allowlist")[0].lifecycle == "ACTIVE"
    )
    legacy = "anthropic.claude-3-sonnet-20240229-v1:0"
    bedrock.available_models()
    count = len(endpoint.requests)
    (entry,) = bedrock.available_models(models=[legacy], mode="allowlist")
    assert entry.legacy and len(endpoint.requests) == count


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mode": "denylist"}, "'denylist'"),
        ({"kind": "chatty"}, "'chatty'"),
        ({"max_age": -1}, "max_age"),
        ({"max_age": True}, "max_age"),
        ({"max_age": float("nan")}, "max_age"),
        ({"refresh": 1}, "refresh"),
        ({"curated": "yes"}, "curated"),
        ({"models": ["not a model id"]}, "not a model id"),
        ({"vender": "amazon"}, "'vender'"),
    ],
)
async def test_what_cannot_be_wished_is_refused_before_anything_is_sent(
    client: Make, endpoint: LocalBedrock, wrong: dict[str, Any], message: str
) -> None:
    bedrock = client()
    with pytest.raises(ConfigurationError, match=message):
        bedrock.available_models(**wrong)
    with pytest.raises(ConfigurationError, match=message):
        await bedrock.aavailable_models(**wrong)
    assert endpoint.requests == []


# --- remembered


def test_the_list_is_asked_for_once_by_many_threads(client: Make, endpoint: LocalBedrock) -> None:
    bedrock = client()
    with ThreadPoolExecutor(16) as pool:
        lists = list(pool.map(lambda _: bedrock.available_models().ids, range(40)))
    assert all(ids == lists[0] for ids in lists)
    assert asked(endpoint) == [MODELS, PROFILES, PROFILES]


async def test_the_list_is_asked_for_once_by_many_tasks(client: Make, endpoint: LocalBedrock) -> None:
    async with client() as bedrock:
        lists = await asyncio.gather(*(bedrock.aavailable_models() for _ in range(40)))
    assert len({tuple(models.ids) for models in lists}) == 1
    assert sorted(asked(endpoint)) == [MODELS, PROFILES, PROFILES]


def test_views_of_a_client_share_it_copies_and_other_regions_do_not(
    client: Make, endpoint: LocalBedrock
) -> None:
    bedrock = client()
    bedrock.available_models()
    bedrock.raising({}).available_models()
    assert len(endpoint.requests) == 3
    copy.deepcopy(bedrock).available_models()
    assert len(endpoint.requests) == 6
    client(region_name="eu-west-1").available_models()
    assert len(endpoint.requests) == 9
    assert pickle.loads(pickle.dumps(bedrock))._connection.listed.held(float("inf")) is None


def test_it_is_asked_for_anew_after_its_time_and_on_demand(client: Make, endpoint: LocalBedrock) -> None:
    bedrock = client()
    bedrock.available_models(refresh=True)
    bedrock.available_models()
    assert len(endpoint.requests) == 3
    bedrock.available_models(max_age=0)
    bedrock.available_models(refresh=True)
    assert len(endpoint.requests) == 9


def test_a_failure_is_not_remembered(client: Make, endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault.error("AccessDeniedException", "no", operation=MODELS))
    bedrock = client()
    assert [bedrock.available_models().source, bedrock.available_models().source] == ["curated", "account"]


def test_a_boto3_client_of_the_control_plane_is_used(endpoint: LocalBedrock) -> None:
    control = boto3.client("bedrock", region_name="us-east-1", endpoint_url=endpoint.url, **KEYS)
    with BedrockClient(region_name="us-east-1", control_client=control) as bedrock:
        haiku = bedrock.available_models().find(HAIKU)
    control.close()
    assert haiku is not None and haiku.id == f"us.{HAIKU}"
    assert {one.headers["user-agent"].partition("/")[0] for one in endpoint.requests} == {"Boto3"}
