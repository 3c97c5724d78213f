"""Nothing in ``cassettes/`` may open an account or name a machine or a person."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import yaml

from bedrock_unified.wire.eventstream import encode_frame

from . import leaks
from .tape import FOLDER

FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())

# Put together here, so that no file of the project holds anything that looks like a key.
PLANTED = {
    "access key": "AKIA" + "Q7" * 8,
    "secret key": "wJalr" + "Xu7/" * 8 + "aB3",
    "session token": "IQoJb3JpZ2lu" + "X2Vj" * 20,
    "bearer key": "Bearer " + "abc123",
    "authorization": "AWS4-HMAC" + "-SHA256 Credential=",
    "signature": "0123456789abcdef" * 4,
    "cookie": "Set-Cookie" + ": AWSALB=x",
    "account number": "arn:aws:bedrock:us-east-1:" + "98765" + "4321098" + ":guardrail/x",
    "host": "http://" + "127.0.0.1:8080/model",
    "path": "see /" + "home/someone/notes.txt",
    "e-mail": "someone" + "@" + "example.com",
}
MORE = [
    "ABSK" + "QmVkcm9ja0FQSUtleS1" * 3,
    "bedrock-" + "api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLw==",
    "x-amz-" + "security-token",
    "authoriza" + "tion:\n    - something",
    "https://my-bucket" + ".s3.amazonaws.com/file",
    "build-7" + ".internal",
    "C:" + "\\Users\\someone",
    '"accountId": "' + "98765" + "4321098" + '"',
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_no_cassette_leaks(path: Path) -> None:
    assert leaks.in_file(path) == []


def test_there_is_something_to_search() -> None:
    assert len([path for path in FILES if path.suffix == ".yaml"]) > 50


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("place", ["text", "body", "header", "binary", "frame", "chunk"])
def test_a_planted_leak_is_found(kind: str, place: str, tmp_path: Path) -> None:
    path = tmp_path / "planted.yaml"
    path.write_text(planted(PLANTED[kind], place), encoding="utf-8")
    assert kind in {found.partition(":")[0] for found in leaks.in_file(path)}


@pytest.mark.parametrize("text", MORE)
def test_other_forms_are_found(text: str) -> None:
    assert leaks.in_text(f"before {text} after")


def test_what_aws_documents_is_no_leak() -> None:
    assert leaks.in_text("AKIAIOSFODNN7EXAMPLE in arn:aws:bedrock:us-east-1:123456789012:guardrail/abc") == []
    assert leaks.in_text("0.123456789012 and 00000000-0000-4000-8000-000000000001") == []


def test_a_planted_leak_shows_in_a_real_cassette(tmp_path: Path) -> None:
    whole = yaml.safe_load((FOLDER / "client" / "converse.yaml").read_text(encoding="utf-8"))
    whole["interactions"][0]["request"]["headers"]["authoriza" + "tion"] = ["anything"]
    path = tmp_path / "converse.yaml"
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    assert [found.partition(":")[0] for found in leaks.in_file(path)] == ["authorization"]


def planted(leak: str, place: str) -> str:
    """A YAML file with ``leak`` at this place of an interaction."""
    payload = json.dumps({"text": leak}).encode()
    if place == "chunk":
        payload = json.dumps({"bytes": base64.b64encode(payload).decode(), "p": "abc"}).encode()
    bodies: dict[str, str | bytes] = {
        "text": "harmless",
        "header": "harmless",
        "body": json.dumps({"text": leak}),
        "binary": b"\xff\xfe " + leak.encode(),
        "frame": encode_frame([(":event-type", "chunk"), (":message-type", "event")], payload),
        "chunk": encode_frame([(":event-type", "chunk"), (":message-type", "event")], payload),
    }
    response = {"headers": {"x-note": [leak if place == "header" else ""]}, "body": {"string": bodies[place]}}
    note = leak if place == "text" else ""
    return yaml.safe_dump({"note": note, "interactions": [{"response": response}]}, width=2**20)
