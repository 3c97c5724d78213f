"""``bedrock-unified embed``."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.cli import embed as embedding
from bedrock_unified.cli.vectors import writer_to
from bedrock_unified.errors import RequestTimeoutError, make_error
from bedrock_unified.local import Fault, LocalBedrock

from .running import Command
from .running import account as account
from .running import command as command
from .running import home as home
from .running import signed_in as signed_in

MODEL = ("--model", "amazon.titan-embed-text-v2:0", "--dimensions", "256")


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_into_a_pipe_go_whole_vectors_a_line_each(command: Command, signed_in: LocalBedrock) -> None:
    done = command("embed", "the harbour", "the tea", *MODEL)
    assert done.code == 0
    first, second = lines(done.out)
    assert (first["index"], second["index"]) == (0, 1)
    assert len(first["embedding"]) == 256 and first["embedding"] != second["embedding"]


def test_json_is_one_document(command: Command, signed_in: LocalBedrock) -> None:
    told = command("embed", "the harbour", *MODEL, "--json").json()
    assert told["model"] == MODEL[1] and told["input_tokens"] > 0
    assert len(told["embeddings"][0]["embedding"]) == 256


def test_options_reach_the_model(command: Command, signed_in: LocalBedrock) -> None:
    command("embed", "the tea", "--model", "cohere.embed-english-v3", "--input-type", "query")
    assert json.loads(signed_in.requests[-1].body["body"])["input_type"] == "search_query"
    command("embed", "the tea", *MODEL, "--no-normalize")
    assert json.loads(signed_in.requests[-1].body["body"])["normalize"] is False


def test_the_configured_model_is_used(command: Command, signed_in: LocalBedrock) -> None:
    assert command("config", "set", "default-embedding-model", "amazon.titan-embed-text-v2:0").code == 0
    assert len(lines(command("embed", "the tea").out)[0]["embedding"]) == 1024


def test_lines_of_a_file_are_texts_and_blank_ones_are_none(
    command: Command, signed_in: LocalBedrock, home: Path
) -> None:
    (home / "texts.txt").write_text("\ufeffone\n\n  \ntwo\n", encoding="utf-8")
    assert len(lines(command("embed", "--file", "texts.txt", *MODEL).out)) == 2
    assert json.loads(signed_in.requests[-1].body["body"])["inputText"] in ("one", "two")


@pytest.mark.parametrize("name", ["texts.jsonl", "texts.json", "stdin"])
def test_objects_keep_what_they_say_besides_their_text(
    command: Command, signed_in: LocalBedrock, home: Path, name: str
) -> None:
    objects = [{"id": "a", "text": "one"}, {"id": "b", "content": "two", "page": 7}]
    text = json.dumps(objects) if name == "texts.json" else "\n".join(map(json.dumps, objects))
    (home / name).write_text(text)
    where = [] if name == "stdin" else ["--file", name]
    done = command("embed", *where, *MODEL, stdin=text if name == "stdin" else "")
    first, second = lines(done.out)
    assert (first["id"], first["index"]) == ("a", 0)
    assert (second["id"], second["page"]) == ("b", 7) and "content" not in second


def test_arguments_files_and_standard_input_stand_in_that_order(
    command: Command, signed_in: LocalBedrock, home: Path
) -> None:
    (home / "texts.txt").write_text("second\n")
    done = command("embed", "first", "--file", "texts.txt", "--file", "-", *MODEL, stdin="third\n")
    assert len(lines(done.out)) == 3
    alone = [
        lines(command("embed", text, *MODEL).out)[0]["embedding"] for text in ("first", "second", "third")
    ]
    assert [each["embedding"] for each in lines(done.out)] == alone


@pytest.mark.parametrize(
    ("name", "form"),
    [("v.jsonl", None), ("v.json", None), ("v.npy", None), ("v.bin", "npy"), ("v.txt", None)],
)
def test_a_file_is_written_in_the_format_of_its_name(
    command: Command, signed_in: LocalBedrock, home: Path, name: str, form: str | None
) -> None:
    options = ["--format", form] if form else []
    done = command("embed", "one", "two", "three", *MODEL, "--out", name, *options)
    assert (done.code, done.out) == (0, "") and "3 vectors" in done.err
    data = (home / name).read_bytes()
    expected = [each["embedding"] for each in lines(command("embed", "one", "two", "three", *MODEL).out)]
    if name.endswith((".npy", ".bin")):
        numpy = pytest.importorskip("numpy")
        array = numpy.load(home / name)
        assert array.shape == (3, 256) and array.dtype == numpy.float32
        assert numpy.allclose(array, expected)
    elif name == "v.json":
        assert [each["embedding"] for each in json.loads(data)["embeddings"]] == expected
    else:
        assert [each["embedding"] for each in lines(data.decode())] == expected
    assert sorted(path.name for path in home.iterdir() if path.name.startswith(".v")) == []


def test_what_was_embedded_before_a_failure_is_kept(
    command: Command, signed_in: LocalBedrock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_AT_ONCE", 2)
    (home / "v.jsonl").write_text("of yesterday")
    (home / "texts.txt").write_text("one\ntwo\nthree\n" + "x" * 60_000 + "\n")
    done = command("embed", "--file", "texts.txt", *MODEL, "--out", "v.jsonl")
    assert done.code == 1
    assert "2 texts were embedded before" in done.err
    assert (home / "v.jsonl").read_text() == "of yesterday", "whole or not at all"
    assert len(lines((home / "v.jsonl.partial").read_text())) == 2


def test_what_is_there_and_no_file_is_not_replaced(
    command: Command, signed_in: LocalBedrock, home: Path
) -> None:
    (home / "target.jsonl").write_text("")
    (home / "link.jsonl").symlink_to("target.jsonl")
    assert command("embed", "a", *MODEL, "--out", "link.jsonl").code == 0
    assert (home / "link.jsonl").is_symlink() and len(lines((home / "target.jsonl").read_text())) == 1
    os.mkfifo(home / "pipe")
    with ThreadPoolExecutor() as readers:
        read = readers.submit((home / "pipe").read_text)
        assert command("embed", "a", *MODEL, "--out", "pipe").code == 0
        assert len(lines(read.result(10))) == 1
    assert (home / "pipe").is_fifo()
    assert command("embed", "a", *MODEL, "--out", str(home)).code == 2, "a folder"


def test_many_texts_are_embedded_in_parts_and_in_order(
    command: Command, signed_in: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_AT_ONCE", 3)
    texts = "\n".join(f"text {number}" for number in range(8))
    parts = lines(command("embed", *MODEL, stdin=texts).out)
    monkeypatch.setattr(embedding, "_AT_ONCE", 100)
    assert parts == lines(command("embed", *MODEL, stdin=texts).out)
    assert [each["index"] for each in parts] == list(range(8))


def test_a_terminal_is_shown_the_beginning(
    command: Command, signed_in: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "on_terminal", lambda: True)
    done = command("embed", "the harbour", *MODEL)
    assert done.rows()[0][:2] == ["the harbour", "256"] and done.out.endswith("…\n")
    assert command("embed", "the harbour", *MODEL, "--format", "npy").code == 2, "no bytes on a screen"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("embed", " ", *MODEL), "blank"),
        (("embed", *MODEL), "no texts"),
        (("embed", "a", *MODEL, "--format", "csv"), "jsonl, json, npy"),
        (("embed", "a", *MODEL, "--json", "--format", "npy"), "contradict"),
        (("embed", "a", *MODEL, "--out", "no/such/folder/v.npy"), "cannot be written"),
        (("embed", "--file", "objects.jsonl", *MODEL), "line 2 holds an object without a text"),
        (("embed", "--file", "broken.jsonl", *MODEL), "line 1 is not JSON"),
        (("embed", "--file", "image.png", *MODEL), "not a UTF-8 text file"),
        (("embed", "a"), "default-embedding-model"),
    ],
)
def test_wrong_use_is_told_before_anything_is_sent(
    command: Command, signed_in: LocalBedrock, home: Path, arguments: tuple[str, ...], told: str
) -> None:
    (home / "objects.jsonl").write_text('{"text": "a"}\n{"id": 3}\n')
    (home / "broken.jsonl").write_text("{not json\n")
    (home / "image.png").write_bytes(b"\x89PNG\r\n\xff\xfe")
    done = command(*arguments)
    assert done.code == 2 and told in done.err and bool(done.out) == ("--json" in arguments)
    assert signed_in.requests == []


def test_what_is_piped_in_must_be_text(command: Command, signed_in: LocalBedrock) -> None:
    done = command("embed", *MODEL, stdin=b"\x89PNG\xff\xfe")
    assert done.code == 2 and "standard input is not UTF-8 text" in done.err


def test_a_failed_call_is_an_error(command: Command, signed_in: LocalBedrock) -> None:
    signed_in.inject(Fault.error("AccessDeniedException", "No.", times=None))
    done = command("embed", "a", *MODEL)
    assert done.code == 1 and "bedrock:InvokeModel" in done.err


def test_a_file_that_cannot_be_written_is_wrong_use(command: Command, signed_in: LocalBedrock) -> None:
    done = command("embed", "the tea", *MODEL, "--out", "x" * 300)
    assert (done.code, signed_in.requests) == (2, [])
    assert "x cannot be written: " in done.err


def test_text_as_windows_writes_it_is_read(command: Command, signed_in: LocalBedrock, home: Path) -> None:
    (home / "texts.txt").write_text("grün\r\nrot\r\n", encoding="utf-16", newline="")
    assert len(lines(command("embed", "--file", "texts.txt", *MODEL).out)) == 2
    sent = {json.loads(one.body["body"])["inputText"] for one in signed_in.requests}
    assert sent == {"grün", "rot"}
    done = command("embed", *MODEL, stdin="blau".encode("utf-16"))
    assert done.code == 0 and json.loads(signed_in.requests[-1].body["body"])["inputText"] == "blau"


def test_a_call_that_took_too_long_is_not_taken_for_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    late = make_error(RequestTimeoutError, "no data came", {}, like="ReadTimeoutError")
    assert isinstance(late, OSError)  # as botocore's is
    with pytest.raises(RequestTimeoutError), writer_to(tmp_path / "v.jsonl", "jsonl"):
        raise late
