"""Options and the one fixture of the cassette tests.

``pytest tests/cassette`` replays. ``--cassettes=rewrite`` records anew from the local endpoint, and with
``--against=aws`` from AWS, with the identity that the AWS chain finds. (The options have names of their own,
because pytest-recording, where it is installed, owns ``--record-mode``.)
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from vcr.stubs import VCRConnection

from bedrock_unified.wire import retry

from .isolation import empty_environment, one_thread_at_a_time, refuse_network
from .public import is_asynchronous, owner, watch
from .recording import GUARDRAIL_VARIABLE, Mode, Recording, recorded, replayed
from .tape import FOLDER, FROM_LOCAL, Label, Source, cassette_path, load

_PASSED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which way the cassettes are used."""
    group = parser.getgroup("cassettes")
    group.addoption(
        "--cassettes", choices=("none", "rewrite"), default="none", help="replay (none) or record (rewrite)"
    )
    group.addoption("--against", choices=("local", "aws"), default="local", help="what to record from")
    group.addoption("--cassettes-in", default=str(FOLDER), help="folder of the cassettes")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "cassette(*covers, replies=(), unordered=False, only_local=False, needs_guardrail=False): the public "
        "methods that the test's cassette exercises, and what the endpoint answers while it is recorded",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Remember whether the test itself passed: only then its cassette is written or checked further."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def recording(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Recording]:
    """The test's cassette: replayed without network and credentials, or recorded anew."""
    marker = request.node.get_closest_marker("cassette")
    assert marker is not None, "a test that uses `recording` says which methods its cassette covers"
    option = request.config.getoption
    # The defaults: where pytest was started above this folder, its options are not known to the command line.
    mode = cast(Mode, option("--cassettes", "none"))
    against = cast(Source, option("--against", "local"))
    path = cassette_path(
        Path(str(option("--cassettes-in", str(FOLDER)))), request.path.stem, request.node.name
    )
    covers: tuple[str, ...] = marker.args
    unordered: bool = marker.kwargs.get("unordered", False)
    monkeypatch.setattr(retry.random, "uniform", lambda low, high: 0.001)
    one_thread_at_a_time(monkeypatch)
    sent = _count_urllib3(monkeypatch)
    if mode == "none":
        empty_environment(monkeypatch, tmp_path)
        refuse_network(monkeypatch)
        assert path.exists(), f"no cassette for this test; record it with --cassettes=rewrite ({path.name})"
        source: Source = "local" if load(path)["recorded_from"] == FROM_LOCAL else "aws"
        opened = replayed(path, Label(source, covers), unordered=unordered)
    else:
        _skip_what_aws_cannot(marker, against)
        if against == "local":
            empty_environment(monkeypatch, tmp_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        replies = marker.kwargs.get("replies", ())
        opened = recorded(path, Label(against, covers), replies=replies, unordered=unordered)
    calls = watch(monkeypatch, covers)
    with opened as playing:
        yield playing
        if request.node.stash.get(_PASSED, False):
            assert all(calls[name] for name in covers), f"not called: {set(covers) - set(calls)}"
            _check_transport(covers, sent["urllib3"], len(playing.tape))
            if playing.source == "local":
                playing.check_script(marker.kwargs.get("replies", ()))
            if mode == "none":
                assert playing.tape.all_played, "the cassette holds more than the test asks for"
            playing.complete = True
    if playing.complete:
        assert load(path)["covers"] == list(covers), (
            "the cassette says it covers something else: record it anew"
        )


def _skip_what_aws_cannot(marker: pytest.Mark, against: Source) -> None:
    if against != "aws":
        return
    if marker.kwargs.get("only_local"):
        pytest.skip("AWS cannot be asked for this answer; the local recording stays")
    if marker.kwargs.get("needs_guardrail") and not os.environ.get(GUARDRAIL_VARIABLE):
        pytest.skip(f"{GUARDRAIL_VARIABLE} names no guardrail of the account; the local recording stays")


def _count_urllib3(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the answers that vcrpy gives to urllib3; all others go to aiohttp."""
    sent: Counter[str] = Counter()
    original = VCRConnection.getresponse

    def counted(self: VCRConnection, *args: Any, **kwargs: Any) -> Any:
        sent["urllib3"] += 1
        return original(self, *args, **kwargs)

    monkeypatch.setattr(VCRConnection, "getresponse", counted)
    return sent


def _check_transport(covers: tuple[str, ...], by_urllib3: int, all_sent: int) -> None:
    """Asynchronous methods go through aiohttp, the others through urllib3, and each sends something."""
    assert all_sent, "nothing was sent"
    kinds = {
        is_asynchronous(owner(cls), method) for cls, _, method in (name.partition(".") for name in covers)
    }
    assert len(kinds) == 1, "a cassette covers synchronous methods or asynchronous ones, not both"
    assert by_urllib3 == (0 if kinds == {True} else all_sent), (
        f"{by_urllib3} of {all_sent} went through urllib3"
    )
