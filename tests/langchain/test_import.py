"""Importing the adapter loads nothing heavy, and says what to install where something is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("boto3", "botocore", "aiohttp", "numpy")


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["ChatBedrock", "ChatBedrockConverse", "BedrockEmbeddings", "BedrockRerank"])
def test_nothing_heavy_is_loaded(name: str) -> None:
    code = f"import sys; from langchain_bedrock_unified import {name}; "
    assert run(code + f"print([m for m in {HEAVY!r} if m in sys.modules])") == "[]"


def test_making_a_model_loads_nothing_heavy() -> None:
    code = (
        "import sys; from langchain_bedrock_unified import ChatBedrock; "
        "ChatBedrock(model='amazon.nova-lite-v1:0', api_key='k', region_name='us-east-1'); "
    )
    assert run(code + f"print([m for m in {HEAVY!r} if m in sys.modules])") == "[]"


def test_without_langchain_core_the_install_line_is_named() -> None:
    code = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'langchain_core' else find(name, *a)\n"
        "try:\n    import langchain_bedrock_unified\n"
        "except ImportError as error:\n    print(error)\n"
    )
    assert run(code).endswith('pip install "bedrock-unified[langchain]"')


def test_public_names() -> None:
    import langchain_bedrock_unified as package

    assert set(dir(package)) == set(package.__all__)
    assert all(getattr(package, name) for name in package.__all__)
    with pytest.raises(AttributeError, match="ChatBedrok"):
        _ = package.ChatBedrok


def test_a_langchain_core_that_is_too_old_is_named() -> None:
    code = (
        "import langchain_core.exceptions as e; del e.ModelError\n"
        "try:\n    from langchain_bedrock_unified import ChatBedrock\n"
        "except ImportError as error:\n    print(error); print(type(error.__cause__).__name__)\n"
    )
    told = run(code)
    assert "cannot be imported: " in told and "ModelError" in told and "; langchain-core is 1." in told
    assert told.splitlines()[0].endswith('pip install -U "bedrock-unified[langchain]"')
    assert told.endswith("AttributeError")
