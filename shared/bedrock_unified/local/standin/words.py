"""Words, stems, sentences: the little linguistics everything else in the stand-in rests on."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?", re.UNICODE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\-.\s]+")

STOPWORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being below between both
    but by can could did do does doing done down during each else ever every few for from further get gets give
    given gives got had has have having he her here hers him his how however i if in into is it its itself just
    let lets like make makes many may me might more most much must my need needs no nor not now of off on once
    one only or other our ours out over own per please same say says shall she should show so some such tell
    than that the their theirs them then there these they this those through to too under until up upon us use
    used uses using very via want was we well were what when where whether which while who whom whose why will
    with within without would yes yet you your yours hello hi hey thanks thank okay ok sure good great
    what's it's that's i'm i'll i'd don't doesn't isn't can't won't let's""".split()
)

_SUFFIXES = (
    "izations", "ization", "ational", "fulness", "ousness", "iveness", "ingly", "ation", "ments", "ement",
    "ities", "ings", "edly", "ions", "ment", "ness", "able", "ible", "ance", "ence", "ally", "ies", "ing",
    "ion", "ers", "est", "ity", "ive", "ous", "ful", "ed", "er", "es", "ly", "al", "or", "e", "s", "y",
)  # fmt: skip


def words(text: str) -> list[str]:
    """The words of ``text``, lower-cased, numbers among them."""
    return [match.group().replace("’", "'").lower() for match in _WORD.finditer(text)]


def name_words(name: str) -> list[str]:
    """The words in an identifier: ``getUserCountry``, ``get_user_country`` → get, user, country."""
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
            return base[:-1] + "i" if base.endswith("y") else base
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


# A sentence ends at punctuation followed by space, or at the end of a line of a list, a heading or a paragraph.
# A point after one letter or a known abbreviation, or between digits, ends nothing.
_END = re.compile(
    r"(?<!\b[A-Z])(?<!\b(?:Mr|Dr|St|vs|eg|ie|Ms))(?<!\b(?:Mrs|etc|e\.g|i\.e))[.!?]+[\"')\]”’*_`]*(?=\s)|\n\s*\n|\n(?=\s*(?:[-*•#>|]|\d+[.)]\s))"
)
_SOFT_BREAK = re.compile(r"\n")


def sentences(text: str) -> Iterator[Span]:
    """The sentences of ``text`` with their offsets; a hard-wrapped paragraph is joined, a list item is not."""
    position = 0
    for match in _END.finditer(text):
        yield from _trimmed(text, position, match.end())
        position = match.end()
    yield from _trimmed(text, position, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    stripped = piece.strip()
    if stripped:
        yield Span(stripped, start + lead, start + lead + len(stripped))


def plain(text: str) -> str:
    """One line of prose from a piece of Markdown or wrapped text: no list marks, no doubled spaces."""
    text = re.sub(r"^\s*(?:[-*•>]|\d+[.)]|#{1,6})\s+", "", text)
    return re.sub(r"\s+", " ", text).strip()
