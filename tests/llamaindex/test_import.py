"""Importing the adapter: what it loads, and what it says when LlamaIndex is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap


def run(code: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter with this one's path."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_importing_and_constructing_loads_no_aws_library() -> None:
    done = run(
        """
        import llama_index.core.llms, sys
        before = set(sys.modules)
        from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding
        BedrockConverse(model="amazon.nova-lite-v1:0", region_name="us-east-1")
        BedrockEmbedding(region_name="us-east-1")
        loaded = {name.split(".")[0] for name in set(sys.modules) - before}
        print(sorted(loaded & {"boto3", "botocore", "aiohttp", "urllib3"}))
        """
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_without_llamaindex_the_install_line_is_named() -> None:
    done = run(
        """
        import sys
        sys.modules["llama_index"] = None
        sys.modules["llama_index.core"] = None
        import llamaindex_bedrock_unified
        """
    )
    assert done.returncode == 1
    assert "ImportError" in done.stderr
    assert 'pip install "bedrock-unified[llamaindex]"' in done.stderr


def test_another_missing_module_is_not_blamed_on_llamaindex() -> None:
    done = run(
        """
        import sys
        sys.modules["pydantic"] = None
        from llamaindex_bedrock_unified import BedrockConverse
        """
    )
    assert done.returncode == 1
    assert "pip install" not in done.stderr
