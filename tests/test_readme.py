"""The README shows what runs: its Python examples are run, in order, on the local endpoint."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bedrock_unified import LocalBedrock

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^### (.+?)$.*?```python\n(.*?)```|^## (The local endpoint)$.*?```python\n(.*?)```", README, re.M | re.S
)
EXPECTED = {
    "LangChain": ["at nine", "'a': 6", "'b': 7", "input_tokens"],
    "LlamaIndex": ["nine in the evening", "Tea is ready at four. Tea is ready at four."],
    "Beyond a question and an answer": ["'reasoning', 'text'", "harbour='Vell' hour=9", "relevance_score"],
    "The core": ["at four", "end_turn", "100", "inferenceConfig.temperature is 3"],
    "Which models there are": ["eu.anthropic.claude-3-7-sonnet-20250219-v1:0", "account ()"],
    "The local endpoint": ["inputTokens", "CountTokens"],
}
NAMED = [(title or other, code or last) for title, code, other, last in EXAMPLES]


@pytest.mark.parametrize(("title", "code"), NAMED, ids=[title for title, _ in NAMED])
def test_an_example_of_the_readme_runs_as_it_stands(title, code, tmp_path):
    with LocalBedrock() as endpoint:
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env |= endpoint.environment() | {"HOME": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-c", code],
            env=env,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    for text in EXPECTED[title]:
        assert text in done.stdout


def test_the_examples_are_found():
    assert [title for title, _ in NAMED] == [*EXPECTED]


def test_every_public_error_is_in_the_readmes_table():
    from bedrock_unified import errors

    table = README[README.index("## Errors") : README.index("## The local endpoint")]
    for name in errors.__all__:
        assert f"`{name}`" in table


def test_every_parameter_is_in_the_settings():
    from bedrock_unified.embedding.parameters import EmbeddingParameters
    from bedrock_unified.parameters import ConverseParameters
    from bedrock_unified.rerank_parameters import RerankParameters

    settings = README[README.index("## Settings") : README.index("## Errors")]
    for kind in (ConverseParameters, EmbeddingParameters, RerankParameters):
        missing = [name for name in kind.model_fields if f"`{name}`" not in settings and name != "model_id"]
        assert missing == [], kind
