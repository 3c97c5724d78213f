"""The recorded exchanges with AWS, read from where they are; never copied here."""

from __future__ import annotations

import base64
import functools
import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CONVERSATIONS = ("Converse", "ConverseStream")


@dataclass(frozen=True)
class Recorded:
    """One exchange: what was sent, what AWS answered."""

    id: str
    operation: str
    family: str
    session: str
    """The recorded file it comes from: its exchanges followed one another."""
    path: str
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    """Names in lower case; some sources kept only a few."""
    body: bytes


def folder() -> Path:
    """The folder of the recordings; skips the test, with the reason, where there is none."""
    named = os.environ.get("BEDROCK_TRAFFIC")
    place = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "wire"
    if (place / "exchanges.jsonl.gz").is_file():
        return place
    reason = (
        f"no recorded traffic in {place}; set BEDROCK_TRAFFIC to the folder that holds exchanges.jsonl.gz"
    )
    if os.environ.get("BEDROCK_TRAFFIC_REQUIRED", "").strip() not in {"", "0"}:
        pytest.fail(reason)
    pytest.skip(reason)


@functools.cache
def load(place: Path) -> tuple[dict[str, Any], ...]:
    with gzip.open(place / "exchanges.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


def conversations(place: Path) -> list[Recorded]:
    """Every Converse and ConverseStream exchange."""
    return [
        Recorded(
            entry["id"],
            entry["operation"],
            entry["family"],
            entry["source_blob"],
            entry["path"],
            entry["request_json"],
            entry["status"],
            {name.lower(): value for name, value in entry["response_headers"].items()},
            base64.b64decode(entry["response_body_b64"]),
        )
        for entry in load(place)
        if entry["operation"] in CONVERSATIONS
    ]


def application_profiles(place: Path) -> dict[str, str]:
    """The application inference profiles the recordings tell of: their id → the model behind them."""
    found: dict[str, str] = {}
    for entry in load(place):
        if entry["operation"] == "GetInferenceProfile" and entry["status"] == 200:
            profile = json.loads(base64.b64decode(entry["response_body_b64"]))
            found[profile["inferenceProfileId"]] = profile["models"][0]["modelArn"].rsplit("/", 1)[-1]
    return found
