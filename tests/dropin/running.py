"""The programs of langchain-aws's documentation, run with its import and with ours on local endpoints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock_unified.local import LocalBedrock, ServedRequest

from ..benchmarks.environments import interpreter

HERE = Path(__file__).parent
PROGRAMS = {path.stem: path for path in sorted((HERE / "programs").glob("*.py"))}
INCUMBENT, OURS = "langchain_aws", "langchain_bedrock_unified"
#: The account that every program finds: one application inference profile, which is Claude 3.7.
PROFILES = {"abcdefghijkl": "anthropic.claude-3-7-sonnet-20250219-v1:0"}
_PROBE = f"""import sys, importlib.util
sys.exit(any(importlib.util.find_spec(name) is None for name in ({INCUMBENT!r}, "langchain")))"""
_CLONE = HERE.parents[1]
_KEPT = ("PATH", "HOME", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG", "LC_ALL")


@dataclass
class Outcome:
    """What one program did: the lines it printed, the traceback that ended it, what it asked Bedrock."""

    printed: list[str]
    error: str | None
    requests: list[ServedRequest]


def incumbent_python() -> str | None:
    """An interpreter that has langchain-aws and langchain; None where there is none.

    It is the benchmarks' environment (``python tests/benchmarks/run.py --setup``), or this one.
    """
    made = interpreter("main")
    for python in [*([] if made is None else [str(made)]), sys.executable]:
        if subprocess.run([python, "-c", _PROBE], check=False).returncode == 0:
            return python
    return None


def run_all(python: str, package: str, names: Iterable[str] = tuple(PROGRAMS)) -> dict[str, Outcome]:
    """Run programs with their imports from ``package``, each against an endpoint of its own."""
    with ExitStack() as stack:
        endpoints: dict[str, LocalBedrock] = {}
        for name in names:
            script = PROGRAMS[name].with_suffix(".json")
            endpoint = LocalBedrock(script=script if script.exists() else None, application_profiles=PROFILES)
            endpoints[name] = stack.enter_context(endpoint)
        programs = [
            {"name": name, "code": _code(name, package), "environment": _where(endpoint)}
            for name, endpoint in endpoints.items()
        ]
        done = subprocess.run(
            [python, "-W", "ignore", str(HERE / "runner.py")],
            input=json.dumps(programs),
            env=environment(ours=package == OURS),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outcomes: dict[str, Any] = json.loads(done.stdout)
        return {
            name: Outcome(found["printed"].splitlines(), found["error"], endpoints[name].requests)
            for name, found in outcomes.items()
        }


def environment(*, ours: bool) -> dict[str, str]:
    """The variables of a process that knows no other AWS account and no tracing."""
    found = {name: os.environ[name] for name in _KEPT if name in os.environ}
    found |= {
        "AWS_CONFIG_FILE": os.devnull + "-none",
        "AWS_SHARED_CREDENTIALS_FILE": str(HERE / "credentials.ini"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "LANGSMITH_TRACING": "false",
        "NO_PROXY": "*",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if ours:  # the clone itself, whatever else is installed
        found["PYTHONPATH"] = os.pathsep.join([str(_CLONE / "shared"), str(_CLONE)])
    return found


def _where(endpoint: LocalBedrock) -> dict[str, str]:
    """Where to find an endpoint; the keys are in a file: langchain-aws is slow to begin with those here."""
    return {name: value for name, value in endpoint.environment().items() if "_KEY" not in name}


def _code(name: str, package: str) -> str:
    """The program with the one change that its author makes: the import line."""
    return PROGRAMS[name].read_text(encoding="utf-8").replace(f"from {INCUMBENT}", f"from {package}")
