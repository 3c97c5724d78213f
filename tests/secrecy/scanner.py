"""The search itself: what leaked where, told without the secret."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any, NamedTuple

from .known import Needle, without_canaries

_AROUND = 60


class Leak(NamedTuple):
    """A secret that came out.

    Attributes:
        what: which secret, and in which form.
        where: the way it came out: ``the log bedrock_unified (DEBUG)``.
        around: the text around it, every secret masked.
    """

    what: str
    where: str
    around: str

    def __str__(self) -> str:
        return f"{self.what} came out by {self.where}: {self.around}"


class Scanner:
    """Looks for secrets, and keeps what it finds until somebody asks."""

    def __init__(self, needles: Iterable[Needle], shown_on_purpose: Iterable[re.Pattern[str]] = ()) -> None:
        self._needles = tuple(needles)
        self._texts = [needle.text for needle in self._needles]
        self._data = [needle.data for needle in self._needles]
        self._on_purpose = tuple(shown_on_purpose)
        self._found: list[Leak] = []
        #: How many texts were searched, by the way they came out: a way that nothing takes is not watched.
        self.searched: dict[str, int] = {}

    def search(self, where: str, given: str | bytes) -> None:
        """Look through what came out ``where``, and keep what is found."""
        self.keep(self.leaks(where, given))

    def keep(self, leaks: Iterable[Leak]) -> None:
        """Count these as come out."""
        self._found += leaks

    def leaks(self, where: str, given: str | bytes) -> list[Leak]:
        """What is to be found there."""
        way = where.partition(":")[0]
        self.searched[way] = self.searched.get(way, 0) + 1
        if not any(map(given.__contains__, self._texts if isinstance(given, str) else self._data)):
            return []
        text = given if isinstance(given, str) else given.decode("utf-8", "backslashreplace")
        for allowed in self._on_purpose:
            text = allowed.sub("", text)
        found: list[Leak] = []
        for needle in self._needles:
            at = text.find(needle.text)
            if at >= 0:
                around = self.masked(text[max(0, at - _AROUND) : at + len(needle.text) + _AROUND])
                found.append(Leak(f"{needle.what} ({needle.form})", where, around))
        return found

    def object(self, where: str, value: object) -> None:
        """Look through how an object shows itself. One that cannot be shown tells nothing."""
        try:
            shown = f"{value}\n{value!r}"
        except Exception as error:
            shown = f"{type(error).__name__}: {error}"
        self.search(where, shown)

    def take(self) -> list[Leak]:
        """What was found since the last time, each once."""
        found, self._found = self._found, []
        return list(dict.fromkeys(found))

    @contextmanager
    def expecting(self) -> Generator[list[Leak]]:
        """What leaks within is put into the list, and is nobody's failure."""
        before, self._found = self._found, []
        caught: list[Leak] = []
        try:
            yield caught
        finally:
            caught += self.take()
            self._found = before

    def masked(self, text: str) -> str:
        """The text without its secrets."""
        text = without_canaries(text)
        for needle in sorted(self._needles, key=lambda each: -len(each.text)):
            text = text.replace(needle.text, "…")
        return text


def chain(error: BaseException) -> Iterable[BaseException]:
    """The error and those that a traceback shows with it."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        left.append(one.__cause__ or (None if one.__suppress_context__ else one.__context__))
        group: Any = getattr(one, "exceptions", ())
        left += list(group) if isinstance(group, (list, tuple)) else []
