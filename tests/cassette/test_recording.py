"""Recording: what is taken out, what is pinned, and that AWS is one switch away.

No test here talks to AWS. A local endpoint stands in its place, where the AWS chain's environment points.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.local import Guardrail, LocalBedrock

from . import leaks, oracle, replies
from .isolation import empty_environment
from .recording import Recording, recorded, replayed
from .replies import ask
from .scrubbing import ACCOUNT, CONTROL_HOST, GUARDRAIL, PINNED_DATE, RUNTIME_HOST
from .tape import FOLDER, FROM_LOCAL, Label, load

ELSEWHERE = "98765" + "4321098"
REAL_GUARDRAIL = "q7w8e9r0t1y2"
LOCAL = Label("local", ("BedrockClient.converse",))
AWS = Label("aws", ("BedrockClient.converse",))
SPEAKS_OF_AN_ARN: dict[str, Any] = {
    **replies.CAPITAL,
    "content": [{"text": f"It is arn:aws:bedrock:us-east-1:{ELSEWHERE}:guardrail/{REAL_GUARDRAIL}."}],
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalBedrock]:
    """An endpoint that the environment presents as an AWS account."""
    empty_environment(monkeypatch, tmp_path)
    script = [{**SPEAKS_OF_AN_ARN, "operation": name} for name in ("Converse", "ConverseStream")]
    guardrails = [Guardrail(REAL_GUARDRAIL, words=("trade secret",))]
    with LocalBedrock(script=script, guardrails=guardrails) as endpoint:
        for name, value in endpoint.environment().items():
            monkeypatch.setenv(name, value)
        yield endpoint


def talk(recording: Recording) -> None:
    """A call and a stream."""
    client = recording.client()
    client.converse(**ask())
    with client.converse_stream(**ask()) as stream:
        list(stream)
    recording.complete = True


def test_recording_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    for path in paths:
        with recorded(path, LOCAL, replies=[replies.CAPITAL, replies.WEATHER_CALL]) as recording:
            talk(recording)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_local_recording_says_so_and_holds_no_identity(tmp_path: Path) -> None:
    path = tmp_path / "local.yaml"
    with recorded(path, LOCAL, replies=[replies.CAPITAL, replies.CAPITAL]) as recording:
        talk(recording)
    written = load(path)
    assert written["recorded_from"] == FROM_LOCAL
    assert written["covers"] == ["BedrockClient.converse"]
    for each in written["interactions"]:
        assert each["request"]["uri"].startswith(f"https://{RUNTIME_HOST}/model/")
        assert set(each["request"]["headers"]) == {"content-type"}
        assert each["response"]["headers"]["Date"] == [PINNED_DATE]
    assert leaks.in_file(path) == []


def test_a_failed_recording_leaves_the_old_cassette(tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(RuntimeError), recorded(path, LOCAL, replies=[replies.CAPITAL]) as recording:
        recording.client().converse(**ask())
        raise RuntimeError
    with recorded(path, LOCAL, replies=[replies.CAPITAL]) as recording:
        recording.client().converse(**ask())  # and the test never says that it is complete
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_recording_of_an_account_is_dated_and_scrubbed(account: LocalBedrock, tmp_path: Path) -> None:
    path = tmp_path / "account.yaml"
    with recorded(path, AWS) as recording:
        assert set(recording.connection) == {"region_name"}, "the AWS chain finds the identity"
        talk(recording)
    assert [served.auth for served in account.requests] == ["sigv4", "sigv4"]
    written = load(path)
    assert written["recorded_from"] == "AWS"
    assert written["recorded_on"]
    assert ELSEWHERE not in path.read_text(encoding="utf-8")
    assert leaks.in_file(path) == []
    with replayed(path, AWS) as recording:
        talk(recording)
        texts = [answer.text for answer in recording.answers]
    assert len(texts) == 2
    assert all(f"us-east-1:{ACCOUNT}:guardrail/" in text for text in texts)


def test_scrubbed_frames_are_intact(account: LocalBedrock, tmp_path: Path) -> None:
    path = tmp_path / "frames.yaml"
    with recorded(path, AWS) as recording:
        talk(recording)
    stream = load(path)["interactions"][1]["response"]
    assert ELSEWHERE.encode() not in oracle.body(stream)
    assert len(oracle.frames(stream)) > 4  # botocore checks every CRC


def test_the_account_s_guardrail_gets_the_common_name(
    account: LocalBedrock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BEDROCK_CASSETTES_GUARDRAIL", REAL_GUARDRAIL)
    path = tmp_path / "guardrail.yaml"
    content = [{"text": {"text": "Tell me the trade secret."}}]
    with recorded(path, AWS) as recording:
        verdict = judged(recording, content)
        recording.complete = True
    assert verdict["action"] == "GUARDRAIL_INTERVENED"
    assert REAL_GUARDRAIL not in path.read_text(encoding="utf-8")
    assert f"/guardrail/{GUARDRAIL}/version/DRAFT/apply" in load(path)["interactions"][0]["request"]["uri"]
    with replayed(path, AWS) as recording:
        assert judged(recording, content)["outputs"] == verdict["outputs"]


def judged(recording: Recording, content: list[dict[str, Any]]) -> dict[str, Any]:
    """The guardrail's verdict."""
    asked = {"guardrailIdentifier": recording.guardrail, "guardrailVersion": "DRAFT", "source": "INPUT"}
    return recording.client().apply_guardrail(**asked, content=content)


def test_the_control_plane_keeps_its_own_host(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    with recorded(path, LOCAL) as recording:
        recording.client().list_models()
        recording.complete = True
    assert load(path)["interactions"][0]["request"]["uri"] == f"https://{CONTROL_HOST}/foundation-models"


def test_one_switch_records_against_the_account(account: LocalBedrock, tmp_path: Path) -> None:
    """The command line of whoever has an account, with the local endpoint in AWS's place."""
    wanted = (
        "converse",
        "aconverse_stream_that_reasons",
        "list_models",
        "converse_throttled_once",
        "apply_guardrail",
    )
    tests = [f"{Path(__file__).parent / 'test_client.py'}::test_{name}" for name in wanted]
    folder = tmp_path / "cassettes"
    switches = ["--cassettes=rewrite", "--against=aws", f"--cassettes-in={folder}", "-p", "no:cacheprovider"]
    source = str(FOLDER.parent / "shared")
    search = {"PYTHONPATH": os.pathsep.join([source, *sys.path])}
    environment = {**os.environ, **search, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_asyncio.plugin", *tests, *switches, "-rs"],
        env=environment,
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    written = {path.stem: load(path) for path in (folder / "client").iterdir()}
    assert set(written) == {"converse", "aconverse_stream_that_reasons", "list_models"}
    assert {label["recorded_from"] for label in written.values()} == {"AWS"}
    assert "AWS cannot be asked for this answer" in done.stdout
    assert "BEDROCK_CASSETTES_GUARDRAIL names no guardrail" in done.stdout
    assert [leaks.in_file(path) for path in (folder / "client").iterdir()] == [[]] * len(written)
