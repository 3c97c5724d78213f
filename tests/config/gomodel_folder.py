"""What the tests of GoModel's configuration begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.config.gomodel import read

HAIKU = "anthropic.claude-3-5-haiku-20241022-v1:0"
NOVA = "amazon.nova-lite-v1:0"
PROFILE_ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the repository's is found by a search."""
    monkeypatch.chdir(tmp_path)


def providers(source: Any = None, **env: str) -> dict[str, dict[str, Any]]:
    """The parameters of each provider."""
    return {name: dict(one.parameters) for name, one in read(source, env).providers.items()}


def of_type_bedrock(*names: str, **more: Any) -> dict[str, Any]:
    """A file with providers of these names."""
    return {"providers": {name: {"type": "bedrock", **more} for name in names}}


def dotenv(text: str) -> None:
    """Write the current folder's ``.env``."""
    Path(".env").write_text(text)
