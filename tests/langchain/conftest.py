"""What the tests of the LangChain adapter start from: a scripted Bedrock, and a model that calls it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from langchain_bedrock_unified import ChatBedrock

from .scripted import KEYS, MODEL, Conversation, MakeModel, ScriptedBedrock


@pytest.fixture
def bedrock() -> Iterator[ScriptedBedrock]:
    """A Bedrock that says "Good day." until it is told otherwise."""
    with ScriptedBedrock() as running:
        yield running


@pytest.fixture
def make_model(bedrock: ScriptedBedrock) -> Iterator[MakeModel]:
    """Makes models that call the scripted Bedrock."""
    made: list[ChatBedrock] = []

    def make(**given: Any) -> ChatBedrock:
        defaults = {"model": MODEL, "region_name": "us-east-1", "endpoint_url": bedrock.url, "max_retries": 0}
        made.append(ChatBedrock(**{**defaults, **KEYS, **given}))
        return made[-1]

    yield make
    for model in made:
        model.bedrock.close()


@pytest.fixture
def model(make_model: MakeModel) -> ChatBedrock:
    """A model that calls the scripted Bedrock."""
    return make_model()


@pytest.fixture
def conversation(model: ChatBedrock, bedrock: ScriptedBedrock) -> Conversation:
    """Shows what messages become on the wire."""
    return Conversation(model, bedrock)
