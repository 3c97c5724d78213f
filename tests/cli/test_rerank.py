"""``bedrock-unified rerank``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bedrock_unified.local import Fault, LocalBedrock

from .running import Command
from .running import account as account
from .running import command as command
from .running import home as home
from .running import signed_in as signed_in

MODEL = ("--model", "cohere.rerank-v3-5:0")
QUERY = "When does the harbour close?"
DOCUMENTS = ("Tea is ready at four.", "The harbour closes at nine.")


def test_the_best_document_comes_first(command: Command, signed_in: LocalBedrock) -> None:
    rows = command("rerank", QUERY, *DOCUMENTS, *MODEL).rows()
    assert [row[1:] for row in rows] == [["1", DOCUMENTS[1]], ["0", DOCUMENTS[0]]]
    assert float(rows[0][0]) > float(rows[1][0])


@pytest.mark.parametrize("name", ["documents.txt", "documents.jsonl", "-"])
def test_documents_come_from_files(command: Command, signed_in: LocalBedrock, home: Path, name: str) -> None:
    objects = [{"id": place, "text": text} for place, text in enumerate(DOCUMENTS)]
    text = "\n".join(map(json.dumps, objects) if name == "documents.jsonl" else DOCUMENTS)
    (home / name).write_text(text)
    done = command("rerank", QUERY, "--documents", name, *MODEL, "--json", "--top-n", "1", stdin=text)
    (best,) = done.json()["results"]
    assert best["index"] == 1
    assert best["document"] == (objects[1] if name == "documents.jsonl" else DOCUMENTS[1])


def test_the_agent_runtime_can_be_asked(command: Command, signed_in: LocalBedrock) -> None:
    assert command("rerank", QUERY, *DOCUMENTS, *MODEL, "--via", "agent").code == 0
    assert signed_in.requests[-1].operation == "Rerank"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((" ", *DOCUMENTS, *MODEL), "the query is empty"),
        ((QUERY, *MODEL), "no documents"),
        ((QUERY, *DOCUMENTS, *MODEL, "--via", "pigeon"), "'invoke' or 'agent'"),
        ((QUERY, *DOCUMENTS, *MODEL, "--top-n", "0"), "top-n"),
        ((QUERY, *DOCUMENTS), "default-rerank-model"),
    ],
)
def test_wrong_use_is_told(
    command: Command, signed_in: LocalBedrock, arguments: tuple[str, ...], told: str
) -> None:
    done = command("rerank", *arguments)
    assert done.code == 2 and told in done.err and signed_in.requests == []


def test_a_failed_call_is_an_error(command: Command, signed_in: LocalBedrock) -> None:
    signed_in.inject(Fault.error("AccessDeniedException", "No.", times=None))
    assert command("rerank", QUERY, *DOCUMENTS, *MODEL).code == 1
