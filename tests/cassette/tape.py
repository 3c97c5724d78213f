"""vcrpy as these tests use it: what matches, how a cassette is written, what it says about itself."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import vcr
import yaml
from vcr.persisters.filesystem import FilesystemPersister

from .scrubbing import EVENT_STREAM, Scrubber

Source = Literal["local", "aws"]

FOLDER = Path(__file__).resolve().parents[2] / "cassettes"

FROM_LOCAL = "the local endpoint of bedrock-unified, not AWS; date, request ids and latency are pinned"
FROM_AWS = "AWS"
#: ``raw_body``, because vcrpy's ``body`` would read JSON and overlook a byte. The host is not looked at.
MATCH_ON = ("method", "path", "query", "raw_body")


@dataclass(frozen=True)
class Label:
    """What stands at the top of a cassette."""

    source: Source
    covers: tuple[str, ...]

    def members(self) -> dict[str, Any]:
        """In the order they are written."""
        if self.source == "local":
            return {"recorded_from": FROM_LOCAL, "covers": list(self.covers)}
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        return {"recorded_from": FROM_AWS, "recorded_on": today, "covers": list(self.covers)}


@dataclass
class Format:
    """vcrpy's YAML with a label, and with event streams always as binary."""

    label: Label

    def serialize(self, cassette: dict[str, Any]) -> str:
        """vcrpy's dict as text."""
        for interaction in cassette["interactions"]:
            _fix_binary(interaction["response"])
        whole = {**self.label.members(), **cassette}
        return yaml.dump(whole, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=2**20)

    def deserialize(self, text: str) -> dict[str, Any]:
        """The text as vcrpy's dict."""
        return yaml.load(text, Loader=yaml.CSafeLoader)


@dataclass
class Persister:
    """Cleans what is written, in an order of its own where requests were sent at the same time.

    Cleaning waits until then, so that a test being recorded compares what the client got with what came.
    """

    label: Label
    scrubber: Scrubber
    unordered: bool = False

    def load_cassette(self, path: str, serializer: Any) -> Any:
        """vcrpy's own reading."""
        return FilesystemPersister.load_cassette(path, serializer)

    def save_cassette(self, path: str, tape: dict[str, Any], serializer: Any) -> None:
        """Write ``tape`` to ``path``."""
        pairs = [
            (self.scrubber.request(copy.deepcopy(request)), self.scrubber.response(response))
            for request, response in zip(tape["requests"], tape["responses"], strict=True)
        ]
        if self.unordered:
            pairs.sort(key=lambda pair: (pair[0].uri, pair[0].body or b""))
        if self.label.source == "local":
            for number, (_, response) in enumerate(pairs, 1):
                for name in response["headers"]:
                    if name.lower() == "x-amzn-requestid":
                        response["headers"][name] = [request_id(number)]
        cleaned = {"requests": [pair[0] for pair in pairs], "responses": [pair[1] for pair in pairs]}
        FilesystemPersister.save_cassette(path, cleaned, serializer)


def recorder(label: Label, scrubber: Scrubber, *, unordered: bool = False) -> vcr.VCR:
    """A vcrpy recorder and player with all of the above."""
    machine = vcr.VCR(match_on=MATCH_ON, serializer="labelled")
    machine.register_serializer("labelled", Format(label))
    machine.register_persister(Persister(label, scrubber, unordered))
    return machine


def request_id(number: int) -> str:
    """The request id of the ``number``-th answer of a local recording."""
    return f"00000000-0000-4000-8000-{number:012}"


def load(path: Path) -> dict[str, Any]:
    """A cassette as it is written, with its label."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def cassette_path(folder: Path, module: str, test: str) -> Path:
    """``cassettes/client/converse.yaml`` for ``test_converse`` of ``test_client``."""
    return folder / module.removeprefix("test_") / f"{test.removeprefix('test_')}.yaml"


def covered(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Public method → the cassettes that say they exercise it."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        for name in load(path)["covers"]:
            found.setdefault(name, []).append(path)
    return found


def _fix_binary(response: dict[str, Any]) -> None:
    """vcrpy writes bytes that happen to be UTF-8 as text; frames are not text."""
    types = [values[0] for name, values in response["headers"].items() if name.lower() == "content-type"]
    body = response["body"]
    if types == [EVENT_STREAM] and isinstance(body["string"], str):
        body["string"] = body["string"].encode()
