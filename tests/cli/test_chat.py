"""``bedrock-unified chat`` with one question: what is sent, what is printed where, and how it ends."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.local import Fault, Guardrail, LocalBedrock

from .conftest import Run, lead_to, process

NOVA = "amazon.nova-lite-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
QUESTION = "The ferry leaves Vell at nine. When does the ferry leave?"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(17)


def scripted(monkeypatch: pytest.MonkeyPatch, *blocks: dict[str, Any], **members: Any) -> LocalBedrock:
    """A running endpoint that answers everything with these blocks."""
    running = LocalBedrock(script=[{"content": list(blocks), "times": None, **members}]).start()
    lead_to(running, monkeypatch)
    return running


def test_a_prompt_is_answered_on_standard_output_alone(run: Run, endpoint: LocalBedrock) -> None:
    done = run("chat", "-m", NOVA, QUESTION)
    assert done.out == "The ferry leaves Vell at nine.\n"
    assert done.err == ""
    request = endpoint.requests[-1]
    assert (request.operation, request.model_id) == ("ConverseStream", NOVA)
    assert request.body["messages"] == [{"role": "user", "content": [{"text": QUESTION}]}]


def test_words_without_quotes_are_one_prompt(run: Run, endpoint: LocalBedrock) -> None:
    run("chat", "-m", NOVA, "When", "is", "tea?")
    assert endpoint.requests[-1].body["messages"][0]["content"] == [{"text": "When is tea?"}]


def test_the_options_are_sent(run: Run, endpoint: LocalBedrock) -> None:
    run("chat", QUESTION, "--model", NOVA, "-s", "Be brief.", "--max-tokens", "50", "--temperature", "0.5")
    body = endpoint.requests[-1].body
    assert body["system"] == [{"text": "Be brief."}]
    assert body["inferenceConfig"] == {"maxTokens": 50, "temperature": 0.5}


def test_without_streaming_the_answer_comes_whole(run: Run, endpoint: LocalBedrock) -> None:
    assert run("chat", "-m", NOVA, "--no-stream", QUESTION).out == "The ferry leaves Vell at nine.\n"
    assert endpoint.requests[-1].operation == "Converse"


def test_thinking_is_asked_for_and_stays_out_of_a_pipe(run: Run, endpoint: LocalBedrock) -> None:
    done = run("chat", "-m", CLAUDE, "--thinking", "low", QUESTION)
    assert done.out == "The ferry leaves Vell at nine.\n"
    asked = endpoint.requests[-1].body["additionalModelRequestFields"]["thinking"]
    assert asked == {"type": "enabled", "budget_tokens": 1024}
    run("chat", "-m", CLAUDE, "--thinking", "2000", "--max-tokens", "4000", QUESTION)
    assert endpoint.requests[-1].body["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 2000


def test_thinking_that_a_model_cannot_do_is_refused_before_it_is_sent(
    run: Run, endpoint: LocalBedrock
) -> None:
    refused = run("chat", "-m", "mistral.mistral-7b-instruct-v0:2", "--thinking", "high", QUESTION, code=2)
    assert "Hint:" in refused.err
    assert endpoint.requests == []


def test_json_has_everything(run: Run, endpoint: LocalBedrock) -> None:
    told = run("chat", "-m", CLAUDE, "--thinking", "low", "--json", QUESTION).json
    assert told["text"] == "The ferry leaves Vell at nine."
    assert told["reasoning"].startswith("I am asked")
    assert told["stop_reason"] == "end_turn"
    assert told["usage"]["total_tokens"] == told["usage"]["input_tokens"] + told["usage"]["output_tokens"] > 0
    assert told["model"] == CLAUDE
    assert told["message"]["role"] == "assistant"
    assert told["request_id"] == endpoint.requests[-1].request_id


def test_verbose_tells_tokens_and_time_beside_the_answer(run: Run, endpoint: LocalBedrock) -> None:
    done = run("chat", "-m", NOVA, "-v", QUESTION)
    assert done.out == "The ferry leaves Vell at nine.\n"
    assert NOVA in done.err and "tokens in" in done.err and endpoint.requests[-1].request_id in done.err


def test_a_short_name_is_told_as_it_was_sent(run: Run, endpoint: LocalBedrock) -> None:
    told = run("chat", "-m", "nova-lite", "--json", QUESTION).json
    assert told["model"] == endpoint.requests[-1].model_id != "nova-lite"


# What is asked


def test_standard_input_is_the_prompt_or_goes_before_it(run: Run, endpoint: LocalBedrock) -> None:
    run("chat", "-m", NOVA, stdin=QUESTION.encode())
    assert endpoint.requests[-1].body["messages"][0]["content"] == [{"text": QUESTION}]
    run("chat", "-m", NOVA, "When does it leave?", stdin=b"The ferry leaves at nine.\n")
    content = endpoint.requests[-1].body["messages"][0]["content"]
    assert content == [{"text": "The ferry leaves at nine.\n"}, {"text": "When does it leave?"}]


def test_an_image_may_come_through_the_pipe(run: Run, endpoint: LocalBedrock) -> None:
    run("chat", "-m", NOVA, "What is this?", stdin=PNG)
    content = endpoint.requests[-1].body["messages"][0]["content"]
    assert content[0]["image"]["format"] == "png"


@pytest.mark.parametrize("arguments", [[], ["  "]])
def test_nothing_asked_is_refused(run: Run, endpoint: LocalBedrock, arguments: list[str]) -> None:
    assert "empty" in run("chat", "-m", NOVA, *arguments, stdin=b" \n", code=2).err
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("name", "data", "member", "format_"),
    [
        ("photo.jpg", PNG, "image", "png"),  # the bytes tell, not the name
        ("report.pdf", b"%PDF-1.4\n", "document", "pdf"),
        ("voice.wav", b"RIFF\x24\0\0\0WAVEfmt ", "audio", "wav"),
        ("voice.m4a", b"\0\0\0\x20ftypM4A \0\0\0\0", "audio", "m4a"),
        ("film.mp4", b"\0\0\0\x20ftypisom\0\0\0\0", "video", "mp4"),
    ],
)
def test_files_go_along_as_what_their_bytes_are(
    run: Run, endpoint: LocalBedrock, tmp_path: Path, name: str, data: bytes, member: str, format_: str
) -> None:
    (tmp_path / name).write_bytes(data)
    run("chat", "-m", "acme.reader-v1:0", "-f", str(tmp_path / name), "What is this?", code=None)
    content = endpoint.requests[-1].body["messages"][0]["content"]
    assert content[0][member]["format"] == format_
    assert content[1] == {"text": "What is this?"}


@pytest.mark.parametrize("name", ["notes.txt", "page.html", "data.csv", "program.py", "no-extension"])
def test_text_goes_along_as_text_under_its_name(
    run: Run, endpoint: LocalBedrock, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("<html>Tea is at four.</html>")
    run("chat", "-m", NOVA, "-f", str(tmp_path / name), "When is tea?")
    content = endpoint.requests[-1].body["messages"][0]["content"]
    assert content[0]["text"] == f'<file name="{name}">\n<html>Tea is at four.</html>\n</file>'


def test_several_documents_have_names_of_their_own(run: Run, endpoint: LocalBedrock, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "report.pdf").write_bytes(b"%PDF-1.4\n" + folder.encode())
    files = [f"--file={tmp_path / folder / 'report.pdf'}" for folder in ("a", "b")]
    run("chat", "-m", NOVA, *files, "Compare them.", code=None)
    content = endpoint.requests[-1].body["messages"][0]["content"]
    assert [block["document"]["name"] for block in content[:2]] == ["report", "report-2"]


def test_an_object_in_s3_is_named(run: Run, endpoint: LocalBedrock) -> None:
    run("chat", "-m", NOVA, "-f", "s3://bucket/film.mp4", "What happens?", code=None)
    content = endpoint.requests[-1].body["messages"][0]["content"]
    assert content[0] == {
        "video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/film.mp4"}}}
    }


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.txt", b"", "is empty"),
        ("blank.txt", b" \n", "white space"),
        ("program.bin", b"\0\1\2\3", "nothing that Bedrock reads"),
        ("folder", None, "is a folder"),
        ("absent.txt", None, "does not exist"),
    ],
)
def test_a_file_that_cannot_go_along_is_told(
    run: Run, endpoint: LocalBedrock, tmp_path: Path, name: str, data: bytes | None, said: str
) -> None:
    if name == "folder":
        (tmp_path / name).mkdir()
    elif data is not None:
        (tmp_path / name).write_bytes(data)
    assert said in run("chat", "-m", NOVA, "-f", str(tmp_path / name), "What?", code=2).err
    assert endpoint.requests == []


def test_a_web_address_is_not_fetched(run: Run, endpoint: LocalBedrock) -> None:
    assert "download it first" in run("chat", "-m", NOVA, "-f", endpoint.url, "What?", code=2).err
    assert endpoint.requests == []


def test_a_file_alone_asks_nothing(run: Run, endpoint: LocalBedrock, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(PNG)
    assert "say what to do" in run("chat", "-m", NOVA, "-f", str(tmp_path / "photo.png"), code=2).err


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
def test_text_in_utf_16_is_text(run: Run, endpoint: LocalBedrock, tmp_path: Path, coding: str) -> None:
    path = tmp_path / "out.txt"
    path.write_bytes("\ufeffDas Tor ist grün.".encode(coding))
    run("chat", "-m", NOVA, "-f", str(path), "Of what colour is it?")
    (file, _) = endpoint.requests[-1].body["messages"][0]["content"]
    assert file == {"text": '<file name="out.txt">\nDas Tor ist grün.\n</file>'}


# Which model


def test_without_a_model_it_is_told_how_to_set_one(run: Run, endpoint: LocalBedrock) -> None:
    refused = run("chat", QUESTION, code=2)
    assert "config set default-model" in refused.err and "models list" in refused.err


def test_the_configured_defaults_are_used_and_options_win(run: Run, endpoint: LocalBedrock) -> None:
    for name, value in (
        ("default-model", CLAUDE),
        ("default-max-tokens", "5000"),
        ("default-think", "low"),
        ("default-system", "Be brief."),
    ):
        run("config", "set", name, value)
    run("chat", QUESTION)
    request = endpoint.requests[-1]
    assert request.model_id == CLAUDE
    assert request.body["inferenceConfig"]["maxTokens"] == 5000
    assert request.body["system"] == [{"text": "Be brief."}]
    assert "thinking" in request.body["additionalModelRequestFields"]
    run("chat", QUESTION, "-m", NOVA, "-s", "Be long.", "--max-tokens", "7", "--thinking", "auto")
    request = endpoint.requests[-1]
    assert (request.model_id, request.body["inferenceConfig"]) == (NOVA, {"maxTokens": 7})
    assert request.body["system"] == [{"text": "Be long."}]


def test_a_backend_brings_its_own_model(run: Run, endpoint: LocalBedrock) -> None:
    run("config", "set", "default-model", CLAUDE)
    run("backend", "add", "eu", "--url", "eu-west-1", "--model", NOVA)
    for how in (["--backend", "eu"], ["-m", "eu"], []):
        run("chat", QUESTION, *how)
        assert endpoint.requests[-1].model_id == NOVA
    run("chat", QUESTION, "-m", "eu/amazon.nova-pro-v1:0")
    assert endpoint.requests[-1].model_id == "amazon.nova-pro-v1:0"
    run("chat", QUESTION, "-m", "amazon.nova-micro-v1:0", "--backend", "eu")
    assert endpoint.requests[-1].model_id == "amazon.nova-micro-v1:0"


def test_a_spicepods_model_is_asked_with_its_parameters(
    run: Run, endpoint: LocalBedrock, tmp_path: Path
) -> None:
    (tmp_path / "spicepod.yaml").write_text(
        "version: v1\nkind: Spicepod\nname: app\nmodels:\n"
        f"  - from: bedrock:{NOVA}\n    name: novash\n    params:\n"
        "      aws_region: eu-west-1\n      bedrock_temperature: 0.25\n"
    )
    config = ["--config", str(tmp_path / "spicepod.yaml")]
    run("chat", QUESTION, "-m", "novash", *config)
    request = endpoint.requests[-1]
    assert (request.model_id, request.body["inferenceConfig"]) == (NOVA, {"temperature": 0.25})
    run("chat", QUESTION, *config)
    assert endpoint.requests[-1].model_id == NOVA  # its only one
    assert "novash" in run("chat", QUESTION, "-m", "novish", *config, code=2).err


def test_an_embedding_model_is_refused_with_the_command_for_it(run: Run, endpoint: LocalBedrock) -> None:
    refused = run("chat", QUESTION, "-m", "amazon.titan-embed-text-v2:0", code=2)
    assert "bedrock-unified embed" in refused.err
    assert endpoint.requests == []


# How it ends


def test_an_answer_that_is_cut_off_is_told(run: Run, endpoint: LocalBedrock) -> None:
    done = run("chat", "-m", NOVA, "--max-tokens", "2", QUESTION)
    assert "cut off at its limit of 2 tokens" in done.err and "--max-tokens" in done.err


def test_a_guardrails_intervention_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalBedrock(guardrails=[Guardrail("abc123", "1", words=["treasure"])]) as running:
        lead_to(running, monkeypatch)
        done = run("chat", "-m", NOVA, "--guardrail", "abc123:1", "Where is the treasure?")
        assert "a guardrail intervened" in done.err and "word" in done.err
        asked = running.requests[-1].body["guardrailConfig"]
        assert (asked["guardrailIdentifier"], asked["guardrailVersion"]) == ("abc123", "1")
        told = run("chat", "-m", NOVA, "--guardrail", "abc123:1", "--json", "Where is the treasure?").json
        assert told["guardrail"]["blocked"] is True
        assert "guardrail" not in run("chat", "-m", NOVA, "--guardrail", "abc123:1", QUESTION).err


@pytest.mark.parametrize("given", ["abc123", "abc123:", "abc123:latest", ":1", "arn:aws:bedrock:us-east-1:1"])
def test_half_a_guardrail_is_refused(run: Run, endpoint: LocalBedrock, given: str) -> None:
    assert "version" in run("chat", "-m", NOVA, "--guardrail", given, QUESTION, code=2).err
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("reason", "said"),
    [("content_filtered", "content filter"), ("model_context_window_exceeded", "context window")],
)
def test_other_ends_are_told(run: Run, monkeypatch: pytest.MonkeyPatch, reason: str, said: str) -> None:
    running = scripted(monkeypatch, {"text": "Half"}, stopReason=reason)
    assert said in run("chat", "-m", NOVA, QUESTION).err
    running.stop()


def test_a_refused_call_is_told_with_its_hint_and_without_a_traceback(
    run: Run, endpoint: LocalBedrock
) -> None:
    endpoint.inject(
        Fault("error", code="AccessDeniedException", message="You don't have access to the model.")
    )
    refused = run("chat", "-m", NOVA, QUESTION, code=1)
    assert refused.out == ""
    assert "AccessDeniedException" in refused.err and "Hint: " in refused.err
    assert "Traceback" not in refused.err


def test_a_stream_that_breaks_off_leaves_what_came_and_fails(run: Run, endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault("cut", place="between_frames", after_events=4))
    broken = run("chat", "-m", NOVA, QUESTION, code=1)
    assert broken.out.endswith("\n") and len(broken.out) > 1
    assert "Traceback" not in broken.err


def test_without_credentials_the_way_to_them_is_told(
    run: Run, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    refused = run("chat", "-m", NOVA, QUESTION, code=1)
    assert "aws sts get-caller-identity" in refused.err
    assert "Traceback" not in refused.err


def test_ctrl_c_stops_with_130_and_keeps_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalBedrock(event_delay=0.3) as running:
        lead_to(running, monkeypatch)
        chat = process("chat", "-m", NOVA, QUESTION)
        assert chat.stdout is not None
        first = chat.stdout.read(1)  # it streams into a pipe, too
        chat.send_signal(signal.SIGINT)
        out, err = chat.communicate(timeout=30)
        assert (chat.returncode, first) == (130, "T")
        assert "Traceback" not in err
        assert out.endswith("\n")


@pytest.mark.parametrize("command", [["chat", "-m", NOVA, QUESTION], ["models", "list"]])
def test_ctrl_c_while_it_waits_stops_with_130(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    with LocalBedrock(faults=[Fault("latency", seconds=30)]) as running:
        lead_to(running, monkeypatch)
        waiting = process(*command)
        deadline = time.monotonic() + 20
        while not running.requests and time.monotonic() < deadline:
            time.sleep(0.05)
            if time.monotonic() > deadline - 18.5:
                break  # a request that waits may not be recorded before it is answered
        waiting.send_signal(signal.SIGINT)
        _, err = waiting.communicate(timeout=30)
        assert waiting.returncode == 130
        assert "Traceback" not in err


def test_a_reader_that_leaves_is_no_error_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalBedrock(event_delay=0.1) as running:
        lead_to(running, monkeypatch)
        chat = process("chat", "-m", NOVA, QUESTION)
        assert chat.stdout is not None and chat.stderr is not None
        chat.stdout.close()
        assert chat.stderr.read() == ""
        assert chat.wait(timeout=30) == 141
        chat.stderr.close()


def test_a_defect_is_shown_as_one(run: Run, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bedrock_unified.cli.chat.talk.Talk.ask", broken)
    with pytest.raises(ZeroDivisionError):
        run("chat", "-m", NOVA, QUESTION)


def test_output_that_its_encoding_cannot_hold_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    running = scripted(monkeypatch, {"text": "Grüße ✓"})
    chat = process("chat", "-m", NOVA, QUESTION, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    out, err = chat.communicate(timeout=30)
    running.stop()
    assert chat.returncode == 0, err
    assert out == "Gr??e ?\n"


def test_the_answer_is_written_as_it_is_into_a_pipe(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    running = scripted(monkeypatch, {"text": "a\x1b[31mred\x1b[0m\n"})
    assert run("chat", "-m", NOVA, QUESTION).out == "a\x1b[31mred\x1b[0m\n"
    running.stop()


def test_json_is_one_line_of_text_that_other_programs_read(run: Run, endpoint: LocalBedrock) -> None:
    done = run("chat", "-m", NOVA, "--json", QUESTION)
    assert done.out.count("\n") == 1
    assert json.loads(done.out)["guardrail"] is None
    assert sys.stdin is not None
