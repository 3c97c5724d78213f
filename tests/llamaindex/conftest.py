"""What the tests of the LlamaIndex adapter start from: a scripted Bedrock, and models that call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

from .scripted import ScriptedBedrock

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
KEYS = {
    "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


async def every_way(llm: BedrockConverse, method: str = "chat", *args: Any, **given: Any) -> list[Any]:
    """The (last) response of a method in its four forms."""
    last = [getattr(llm, method)(*args, **given), await getattr(llm, f"a{method}")(*args, **given)]
    *_, streamed = getattr(llm, f"stream_{method}")(*args, **given)
    items = [item async for item in await getattr(llm, f"astream_{method}")(*args, **given)]
    await llm.bedrock.aclose()
    return [*last, streamed, items[-1]]


@pytest.fixture
def bedrock() -> Iterator[ScriptedBedrock]:
    """A Bedrock that says "Good day." until it is given another script."""
    with ScriptedBedrock() as running:
        yield running


@pytest.fixture
def make_llm(bedrock: ScriptedBedrock) -> Iterator[Callable[..., BedrockConverse]]:
    """Makes models that call the scripted Bedrock."""
    made: list[BedrockConverse] = []

    def make(**keywords: Any) -> BedrockConverse:
        given = {"model": MODEL, "region_name": "us-east-1", "endpoint_url": bedrock.url, **KEYS, **keywords}
        made.append(BedrockConverse(**given))
        return made[-1]

    yield make
    for model in made:
        model.bedrock.close()


@pytest.fixture
def llm(make_llm: Callable[..., BedrockConverse]) -> BedrockConverse:
    """A model that calls the scripted Bedrock."""
    return make_llm()


@pytest.fixture
def embedding(bedrock: ScriptedBedrock) -> Iterator[BedrockEmbedding]:
    """An embedding model that calls the scripted Bedrock."""
    model = BedrockEmbedding(region_name="us-east-1", endpoint_url=bedrock.url, dimensions=256, **KEYS)
    yield model
    model.bedrock.close()
