"""What OneLLM needs or lacks, and this package does (OL-02, OL-31)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import BaseModel

from langchain_bedrock_unified import ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse

from .conftest import KEYS, Account

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


class Departure(BaseModel):
    """When a ship leaves."""

    harbour: str
    hour: int


@pytest.mark.parametrize(
    ("missing", "package", "extra"),
    [
        ("langchain_core", "langchain_bedrock_unified", "langchain"),
        ("llama_index.core", "llamaindex_bedrock_unified", "llamaindex"),
    ],
)
def test_ol_02_without_an_extra_the_core_works_and_the_adapter_says_what_to_install(
    missing: str, package: str, extra: str
) -> None:
    code = (
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        f"util.find_spec = lambda name, *more: None if name == {missing!r} else find(name, *more)\n"
        "from bedrock_unified import BedrockClient\n"
        "print(BedrockClient(region_name='us-east-1').region)\n"
        f"try:\n    import {package}\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    region, *told = done.stdout.strip().splitlines()
    assert region == "us-east-1"
    assert f'pip install "bedrock-unified[{extra}]"' in " ".join(told)


def test_ol_31_an_answer_in_json_is_asked_for_and_read(account: Account) -> None:
    text = "The ferry leaves the harbour Vell at hour 9."
    connection = {"model": CLAUDE, "endpoint_url": account.endpoint.url, **KEYS}
    expected = Departure(harbour="Vell", hour=9)
    for method in ("json_schema", "function_calling", "json_mode"):
        model = ChatBedrock(**connection).with_structured_output(Departure, method=method)
        assert model.invoke(f"{text} Answer in JSON with harbour and hour.") == expected
    assert BedrockConverse(**connection).as_structured_llm(Departure).complete(text).raw == expected
