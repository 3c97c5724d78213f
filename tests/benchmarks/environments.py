"""The Python environments of the systems: their distributions do not all agree on one botocore."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
_MADE = "bedrock-bench.txt"
#: What each environment holds. ``aiobotocore`` pins botocore below what boto3 and langchain-aws want.
REQUIREMENTS = {
    "main": (
        f"{CLONE}[langchain,llamaindex]",  # for what it needs; ours itself is measured from the clone
        "boto3>=1.44",
        "langchain>=1.3",
        "langchain-aws>=1.9.1",
        "llama-index-embeddings-bedrock>=0.9",
        "llama-index-llms-bedrock-converse>=0.15.5",
        "llama-index-postprocessor-bedrock-rerank>=0.7",
        "pytest>=9.0.3",
        "pytest-asyncio>=1.3",
    ),
    "aiobc": ("aiobotocore>=3.10",),
}
HOW = "python tests/benchmarks/run.py --setup"


def root() -> Path:
    """Where the environments are: ``$BEDROCK_BENCH_VENVS``, else ``~/.cache/bedrock-bench``."""
    return Path(os.environ.get("BEDROCK_BENCH_VENVS") or "~/.cache/bedrock-bench").expanduser()


def interpreter(environment: str) -> Path | None:
    """The environment's Python; None where it was not made.

    Ours runs beside the others, in ``main``: with the same packages, and without the test tools of the
    driver's environment, for which every start of a process pays. Where :func:`setup` has not made ``main``
    as it is asked for here, it runs in the driver's.
    """
    if environment == "ours":
        return (interpreter("main") if _is_made("main") else None) or Path(sys.executable)
    for place in ("bin/python", "Scripts/python.exe"):
        if (python := root() / environment / place).exists():
            return python
    return None


def setup() -> None:
    """Make the environments that are missing, and bring the others up to date."""
    for environment, requirements in REQUIREMENTS.items():
        folder = root() / environment
        print(f"{folder}: {' '.join(requirements)}", flush=True)
        if interpreter(environment) is None or not _is_made(environment):
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        python = interpreter(environment)
        command = [str(python), "-m", "pip", "install", "--quiet", "--upgrade", *requirements]
        subprocess.run(command, check=True)
        (folder / _MADE).write_text(_asked_for(environment))


def _asked_for(environment: str) -> str:
    return f"Python {platform.python_version()}\n" + "\n".join(REQUIREMENTS[environment])


def _is_made(environment: str) -> bool:
    """Whether the environment holds what is asked for here, on the Python that asks."""
    made = root() / environment / _MADE
    return made.exists() and made.read_text() == _asked_for(environment)


def variables(environment: str) -> dict[str, str]:
    """The environment variables of a process: example keys, no proxy or tracing, no AWS files of anybody."""
    kept = ("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG", "LC_ALL")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    found.update(
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        AWS_REGION="us-east-1",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_CONFIG_FILE=os.devnull + "-none",
        AWS_SHARED_CREDENTIALS_FILE=os.devnull + "-none",
        AWS_EC2_METADATA_DISABLED="true",
        LANGSMITH_TRACING="false",
        NO_PROXY="*",
        PYTHONWARNINGS="ignore",
    )
    if environment == "ours":  # the clone itself, whatever else is installed
        found["PYTHONPATH"] = os.pathsep.join([str(CLONE / "shared"), str(CLONE)])
    return found
