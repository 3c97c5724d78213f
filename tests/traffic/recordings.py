"""The recorded exchanges with AWS, each beside what botocore makes of it.

The data lives outside of the project: in ``$BEDROCK_TRAFFIC``, else in ``../shared/wire`` beside the
repository.
"""

from __future__ import annotations

import gzip
import json
import os
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
CONVERSE = frozenset({"Converse", "ConverseStream"})


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as botocore reports it; ``in_stream`` for an exception frame."""

    code: str
    message: str
    in_stream: bool = False


@dataclass(frozen=True, slots=True)
class Oracle:
    """botocore's parse of a response: its members, its events where it streams, its error."""

    parsed: dict[str, Any]
    events: list[dict[str, Any]]
    error: Failure | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded exchange.

    Attributes:
        request: the recorded JSON body, blobs as base64 text; None for a GET.
        body: the response's bytes as they came.
    """

    id: str
    operation: str
    model_id: str | None
    path: str
    request_headers: dict[str, str]
    request: Any
    status: int
    headers: dict[str, str]
    body: bytes
    oracle: Oracle

    @property
    def streams(self) -> bool:
        """Whether the operation answers with an event stream."""
        return self.operation in ("ConverseStream", "InvokeModelWithResponseStream")

    @property
    def succeeded(self) -> bool:
        """Whether AWS answered, and to the end."""
        return self.oracle.error is None


def folder() -> Path | None:
    """Where the recordings are; None when they are nowhere."""
    named = os.environ.get("BEDROCK_TRAFFIC")
    if named:
        return Path(named)
    beside = REPOSITORY.parent / "shared" / "wire"
    return beside if (beside / "exchanges.jsonl.gz").is_file() else None


@cache
def load(source: Path) -> tuple[Exchange, ...]:
    """All exchanges, in the order of the file.

    Raises:
        ValueError: an exchange has no oracle, or botocore could not parse it.
    """
    oracles = {record["id"]: record for record in _records(source / "oracle.jsonl.gz")}
    return tuple(_exchange(record, oracles) for record in _records(source / "exchanges.jsonl.gz"))


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _exchange(record: dict[str, Any], oracles: dict[str, dict[str, Any]]) -> Exchange:
    told = oracles.get(record["id"])
    if told is None or told["oracle_failure"]:
        raise ValueError(f"{record['id']} has no oracle: {told and told['oracle_failure']}")
    error = told["error"]
    return Exchange(
        id=record["id"],
        operation=record["operation"],
        model_id=record["model_id"],
        path=record["path"],
        request_headers={name.lower(): value for name, value in record["request_headers"].items()},
        request=record["request_json"],
        status=record["status"],
        headers=record["response_headers"],
        body=b64decode(record["response_body_b64"]),
        oracle=Oracle(
            parsed=_revived(told["parsed"] or {}),
            events=_revived(told["events"] or []),
            error=error and Failure(error["code"], error["message"], error.get("in_stream", False)),
        ),
    )


def _revived(value: Any) -> Any:
    """Bytes and times, which the file writes as ``{"$b64": …}`` and ``{"$time": …}``."""
    if isinstance(value, list):
        return [_revived(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$b64"}:
        return b64decode(value["$b64"])
    if set(value) == {"$time"}:
        return datetime.fromisoformat(value["$time"])
    return {name: _revived(item) for name, item in value.items()}
