"""Prints how much of the kit this package and LlamaIndex's own Bedrock packages pass.

    python tests/llamaindex/conformance/score.py [--failures]

The others run in the benchmarks' environment (``python tests/benchmarks/run.py --setup``), which needs
pytest, pytest-asyncio and the three packages; what is missing is said.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
CLONE = HERE.parents[2]
NEEDED = (
    "pytest",
    "pytest-asyncio",
    "llama-index-llms-bedrock-converse",
    "llama-index-embeddings-bedrock",
    "llama-index-postprocessor-bedrock-rerank",
)
_MODULES = (
    "pytest",
    "pytest_asyncio",
    "llama_index.llms.bedrock_converse",
    "llama_index.embeddings.bedrock",
    "llama_index.postprocessor.bedrock_rerank",
)


def results(python: str, module: str) -> list[tuple[str, str, bool]]:
    """Class, test and whether it passed, of the kit run on the classes of a module."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [python, "-W", "ignore", "-m", "pytest", str(HERE / f"{module}.py"), "-q", "--noconftest"]
        command += ["-p", "no:cacheprovider", "-o", "filterwarnings=ignore", f"--junitxml={report}"]
        path = os.pathsep.join([str(CLONE / "shared"), str(CLONE)])
        done = subprocess.run(
            command,
            cwd=CLONE,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.exists():
            raise SystemExit(done.stdout + done.stderr)
        cases = ElementTree.parse(report).iter("testcase")
        return [(case.get("classname", ""), case.get("name", ""), len(case) == 0) for case in cases]


def summary(found: list[tuple[str, str, bool]]) -> list[str]:
    """``class passed/all`` a line."""
    every, passed = Counter[str](), Counter[str]()
    for where, _, good in found:
        name = where.rpartition(".")[2].removeprefix("Test")
        every[name] += 1
        passed[name] += good
    return [f"  {name:28} {passed[name]:4} of {every[name]}" for name in every]


def main() -> None:
    """Run both, print both."""
    sys.path.insert(0, str(CLONE))
    from tests.benchmarks.environments import HOW, interpreter

    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--failures", action="store_true", help="name the tests that fail")
    wanted = arguments.parse_args()
    other = interpreter("main")
    print("this package", flush=True)
    runs = [(sys.executable, "test_ours")]
    if other is None:
        print(f"the others are not here; `{HOW}` makes their environment", file=sys.stderr)
    else:
        probe = subprocess.run(
            [str(other), "-c", f"import {', '.join(_MODULES)}"], capture_output=True, check=False
        )
        if probe.returncode:
            print(f"{other} -m pip install {' '.join(NEEDED)}  # makes the others complete", file=sys.stderr)
        else:
            runs.append((str(other), "incumbents"))
    for python, module in runs:
        if module == "incumbents":
            print("LlamaIndex's own packages", flush=True)
        found = results(python, module)
        print("\n".join(summary(found)))
        if wanted.failures:
            print(
                "\n".join(f"    {where.rpartition('.')[2]}.{name}" for where, name, good in found if not good)
            )


if __name__ == "__main__":
    main()
