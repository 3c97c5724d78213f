"""Finding the sentences of the given texts that answer a question.

Every sentence is scored by the telling words it shares with the question, rare words counting more than
frequent ones, with some credit for the heading above it and the sentence before it. Where the best sentence
shares too little, nothing is said to be found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from .concepts import concepts_of
from .reading import Reading, Source
from .words import Span, content_stems, listed_words, plain, sentences, stem

_WEIGHT = {"result": 1.4, "document": 1.2, "search": 1.2, "user": 1.0, "history": 0.75, "system": 0.6}
_ENOUGH = 0.28
"""The share of the question's weight that a sentence must carry to count as an answer."""
_UNSEEN = 0.6
_MOST = 3
_LONGEST = 700


@dataclass(frozen=True)
class Passage:
    """A sentence chosen to answer, where it came from, and how much of the question it carries (0 to about
    1.4).
    """

    source: Source
    span: Span
    score: float

    @property
    def text(self) -> str:
        return plain(self.span.text)


@dataclass
class _Candidate:
    source: Source
    span: Span
    stems: Counter[str]
    context: set[str]
    position: int


def find_passages(question: str, sources: list[Source], most: int = _MOST) -> list[Passage]:
    """The sentences of ``sources`` that best answer ``question``, best first, in reading order when adjacent.

    Empty when no sentence shares enough of the question's words.
    """
    asked = Counter(content_stems(question))
    if not asked:
        return []
    candidates = [candidate for source in sources for candidate in _candidates(source)]
    if not candidates:
        return []
    wanted = _Wanted(question, _weights(asked, candidates))
    scored = sorted(
        ((_score(candidate, wanted), index) for index, candidate in enumerate(candidates)),
        key=lambda pair: (-pair[0], pair[1]),
    )
    best = scored[0][0]
    if best < _ENOUGH:
        return []
    chosen: list[int] = []
    covered: set[str] = set()
    for score, index in scored:
        candidate = candidates[index]
        if len(chosen) == most or score < max(_ENOUGH, 0.6 * best):
            break
        new = {s for s in asked if s in candidate.stems} - covered
        if chosen and not new and score < 0.95 * best:
            continue
        if any(candidates[i].span.text == candidate.span.text for i in chosen):
            continue
        chosen.append(index)
        covered |= new
    chosen = _completed(chosen, candidates)
    scores = {index: score for score, index in scored}
    return [Passage(candidates[i].source, candidates[i].span, scores[i]) for i in chosen]


def _completed(chosen: list[int], candidates: list[_Candidate]) -> list[int]:
    """A heading, or a line that ends with a colon, is no answer without what follows it."""
    completed: list[int] = []
    for index in chosen:
        if index in completed:
            continue
        completed.append(index)
        following = index + 1
        heading = candidates[index].span.text.startswith("#") or candidates[index].span.text.endswith(":")
        while heading and following < len(candidates) and following - index <= 3:
            if candidates[following].source is not candidates[index].source:
                break
            if following not in completed:
                completed.append(following)
            if not candidates[following].span.text.startswith(("-", "*", "•")):
                break
            following += 1
    return completed


def _candidates(source: Source) -> list[_Candidate]:
    found: list[_Candidate] = []
    heading: set[str] = set(content_stems(source.title))
    before: set[str] = set()
    for position, span in enumerate(sentences(source.text)):
        stems = Counter(content_stems(span.text[:_LONGEST]))
        if span.text.startswith("#"):
            heading = set(stems)
        if stems:
            found.append(_Candidate(source, span, stems, heading | before, position))
        before = set(stems)
    return found


def _weights(asked: Counter[str], candidates: list[_Candidate]) -> dict[str, float]:
    total = len(candidates)
    seen: Counter[str] = Counter()
    for candidate in candidates:
        seen.update(s for s in asked if s in candidate.stems)
    # A word that no sentence has ("colour", asked of a text that only says "blue") tells none of them apart.
    return {
        s: (0.4 + math.log((1 + total) / (1 + seen[s])) if total > 1 else 1.0) * (1 if seen[s] else _UNSEEN)
        for s in asked
    }


class _Wanted:
    """A question, ready to be held against many sentences."""

    def __init__(self, question: str, weights: dict[str, float]) -> None:
        self.question = question.strip()
        self.weights = weights
        self.total = sum(weights.values()) or 1.0
        self.concepts = {s: concepts_of([s]) for s in weights}
        self.number = bool(_ASKS_NUMBER.search(question))
        self.name = bool(_ASKS_NAME.search(question))

    def suits(self, sentence: str) -> bool:
        """Whether ``sentence`` has the kind of thing asked for: a figure, a name."""
        return (self.number and any(c.isdigit() for c in sentence)) or (
            self.name and bool(_INNER_NAME.search(sentence))
        )


_ASKS_NUMBER = re.compile(
    r"\b(?:when|how (?:many|much|long|old|often|far|big)|what (?:time|year|date|price))\b", re.I
)
_ASKS_NAME = re.compile(r"\b(?:who|whose|whom)\b", re.I)
_INNER_NAME = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][a-z]+")


def _score(candidate: _Candidate, wanted: _Wanted) -> float:
    text = candidate.span.text
    share = 0.0
    for s, weight in wanted.weights.items():
        if s in candidate.stems:
            share += weight
        elif s in candidate.context:
            share += 0.35 * weight
        elif len(s) >= 4 and any(other.startswith(s[:4]) and _akin(s, other) for other in candidate.stems):
            share += 0.5 * weight
        elif wanted.concepts[s] and wanted.concepts[s] & concepts_of(candidate.stems):
            share += 0.35 * weight
    if not share:
        return 0.0
    score = share / wanted.total
    if wanted.suits(text):
        score *= 1.15
    if text.endswith("?"):
        # A question answers nothing; in a document it may stand over its answer.
        score *= 0.5 if candidate.source.kind in {"document", "search", "result"} else 0.0
    if text.strip() == wanted.question:
        return 0.0
    if not _is_prose(text):
        score *= 0.6
    if len(text) > _LONGEST:
        score *= _LONGEST / len(text)
    elif len(text) < 20:
        score *= 0.8
    return score * _WEIGHT[candidate.source.kind]


def _is_prose(text: str) -> bool:
    """Whether ``text`` reads like a sentence rather than a row of a table, a path or a line of code."""
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return not text.startswith("|") and letters >= 0.75 * len(text)


def overview(sources: list[Source], most: int = 2) -> list[Passage]:
    """The first sentences of the first text given to answer from, for a question about the text as a
    whole.
    """
    for source in sources:
        if source.kind in {"result", "document", "search", "user"}:
            spans = [s for s in sentences(source.text) if _is_prose(s.text) and s.text[0] not in "#|"]
            telling = [
                s for s in spans if len(content_stems(s.text)) >= 4 and s.text.endswith((".", "!", "?"))
            ]
            if telling:
                return [Passage(source, span, _ENOUGH) for span in telling[:most]]
    return []


_ABOUT_THE_WHOLE = re.compile(
    r"\b(?:summar(?:y|i[sz]e)|overview|outline|describe|gist|about|contents?|main "
    r"(?:idea|points?|topic)|says?)\b",
    re.IGNORECASE,
)
_POINTS_AT_IT = frozenset(stem(word) for word in listed_words("whole_text"))


def asks_about_the_whole(question: str) -> bool:
    """Whether ``question`` wants to know what the given text is, and names nothing in particular."""
    particular = [s for s in content_stems(question) if s not in _POINTS_AT_IT]
    return not particular and bool(_ABOUT_THE_WHOLE.search(question))


def _akin(one: str, other: str) -> bool:
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return shared >= 4 and shared >= 0.7 * max(len(one), len(other))


def answers_already(reading: Reading) -> bool:
    """Whether the texts in the request itself (no tool result) answer its question well."""
    given = [source for source in reading.sources if source.kind in {"document", "search", "user"}]
    passages = find_passages(reading.question, given, most=1)
    return bool(passages) and passages[0].score >= 0.6
