"""The reader's own text files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from ..console import say
from ..inputs import decoded
from ..usage import UsageError

MAX_FILE = 5_000_000
_PROSE = ".adoc .htm .html .log .markdown .md .org .rst .tex .text .txt"
_DATA = ".csv .json .jsonl .toml .tsv .xml .yaml .yml"
_CODE = ".c .cc .cpp .cs .css .go .h .hpp .java .js .jsx .kt .php .py .rb .rs .scala .sh .sql .swift .ts .tsx"
_TEXT_SUFFIXES = frozenset(f"{_PROSE} {_DATA} {_CODE}".split())
#: Folders of what others wrote.
_NOT_THE_READERS = frozenset({"__pycache__", "node_modules", "site-packages"})
#: Files that are named in a note about those left out.
_TOLD = 3


@dataclass(frozen=True, slots=True)
class TextFile:
    """One file's name, as the reader would write it, and its text."""

    name: str
    text: str


def read_files(paths: Iterable[Path]) -> list[TextFile]:
    """The text files at these paths; folders are searched for text files. Without paths, our own documents.

    Of a folder, what cannot be read or is no text is left out, and standard error says so.

    Raises:
        UsageError: a path that does not exist or cannot be read, a file that is not text or is empty, a
            folder without text files.
    """
    files = [file for path in paths for file in _read(path)]
    return files or _own_documents()


def _read(path: Path) -> list[TextFile]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    return _read_folder(path) if stat.S_ISDIR(mode) else [_read_file(path)]


def _read_folder(folder: Path) -> list[TextFile]:
    found: list[TextFile] = []
    left_out: list[str] = []
    for path in sorted(_text_files(folder, left_out)):
        try:
            found.append(_read_file(path))
        except UsageError as error:
            left_out.append(str(error))
    if left_out:
        more = f"; and {len(left_out) - _TOLD} more" if len(left_out) > _TOLD else ""
        say(f"note: left out: {'; '.join(left_out[:_TOLD])}{more}")
    if not found:
        raise UsageError(f"the folder {folder} holds no text files ({', '.join(sorted(_TEXT_SUFFIXES))})")
    return found


def _text_files(folder: Path, left_out: list[str]) -> Iterator[Path]:
    """The files that are named like text, hidden ones and empty ones aside."""

    def unreadable(error: OSError) -> None:
        left_out.append(f"{error.filename} cannot be read: {error.strerror or error}")

    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_THE_READERS]
        for name in names:
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in _TEXT_SUFFIXES:
                continue
            try:
                status = path.stat()
            except FileNotFoundError:  # a link that leads nowhere
                continue
            except OSError as error:
                unreadable(error)
                continue
            if stat.S_ISREG(status.st_mode) and status.st_size:
                yield path


def _read_file(path: Path, name: str | None = None) -> TextFile:
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_FILE else None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    if raw is None:
        raise UsageError(f"{path} is larger than {MAX_FILE:,} bytes; give a part of it")
    text = decoded(raw)
    if text is None:
        raise UsageError(f"{path} is not a UTF-8 text file")
    if not text.strip():
        raise UsageError(f"{path} is empty")
    return TextFile(name or str(path), text)


def _own_documents() -> list[TextFile]:
    """The documents of the checkout this runs in or from; of an installed wheel, the README it carries."""
    for root in (Path.cwd(), Path(__file__).resolve().parents[4]):
        if (root / "shared" / "bedrock_unified").is_dir() and (root / "README.md").is_file():
            return [_read_file(path, path.name) for path in sorted(root.glob("*.md"))]
    try:
        about = metadata("bedrock-unified")
    except PackageNotFoundError as error:
        raise UsageError("name the text files to ask about") from error
    text: Any = about.json.get("description", "")
    return [TextFile("README.md", str(text))]
