"""Importing the package is cheap: what is heavy is loaded when it is first needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bedrock_unified

HEAVY = ("aiohttp", "asyncio", "boto3", "botocore", "numpy", "pydantic", "ssl", "urllib3")


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running this code."""
    environment = {**os.environ, "PYTHONPATH": str(Path(bedrock_unified.__file__).parents[1])}
    environment.pop("COVERAGE_PROCESS_START", None)
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_the_interpreter_itself_loads_nothing_heavy() -> None:
    assert not loaded_by("pass") & set(HEAVY)


def test_the_import_loads_nothing_heavy() -> None:
    loaded = loaded_by("import bedrock_unified")
    assert "bedrock_unified" in loaded
    assert not loaded & set(HEAVY)


def test_a_client_with_explicit_keys_is_made_without_aws_libraries() -> None:
    loaded = loaded_by(
        "from bedrock_unified import BedrockClient\n"
        "BedrockClient(aws_access_key_id='AKIAIOSFODNN7EXAMPLE', aws_secret_access_key='secret')"
    )
    assert "bedrock_unified.client" in loaded
    assert not loaded & {"aiohttp", "boto3", "botocore", "numpy", "pydantic"}


@pytest.mark.parametrize("name", bedrock_unified.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(bedrock_unified, name) is not None
    assert name in dir(bedrock_unified)


@pytest.mark.parametrize("name", ["credentials", "errors", "iam", "local", "media"])
def test_a_module_for_users_is_reached_by_its_name(name: str) -> None:
    assert f"bedrock_unified.{name}" in loaded_by(f"import bedrock_unified; bedrock_unified.{name}")


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'BedrockKlient'"):
        bedrock_unified.BedrockKlient  # noqa: B018
