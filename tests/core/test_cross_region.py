"""Which id is sent: short names by the account's profile, full ids as written; and how that is known."""

from __future__ import annotations

import asyncio
import collections
import copy
import gc
import inspect
import types
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from bedrock_unified import BedrockClient, BedrockError, ConfigurationError, InvalidRequestError
from bedrock_unified.chat.options import ChatOptions
from bedrock_unified.cross_region import Reach
from bedrock_unified.local import Fault, LocalBedrock
from bedrock_unified.models.ids import aliases, is_alias
from bedrock_unified.models.profile import profile_of

from .account import KEYS, Make
from .account import client as client

pytestmark = pytest.mark.usefixtures("no_aws")

ALIAS = "claude-3-5-sonnet"
SONNET = aliases()[ALIAS]
HAIKU_ALIAS = "claude-3-5-haiku"  # taken to be served on demand, which some regions refuse
HAIKU = aliases()[HAIKU_ALIAS]
CLAUDE_45 = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-lite-v1:0"
PROFILES = "ListInferenceProfiles"
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "Hello?"}]}]}
NATIVE = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": "Hello?"}],
}
WAYS = tuple(
    f"{a}{name}{stream}" for name in ("converse", "invoke") for a in ("", "a") for stream in ("", "_stream")
)


@pytest.fixture
def endpoint() -> Iterator[LocalBedrock]:
    """An account in which AWS refuses on-demand calls as it does."""
    with LocalBedrock(require_inference_profiles=True) as running:
        yield running


def served(endpoint: LocalBedrock) -> list[tuple[str, str | None]]:
    return [(one.operation, one.model_id) for one in endpoint.requests]


def models_called(endpoint: LocalBedrock) -> list[str | None]:
    return [one.model_id for one in endpoint.requests if one.operation != PROFILES]


def lists(endpoint: LocalBedrock) -> int:
    return sum(one.operation == PROFILES for one in endpoint.requests)


def ask(client: BedrockClient, way: str, model_id: str, **more: Any) -> None:
    """Call the model to the answer's end."""
    request: dict[str, Any] = {"modelId": model_id, **(NATIVE_CALL if "invoke" in way else ASKED), **more}
    call = getattr(client, way)
    if not way.startswith("a"):
        answer = call(**request)
        if "stream" in way:
            list(answer)
        return

    async def there() -> None:
        try:
            answer = await call(**request)
            if "stream" in way:
                async for _ in answer:
                    pass
        finally:
            await client.aclose()

    asyncio.run(there())


NATIVE_CALL: dict[str, Any] = {"body": NATIVE}


@pytest.mark.parametrize("way", WAYS)
def test_a_short_name_is_sent_as_the_accounts_profile(client: Make, endpoint: LocalBedrock, way: str) -> None:
    bedrock = client()
    ask(bedrock, way, ALIAS)
    ask(bedrock, way, f"bedrock/{ALIAS}")
    assert models_called(endpoint) == [f"us.{SONNET}"] * 2
    assert lists(endpoint) == 1
    assert bedrock.sent_as({"modelId": ALIAS}) == f"us.{SONNET}"


@pytest.mark.parametrize("way", WAYS)
def test_a_full_id_is_sent_as_it_is_written_and_nothing_else_is_asked(
    client: Make, endpoint: LocalBedrock, way: str
) -> None:
    with pytest.raises(InvalidRequestError, match="on-demand throughput") as caught:
        ask(client(), way, SONNET)
    assert caught.value.model_id == SONNET
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("way", WAYS)
def test_auto_sends_full_ids_by_profile_too(client: Make, endpoint: LocalBedrock, way: str) -> None:
    ask(client(cross_region="auto"), way, SONNET)
    assert served(endpoint)[0] == (PROFILES, None)
    assert models_called(endpoint) == [f"us.{SONNET}"]


@pytest.mark.parametrize("way", WAYS)
def test_false_switches_it_off(client: Make, endpoint: LocalBedrock, way: str) -> None:
    with pytest.raises(InvalidRequestError, match="on-demand throughput"):
        ask(client(cross_region=False), way, ALIAS)
    assert models_called(endpoint) == [SONNET] and lists(endpoint) == 0


@pytest.mark.parametrize("way", WAYS)
def test_where_aws_refuses_on_demand_a_short_name_is_sent_again_by_profile(
    client: Make, endpoint: LocalBedrock, way: str
) -> None:
    assert profile_of(HAIKU).on_demand
    bedrock = client()
    ask(bedrock, way, HAIKU_ALIAS)
    ask(bedrock, way, HAIKU_ALIAS)
    assert models_called(endpoint) == [HAIKU, f"us.{HAIKU}", f"us.{HAIKU}"] and lists(endpoint) == 1


@pytest.mark.parametrize(
    "model_id",
    [
        NOVA,
        f"global.{CLAUDE_45}",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl",
        f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}",
    ],
)
@pytest.mark.parametrize("mode", [None, "auto"])
def test_what_says_how_it_is_reached_is_never_changed(
    client: Make, endpoint: LocalBedrock, model_id: str, mode: str | None
) -> None:
    ask(client(cross_region=mode), "converse", model_id)
    assert served(endpoint) == [("Converse", model_id)]


def test_a_short_name_of_a_model_that_is_served_on_demand_asks_nothing(
    client: Make, endpoint: LocalBedrock
) -> None:
    ask(client(), "converse", "nova-lite")
    assert served(endpoint) == [("Converse", NOVA)]


@pytest.mark.parametrize("name", sorted(aliases()))
def test_every_short_name_is_decided(name: str) -> None:
    reach = Reach(None)
    assert is_alias(name) and is_alias(f"bedrock:{name}") and not is_alias(aliases()[name])
    by_profile = not profile_of(name).on_demand
    assert (reach.without_list(name) is None) is by_profile


# --- which profile


@pytest.mark.parametrize(
    ("region", "sent"),
    [
        ("us-east-1", f"us.{CLAUDE_45}"),
        ("eu-west-3", f"eu.{CLAUDE_45}"),
        ("ap-northeast-1", f"jp.{CLAUDE_45}"),
        ("ap-south-1", f"in.{CLAUDE_45}"),
        ("sa-east-1", f"global.{CLAUDE_45}"),
        ("ap-southeast-1", f"global.{CLAUDE_45}"),  # the likeliest, apac, is not among the account's
    ],
)
def test_the_accounts_profile_for_the_region_is_sent(
    client: Make, endpoint: LocalBedrock, region: str, sent: str
) -> None:
    ask(client(region_name=region, cross_region="auto"), "converse", CLAUDE_45)
    assert models_called(endpoint) == [sent]


def test_an_account_without_a_profile_of_the_model_gets_awss_word_on_it(
    client: Make, endpoint: LocalBedrock
) -> None:
    bedrock = client(region_name="eu-west-1")  # no European profile of it is listed
    for _ in range(2):
        with pytest.raises(InvalidRequestError, match="on-demand throughput") as caught:
            ask(bedrock, "converse", ALIAS)
        assert caught.value.model_id == SONNET
    assert models_called(endpoint) == [SONNET] * 2 and lists(endpoint) == 1


def test_without_permission_to_list_the_likeliest_profile_is_sent_and_nobody_asks_again(
    client: Make, endpoint: LocalBedrock
) -> None:
    endpoint.inject(Fault.error("AccessDeniedException", "no", operation=PROFILES, times=None))
    bedrock = client(region_name="eu-west-1")
    for _ in range(3):
        ask(bedrock, "converse", ALIAS)
    assert models_called(endpoint) == [f"eu.{SONNET}"] * 3 and lists(endpoint) == 1


def test_a_control_plane_that_is_not_there_costs_no_call(client: Make, endpoint: LocalBedrock) -> None:
    bedrock = client(control_endpoint_url="http://127.0.0.1:9")
    ask(bedrock, "converse", ALIAS)
    ask(bedrock, "aconverse", ALIAS)
    assert served(endpoint) == [("Converse", f"us.{SONNET}")] * 2


@pytest.mark.parametrize("entry", ["us.anthropic.x", None, 5, {"status": "ACTIVE"}])
def test_a_list_of_profiles_that_is_none_costs_no_call(client: Make, entry: Any) -> None:
    body = {"inferenceProfileSummaries": [entry]}
    with LocalBedrock(script=[{"operation": PROFILES, "body": body, "times": None}]) as odd:
        bedrock = client(odd)
        ask(bedrock, "converse", ALIAS)
        ask(bedrock, "aconverse", ALIAS)
        assert len(models_called(odd)) == 2
        if not isinstance(entry, dict):
            with pytest.raises(BedrockError, match="the answer is not ListInferenceProfiles's"):
                bedrock.list_inference_profiles()
            (note,) = bedrock.available_models().notes
            assert "inference profiles could not be listed" in note


def test_a_failure_that_passes_is_forgotten_after_a_minute(
    client: Make, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    now = time.monotonic()
    monkeypatch.setattr("bedrock_unified.remembered.time.monotonic", lambda: now)
    endpoint.inject(Fault.throttle(operation=PROFILES))
    bedrock = client(region_name="ap-southeast-1", cross_region="auto")
    for seconds in (0, 59, 2):
        now += seconds
        ask(bedrock, "converse", CLAUDE_45)
    assert lists(endpoint) == 2
    assert models_called(endpoint) == [f"apac.{CLAUDE_45}"] * 2 + [f"global.{CLAUDE_45}"]


def test_the_models_of_a_gateway_are_not_asked_of_aws(
    endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> Any:
        raise AssertionError("AWS's control plane was asked")

    monkeypatch.setattr("bedrock_unified.reaching.Reaching._pages", refused)
    with BedrockClient(endpoint_url=endpoint.url, region_name="us-west-2", max_retries=0, **KEYS) as bedrock:
        ask(bedrock, "converse", ALIAS)
    assert served(endpoint) == [("Converse", f"us.{SONNET}")]


@pytest.mark.parametrize(
    ("settings", "asks"),
    [
        ({}, True),
        ({"endpoint_url": "https://bedrock-runtime.eu-west-1.amazonaws.com"}, True),
        ({"endpoint_url": "https://bedrock-runtime.eu-west-1.amazonaws.com/"}, True),
        ({"endpoint_url": "https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com"}, False),
        ({"endpoint_url": "https://bedrock-runtime.eu-west-1.example.com"}, False),
        (
            {"endpoint_url": "https://gateway.example.com", "control_endpoint_url": "https://c.example.com"},
            True,
        ),
    ],
)
def test_the_control_plane_is_asked_where_it_is_the_runtimes(settings: dict[str, str], asks: bool) -> None:
    with BedrockClient(region_name="eu-west-1", **settings, **KEYS) as bedrock:
        assert bedrock._connection.asks_for_profiles is asks


def test_the_environments_endpoints_belong_together(
    endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in endpoint.environment().items():
        monkeypatch.setenv(name, value)
    with BedrockClient() as bedrock:
        ask(bedrock, "converse", ALIAS)
    assert served(endpoint) == [(PROFILES, None), ("Converse", f"us.{SONNET}")]


def test_a_boto3_client_is_called_with_the_profile_and_its_account_is_not_asked(
    endpoint: LocalBedrock,
) -> None:
    runtime = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=endpoint.url, **KEYS)
    with BedrockClient(client=runtime) as bedrock:
        ask(bedrock, "converse", ALIAS)
        ask(bedrock, "aconverse_stream", HAIKU_ALIAS)
    runtime.close()
    assert served(endpoint) == [
        ("Converse", f"us.{SONNET}"),
        ("ConverseStream", HAIKU),
        ("ConverseStream", f"us.{HAIKU}"),
    ]


# --- once


def test_many_threads_ask_for_the_profiles_once(client: Make, endpoint: LocalBedrock) -> None:
    bedrock = client()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: ask(bedrock, "converse", name), [ALIAS, HAIKU_ALIAS] * 16))
    assert lists(endpoint) == 1
    assert set(models_called(endpoint)) == {f"us.{SONNET}", HAIKU, f"us.{HAIKU}"}


async def test_many_tasks_ask_for_the_profiles_once(client: Make, endpoint: LocalBedrock) -> None:
    async with client() as bedrock:
        await asyncio.gather(*(bedrock.aconverse(modelId=ALIAS, **ASKED) for _ in range(30)))
    assert lists(endpoint) == 1 and models_called(endpoint) == [f"us.{SONNET}"] * 30


def test_once_decided_a_call_looks_up_no_more_than_its_id(
    client: Make, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bedrock = client()
    for name in (ALIAS, NOVA):
        ask(bedrock, "converse", name)

    def again(*_: Any) -> Any:
        raise AssertionError("it was decided before")

    for method in ("without_list", "with_list", "refused"):
        monkeypatch.setattr(Reach, method, again)
    for name in (ALIAS, NOVA):
        ask(bedrock, "converse", name)
        ask(bedrock, "aconverse", name)
    assert models_called(endpoint) == [f"us.{SONNET}", NOVA, *[f"us.{SONNET}"] * 2, NOVA, NOVA]


@pytest.mark.parametrize(
    ("mode", "name", "settled"),
    [
        (None, SONNET, True),
        (None, "acme.new-model-v1", True),
        (None, "nova-lite", False),  # AWS may refuse it on demand
        ("auto", "acme.new-model-v1", False),
        ("auto", f"us.{SONNET}", True),
        (False, ALIAS, True),
        (None, ("nova-lite", True), True),
    ],
)
def test_only_what_a_refusal_can_change_is_looked_at_again(mode: Any, name: Any, settled: bool) -> None:
    reach = Reach(mode)
    assert reach.without_list(name) == reach.sent[name]
    assert (name in reach.settled) is settled
    reach.reset()
    assert reach.sent == reach.settled == {}


# --- what a call costs while it waits


@pytest.mark.parametrize("way", ["aconverse", "ainvoke", "aconverse_stream", "ainvoke_stream"])
@pytest.mark.parametrize("name", [f"us.{SONNET}", ALIAS])
async def test_a_waiting_call_holds_one_coroutine_for_all_that_reaching_its_model_takes(
    client: Make, endpoint: LocalBedrock, way: str, name: str
) -> None:
    assert inspect.iscoroutinefunction(getattr(BedrockClient, way))
    async with client() as bedrock:
        await bedrock.aconverse(modelId=name, **ASKED)
        endpoint.inject(Fault(kind="latency", seconds=0.3))
        gc.collect()
        before = collections.Counter(running())
        more = NATIVE_CALL if "invoke" in way else ASKED
        task = asyncio.create_task(getattr(bedrock, way)(modelId=name, **more))
        await asyncio.sleep(0.15)
        held = collections.Counter(running()) - before
        answer = await task
        if "stream" in way:
            await answer.aclose()
    opening = {"Caller._adriven": 1} if "stream" in way else {}
    assert held == {f"BedrockClient.{way}": 1, "adrive": 1, "AsyncTransport._send": 1, **opening}


def running() -> Iterator[str]:
    """Our coroutines that are under way."""
    for one in gc.get_objects():
        path = one.cr_code.co_filename if isinstance(one, types.CoroutineType) else ""
        if "bedrock_unified" in path and "/local/" not in path:
            yield one.__qualname__


async def test_calls_raise_the_classes_of_their_view(client: Make, endpoint: LocalBedrock) -> None:
    class Ours(InvalidRequestError):
        """An adapter's."""

    view = client().raising({InvalidRequestError: Ours})
    for name in (SONNET, HAIKU_ALIAS):
        endpoint.inject(Fault.error("ValidationException", "no", model=aliases().get(name, name), times=2))
        for call in (view.aconverse, view.aconverse):
            with pytest.raises(Ours) as caught:
                await call(modelId=name, **ASKED)
            assert caught.value.region == "us-east-1"
    with pytest.raises(Ours):
        await view.aconverse(modelId="no such id", **ASKED)
    await view.aclose()


def test_a_list_of_models_saves_the_list_of_profiles(client: Make, endpoint: LocalBedrock) -> None:
    bedrock = client()
    bedrock.available_models()
    endpoint.forget()
    ask(bedrock, "converse", ALIAS)
    assert served(endpoint) == [("Converse", f"us.{SONNET}")]


def test_a_refreshed_list_decides_anew(client: Make, endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault.error("AccessDeniedException", "no", operation=PROFILES))
    bedrock = client(region_name="ap-southeast-1", cross_region="auto")
    ask(bedrock, "converse", CLAUDE_45)
    bedrock.available_models(refresh=True)
    ask(bedrock, "converse", CLAUDE_45)
    assert models_called(endpoint)[0] == f"apac.{CLAUDE_45}"
    assert models_called(endpoint)[-1] == f"global.{CLAUDE_45}"


def test_copies_of_a_client_keep_the_wish(client: Make, endpoint: LocalBedrock) -> None:
    with copy.deepcopy(client(cross_region="auto")) as bedrock:
        ask(bedrock, "converse", SONNET)
    assert models_called(endpoint) == [f"us.{SONNET}"]


def test_a_client_that_meets_many_ids_forgets_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bedrock_unified.cross_region._MOST", 4)
    reach = Reach(None)
    for number in range(20):
        assert reach.without_list(f"acme.talker-v{number}") == f"acme.talker-v{number}"
        assert len(reach.sent) <= 4


# --- what is told, and what the caller knows better


def test_errors_and_observers_name_the_id_that_was_sent(client: Make, endpoint: LocalBedrock) -> None:
    bedrock = client()
    seen: list[str | None] = []
    bedrock.observe(lambda record: seen.append(record.model_id))
    endpoint.inject(Fault.error("ValidationException", "something else", operation="Converse"))
    with pytest.raises(InvalidRequestError) as caught:
        ask(bedrock, "converse", ALIAS)
    assert caught.value.model_id == f"us.{SONNET}" == seen[-1]


def test_the_callers_word_on_a_capability_stands_above_ours(client: Make, endpoint: LocalBedrock) -> None:
    bedrock = client()
    ask(bedrock, "converse", "nova-lite", options=ChatOptions(capabilities={"on_demand": False}))
    assert models_called(endpoint) == [f"us.{NOVA}"]
    with pytest.raises(InvalidRequestError, match="on-demand throughput"):
        ask(bedrock, "converse", ALIAS, options=ChatOptions(capabilities={"on_demand": True}))
    assert models_called(endpoint)[-1] == SONNET
    ask(bedrock, "converse", "nova-lite")
    assert models_called(endpoint)[-1] == NOVA


async def test_embeddings_go_by_profile_where_that_is_wished() -> None:
    model_id = "amazon.titan-embed-text-v2:0"
    with (
        LocalBedrock(models={model_id: {"on_demand": False}}) as endpoint,
        BedrockClient(
            endpoint_url=endpoint.url, region_name="eu-west-1", cross_region="auto", **KEYS
        ) as bedrock,
    ):
        assert len(bedrock.embed(["a", "b", "c"], model_id=model_id, concurrency=1).vectors) == 3
        assert len((await bedrock.aembed(["a"], model_id=model_id)).vectors) == 1
        await bedrock.aclose()
        assert [one.model_id for one in endpoint.requests] == [model_id, *[f"eu.{model_id}"] * 4]


def test_counting_tokens_takes_the_models_own_id(client: Make, endpoint: LocalBedrock) -> None:
    counted = {"converse": ASKED}
    client(cross_region="auto").count_tokens(modelId="claude-3-5-haiku", input=counted)
    assert served(endpoint) == [("CountTokens", HAIKU)]


@pytest.mark.parametrize("wrong", [True, "always", "", 0, 1, ["auto"]])
def test_any_other_wish_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="cross_region") as caught:
        BedrockClient(cross_region=wrong)
    assert "'auto'" in (caught.value.hint or "")


@pytest.mark.parametrize("wrong", [None, "", "no such id", "a/b", 7])
async def test_what_is_no_model_id_is_refused_as_ever(
    client: Make, endpoint: LocalBedrock, wrong: Any
) -> None:
    bedrock = client(cross_region="auto")
    with pytest.raises(InvalidRequestError):
        bedrock.converse(modelId=wrong, **ASKED)
    with pytest.raises(InvalidRequestError):
        await bedrock.aconverse(modelId=wrong, **ASKED)
    assert endpoint.requests == []
