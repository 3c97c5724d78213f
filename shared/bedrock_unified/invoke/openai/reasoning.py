"""Reasoning inside of content: gpt-oss on InvokeModel writes ``<reasoning>…</reasoning>`` before its answer.

Recorded: a whole answer begins with one such passage; in a stream each delta of reasoning has the tags around
itself, so that an answer has many.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

OPEN, CLOSE = "<reasoning>", "</reasoning>"
Piece = tuple[bool, str]


class Splitter:
    """Parts the pieces of content into reasoning and text, wherever the pieces are cut.

    Tags count at the beginning of the content, after reasoning, and, once there was text, in a piece that
    is one passage from its first letter to its last; elsewhere they are the answer's own words.
    """

    __slots__ = ("_held", "_in_text", "_inside")

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._in_text = False

    def feed(self, piece: str) -> list[Piece]:
        """``(is reasoning, text)`` for each run; no run is empty."""
        if self._in_text:
            if piece.startswith(OPEN) and piece.endswith(CLOSE):
                return [(True, inner)] if (inner := piece[len(OPEN) : -len(CLOSE)]) else []
            return [(False, piece)] if piece else []
        runs: list[Piece] = []
        rest = self._held + piece
        self._held = ""
        while rest:
            if self._inside:
                before, tag, rest = rest.partition(CLOSE)
                if tag:
                    self._inside = False
                else:
                    kept = _beginning_of(CLOSE, before)
                    before, self._held = before[: len(before) - kept], before[len(before) - kept :]
                if before:
                    runs.append((True, before))
            elif rest.startswith(OPEN):
                self._inside, rest = True, rest[len(OPEN) :]
            elif OPEN.startswith(rest):
                self._held, rest = rest, ""
            else:
                self._in_text = True
                runs.append((False, rest))
                break
        return runs

    def end(self) -> list[Piece]:
        """What was held back, in case it was the beginning of a tag."""
        held, self._held = self._held, ""
        return [(self._inside, held)] if held else []


def tagged(reasoning: str) -> str:
    """Reasoning as it stands in content."""
    return f"{OPEN}{reasoning}{CLOSE}"


def split(content: str) -> list[Piece]:
    """The runs of a whole content, neighbours of one kind joined."""
    splitter = Splitter()
    runs = [*splitter.feed(content), *splitter.end()]
    return [(kind, "".join([text for _, text in same])) for kind, same in groupby(runs, itemgetter(0))]


def _beginning_of(tag: str, text: str) -> int:
    """How many letters at the end of the text may be the beginning of the tag."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)
