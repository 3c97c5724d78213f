"""YAML with the line of each value. An error never quotes what stands there: it may be a secret.

What YAML can do beyond plain values is refused or bounded: tags that make objects, keys that stand twice,
aliases inside what they name, and aliases of aliases that grow without end.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ...errors import ConfigurationError
from ..named import Origin
from .documents import DEEPEST, MOST_VALUES, Document, Path_, written
from .problems import problem

_MERGE = "tag:yaml.org,2002:merge"
_PLAIN = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str"))
#: Characters of a text. PyYAML needs a second for a million, whatever they say.
MOST_CHARACTERS = 1 << 18
#: Characters; the largest number with a point has 309 digits.
_LONGEST_NUMBER = 400
_TOO_MUCH = "its values are too many, or stand inside each other without end"
#: Dates are left as they were written: no parameter is one.
_AS_WRITTEN = frozenset({"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"})
# PyYAML quotes characters and names of tokens, which are no secrets, and aliases and tags, which may be.
_QUOTED = re.compile(r"(['\"])(?!<)(.{3,}?)\1")


def parse_yaml(text: str, source: str) -> Document:
    """The document in a text.

    Raises:
        ConfigurationError: the text is no YAML, or one that has no plain values; or more than a
            configuration needs. Or PyYAML is not installed.
    """
    yaml = _yaml()
    if len(text) > MOST_CHARACTERS:
        raise problem(
            Origin(source), f"it is longer than {MOST_CHARACTERS >> 10} KiB, which no configuration is"
        )
    loader: Any = None
    try:
        loader = _loader(yaml)(text)
        node = loader.get_single_node()
        if node is None:
            raise problem(Origin(source), "it is empty")
        return _Reader(loader, source).document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found = _QUOTED.sub("'…'", error.problem or "it cannot be read")
        hint = (
            "values with ':', '#', '{' or '*' in them need quotes; lines are indented by spaces, not by tabs"
        )
        raise problem(Origin(source, line=mark.line + 1 if mark else None), found, hint=hint) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else None
        raise problem(Origin(source, line=line), "it has a character that YAML does not allow") from None
    except yaml.YAMLError:
        raise problem(Origin(source), "it is not YAML") from None
    except _TooMuch as error:
        raise problem(Origin(source, line=error.args[0]), _TOO_MUCH) from None
    finally:
        if loader is not None:
            loader.dispose()


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise ConfigurationError(
            "reading YAML needs PyYAML", hint="pip install 'bedrock-unified[cli]'"
        ) from None
    return yaml


class _TooMuch(Exception):
    """There is more than a configuration needs; on which line."""


@cache
def _loader(yaml: Any) -> Any:
    """PyYAML's loader, which here stops as soon as there is too much: it needs seconds for all of a MiB."""

    safe: Any = yaml.SafeLoader

    class Loader(safe):
        _nodes = _depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            self._nodes += 1
            self._depth += 1
            if self._nodes > MOST_VALUES or self._depth > DEEPEST:
                raise _TooMuch(safe.peek_event(self).start_mark.line + 1)
            try:
                return safe.compose_node(self, parent, index)
            finally:
                self._depth -= 1

    return Loader


class _Reader:
    """Makes plain values of YAML's nodes."""

    def __init__(self, loader: Any, source: str) -> None:
        self._loader = loader
        self._source = source
        self._lines: dict[Path_, int] = {}
        self._texts: dict[Path_, str] = {}
        self._count = 0
        self._around: list[int] = []

    def document(self, node: Any) -> Document:
        value = self._value(node, ())
        return Document(self._source, value, self._lines, self._texts)

    def _value(self, node: Any, path: Path_) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        self._taken(node, path)
        if id(node) in self._around:
            raise self._problem(node, path, "an alias stands inside what it names")
        self._around.append(id(node))
        try:
            if node.id == "mapping":
                return self._mapping(node, path)
            if node.id == "sequence":
                self._check_tag(node, path, "tag:yaml.org,2002:seq")
                return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self._around.pop()

    def _mapping(self, node: Any, path: Path_) -> dict[str, Any]:
        self._check_tag(node, path, "tag:yaml.org,2002:map")
        made: dict[str, Any] = {}
        merged: list[Any] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged += value_node.value if value_node.id == "sequence" else [value_node]
                continue
            here = (*path, self._key(key_node, path))
            if here[-1] in made:
                raise self._problem(
                    key_node, here, f"the key is there twice; it stands on line {self._lines[here]}, too"
                )
            self._put(made, here, key_node, value_node)
        self._merge(made, merged, path, len(path))
        return made

    def _merge(self, made: dict[str, Any], merged: list[Any], path: Path_, depth: int) -> None:
        """Take over the keys of ``<<`` that are not there yet."""
        for each in merged:
            self._taken(each, path)  # aliases of aliases grow without end here, too
            if each.id != "mapping" or depth > DEEPEST:
                raise self._problem(each, path, "'<<' takes a mapping, or a list of them")
            further: list[Any] = []
            for key_node, value_node in each.value:
                if key_node.tag == _MERGE:
                    further += value_node.value if value_node.id == "sequence" else [value_node]
                elif (key := self._key(key_node, path)) not in made:
                    self._put(made, (*path, key), key_node, value_node)
            self._merge(made, further, path, depth + 1)

    def _taken(self, node: Any, path: Path_) -> None:
        """Count what is read; an alias is read each time that it stands somewhere."""
        self._count += 1
        if self._count > MOST_VALUES or len(path) > DEEPEST:
            raise self._problem(node, path, _TOO_MUCH)

    def _put(self, made: dict[str, Any], here: tuple[Any, ...], key_node: Any, value_node: Any) -> None:
        self._lines[here] = key_node.start_mark.line + 1
        made[here[-1]] = self._value(value_node, here)

    def _key(self, node: Any, path: Path_) -> str:
        if node.id != "scalar":
            raise self._problem(node, path, "a key is a list or a mapping; it must be text")
        return node.value

    def _scalar(self, node: Any, path: Path_) -> Any:
        if node.tag in _AS_WRITTEN:
            return node.value
        if node.tag not in _PLAIN:
            raise self._problem(node, path, "it has a tag, which makes it something other than a plain value")
        if len(node.value) > _LONGEST_NUMBER:
            return node.value  # no number; and PyYAML takes seconds for 1:1:1:1… to the base of 60
        try:
            value: Any = self._loader.construct_object(node)
        except (ValueError, OverflowError):  # a number that does not fit, or none after all
            value = node.value
        if value is not None and not isinstance(value, str):
            self._texts[path] = node.value
        return value

    def _check_tag(self, node: Any, path: Path_, plain: str) -> None:
        if node.tag != plain:
            raise self._problem(node, path, "it has a tag, which makes it something other than a plain value")

    def _problem(self, node: Any, path: Path_, found: str) -> ConfigurationError:
        return problem(Origin(self._source, written(path), node.start_mark.line + 1), found)
