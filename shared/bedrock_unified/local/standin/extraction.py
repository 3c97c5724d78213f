"""Finding the sentences of the given texts that answer a question.

Every sentence is scored by the telling words it shares with the question, rare words counting more than
frequent ones, with some credit for the heading above it and the sentence before it. Where the best sentence
shares too little, nothing is said to be found.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from .reading import Reading, Source
from .words import Span, content_stems, plain, sentences, stem, words

_WEIGHT = {"result": 1.4, "document": 1.2, "search": 1.2, "user": 1.0, "history": 0.75, "system": 0.6}
_ENOUGH = 0.28
"""The share of the question's weight that a sentence must carry to count as an answer."""
_MOST = 3
_LONGEST = 700


@dataclass(frozen=True)
class Passage:
    """A sentence chosen to answer, where it came from, and how much of the question it carries (0 to about 1.4)."""

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
    weights = _weights(asked, candidates)
    total = sum(weights.values()) or 1.0
    scored = sorted(
        ((_score(candidate, weights, total, question), index) for index, candidate in enumerate(candidates)),
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
    return {s: 0.4 + math.log((1 + total) / (1 + seen[s])) if total > 1 else 1.0 for s in asked}


def _score(candidate: _Candidate, weights: dict[str, float], total: float, question: str) -> float:
    share = 0.0
    for s, weight in weights.items():
        if s in candidate.stems:
            share += weight
        elif s in candidate.context:
            share += 0.35 * weight
        elif len(s) >= 4 and any(other.startswith(s[:4]) and _akin(s, other) for other in candidate.stems):
            share += 0.5 * weight
    score = share / total
    if candidate.span.text.endswith("?"):
        score *= 0.5  # a question is not an answer, and least of all the question itself
    if candidate.span.text.strip() == question.strip():
        return 0.0
    length = len(candidate.span.text)
    if length > _LONGEST:
        score *= _LONGEST / length
    elif length < 20:
        score *= 0.8
    return score * _WEIGHT[candidate.source.kind]


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


def shares_words(one: str, other: str) -> bool:
    return bool({stem(w) for w in words(one)} & {stem(w) for w in words(other)})
