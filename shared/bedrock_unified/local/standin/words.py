"""Words, stems, sentences: the little linguistics everything else in the stand-in rests on."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?", re.UNICODE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\-.\s]+")


@functools.cache
def _vocabulary() -> dict[str, Any]:
    text = resources.files(__package__ or __name__).joinpath("vocabulary.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def listed_words(name: str) -> frozenset[str]:
    """The words of one list of ``vocabulary.toml``."""
    return frozenset(str(_vocabulary()[name]).split())


def parameter_stems(name: str) -> frozenset[str]:
    """The stems of one list of ``vocabulary.toml``'s ``[parameters]``."""
    return frozenset(stem(word) for word in str(_vocabulary()["parameters"][name]).split())


STOPWORDS = listed_words("stopwords")

_SUFFIXES = (
    "izations", "ization", "ational", "fulness", "ousness", "iveness", "ingly", "ation", "ments", "ement",
    "ities", "ings", "edly", "ions", "ment", "ness", "able", "ible", "ance", "ence", "ally", "ies", "ing",
    "ion", "ers", "est", "ity", "ive", "ous", "ful", "ed", "er", "es", "ly", "al", "or", "e", "s", "y",
)  # fmt: skip


def words(text: str) -> list[str]:
    """The words of ``text``, lower-cased, numbers among them."""
    return [match.group().replace("’", "'").lower() for match in _WORD.finditer(text)]


def name_words(name: str) -> list[str]:
    """The words in an identifier: ``openTickets``, ``open_tickets`` → open, tickets."""
    return [part.lower() for part in _CAMEL.split(name) if part]


@functools.lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A crude English stem: longest known suffix off, doubled last consonant undoubled, four letters kept."""
    if word.endswith("'s"):
        word = word[:-2]
    if len(word) <= 3 or word.isdigit():
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            base = word[: -len(suffix)]
            if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "aeiosl":
                base = base[:-1]
            return base[:-1] if base[-1] in "yi" and len(base) > 4 else base
    return word


def content_stems(text: str) -> list[str]:
    """Stems of the telling words of ``text``, in order, stop words left out."""
    return [stem(word) for word in words(text) if word not in STOPWORDS]


def stems_of(tokens: Iterable[str]) -> set[str]:
    return {stem(word) for word in tokens if word not in STOPWORDS}


@dataclass(frozen=True)
class Span:
    """A sentence and where it stands in its text."""

    text: str
    start: int
    end: int


# A sentence ends at punctuation followed by space; at a blank line or a rule of dashes; at the end of a line
# that
# a list item, a heading, a quotation or a row of a table follows. A point after one letter or a known
# abbreviation ends nothing.
_END = re.compile(
    r"(?<!\b[A-Z])(?<!\b(?:Mr|Dr|St|vs|eg|ie|Ms))(?<!\b(?:Mrs|etc|e\.g|i\.e))[.!?]+[\"')\]”’*_`]*(?=\s)"
    r"|\n[ \t]*(?:[-=*_]{3,}[ \t]*)?(?=\n)"
    r"|\n(?=\s*(?:[-*•#>|]|\d+[.)]\s))"
)
_RULE = re.compile(r"[-=*_|:\s]+")


def sentences(text: str) -> Iterator[Span]:
    """The sentences of ``text`` with their offsets; a hard-wrapped paragraph is joined, a list item is
    not.
    """
    position = 0
    for match in _END.finditer(text):
        yield from _trimmed(text, position, match.end())
        position = match.end()
    yield from _trimmed(text, position, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    stripped = piece.strip()
    if stripped and not _RULE.fullmatch(stripped):
        yield Span(stripped, start + lead, start + lead + len(stripped))


def plain(text: str) -> str:
    """One line of prose from a piece of Markdown or wrapped text: no list marks, no doubled spaces."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*(?:[-*•>]|\d+[.)]|#{1,6})\s+", "", text)
    return re.sub(r"\s+", " ", text).strip()
