"""What LangChain does around a call: limits, retries, fallbacks, cancelling, parameters chosen per run."""

from __future__ import annotations

import asyncio
import copy
import pickle
import time
from typing import Any

import pytest
from langchain_core import exceptions as langchain
from langchain_core.load import dumps
from langchain_core.rate_limiters import BaseRateLimiter, InMemoryRateLimiter
from langchain_core.runnables import ConfigurableField

from bedrock_unified.client import BedrockClient
from langchain_bedrock_unified import BedrockGuardrail, ChatBedrock

from .scripted import KEYS, Fails, MakeModel, Says, ScriptedBedrock, wait_for

SLOW = 0.05  # seconds before each frame of a stream
Colour = str
both_colours = pytest.mark.parametrize("colour", ["sync", "async"])


async def asked(colour: Colour, model: Any, config: Any = None) -> Any:
    return model.invoke("q", config) if colour == "sync" else await model.ainvoke("q", config)


async def streamed(colour: Colour, model: Any) -> str:
    if colour == "sync":
        return "".join(chunk.text for chunk in model.stream("q"))
    return "".join([chunk.text async for chunk in model.astream("q")])


# Limits


@both_colours
@pytest.mark.parametrize("way", ["invoke", "stream", "batch"])
async def test_a_rate_limiter_holds_every_way_back(make_model: MakeModel, colour: Colour, way: str) -> None:
    limiter = InMemoryRateLimiter(requests_per_second=20, check_every_n_seconds=0.005, max_bucket_size=1)
    model = make_model(rate_limiter=limiter)
    began = time.perf_counter()
    if way == "batch":
        await model.abatch(["q"] * 4) if colour == "async" else model.batch(["q"] * 4)
    for _ in range(4 if way != "batch" else 0):
        await (asked if way == "invoke" else streamed)(colour, model)
    assert time.perf_counter() - began > 3 / 20
    await model.bedrock.aclose()


class Counting(BaseRateLimiter):
    """Lets everybody through, and counts."""

    def __init__(self) -> None:
        self.permits = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        self.permits += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire()


ASKING: dict[str, Any] = {
    "invoke": lambda model: model.ainvoke("q"),
    "stream": lambda model: streamed("async", model),
    "batch": lambda model: model.abatch(["q"] * 3),
    "events": lambda model: streamed_events(model),
    "in another thread": lambda model: asyncio.to_thread(model.batch, ["q"] * 3),
}
SEVERAL = ("batch", "in another thread")


async def streamed_events(model: Any) -> None:
    async for _ in model.astream_events("q", version="v2"):
        pass


@pytest.mark.parametrize("way", ASKING)
@pytest.mark.parametrize(
    "build",
    [
        lambda model: model,
        lambda model: model.bind(max_tokens=9),
        lambda model: model.configurable_fields(temperature=ConfigurableField(id="temperature")),
    ],
)
async def test_a_call_takes_one_permit(make_model: MakeModel, way: str, build: Any) -> None:
    for streaming in (None, True):
        limiter = Counting()
        model = make_model(rate_limiter=limiter, streaming=streaming)
        await ASKING[way](build(model))
        assert limiter.permits == (3 if way in SEVERAL else 1)
        await model.bedrock.aclose()


@both_colours
async def test_a_batch_runs_at_once_and_no_wider_than_it_may(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: Colour
) -> None:
    model = make_model(streaming=True)  # the scripted Bedrock counts streams that are open
    for limit, most in ((3, 3), (None, 12)):
        bedrock.most_streaming = 0
        bedrock.says(*[Says([{"text": "Hm."}], gap=SLOW) for _ in range(12)])
        config: Any = {"max_concurrency": limit} if limit else {}
        if colour == "async":
            answers = await model.abatch(["q"] * 12, config)
        else:
            answers = model.batch(["q"] * 12, config)
        assert [answer.text for answer in answers] == ["Hm."] * 12
        if colour == "async" or limit:  # the threads of batch() are LangChain's to count
            assert bedrock.most_streaming == most
    await model.bedrock.aclose()


async def test_hundreds_of_calls_take_no_longer_than_the_slowest(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model(streaming=True)
    bedrock.says(*[Says([{"text": "Hm."}], gap=SLOW) for _ in range(100)])
    await model.abatch(["q"] * 100)
    assert bedrock.most_streaming > 50
    await model.bedrock.aclose()


async def test_the_models_own_limit_holds_for_all_its_copies(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model(streaming=True, max_concurrency=2)
    warm = model.configurable_fields(temperature=ConfigurableField(id="temperature"))
    bedrock.says(*[Says([{"text": "Hm."}], gap=SLOW / 5) for _ in range(12)])
    runs = [warm.ainvoke("q", {"configurable": {"temperature": at / 10}}) for at in range(6)]
    await asyncio.gather(*runs, model.model_copy(update={"temperature": 1.0}).ainvoke("q"))
    assert bedrock.most_streaming == 2
    await model.bedrock.aclose()


async def test_one_that_fails_in_a_batch_does_not_stop_the_others(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model()
    bedrock.says("a", Fails(429, "ThrottlingException"), "b")
    answers = await model.abatch(["q"] * 3, {"max_concurrency": 1}, return_exceptions=True)
    assert [type(answer).__name__ for answer in answers] == ["AIMessage", "ThrottlingError", "AIMessage"]
    seen = [answer async for answer in model.abatch_as_completed(["q"] * 3)]
    assert sorted(index for index, _ in seen) == [0, 1, 2]
    await model.bedrock.aclose()


# Cancelling


@pytest.mark.parametrize("way", ["ainvoke", "astream", "abatch", "astream_events"])
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
async def test_a_cancelled_task_closes_the_connection(
    make_model: MakeModel, bedrock: ScriptedBedrock, way: str
) -> None:
    model = make_model(streaming=True)
    bedrock.says(Says([{"text": "a" * 400}], gap=SLOW))

    async def run() -> None:
        if way == "ainvoke":
            await model.ainvoke("q")
        elif way == "abatch":
            await model.abatch(["q"])
        elif way == "astream":
            async for _ in model.astream("q"):
                pass
        else:
            async for _ in model.astream_events("q", version="v2"):
                pass

    task = asyncio.create_task(run())
    while bedrock.frames_written < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(wait_for, bedrock.left) < 1
    assert (await model.ainvoke("q")).text == "Good day."  # it can still be used
    await model.bedrock.aclose()


async def test_a_call_that_takes_too_long_is_given_up(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model(streaming=True)
    bedrock.says(Says([{"text": "a" * 400}], gap=SLOW))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await model.ainvoke("q")
    assert await asyncio.to_thread(wait_for, bedrock.left) < 1
    await model.bedrock.aclose()


# Retries and fallbacks by kind

KINDS: list[tuple[int, str, type[langchain.ModelError]]] = [
    (429, "ThrottlingException", langchain.ModelRateLimitError),
    (503, "ServiceUnavailableException", langchain.ModelAPIError),
    (500, "InternalServerException", langchain.ModelAPIError),
    (408, "ModelTimeoutException", langchain.ModelTimeoutError),
    (403, "AccessDeniedException", langchain.ModelPermissionDeniedError),
    (404, "ResourceNotFoundException", langchain.ModelNotFoundError),
    (400, "ValidationException", langchain.ModelInvalidRequestError),
]


@both_colours
@pytest.mark.parametrize(("status", "code", "kind"), KINDS)
async def test_a_retry_and_a_fallback_by_the_kind(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: Colour, status: int, code: str, kind: Any
) -> None:
    model, spare = make_model(), make_model(temperature=0.5)
    again = model.with_retry(
        retry_if_exception_type=(kind,), stop_after_attempt=2, wait_exponential_jitter=False,
        exponential_jitter_params={"initial": 0.001},
    )  # fmt: skip
    bedrock.says(Fails(status, code), "Here.")
    assert (await asked(colour, again)).text == "Here."
    fallen = model.with_fallbacks([spare], exceptions_to_handle=(kind,))
    bedrock.says(Fails(status, code), "There.")
    assert (await asked(colour, fallen)).text == "There."
    bedrock.says(Fails(status, code), "There.")
    assert await streamed(colour, fallen) == "There."
    other = next(each for _, _, each in KINDS if not issubclass(kind, each))
    bedrock.says(Fails(status, code))
    with pytest.raises(kind):
        await asked(colour, model.with_fallbacks([spare], exceptions_to_handle=(other,)))
    for one in (model, spare):
        await one.bedrock.aclose()


def test_what_may_succeed_later_is_said_by_the_error(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    for status, code, kind in KINDS:
        bedrock.says(Fails(status, code))
        with pytest.raises(kind) as caught:
            make_model().invoke("q")
        assert caught.value.is_retryable is (status in (408, 429, 500, 503)), code


# Parameters that a run chooses


def client_of(configured: Any, **chosen: Any) -> BedrockClient:
    made, _ = configured._prepare({"configurable": chosen})
    return made.bedrock


def test_runs_that_choose_no_connection_share_one(make_model: MakeModel) -> None:
    model = make_model()
    configured = model.configurable_fields(
        temperature=ConfigurableField(id="temperature"), region_name=ConfigurableField(id="region")
    )
    warm = client_of(configured, temperature=0.9)
    assert warm is client_of(configured, temperature=0.1) is model.bedrock
    assert client_of(configured, region="eu-west-1") is not model.bedrock
    assert client_of(configured, region="us-east-1", temperature=0.1) is model.bedrock
    chained = configured.configurable_fields(max_tokens=ConfigurableField(id="length"))
    assert client_of(chained, temperature=0.1, length=5) is model.bedrock


def test_a_copy_with_another_model_has_that_models_profile(make_model: MakeModel) -> None:
    nova = "us.amazon.nova-pro-v1:0"
    model, other = make_model(), make_model(model=nova)
    assert model.profile != other.profile
    configured = model.configurable_fields(model_id=ConfigurableField(id="model"))
    made, _ = configured._prepare({"configurable": {"model": nova}})  # type: ignore[attr-defined]
    assert made.profile == other.profile == model.model_copy(update={"model_id": nova}).profile
    own = make_model(profile={"max_input_tokens": 7})
    assert own.model_copy(update={"model_id": nova}).profile == {"max_input_tokens": 7}
    own.model_id = model.model_id = nova
    assert (own.profile, model.profile) == ({"max_input_tokens": 7}, other.profile)


def test_copies_share_a_connection_until_one_goes_elsewhere(make_model: MakeModel) -> None:
    model = make_model()
    warm, abroad = (
        model.model_copy(update={"temperature": 0.9}),  # before anybody has called
        model.model_copy(update={"region_name": "eu-west-1"}),
    )
    shallow, deep = copy.copy(model), copy.deepcopy(model)
    assert warm.bedrock is model.bedrock is shallow.bedrock
    assert abroad.bedrock is not model.bedrock and deep.bedrock is not model.bedrock
    shared = model.bedrock
    warm.region_name = "eu-west-1"
    assert warm.bedrock is not shared and model.bedrock is shared
    restored = pickle.loads(pickle.dumps([model, model.model_copy()]))
    assert all(one.bedrock is not shared for one in restored)


def test_a_run_with_another_key_has_its_own_connection(make_model: MakeModel) -> None:
    model = make_model(aws_access_key_id=None, aws_secret_access_key=None, api_key="one")
    configured = model.configurable_fields(api_key=ConfigurableField(id="key"))
    assert client_of(configured, key="two") is not model.bedrock
    assert client_of(configured, key="one") is model.bedrock


@both_colours
async def test_one_connection_serves_many_runs(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: Colour
) -> None:
    model = make_model()
    configured = model.configurable_fields(temperature=ConfigurableField(id="temperature"))
    for at in range(3):
        await asked(colour, configured, {"configurable": {"temperature": at / 10}})
        assert bedrock.last["inferenceConfig"] == {"temperature": at / 10}
    await model.bedrock.aclose()  # closes all there is: an open one would be told of as a leak


@both_colours
async def test_tools_are_bound_to_whatever_a_run_chooses(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: Colour
) -> None:
    model = make_model()
    configured: Any = model.configurable_fields(temperature=ConfigurableField(id="temperature"))
    tool = {"title": "tide", "description": "The tide.", "type": "object", "properties": {}}
    bound = configured.bind_tools([tool], tool_choice="any")
    await asked(colour, bound, {"configurable": {"temperature": 0.3}})
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.3}
    assert bedrock.last["toolConfig"]["toolChoice"] == {"any": {}}
    await model.bedrock.aclose()


@both_colours
async def test_alternatives(make_model: MakeModel, bedrock: ScriptedBedrock, colour: Colour) -> None:
    model, other = make_model(), make_model(model="us.amazon.nova-pro-v1:0")
    either = model.configurable_fields(
        temperature=ConfigurableField(id="temperature")
    ).configurable_alternatives(ConfigurableField(id="which"), default_key="claude", nova=other)
    await asked(colour, either, {"configurable": {"which": "nova"}})
    await asked(colour, either, {"configurable": {"temperature": 0.3}})
    assert [sent.model for sent in bedrock.sent] == [other.model_id, model.model_id]
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.3}
    for one in (model, other):
        await one.bedrock.aclose()


def test_a_configured_model_is_written_down_as_langchains_own(model: ChatBedrock) -> None:
    configured = model.configurable_fields(temperature=ConfigurableField(id="temperature"))
    written = dumps(configured)
    assert '"RunnableConfigurableFields"' in written and KEYS["aws_secret_access_key"] not in written
    with pytest.raises(ValueError, match="colour"):
        model.configurable_fields(colour=ConfigurableField(id="colour"))


def test_a_guardrail_that_is_configured_per_run_shares_its_connection() -> None:
    guard = BedrockGuardrail(guardrail_identifier="abc", guardrail_version=1, region_name="us-east-1")
    configured = guard.configurable_fields(action=ConfigurableField(id="action"))
    made, _ = configured._prepare({"configurable": {"action": "raise"}})  # type: ignore[attr-defined]
    assert made.action == "raise" and made.bedrock is guard.bedrock
