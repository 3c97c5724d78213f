"""The ways in which an object can be shown or written down, and the check that none shows a secret."""

from __future__ import annotations

import copy
import io
import json
import pickle
import pprint
import traceback
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from typing import Any

from langchain_core.load import dumpd, dumps
from rich.console import Console

from .plugin import scanner


def no_secret(**shown: str | bytes) -> None:
    """None of these texts holds a secret."""
    found = [leak for where, text in shown.items() for leak in scanner().leaks(where, text)]
    assert not found, "\n".join(map(str, found))


def ways_of(thing: Any) -> Iterator[tuple[str, str | bytes]]:
    """How it is shown and written down, by names."""
    yield "repr", repr(thing)
    yield "str", str(thing)
    yield "f-string", f"{thing} {thing!r} {thing!s} {thing!a}"
    yield "percent", "%s %r" % ((thing,), (thing,))  # noqa: UP031 - it is one of the ways
    yield "pprint", pprint.pformat(thing)
    yield "in a container", repr([{"it": (thing,)}])
    console = Console(file=io.StringIO(), width=1000)
    console.print(thing)
    yield "rich", console.file.getvalue()  # type: ignore[attr-defined]
    yield "copy", repr(copy.copy(thing))
    yield "deepcopy", repr(copy.deepcopy(thing))
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        yield f"pickle {protocol}", pickle.dumps(thing, protocol)
    yield "pickled and back", repr(pickle.loads(pickle.dumps(thing)))
    yield "pickle of a copy", pickle.dumps(copy.deepcopy(thing))
    for name in ("model_dump", "asdict", "to_dict", "to_json", "model_dump_json"):
        write = getattr(thing, name, None)
        if callable(write):
            yield name, f"{write()}"
    if hasattr(thing, "model_dump"):
        yield "model_dump (json)", f"{thing.model_dump(mode='json')}"
        yield "model_dump_json (round trip)", thing.model_dump_json(round_trip=True, fallback=str)
        yield "dict()", f"{dict(thing)}"
        yield "copies", f"{thing.model_copy()!r} {thing.model_copy(deep=True)!r}"
    if hasattr(type(thing), "lc_secrets"):
        yield "dumps", dumps(thing)
        yield "dumpd", json.dumps(dumpd(thing), default=repr)
    if is_dataclass(thing) and not isinstance(thing, type):
        yield "asdict", f"{asdict(thing)}"


def shows_no_secret(thing: Any) -> None:
    """No way of showing it shows a secret."""
    no_secret(**dict(ways_of(thing)))


def tells_no_secret(error: BaseException) -> None:
    """An error, what is in it, and its traceback as it is printed."""
    no_secret(
        error=f"{error}\n{error!r}\n{error.args!r}",
        members=f"{vars(error)}",
        details=repr(error.details()) if hasattr(error, "details") else "",
        traceback="".join(traceback.format_exception(error)),
        pickle=pickle.dumps(error),
        copy=repr(vars(copy.copy(error))),
        back=str(pickle.loads(pickle.dumps(error))),
    )
