"""Texts that a command works on: from the command line, from files, from standard input."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from .usage import UsageError

#: How UTF-16 begins, of either order of bytes.
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: Standard input, as the name of a file or in the place of a text.
STDIN = "-"
#: Members of a JSON object that hold its text, in the order in which they are looked for.
_TEXT_MEMBERS = ("text", "content", "page_content", "document", "passage", "body")


@dataclass(frozen=True, slots=True)
class Item:
    """One text, and what its line said besides.

    Attributes:
        text: never blank.
        value: what stood on the line: the text, or the JSON object.
        more: the other members of the object.
    """

    text: str
    value: Any
    more: dict[str, Any] = field(default_factory=dict[str, Any])


def decoded(data: bytes) -> str | None:
    """Bytes as text: UTF-8, or UTF-16 that begins by saying so (Windows); None where they are no text."""
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def one_text(given: str | None, file: Path | None, *, what: str) -> str:
    """A single text: given, of a file, or of standard input.

    Raises:
        UsageError: two of them, none, blank, or a file that is no UTF-8 text.
    """
    if given is not None and given != STDIN and file is not None:
        raise UsageError(f"{what} is given twice: as an argument and as --file")
    if given is not None and given != STDIN:
        text = given
    elif file is not None and str(file) != STDIN:
        text = _read(file)
    elif given == STDIN or file is not None or not sys.stdin.isatty():
        text = _standard_input()
    else:
        raise UsageError(f"there is no {what}: give it as an argument, with --file, or pipe it in")
    if not text.strip():
        raise UsageError(f"{what} is empty")
    return text


def many_texts(given: Sequence[str], files: Sequence[Path], *, what: str) -> list[Item]:
    """Texts: those given, then the lines of the files, then standard input where nothing else was named.

    A file whose name ends in ``.jsonl`` or ``.json`` holds a JSON value a line (or one list): texts, or
    objects with a member ``text`` or ``content``. Any other has a text a line; blank lines are left out.
    Standard input is read as JSON if its first line is an object or a list.

    Raises:
        UsageError: no text at all, or a line that holds none; it names file and line.
    """
    items: list[Item] = []
    for text in given:
        items.extend(_stdin() if text == STDIN else [_item(text, "the command line")])
    for file in files:
        items.extend(_stdin() if str(file) == STDIN else _lines(_read(file), str(file), _is_json(file)))
    if not given and not files:
        if sys.stdin.isatty():
            raise UsageError(f"there are no {what}: give them as arguments, as files, or pipe them in")
        items.extend(_stdin())
    if not items:
        raise UsageError(f"there are no {what}: every line is blank")
    return items


def _stdin() -> Iterator[Item]:
    text = _standard_input()
    return _lines(text, "standard input", text.lstrip()[:1] in ("{", "[") and _parses(text))


def _standard_input() -> str:
    """What is piped in, as UTF-8 whatever the locale says."""
    text = decoded(sys.stdin.buffer.read())
    if text is None:
        raise UsageError("standard input is not UTF-8 text")
    return text


def _parses(text: str) -> bool:
    """Whether the first line is JSON, or the whole is."""
    for candidate in (text.lstrip().partition("\n")[0], text):
        try:
            json.loads(candidate)
        except ValueError:
            continue
        return True
    return False


def _is_json(file: Path) -> bool:
    return file.suffix.lower() in (".json", ".jsonl", ".ndjson")


def _read(file: Path) -> str:
    try:
        text = decoded(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or type(error).__name__}") from None
    if text is None:
        raise UsageError(f"{file} is not a UTF-8 text file")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str, source: str, is_json: bool) -> Iterator[Item]:
    if is_json and (whole := _whole_list(text)) is not None:
        for place, value in enumerate(whole, 1):
            yield _item(value, f"{source}, item {place}")
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{source}, line {number}"
        if not is_json:
            yield _item(line, where)
            continue
        try:
            value: Any = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{where} is not JSON: {error}") from None
        yield _item(value, where)


def _whole_list(text: str) -> Iterable[Any] | None:
    """The entries of a file that is one JSON list."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value: Any = json.loads(text)
    except ValueError:
        return None  # a list a line, of which each is refused by its number
    return cast("list[Any]", value)


def _item(value: Any, where: str) -> Item:
    if isinstance(value, str):
        if not value.strip():
            raise UsageError(f"{where} holds a blank text")
        return Item(value, value)
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        for name in _TEXT_MEMBERS:
            text = members.get(name)
            if isinstance(text, str) and text.strip():
                return Item(text, members, {key: held for key, held in members.items() if key != name})
        raise UsageError(
            f"{where} holds an object without a text\n"
            f"Hint: its text belongs in one of {', '.join(_TEXT_MEMBERS)}"
        )
    raise UsageError(f"{where} holds {type(value).__name__}, not a text or an object with one")


def with_version(guardrail: str) -> tuple[str, str] | None:
    """``ID:VERSION`` as a guardrail's id, or ARN, and its version; None where no version is in it."""
    identifier, _, version = guardrail.rpartition(":")
    plain = version.isascii() and (version.isdigit() or version == "DRAFT")
    if not identifier or not plain or (identifier.startswith("arn:") and "/" not in identifier):
        return None
    return identifier, version
