"""Programs of other packages' documentation, run with their imports and with ours on local endpoints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock_unified.local import LocalBedrock, ServedRequest

from ..benchmarks.environments import interpreter

HERE = Path(__file__).parent
#: The account that every program finds: one application inference profile, which is Claude 3.7.
PROFILES = {"abcdefghijkl": "anthropic.claude-3-7-sonnet-20250219-v1:0"}
#: Fails where one of the modules is not there.
_PROBE = """import sys, importlib.util
sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))"""
_CLONE = HERE.parents[1]
_KEPT = ("PATH", "HOME", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG", "LC_ALL")


@dataclass(frozen=True)
class Suite:
    """Programs, and the one change that their author makes.

    Attributes:
        folder: where the programs are, ``name.py``, each with its script in ``name.json`` or without one.
        imports: module of another package → ours that takes its place.
        needs: modules that the other package's environment must have.
    """

    folder: Path
    imports: Mapping[str, str]
    needs: tuple[str, ...]

    @property
    def programs(self) -> dict[str, Path]:
        """The programs by name."""
        return {path.stem: path for path in sorted(self.folder.glob("*.py"))}

    def code(self, name: str, *, ours: bool) -> str:
        """A program with its own import lines, or with ours."""
        text = self.programs[name].read_text(encoding="utf-8")
        for theirs, module in self.imports.items() if ours else ():
            text = text.replace(f"from {theirs}", f"from {module}")
        return text


LANGCHAIN = Suite(
    folder=HERE / "programs",
    imports={"langchain_aws": "langchain_bedrock_unified"},
    needs=("langchain_aws", "langchain"),
)
PROGRAMS = LANGCHAIN.programs


@dataclass
class Outcome:
    """What one program did: the lines it printed, the traceback that ended it, what it asked Bedrock."""

    printed: list[str]
    error: str | None
    requests: list[ServedRequest]


def incumbent_python(suite: Suite) -> str | None:
    """An interpreter that has what the programs need with their own imports; None where there is none.

    It is the benchmarks' environment (``python tests/benchmarks/run.py --setup``), or this one.
    """
    made = interpreter("main")
    for python in [*([] if made is None else [str(made)]), sys.executable]:
        if subprocess.run([python, "-c", _PROBE, *suite.needs], check=False).returncode == 0:
            return python
    return None


def run_all(python: str, suite: Suite, *, ours: bool) -> dict[str, Outcome]:
    """Run the programs with their own imports or with ours, each against an endpoint of its own."""
    with ExitStack() as stack:
        endpoints: dict[str, LocalBedrock] = {}
        for name, path in suite.programs.items():
            script = path.with_suffix(".json")
            endpoint = LocalBedrock(script=script if script.exists() else None, application_profiles=PROFILES)
            endpoints[name] = stack.enter_context(endpoint)
        programs = [
            {"name": name, "code": suite.code(name, ours=ours), "environment": _where(endpoint)}
            for name, endpoint in endpoints.items()
        ]
        done = subprocess.run(
            [python, "-W", "ignore", str(HERE / "runner.py")],
            input=json.dumps(programs),
            env=environment(ours=ours),
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
