"""What OneLLM's document calls limits (OL-30 to OL-33), at the command: files, audio and video go along, and
what a model has is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..cli.conftest import Run
from ..cli.conftest import run as run
from .configured import at_home as at_home
from .conftest import Account

NOVA = "amazon.nova-lite-v1:0"


@pytest.fixture(autouse=True)
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder for what the command keeps; said behind the fixtures that empty the environment."""
    if "at_home" in request.fixturenames:
        request.getfixturevalue("at_home")
    monkeypatch.setenv("BEDROCK_UNIFIED_HOME", str(tmp_path / "settings"))


def sent(account: Account) -> list[dict]:
    return account.last.body["messages"][-1]["content"]


def test_ol_30_a_file_is_sent_in_base64_and_one_in_s3_by_its_name(
    at_home: Account, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.4\n")
    run("chat", "-m", NOVA, "-f", str(tmp_path / "report.pdf"), "Sum it up.", code=None)
    assert sent(at_home)[0]["document"]["source"] == {"bytes": b"%PDF-1.4\n"}
    run("chat", "-m", NOVA, "-f", "s3://bucket/report.pdf", "Sum it up.", code=None)
    assert sent(at_home)[0]["document"]["source"] == {"s3Location": {"uri": "s3://bucket/report.pdf"}}


def test_ol_30_what_cannot_be_uploaded_is_told(at_home: Account, run: Run, tmp_path: Path) -> None:
    (tmp_path / "program.bin").write_bytes(b"\0\1\2")
    refused = run("chat", "-m", NOVA, "-f", str(tmp_path / "program.bin"), "Run it.", code=2)
    assert "nothing that Bedrock reads" in refused.err and "pdf" in refused.err
    assert at_home.served == []


@pytest.mark.parametrize(
    ("name", "data", "member"),
    [
        ("voice.wav", b"RIFF\x24\0\0\0WAVEfmt ", "audio"),
        ("film.mp4", b"\0\0\0\x20ftypisom\0\0\0\0", "video"),
    ],
)
def test_ol_32_audio_and_video_go_along(
    at_home: Account, run: Run, tmp_path: Path, name: str, data: bytes, member: str
) -> None:
    (tmp_path / name).write_bytes(data)
    run("chat", "-m", NOVA, "-f", str(tmp_path / name), "What is it?", code=None)
    assert member in sent(at_home)[0]


def test_ol_33_what_a_model_has_is_shown(run: Run) -> None:
    haiku = run("models", "show", "claude-3-haiku", "--json").json["capabilities"]
    jurassic = run("models", "show", "jurassic-2-ultra", "--json").json["capabilities"]
    assert (haiku["tools"], haiku["streaming"]) == (True, True)
    assert (jurassic["tools"], jurassic["streaming"]) == (False, False)
