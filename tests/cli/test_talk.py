"""The talk on a terminal, driven through its line editor: what Enter, Ctrl-C, Ctrl-D and each command do."""

from __future__ import annotations

import io
import json
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from bedrock_unified.cli import main
from bedrock_unified.cli.chat.completing import Commands
from bedrock_unified.cli.chat.talk import Talk
from bedrock_unified.local import Fault, LocalBedrock

from .conftest import Done, Run, lead_to

NOVA = "amazon.nova-lite-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
FERRY = "The ferry leaves Vell at nine. When does the ferry leave?"
ENTER, ALT_ENTER, CTRL_C, CTRL_D, UP = "\r", "\x1b\r", "\x03", "\x04", "\x1b[A"

Type = Callable[..., Done]


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def keyboard() -> Iterator[PipeInput]:
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        yield typed


@pytest.fixture
def type_(keyboard: PipeInput, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types into a talk and gives what was seen; ``type_(FERRY, "/usage", options=[…])``. Each is a line."""

    def run(*lines: str, options: tuple[str, ...] = ("-m", NOVA), leave: str = CTRL_D) -> Done:
        out, err = Terminal(), Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", Terminal())
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            keyboard.send_text("".join(line + ENTER for line in lines) + leave)
            code = main(["chat", *options])
        return Done(code, out.getvalue(), err.getvalue())

    return run


def test_questions_are_answered_and_remembered(type_: Type, endpoint: LocalBedrock) -> None:
    done = type_(FERRY, "And which harbour was it?")
    assert done.code == 0
    assert "The ferry leaves Vell at nine." in done.out
    messages = endpoint.requests[-1].body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[0]["content"] == [{"text": FERRY}]


def test_it_begins_with_where_it_leads_and_how_to_get_help(type_: Type, endpoint: LocalBedrock) -> None:
    assert f"{NOVA} in us-east-1. /help for help, Ctrl-D to leave." in type_().err


@pytest.mark.parametrize("word", ["/exit", "/quit"])
def test_exit_leaves(type_: Type, endpoint: LocalBedrock, word: str) -> None:
    assert type_(word, leave="").code == 0


def test_empty_lines_ask_nothing(type_: Type, endpoint: LocalBedrock) -> None:
    type_("", "   ")
    assert endpoint.requests == []


def test_alt_enter_begins_a_new_line(type_: Type, endpoint: LocalBedrock) -> None:
    type_(f"first{ALT_ENTER}second")
    assert endpoint.requests[-1].body["messages"][0]["content"] == [{"text": "first\nsecond"}]


def test_ctrl_c_clears_the_line_and_does_not_leave(type_: Type, endpoint: LocalBedrock) -> None:
    done = type_(f"never sent{CTRL_C}{FERRY}")
    assert done.code == 0
    assert endpoint.requests[-1].body["messages"] == [{"role": "user", "content": [{"text": FERRY}]}]


def test_ctrl_c_stops_the_answer_and_keeps_what_came(
    type_: Type, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Talk.ask

    class Interrupting:
        def __init__(self, inner: object) -> None:
            self.inner = inner

        def text(self, piece: str) -> None:
            self.inner.text(piece)
            raise KeyboardInterrupt

        def reasoning(self, piece: str) -> None:
            self.inner.reasoning(piece)

    def ask(self: Talk, content: list, listener: object) -> object:
        return asked(self, content, listener if self.messages else Interrupting(listener))

    monkeypatch.setattr(Talk, "ask", ask)
    done = type_(FERRY, "Go on.")
    assert (done.code, "(stopped)" in done.err) == (0, True)
    messages = endpoint.requests[-1].body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert "The ferry leaves Vell at nine.".startswith(messages[1]["content"][0]["text"])


def test_an_error_is_told_and_the_question_was_never_asked(type_: Type, endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault("error", code="AccessDeniedException", message="No access."))
    done = type_("Hello?", FERRY)
    assert "AccessDeniedException" in done.err and "Hint: " in done.err
    assert done.out.strip().endswith("The ferry leaves Vell at nine.")
    assert endpoint.requests[-1].body["messages"] == [{"role": "user", "content": [{"text": FERRY}]}]


def test_reasoning_is_dimmed_unless_colours_are_not_wanted(
    type_: Type, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("-m", CLAUDE, "--thinking", "low")
    assert "(thinking) I am asked" in type_(FERRY, options=options).out
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[2mI am asked" in type_(FERRY, options=options).out


def test_an_answer_cannot_steer_the_terminal(type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalBedrock(script=[{"content": [{"text": "a\x1b]0;title\x07\x9bb\ttab\nline"}]}]) as running:
        lead_to(running, monkeypatch)
        out = type_("Hello").out
    assert "\x1b" not in out and "\x07" not in out and "\x9b" not in out
    assert "\ttab\nline" in out


# Commands


def test_help_tells_every_command(type_: Type, endpoint: LocalBedrock) -> None:
    out = type_("/help").out
    for command in ("/model", "/system", "/file", "/clear", "/save", "/usage", "/exit"):
        assert command in out


def test_another_model_goes_on_without_the_formers_reasoning(type_: Type, endpoint: LocalBedrock) -> None:
    done = type_(FERRY, f"/model {NOVA}", "Again?", options=("-m", CLAUDE, "--thinking", "low"))
    assert f"{NOVA} in us-east-1" in done.err
    # Nova Lite does not think: what was asked for on the command line is refused, and told.
    assert "Hint: " in done.err
    done = type_(FERRY, f"/model {NOVA}", "Again?", options=("-m", CLAUDE))
    request = endpoint.requests[-1]
    assert request.model_id == NOVA
    assert len(request.body["messages"]) == 3
    assert "reasoningContent" not in json.dumps(request.body["messages"])


def test_a_model_that_cannot_be_leaves_the_former(type_: Type, endpoint: LocalBedrock) -> None:
    done = type_("/model a b", "/model amazon.titan-embed-text-v2:0", FERRY)
    assert done.err.count("bedrock-unified: ") == 2
    assert endpoint.requests[-1].model_id == NOVA


def test_the_system_prompt_is_shown_set_and_removed(type_: Type, endpoint: LocalBedrock) -> None:
    type_("/system Be brief.", FERRY, "/system -", FERRY)
    assert endpoint.requests[0].body["system"] == [{"text": "Be brief."}]
    assert "system" not in endpoint.requests[1].body


def test_a_file_goes_with_the_next_question_alone(
    type_: Type, endpoint: LocalBedrock, tmp_path: Path
) -> None:
    path = tmp_path / "my notes.txt"
    path.write_text("Tea is at four.")
    done = type_(f"/file '{path}'", "/file", "When is tea?", "And then?")
    assert done.err.count(f"with the next question: {path}") == 2
    first, second = (request.body["messages"][-1]["content"] for request in endpoint.requests)
    assert "Tea is at four." in first[0]["text"] and len(first) == 2
    assert second == [{"text": "And then?"}]
    assert "does not exist" in type_("/file nowhere.txt").err


def test_clear_forgets(type_: Type, endpoint: LocalBedrock) -> None:
    type_(FERRY, "/clear", "Hello?")
    assert len(endpoint.requests[-1].body["messages"]) == 1


def test_save_writes_for_the_owner_and_over_nothing(
    type_: Type, endpoint: LocalBedrock, tmp_path: Path
) -> None:
    text, whole = tmp_path / "talk.md", tmp_path / "talk.json"
    done = type_("/system Be brief.", FERRY, f"/save {text}", f"/save {whole}", f"/save {text}", "/save")
    assert "is there already" in done.err and "/save needs a path" in done.err
    assert text.read_text().startswith(f"# {NOVA}\n\n> Be brief.\n\n## user\n\n{FERRY}\n\n## assistant\n\n")
    assert json.loads(whole.read_text())["messages"][0]["content"] == [{"text": FERRY}]
    assert stat.S_IMODE(text.stat().st_mode) == 0o600


def test_usage_is_of_the_whole_talk(type_: Type, endpoint: LocalBedrock) -> None:
    done = type_(FERRY, "/clear", FERRY, "/usage")
    assert "2 answers, " in done.err and "tokens in" in done.err


def test_an_unknown_command_is_not_sent(type_: Type, endpoint: LocalBedrock) -> None:
    done = type_("/modle x", "/etc/passwd", "//etc is what?")
    assert "did you mean /model?" in done.err
    assert "sent as //" in done.err
    assert [one.body["messages"][0]["content"] for one in endpoint.requests] == [[{"text": "/etc is what?"}]]


def test_files_of_the_command_line_go_with_the_first_question(
    type_: Type, endpoint: LocalBedrock, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("Tea is at four.")
    type_("When is tea?", options=("-m", NOVA, "-f", str(tmp_path / "notes.txt")))
    assert "Tea is at four." in endpoint.requests[0].body["messages"][0]["content"][0]["text"]


# History


def test_history_is_kept_for_the_owner_and_comes_back(
    type_: Type, endpoint: LocalBedrock, home: Path
) -> None:
    type_(FERRY)
    history = home / "history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert FERRY in history.read_text()
    type_(UP)
    assert endpoint.requests[-1].body["messages"][0]["content"] == [{"text": FERRY}]


def test_without_a_place_for_history_it_talks_all_the_same(
    type_: Type, endpoint: LocalBedrock, home: Path
) -> None:
    run_folder = home / "history"
    run_folder.mkdir(parents=True)  # a folder stands where the file belongs
    done = type_(FERRY)
    assert "no history" in done.err
    assert "nine" in done.out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/mo", "/model "),
        ("/model claude-3-h", "claude-3-haiku"),
        ("/model amazon.nova-pr", "amazon.nova-pro-v1:0"),
    ],
)
def test_tab_completes_commands_and_models(typed: str, offered: str) -> None:
    found = Commands().get_completions(Document(typed, len(typed)), None)
    assert offered in [one.text for one in found]


def test_a_prompt_is_needed_where_nobody_sees_the_talk(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert main(["chat", "-m", NOVA, "--json"]) == 2
    assert main(["chat", "-m", NOVA]) == 2  # standard output is no terminal
