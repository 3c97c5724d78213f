"""Vectors as files: JSON, JSON lines, and NumPy's format, written without NumPy."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from array import array
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from ..errors import BedrockError
from .usage import UsageError

FORMATS = ("jsonl", "json", "npy")


class Writer(Protocol):
    """Takes vectors in their order."""

    def write(self, place: int, more: Mapping[str, Any], vector: Sequence[float]) -> None:
        """One vector; ``more`` are the members of its input's object, but for the text."""
        ...

    def end(self, *, model: str, input_tokens: int) -> None:
        """That was all."""
        ...


class _Lines:
    """An object a line, as they come."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, place: int, more: Mapping[str, Any], vector: Sequence[float]) -> None:
        self._file.write(_json({**more, "index": place, "embedding": list(vector)}) + b"\n")

    def end(self, *, model: str, input_tokens: int) -> None:
        self._file.flush()


class _Document:
    """One JSON object."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._entries: list[dict[str, Any]] = []

    def write(self, place: int, more: Mapping[str, Any], vector: Sequence[float]) -> None:
        self._entries.append({**more, "index": place, "embedding": list(vector)})

    def end(self, *, model: str, input_tokens: int) -> None:
        document = {"model": model, "input_tokens": input_tokens, "embeddings": self._entries}
        self._file.write(_json(document) + b"\n")


class _Array:
    """NumPy's format 1.0 (NEP 1): little-endian 32-bit floats, a row a vector."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._numbers = array("f")
        self._rows = 0

    def write(self, place: int, more: Mapping[str, Any], vector: Sequence[float]) -> None:
        self._numbers.extend(vector)
        self._rows += 1

    def end(self, *, model: str, input_tokens: int) -> None:
        if sys.byteorder == "big":
            self._numbers.byteswap()
        width = len(self._numbers) // self._rows if self._rows else 0
        if width * self._rows != len(self._numbers):
            raise UsageError("the vectors differ in length, which an array cannot hold; use jsonl")
        shape = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({self._rows}, {width}), }}"
        # Magic, version and the length of what follows, which ends with a line break, fill up 64 bytes.
        padding = -(10 + len(shape) + 1) % 64
        header = f"{shape}{' ' * padding}\n".encode("latin-1")
        self._file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        self._file.write(self._numbers.tobytes())


_WRITERS: Mapping[str, type[_Lines] | type[_Document] | type[_Array]] = {
    "jsonl": _Lines,
    "json": _Document,
    "npy": _Array,
}


@contextlib.contextmanager
def writer_to(path: Path | None, form: str) -> Generator[Writer]:
    """A writer into a file, which is there when all is in it, or to standard output.

    Where the block ends with an error, lines that were written stay in ``<path>.partial``. What is there and
    no file (a device, a pipe) is written into as it is.

    Raises:
        UsageError: the file cannot be written.
    """
    if path is None:
        yield _WRITERS[form](sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with _refused(path):
        path = path.resolve()  # a link keeps leading there
        device = path.exists() and not path.is_file()
    if device:
        with _refused(path), path.open("wb") as file:
            yield _WRITERS[form](file)
        return
    with _refused(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with _refused(path):
            with os.fdopen(handle, "wb") as file:
                yield _WRITERS[form](file)
            mask = os.umask(0)
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)
            temporary.replace(path)
    except BaseException:
        if form == "jsonl" and temporary.exists() and temporary.stat().st_size:
            temporary.replace(path.with_name(f"{path.name}.partial"))
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _refused(path: Path) -> Generator[None]:
    try:
        yield
    except BedrockError:  # some of the network's are OSErrors, as botocore's are
        raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or type(error).__name__}") from None


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
