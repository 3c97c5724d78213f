"""What tracers see of a call: LangSmith's parameters and the invocation's, the call's own among them."""

from __future__ import annotations

from typing import Any

import langchain_core
import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tracers.base import BaseTracer

import bedrock_unified
from langchain_bedrock_unified import ChatBedrock

from .scripted import MODEL, MakeModel

NOVA = "us.amazon.nova-lite-v1:0"


class Watching(BaseTracer):
    """Keeps what runs were begun with."""

    def __init__(self) -> None:
        super().__init__()
        self.extra: list[dict[str, Any]] = []

    def _persist_run(self, run: Any) -> None:
        self.extra.append(run.extra)


@pytest.fixture
def model(make_model: MakeModel) -> ChatBedrock:
    return make_model(temperature=0.2, max_tokens=7, stop=["x"])


def test_langsmith_is_told_the_model_and_its_parameters(model: ChatBedrock) -> None:
    assert model._get_ls_params() == {
        "ls_provider": "amazon_bedrock",
        "ls_model_type": "chat",
        "ls_model_name": MODEL,
        "ls_temperature": 0.2,
        "ls_max_tokens": 7,
        "ls_stop": ["x"],
        "ls_invocation_params": {"region_name": "us-east-1"},
    }
    bare = ChatBedrock(model=MODEL)._get_ls_params()
    assert bare == {"ls_provider": "amazon_bedrock", "ls_model_type": "chat", "ls_model_name": MODEL}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"model": NOVA}, {"ls_model_name": NOVA}),
        ({"model_id": NOVA, "temperature": 0.9}, {"ls_model_name": NOVA, "ls_temperature": 0.9}),
        ({"modelId": NOVA, "model": None}, {"ls_model_name": NOVA}),
        ({"max_tokens": 3}, {"ls_max_tokens": 3}),
        ({"maxTokens": 3, "max_tokens": None}, {"ls_max_tokens": 3}),
        ({"inferenceConfig": {"maxTokens": 3}}, {"ls_max_tokens": 3, "ls_temperature": 0.2}),
        ({"inferenceConfig": {"temperature": 0.5}}, {"ls_max_tokens": 7, "ls_temperature": 0.5}),
        ({"temperature": None}, {"ls_temperature": None}),
        ({"stop_sequences": ["y"]}, {"ls_stop": ["y"]}),
        ({"stopSequences": ["y"]}, {"ls_stop": ["y"]}),
        ({"stop": []}, {"ls_stop": None}),
        ({"region": "eu-west-1"}, {"ls_invocation_params": {"region_name": "eu-west-1"}}),
        ({"region_name": None}, {"ls_invocation_params": {"region_name": "us-east-1"}}),
        (
            {"base_model": "claude-3-7"},
            {"ls_invocation_params": {"provider": "claude-3-7", "region_name": "us-east-1"}},
        ),
    ],
)  # fmt: skip
def test_a_calls_own_parameters_stand_above_the_models_in_every_spelling(
    model: ChatBedrock, call: dict[str, Any], said: dict[str, Any]
) -> None:
    told = model._get_ls_params(**call)
    assert {name: told.get(name) for name in said} == said


def test_the_parameters_of_an_invocation_do_not_contradict_each_other(model: ChatBedrock) -> None:
    watching = Watching()
    key = "bedrock-api-key-of-this-call"
    model.invoke(
        [HumanMessage("q")], {"callbacks": [watching]},
        modelId=NOVA, maxTokens=3, region="eu-west-1", api_key=key, reasoning_effort=None,
    )  # fmt: skip
    [extra] = watching.extra
    shown, metadata = extra["invocation_params"], extra["metadata"]
    assert (shown["model"], shown["model_id"], shown["modelId"]) == (NOVA, NOVA, NOVA)
    assert (shown["max_tokens"], shown["maxTokens"]) == (3, 3)
    assert (shown["region_name"], shown["temperature"]) == ("eu-west-1", 0.2)
    assert metadata["ls_model_name"] == NOVA and metadata["ls_max_tokens"] == 3
    assert key not in repr(extra)
    for client in model._elsewhere.values():
        client.close()


def test_a_schema_that_is_asked_for_is_told(model: ChatBedrock) -> None:
    schema = {"title": "Tide", "type": "object", "properties": {"hour": {"type": "integer"}}}
    watching = Watching()
    model.with_structured_output(schema, include_raw=True).invoke("q", {"callbacks": [watching]})
    [chain] = watching.extra
    assert "invocation_params" not in chain
    bound: Any = model.with_structured_output(schema).first  # type: ignore[attr-defined]
    bound.invoke("q", {"callbacks": [watching]})
    told = watching.extra[-1]["options"]["ls_structured_output_format"]
    assert told["kwargs"]["method"] == "json_schema" and told["schema"]["title"] == "Tide"


def test_traces_are_told_the_versions_that_made_them(make_model: MakeModel) -> None:
    told = make_model(metadata={"mine": 1}).metadata
    assert told is not None
    assert told["mine"] == 1
    versions = told["lc_versions"]
    assert versions["langchain-core"] == langchain_core.__version__
    assert versions["bedrock-unified"] == bedrock_unified.__version__
