"""Processes of a run: the endpoint on one core, the system under test on another, ended by its handle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import HOW, interpreter, root, variables
from systems import SYSTEMS

FOLDER = Path(__file__).parent
WORKER_SECONDS = 150.0
SERVER_SECONDS = 900.0


class NotMeasured(Exception):
    """Why there is no number."""


@dataclass(frozen=True)
class Sample:
    """The numbers of one process."""

    numbers: Mapping[str, float]
    versions: Mapping[str, str]


def share_cores() -> int | None:
    """Keep this process and its children on one core, and return another for the endpoint, where possible."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    os.sched_setaffinity(0, {cores[-1]})
    return cores[0]


def allow_many_files() -> None:
    """Let the endpoint hold its side of a thousand connections; the systems keep the limit they find."""
    try:
        import resource
    except ImportError:  # not a POSIX system
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def endpoint(core: int | None) -> Iterator[str]:
    """The fast endpoint; gives its origin, ``http://127.0.0.1:PORT``."""
    command = [sys.executable, str(FOLDER / "server.py"), "--seconds", str(SERVER_SECONDS)]
    if core is not None:
        command += ["--cpu", str(core)]
    with subprocess.Popen(
        command,
        env=variables("ours"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=allow_many_files if os.name == "posix" else None,
    ) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError("the endpoint of the benchmarks did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def url(origin: str, parameters: Mapping[str, Any]) -> str:
    """The endpoint URL that asks for answers of this manner; the endpoint picks the words that it knows."""
    words = [f"{name}-{value}" for name, value in parameters.items() if isinstance(value, int)]
    return f"{origin}/{'.'.join(words) or 'plain'}"


def measure(name: str, system: str, origin: str, parameters: Mapping[str, Any]) -> Sample:
    """Run one measure of one system in a process of its own.

    Raises:
        NotMeasured: its environment is missing, or it failed; with the reason.
    """
    target = url(origin, parameters)
    if name == "cold":
        return _cold(system, target)
    environment = "ours" if name == "imports" else SYSTEMS[system].environment
    output = _run(environment, "measures.py", name, system, target, json.dumps(parameters))
    try:
        told = json.loads(output)
    except ValueError:
        raise NotMeasured(f"its process printed {output!r:.80}") from None
    return Sample(told["numbers"], told["versions"])


def _cold(system: str, endpoint_url: str) -> Sample:
    cpu, began = _cpu_of_children(), time.perf_counter()
    output = _run(SYSTEMS[system].environment, "cold.py", system, endpoint_url)
    if output.strip() != "answered":
        raise NotMeasured(f"its process printed {output!r:.80}")
    wall = time.perf_counter() - began
    return Sample({"ms": wall * 1e3, "cpu_ms": (_cpu_of_children() - cpu) * 1e3}, {})


def _cpu_of_children() -> float:
    """Seconds of CPU of all child processes that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


def _run(environment: str, script: str, *arguments: str) -> str:
    python = interpreter(environment)
    if python is None:
        raise NotMeasured(f"no environment {root() / environment}; make it with: {HOW}")
    command = [str(python), str(FOLDER / script), *arguments]
    try:
        done = subprocess.run(
            command,
            env=variables(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WORKER_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"it took more than {WORKER_SECONDS:.0f} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise NotMeasured(f"it failed: {lines[-1]:.160}")
    return done.stdout
