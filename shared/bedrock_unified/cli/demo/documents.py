"""The reader's own text files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from ..usage import UsageError

MAX_FILE = 5_000_000
_TEXT_SUFFIXES = frozenset(
    {
        ".adoc",
        ".csv",
        ".htm",
        ".html",
        ".json",
        ".log",
        ".md",
        ".org",
        ".py",
        ".rst",
        ".tex",
        ".text",
        ".toml",
    }
    | {".tsv", ".txt", ".xml", ".yaml", ".yml"}
)


@dataclass(frozen=True, slots=True)
class TextFile:
    """One file's name, as the reader would write it, and its text."""

    name: str
    text: str


def read_files(paths: Iterable[Path]) -> list[TextFile]:
    """The text files at these paths; folders are searched for text files. Without paths, our own documents.

    Raises:
        UsageError: a path that does not exist or cannot be read, a file that is not text or is empty, a
            folder without text files.
    """
    files = [file for path in paths for file in _read(path)]
    return files or _own_documents()


def _read(path: Path) -> list[TextFile]:
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    if not path.is_dir():
        return [_read_file(path)]
    found = [
        entry
        for entry in sorted(path.rglob("*"))
        if entry.is_file()
        and entry.suffix.lower() in _TEXT_SUFFIXES
        and not any(part.startswith(".") for part in entry.relative_to(path).parts)
        and 0 < entry.stat().st_size <= MAX_FILE
    ]
    if not found:
        raise UsageError(f"the folder {path} holds no text files ({', '.join(sorted(_TEXT_SUFFIXES))})")
    return [_read_file(entry) for entry in found]


def _read_file(path: Path, name: str | None = None) -> TextFile:
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_FILE else None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    if raw is None:
        raise UsageError(f"{path} is larger than {MAX_FILE:,} bytes; give a part of it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
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
