"""Two runs of one program, made into lines that can be compared, and what may differ between them."""

from __future__ import annotations

import ast
import difflib
import json
import re
import tomllib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .running import Outcome

DIFFERENCES = Path(__file__).with_name("differences.toml")
#: What no two runs share, and its stand-in.
_UNSHARED = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "<date>"),
    (re.compile(r"(content-length'?[ =:]+')\d+"), r"\1<number>"),
    (re.compile(r"(latencyMs(\[0\])?'?[ =:\[]+)\d+"), r"\1<number>"),
)


@dataclass(frozen=True)
class Difference:
    """One intended difference.

    Attributes:
        id: its name.
        programs: those that show it.
        what, why: its row in the README.
        theirs, ours: patterns of whole lines that only the one run has.
    """

    id: str
    programs: tuple[str, ...]
    what: str
    why: str
    theirs: tuple[re.Pattern[str], ...]
    ours: tuple[re.Pattern[str], ...]

    def explains(self, line: str) -> bool:
        """Whether a line of a diff (``- …`` theirs, ``+ …`` ours) is this difference's."""
        patterns = self.theirs if line.startswith("-") else self.ours
        return any(pattern.fullmatch(line[2:]) for pattern in patterns)


def differences(path: Path = DIFFERENCES) -> list[Difference]:
    """The intended differences, from their file."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["difference"]
    return [
        Difference(
            id=row["id"],
            programs=tuple(row["programs"]),
            what=row["what"],
            why=row["why"],
            theirs=tuple(re.compile(pattern) for pattern in row.get("theirs", ())),
            ours=tuple(re.compile(pattern) for pattern in row.get("ours", ())),
        )
        for row in rows
    ]


def table(listed: list[Difference]) -> str:
    """The README's table of them, row by row."""
    rows = "".join(f"| {each.what} | {each.why} |\n" for each in listed)
    return f"| what is different | why |\n|---|---|\n{rows}"


def check(name: str, found: list[str], listed: list[Difference]) -> None:
    """Each line that differs in a program is one of its differences, and each of these is seen."""
    allowed = [each for each in listed if name in each.programs]
    assert [line for line in found if not any(each.explains(line) for each in allowed)] == []
    unseen = [each.id for each in allowed if not any(each.explains(line) for line in found)]
    assert unseen == [], "listed in differences.toml, and not there"


def check_list(listed: list[Difference], programs: Iterable[str]) -> None:
    """The list names each difference once, and programs that there are."""
    ids = [each.id for each in listed]
    assert len(ids) == len(set(ids))
    assert all(each.programs and set(each.programs) <= set(programs) for each in listed)
    assert all(each.theirs or each.ours for each in listed)


def compared(theirs: Outcome, ours: Outcome, *, at_once: bool = False) -> list[str]:
    """The lines that only one of two runs has: ``- …`` theirs, ``+ …`` ours.

    Args:
        at_once: whether requests were sent at the same time, in no order.
    """
    lines = difflib.ndiff(list(_lines(theirs, at_once)), list(_lines(ours, at_once)), charjunk=None)
    return [line for line in lines if line[0] in "-+"]


def _lines(outcome: Outcome, at_once: bool) -> Iterator[str]:
    for line in (*_printed(outcome), *_requests(outcome, at_once)):
        for pattern, stand_in in _UNSHARED:
            line = pattern.sub(stand_in, line)
        yield line


def _printed(outcome: Outcome) -> Iterator[str]:
    """The printed lines; a dict or list that was printed is one line for each of its values."""
    for number, line in enumerate(outcome.printed):
        try:
            value = ast.literal_eval(line)
        except (ValueError, SyntaxError):
            yield f"printed {number}: {line}"
        else:
            yield from _flat(f"printed {number}: ", value)
    if outcome.error is not None:
        yield f"raised: {_last_words(outcome.error)}"


def _requests(outcome: Outcome, at_once: bool) -> Iterator[str]:
    sent = [(f"{each.operation} {each.model_id}", _body(each.body)) for each in outcome.requests]
    if at_once:
        sent.sort(key=lambda each: (each[0], json.dumps(_filled(each[1]), sort_keys=True, default=str)))
    for number, (whither, body) in enumerate(sent):
        yield f"request {number}: {whither}"
        yield from _flat(f"request {number}: ", body)


def _body(body: Any) -> Any:
    """A body as JSON values; one that travels as JSON in bytes is read."""
    if isinstance(body, bytes):
        return _body(json.loads(body))
    if isinstance(body, dict):
        if isinstance(body.get("body"), bytes):
            body = {**body, "body": json.loads(body["body"])}
        return body
    return body


def _filled(value: Any) -> Any:
    """A dict without its empty members."""
    if not isinstance(value, dict):
        return value
    return {key: _filled(item) for key, item in value.items() if item not in ({}, [])}


def _flat(path: str, value: Any) -> Iterator[str]:
    """``path.to.member = value`` for each value inside, keys in order."""
    if isinstance(value, dict) and value:
        for key in sorted(value, key=str):
            yield from _flat(f"{path}.{key}", value[key])
    elif isinstance(value, (list, tuple)) and value:
        for number, item in enumerate(value):
            yield from _flat(f"{path}[{number}]", item)
    else:
        if isinstance(value, bytes):
            value = f"bytes {b64encode(value).decode()}"
        yield f"{path} = {value!r}"


def _last_words(trace: str) -> str:
    """The exception of a traceback: the first line after its last frame."""
    lines = trace.rstrip().splitlines()
    raised = [number for number, line in enumerate(lines) if line.startswith("Traceback")][-1]
    return next(line for line in lines[raised + 1 :] if not line.startswith(" "))
