"""A YAML or JSON file as plain values, and the line on which each of them stands."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ..named import Origin
from .problems import problem

#: Bytes of a file, values in it, and values inside each other. A configuration has no need of more.
MOST_BYTES = 1 << 20
MOST_VALUES = 20_000
DEEPEST = 50

#: Keys and positions from the document's beginning to a value.
Path_ = tuple[str | int, ...]
Lines = Mapping[Path_, int]
Texts = Mapping[Path_, str]


@dataclass(frozen=True, slots=True)
class Document:
    """What was read.

    Attributes:
        source: the file's path; ``arguments`` for values that came from Python.
        value: dicts with text as keys, lists, text, numbers, booleans and None.
        lines: by its path (``("models", 0, "params", "aws_region")``) the line of each key and item, from 1.
        texts: how numbers, booleans and dates were written, where the source is YAML: ``007``, ``no``.
    """

    source: str
    value: Any = field(repr=False)
    lines: Lines = field(default_factory=dict[Path_, int], repr=False)
    texts: Texts = field(default_factory=dict[Path_, str], repr=False)

    def origin(self, *path: str | int) -> Origin:
        """Where the value of this path stands; a key that is missing is told by its place's line."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Origin(self.source, written(path), self.lines.get(known))

    def mapping(self, *path: str | int, value: Any = None) -> Mapping[str, Any]:
        """The value of this path as a mapping; an empty one where there is nothing.

        Raises:
            ConfigurationError: it is something else.
        """
        found = self.at(*path) if value is None else value
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            raise problem(self.origin(*path), f"a {kind_of(found)} where keys and values belong")
        return cast("Mapping[str, Any]", found)

    def items(self, *path: str | int) -> Sequence[Any]:
        """The value of this path as a list; an empty one where there is nothing.

        Raises:
            ConfigurationError: it is something else.
        """
        found = self.at(*path)
        if found is None:
            return ()
        if not isinstance(found, (list, tuple)):
            raise problem(
                self.origin(*path),
                f"a {kind_of(found)} where a list belongs",
                hint="each entry begins with a dash of its own: '- …'",
            )
        return cast("Sequence[Any]", found)

    def text(self, *path: str | int, required: bool = False) -> str | None:
        """The value of this path as text, as it was written; None where there is nothing.

        Raises:
            ConfigurationError: it is a list or has keys; or nothing, and it is required.
        """
        found = self.at(*path)
        if isinstance(found, str) and found.strip():
            return found
        if isinstance(found, (bool, int, float)):
            return self.texts.get(path, str(found))
        if found is None or found == "":
            if required:
                raise problem(
                    self.origin(*path), f"{path[-1]} is missing" if found is None else "it is empty"
                )
            return None
        raise problem(self.origin(*path), f"a {kind_of(found)} where text belongs")

    def at(self, *path: str | int) -> Any:
        """The value of this path; None where there is nothing."""
        found = self.value
        for step in path:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return None
        return found


def written(path: Iterable[str | int]) -> str:
    """A path as people write it: ``models[0].params.aws_region``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def kind_of(value: Any) -> str:
    """What a value is, in a message."""
    if isinstance(value, Mapping):
        return "mapping"
    if isinstance(value, (list, tuple)):
        return "list"
    names = {str: "text", bool: "switch", int: "number", float: "number", type(None): "nothing"}
    return names.get(cast("type[Any]", type(value)), type(value).__name__)


def is_file(path: Path) -> bool:
    """Whether there is a file, as ``Path.is_file``.

    Raises:
        ConfigurationError: that cannot be seen: the folder is not to be looked into, the name is too long.
    """
    with looking_at(path):
        return path.is_file()


def is_folder(path: Path) -> bool:
    """As :func:`is_file`, of folders."""
    with looking_at(path):
        return path.is_dir()


@contextlib.contextmanager
def looking_at(path: Path) -> Generator[None]:
    """What the system says of a path that cannot be looked at, as a ConfigurationError that names it."""
    try:
        yield
    except OSError as error:
        raise problem(
            Origin(str(path)), f"it cannot be read: {error.strerror or type(error).__name__}"
        ) from None
    except ValueError:  # a null character in the path
        raise problem(Origin(repr(str(path))), "it is no path") from None


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        ConfigurationError: it is no file, cannot be read, is empty, is no UTF-8, or is too long.
    """
    origin = Origin(str(path))
    with looking_at(path):
        if not path.is_file():
            found = "is a folder" if path.is_dir() else "is no file" if path.exists() else "does not exist"
            raise problem(origin, f"it {found}", hint="give the path of a configuration file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise problem(origin, f"it is longer than {MOST_BYTES >> 20} MiB, which no configuration is")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise problem(
            Origin(str(path), line=line), "it is not text in UTF-8", hint="save it as UTF-8"
        ) from None
    if not text.strip():
        raise problem(origin, "it is empty")
    return text


def read_document(path: Path) -> Document:
    """A file of YAML or, by its name or its first character, of JSON.

    Raises:
        ConfigurationError: it cannot be read, or is neither.
    """
    text = read_text(path)
    if path.suffix.lower() == ".json" or (
        path.suffix.lower() not in (".yaml", ".yml") and text.lstrip()[0] == "{"
    ):
        from .json_text import parse_json

        return parse_json(text, str(path))
    from .yaml_file import parse_yaml

    return parse_yaml(text, str(path))


def python_document(value: Any, source: str = "arguments") -> Document:
    """Values that came from Python.

    Raises:
        ConfigurationError: keys that are no text, or values inside each other without end.
    """
    _check_plain(value, source, (), [0])
    return Document(source, value)


def _check_plain(value: Any, source: str, path: Path_, seen: list[int]) -> None:
    seen[0] += 1
    if len(path) > DEEPEST or seen[0] > MOST_VALUES:
        raise problem(Origin(source), "its values stand inside each other without end, or are too many")
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[Any, Any]", value).items():
            if not isinstance(key, str):
                raise problem(Origin(source, written(path)), f"a key is a {kind_of(key)}; it must be text")
            _check_plain(item, source, (*path, key), seen)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(cast("Sequence[Any]", value)):
            _check_plain(item, source, (*path, index), seen)
