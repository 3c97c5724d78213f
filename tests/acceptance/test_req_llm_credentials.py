"""ReqLLM's statements about who signs (RQ-02 to RQ-04, RQ-07 to RQ-18): two ways, options, its key store."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import put_key
from bedrock_unified.credentials import assume_role
from bedrock_unified.errors import AuthenticationError, BedrockError, ConfigurationError
from langchain_bedrock_unified import BedrockRerank as LangChainRerank
from llamaindex_bedrock_unified import BedrockRerank as LlamaIndexRerank

from ..core.server import reply
from ..credentials.fakes import KEYS_OF, ROLE, SECRET, World, scope
from ..credentials.fakes import world as world
from .frameworks import App

MODEL = "anthropic.claude-3-sonnet-20240229-v1:0"
PAIR = {"access_key_id": "AKIAREQLLM", "secret_access_key": SECRET}
README = re.sub(r"\s+", " ", (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8"))
both_colours = pytest.mark.parametrize("way", ["whole", "astream"])
Make = Callable[..., App]


@pytest.fixture
def req_llm(framework: Any, world: World) -> Make:
    """Makes models with ``provider_options``."""

    def make(**options: Any) -> App:
        return framework(
            **{"model": f"bedrock:{MODEL}", "endpoint_url": world.url, "max_retries": 0, **options}
        )

    return make


async def authorization_of(world: World, model: App, way: str = "whole") -> str:
    """What a call is authorized by."""
    await model.ask("Hello?", way)
    model.close()
    return world.asked[-1].headers["authorization"]


@both_colours
async def test_rq_02_each_of_the_two_ways_has_its_scheme(req_llm: Make, world: World, way: str) -> None:
    assert await authorization_of(world, req_llm(api_key="your-api-key"), way) == "Bearer your-api-key"
    signed = await authorization_of(world, req_llm(**PAIR), way)
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=AKIAREQLLM/")


@both_colours
async def test_rq_03_an_expired_key_is_to_be_made_anew(req_llm: Make, world: World, way: str) -> None:
    told = {"message": "Bearer Token has expired"}
    world.server.answer = lambda _: reply(told, 403, x_amzn_ErrorType="AccessDeniedException")
    with pytest.raises(AuthenticationError) as caught:
        await req_llm(api_key="a-short-term-key").ask("Hello?", way)
    assert "generate a new key" in str(caught.value.hint).lower()


def test_rq_03_the_readme_says_how_long_keys_live() -> None:
    assert "from the Bedrock console" in README
    assert "Short-term keys live at most 12 hours" in README


@both_colours
async def test_rq_04_the_two_variables_are_enough(req_llm: Make, world: World, way: str) -> None:
    world.environment(AWS_BEARER_TOKEN_BEDROCK="your-api-key", AWS_REGION="eu-central-1")
    model = req_llm()
    assert model.model.bedrock.region == "eu-central-1"
    assert await authorization_of(world, model, way) == "Bearer your-api-key"


@both_colours
async def test_rq_07_a_calls_options_are_for_that_call_alone(req_llm: Make, world: World, way: str) -> None:
    model = req_llm(**PAIR, region="us-east-1")
    await model.ask("Hello?", way, api_key="of-this-call", region="us-west-2")
    assert world.signed_by == "Bearer of-this-call"
    await model.ask("Hello?", way, region="us-west-2")
    assert scope(world.asked[-1]) == ("AKIAREQLLM", "us-west-2")
    await model.ask("Hello?", way)
    assert scope(world.asked[-1]) == ("AKIAREQLLM", "us-east-1")


@both_colours
async def test_rq_07_a_calls_region_is_its_host(framework: Any, world: World, way: str) -> None:
    world.environment(HTTPS_PROXY=world.url)  # it sees which host is wanted
    model = framework(model=MODEL, max_retries=0, **PAIR, region="us-east-1")
    for region, given in (("us-west-2", {"region": "us-west-2"}), ("us-east-1", {})):
        with pytest.raises(BedrockError):
            await model.ask("Hello?", way, **given)
        assert world.server.requests[-1].target == f"bedrock-runtime.{region}.amazonaws.com:443"


@pytest.mark.parametrize("where", ["option", "variable", "store"])
async def test_rq_08_what_a_bearer_key_cannot_call_is_refused_before_sending(
    where: str, world: World
) -> None:
    given = {"api_key": "your-api-key"} if where == "option" else {}
    if where == "variable":
        world.environment(AWS_BEARER_TOKEN_BEDROCK="your-api-key")
    elif where == "store":
        put_key("aws_bedrock", {"api_key": "your-api-key"})
    for rerank in (LangChainRerank, LlamaIndexRerank):
        model = rerank(via="agent", agent_endpoint_url=world.url, region_name="us-east-1", **given)
        with pytest.raises(ConfigurationError, match="cannot call the agent runtime") as caught:
            model.bedrock.rerank("which?", ["a", "b"], via="agent")
        for named in ("InvokeModelWithBidirectionalStream", "Agents", "Data Automation"):
            assert named in str(caught.value.hint)
        with pytest.raises(ConfigurationError, match="cannot call the agent runtime"):
            await model.bedrock.arerank("which?", ["a", "b"], via="agent")
    assert world.server.connections == 0


def test_rq_09_the_readme_says_which_keys_are_for_what() -> None:
    assert "12 hours and are for production, long-term keys are for exploration" in README


@both_colours
async def test_rq_10_iam_keys_and_region_of_the_environment(req_llm: Make, world: World, way: str) -> None:
    world.has("env")
    world.environment(AWS_REGION="ap-south-1")
    await authorization_of(world, req_llm(), way)
    assert scope(world.asked[-1]) == (KEYS_OF["env"], "ap-south-1")


@both_colours
async def test_rq_11_put_key_serves_later_models_without_arguments(
    req_llm: Make, world: World, way: str
) -> None:
    world.has("env")
    world.environment(AWS_BEARER_TOKEN_BEDROCK="ambient", AWS_REGION="us-west-2")
    put_key("aws_bedrock", {**PAIR, "region": "eu-west-1"})
    await authorization_of(world, req_llm(), way)
    assert scope(world.asked[-1]) == ("AKIAREQLLM", "eu-west-1")
    await authorization_of(world, req_llm(access_key_id="AKIAOPTION", secret_access_key="s"), way)
    assert scope(world.asked[-1]) == ("AKIAOPTION", "us-west-2")


@both_colours
async def test_rq_12_options_win_over_the_environments_keys_and_bearer_key(
    req_llm: Make, world: World, way: str
) -> None:
    world.has("env")
    world.environment(AWS_BEARER_TOKEN_BEDROCK="ambient", AWS_SESSION_TOKEN="ambient-token")
    assert "Credential=AKIAREQLLM/" in await authorization_of(world, req_llm(**PAIR), way)
    assert "x-amz-security-token" not in world.asked[-1].headers


@both_colours
async def test_rq_13_temporary_keys_send_their_token(req_llm: Make, world: World, way: str) -> None:
    given = {"access_key_id": "ASIATEMPORARY", "secret_access_key": "s", "session_token": "FwoGZXIv..."}
    assert "Credential=ASIATEMPORARY/" in await authorization_of(world, req_llm(**given), way)
    assert world.asked[-1].headers["x-amz-security-token"] == "FwoGZXIv..."


@both_colours
async def test_rq_13_a_helper_assumes_a_role_and_gives_such_keys(
    req_llm: Make, world: World, way: str
) -> None:
    keys = assume_role(role_arn=ROLE, session_name="s-1", region_name="us-west-2", **PAIR)
    assert world.aws.sts[-1].signer == "AKIAREQLLM"
    await authorization_of(world, req_llm(**keys), way)
    assert scope(world.asked[-1]) == ("ASIAREADER0001", "us-west-2")
    assert world.asked[-1].headers["x-amz-security-token"] == "token-of-ASIAREADER0001"


@both_colours
async def test_rq_14_the_api_key_wins_over_keys_and_falls_back_on_its_variable(
    req_llm: Make, world: World, way: str
) -> None:
    assert (
        await authorization_of(world, req_llm(api_key="your-api-key", **PAIR), way) == "Bearer your-api-key"
    )
    world.environment(AWS_BEARER_TOKEN_BEDROCK="of-the-environment")
    assert await authorization_of(world, req_llm(), way) == "Bearer of-the-environment"


async def test_rq_15_the_default_region_is_us_east_1(req_llm: Make, world: World) -> None:
    await authorization_of(world, req_llm(**PAIR))
    assert scope(world.asked[-1])[1] == "us-east-1"


@pytest.mark.parametrize("given", [True, False], ids=["option", "variable"])
async def test_rq_16_access_key_id_else_its_variable(req_llm: Make, world: World, given: bool) -> None:
    world.has("env")
    found = await authorization_of(world, req_llm(**PAIR) if given else req_llm())
    assert f"Credential={'AKIAREQLLM' if given else KEYS_OF['env']}/" in found


async def test_rq_17_secret_access_key_else_its_variable(
    req_llm: Make, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bedrock_unified import exchange

    used: list[str] = []
    sign = exchange.sign

    def noting(*args: Any, **named: Any) -> dict[str, str]:
        used.append(named["keys"].secret_access_key)
        return sign(*args, **named)

    monkeypatch.setattr(exchange, "sign", noting)
    world.has("env")
    world.environment(AWS_SECRET_ACCESS_KEY="of-the-environment")
    await authorization_of(world, req_llm())
    await authorization_of(world, req_llm(access_key_id="AKIAREQLLM", secret_access_key="of-the-option"))
    assert used == ["of-the-environment", "of-the-option"]


@both_colours
async def test_rq_18_session_token_else_its_variable(req_llm: Make, world: World, way: str) -> None:
    await authorization_of(world, req_llm(**PAIR, session_token="of-the-option"), way)
    assert world.asked[-1].headers["x-amz-security-token"] == "of-the-option"
    world.has("env")
    world.environment(AWS_SESSION_TOKEN="of-the-environment")
    await authorization_of(world, req_llm(), way)
    assert world.asked[-1].headers["x-amz-security-token"] == "of-the-environment"
