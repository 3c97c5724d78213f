"""JSON with the line of each value. An error never quotes what stands there: it may be a secret."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from ..named import Origin
from .documents import DEEPEST, MOST_VALUES, Document, Path_
from .problems import problem

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


def parse_json(text: str, source: str) -> Document:
    """The document in a text.

    Raises:
        ConfigurationError: the text is no JSON, has a key twice, or nests without end.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise problem(
            Origin(source, line=error.lineno), f"it is not JSON: {error.msg}, at column {error.colno}"
        ) from None
    except RecursionError:
        raise problem(Origin(source), "its values stand inside each other without end") from None
    except ValueError:
        raise problem(Origin(source), "it has a number that no computer holds") from None
    return Document(source, value, _Lines(text, source).found)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


class _Lines:
    """Walks through text that is known to be JSON."""

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self.found: dict[Path_, int] = {}
        self._tokens = _TOKEN.finditer(text)
        self._text = text
        self._at, self._line = 0, 1
        self._value(self._next(), ())

    def _next(self) -> str:
        token = next(self._tokens)
        self._line += self._text.count("\n", self._at, token.start())
        self._at = token.start()
        return token.group()

    def _value(self, token: str, path: Path_) -> None:
        if len(path) > DEEPEST or len(self.found) > MOST_VALUES:
            raise problem(
                Origin(self._source, line=self._line),
                "its values stand inside each other without end, or are too many",
            )
        self.found.setdefault(path, self._line)
        if token == "{":
            self._members(path)
        elif token == "[":
            index, token = 0, self._next()
            while token != "]":
                if token != ",":
                    self._value(token, (*path, index))
                    index += 1
                token = self._next()

    def _members(self, path: Path_) -> None:
        token = self._next()
        while token != "}":
            if token != ",":
                key: Any = json.loads(token)
                here = (*path, key)
                if here in self.found:
                    raise problem(
                        Origin(self._source, ".".join(map(str, here)), self._line),
                        f"the key is there twice; it stands on line {self.found[here]}, too",
                    )
                self.found[here] = self._line
                self._next()  # the colon
                self._value(self._next(), here)
            token = self._next()
