"""A plain word search over the files, for the LangChain agent's tool."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import log

from .documents import TextFile

_WORD = re.compile(r"\w{2,}")
_COMMON = frozenset(
    _WORD.findall("about an and are be can do does for from how in is it of on or that the this to what when")
)
_LONGEST = 800
_HEADING = 60


def best_passages(files: list[TextFile], query: str, count: int) -> list[tuple[str, str]]:
    """The passages that share the rarest words with the query, as (file name, text), best first."""
    passages = [(file.name, text) for file in files for text in split(file.text)]
    bags = [Counter(_WORD.findall(text.lower())) for _, text in passages]
    wanted = set(_WORD.findall(query.lower())) - _COMMON
    seen_in = Counter(word for bag in bags for word in bag.keys() & wanted)

    def score(index: int) -> float:
        bag = bags[index]
        return sum(log(1 + len(passages) / seen_in[word]) for word in wanted if word in bag)

    ranked = sorted(range(len(passages)), key=lambda index: (-score(index), index))
    return [passages[index] for index in ranked[:count]]


def split(text: str) -> Iterator[str]:
    """Paragraphs, each under its heading, the long ones cut."""
    heading = ""
    for paragraph in re.split(r"\n\s*\n", text):
        clean = paragraph.strip()
        if not clean:
            continue
        if (
            "\n" not in clean
            and (clean.startswith("#") or len(clean) < _HEADING)
            and clean[-1] not in ".:;!?"
        ):
            heading = f"{clean.lstrip('# ')}: "
            continue
        for start in range(0, len(clean), _LONGEST):
            yield heading + clean[start : start + _LONGEST]
        heading = ""
