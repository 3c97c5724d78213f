"""``bedrock-unified demo`` as a user runs it: in a process of its own, without AWS."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bedrock_unified.cli import main
from bedrock_unified.cli.demo import documents
from bedrock_unified.cli.demo.ledger import Ledger
from bedrock_unified.observing import CallRecord

STORY = """The lighthouse keeper

Maren Oduya has kept the lighthouse on Skerry Point since 1987. She repaints its tower every second spring.

The harbour

The harbour of Vell closes at nine in the evening. Its master is a retired pilot called Tomas Brandt.
"""
RECIPE = """Rye bread

Mix six hundred grams of rye flour with warm water. Let the dough rest for eleven hours in a cool place.
"""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command in a fresh process without any AWS setting."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(cwd)}
    command = [sys.executable, "-m", "bedrock_unified.cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's own files."""
    path = tmp_path_factory.mktemp("reader")
    (path / "story.txt").write_text(STORY)
    (path / "recipe.md").write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def shown(folder: Path) -> str:
    """The output of one whole run over the folder."""
    done = run("demo", ".", "--question", "When does the harbour of Vell close?", cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def part(shown: str, title: str) -> str:
    """The output of one of the four parts."""
    return next(text for text in shown.split("=== ") if text.startswith(title))


@pytest.mark.parametrize(
    ("title", "operation"),
    [
        ("LangChain: an LCEL chain", "ConverseStream"),
        ("LangChain: an agent", "Converse"),
        ("LlamaIndex: a query engine", "InvokeModel"),
        ("LlamaIndex: an agent", "Converse"),
    ],
)
def test_each_part_shows_operation_tokens_and_time(shown, title, operation):
    text = part(shown, title)
    assert re.search(rf"wire: {operation}\w* x\d+ .*, \d+ tokens in, \d+ out, \d+\.\d+ s", text)
    assert re.search(r"took \d+\.\d+ s", text)


def test_the_chain_streams_an_answer_from_the_files(shown):
    text = part(shown, "LangChain: an LCEL chain")
    assert "nine in the evening" in text
    assert int(re.search(r"\((\d+) pieces\)", text)[1]) > 2


def test_the_langchain_agent_calls_its_tool_and_uses_the_result(shown):
    text = part(shown, "LangChain: an agent")
    assert "calls search_files(" in text
    assert "nine in the evening" in text[text.index("says") :]


def test_the_query_engine_names_file_and_passage(shown):
    text = part(shown, "LlamaIndex: a query engine")
    assert "nine in the evening" in text
    assert "source: story.txt" in text
    assert "harbour of Vell" in text[text.index("passage:") :]


def test_the_llamaindex_agent_asks_the_query_engine(shown):
    text = part(shown, "LlamaIndex: an agent")
    assert "calls ask_files(" in text
    assert "nine in the evening" in text[text.index("says") :]


def test_another_question_finds_another_file(folder):
    done = run("demo", "story.txt", "recipe.md", "-q", "How long does the dough rest?", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "eleven hours" in part(done.stdout, "LlamaIndex: a query engine")
    assert "source: recipe.md" in done.stdout


def test_who_waits_at_a_terminal_sees_how_far_the_index_is(tmp_path):
    pty, termios = pytest.importorskip("pty", reason="terminals are POSIX's"), pytest.importorskip("termios")
    (tmp_path / "long.txt").write_text(STORY * 1200)
    command = [sys.executable, "-m", "bedrock_unified.cli", "demo", str(tmp_path)]
    terminal, its_end = pty.openpty()
    termios.tcsetwinsize(its_end, (24, 100))
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=its_end) as done:
        os.close(its_end)
        said = b""
        with contextlib.suppress(OSError):  # EIO is a terminal's end
            while piece := os.read(terminal, 1 << 16):
                said += piece
        assert done.stdout is not None
        assert b"source: " in done.stdout.read()
    os.close(terminal)
    assert done.returncode == 0
    assert re.search(rb"Generating embeddings: +100%", said)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence of a refused command."""
    assert main(["demo", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("bedrock-unified: ")
    assert said.count("\n") == 1
    return said


def test_a_wrong_path_is_named(tmp_path, capsys):
    assert "nowhere.txt does not exist" in refused(capsys, str(tmp_path / "nowhere.txt"))


def test_a_binary_file_is_named(tmp_path, capsys):
    path = tmp_path / "picture.txt"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    assert "picture.txt is not a UTF-8 text file" in refused(capsys, str(path))


def test_an_empty_file_is_named(tmp_path, capsys):
    path = tmp_path / "empty.txt"
    path.touch()
    assert "empty.txt is empty" in refused(capsys, str(path))


def test_an_empty_folder_is_named(tmp_path, capsys):
    assert "holds no text files" in refused(capsys, str(tmp_path))


def test_an_unreadable_file_is_named(tmp_path, capsys):
    path = tmp_path / "locked"
    path.symlink_to("locked-target")
    assert "does not exist" in refused(capsys, str(path))


def test_a_name_that_is_too_long_is_named(capsys):
    assert "x cannot be read: " in refused(capsys, "x" * 300)


def test_of_a_folder_what_is_no_text_is_left_out_and_told(tmp_path, capsys, monkeypatch):
    (tmp_path / "good.md").write_text("The harbour closes at nine.")
    (tmp_path / "main.go").write_text("package main")
    (tmp_path / "latin.txt").write_bytes(b"Caf\xe9")
    (tmp_path / "__init__.py").write_text("\n")
    (tmp_path / "long.txt").write_text("x" * 30)
    (tmp_path / "gone.txt").symlink_to("nowhere")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "other.js").write_text("somebody else's")
    monkeypatch.setattr(documents, "MAX_FILE", 28)
    assert [Path(file.name).name for file in documents.read_files([tmp_path])] == ["good.md", "main.go"]
    told = capsys.readouterr().err
    for said in ("latin.txt is not a UTF-8", "__init__.py is empty", "long.txt is larger than 28 bytes"):
        assert said in told
    with pytest.raises(documents.UsageError, match="not a UTF-8"):
        documents.read_files([tmp_path / "latin.txt"])


def test_a_folder_that_cannot_be_looked_into_is_left_out_and_told(tmp_path, capsys, monkeypatch):
    (tmp_path / "good.md").write_text("The harbour closes at nine.")
    (tmp_path / "locked").mkdir()
    listed = os.scandir

    def scandir(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert len(documents.read_files([tmp_path])) == 1
    assert "locked cannot be read: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_as_windows_writes_it_is_read(tmp_path, coding):
    (tmp_path / "note.txt").write_text("Grün ist der Hafen.", encoding=coding)
    assert documents.read_files([tmp_path / "note.txt"])[0].text == "Grün ist der Hafen."


def test_the_time_of_calls_that_go_together_is_that_of_each(capsys):
    ledger = Ledger()
    with ledger.part("Many"):
        for _ in range(4):
            ledger.add(CallRecord(operation="InvokeModel", model_id="m", seconds=0.5))
    assert "InvokeModel x4 (m), 0 tokens in, 0 out, 0.500 s each" in capsys.readouterr().out


def test_an_empty_question_is_refused(tmp_path, capsys):
    path = tmp_path / "note.txt"
    path.write_text("A note.")
    assert "the question is empty" in refused(capsys, str(path), "--question", "  ")


def test_an_endpoint_that_nobody_serves_is_an_error_with_a_hint(tmp_path, capsys, monkeypatch):
    path = tmp_path / "note.txt"
    path.write_text("A note about nothing much.")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "key")
    monkeypatch.setattr("bedrock_unified.wire.retry.random.uniform", lambda low, high: 0)
    assert main(["demo", str(path), "--endpoint-url", "http://127.0.0.1:9"]) == 1
    assert "--endpoint-url" in capsys.readouterr().err
