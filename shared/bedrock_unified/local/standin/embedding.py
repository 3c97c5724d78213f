"""Embeddings by hashed features: words, their stems, their letter groups.

Texts that share words, or words that are spelled alike, lie close together; meaning beyond that is not
known. So a question finds the passages that speak of the same things in related words.
"""

from __future__ import annotations

import functools
import itertools
import math
import zlib
from collections import Counter
from collections.abc import Iterator

from .words import STOPWORDS, stem, words

_WORD, _STEM, _LETTERS, _PAIR, _STOP = 1.0, 1.2, 0.35, 0.4, 0.08


def embed(text: str, dimensions: int, *, normalize: bool = True) -> list[float]:
    """``dimensions`` numbers for ``text``; of length 1 when ``normalize``. The same text gives the same."""
    vector = [0.0] * dimensions
    found = words(text)
    for word, count in Counter(found).items():
        scale = 1.0 + math.log(count)
        for slot, weight in _features(word):
            vector[slot % dimensions] += weight * scale
    telling = [stem(word) for word in found if word not in STOPWORDS]
    for pair, count in Counter(itertools.pairwise(telling)).items():
        slot, sign = _hashed(" ".join(pair))
        vector[slot % dimensions] += sign * _PAIR * (1.0 + math.log(count))
    if not any(vector):
        slot, sign = _hashed(text)
        vector[slot % dimensions] = sign
    if normalize:
        length = math.sqrt(math.fsum(value * value for value in vector)) or 1.0
        return [value / length for value in vector]
    return vector


@functools.lru_cache(maxsize=50_000)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    if word in STOPWORDS:
        slot, sign = _hashed(word)
        return ((slot, sign * _STOP),)
    found = [(word, _WORD), (f"~{stem(word)}", _STEM)]
    found += [(f"#{piece}", _LETTERS) for piece in _letter_groups(word)]
    return tuple((slot, sign * weight) for name, weight in found for slot, sign in [_hashed(name)])


def _letter_groups(word: str) -> Iterator[str]:
    framed = f"<{word}>"
    for size in (3, 4):
        for start in range(len(framed) - size + 1):
            yield framed[start : start + size]


def _hashed(name: str) -> tuple[int, float]:
    value = zlib.crc32(name.encode("utf-8", "surrogatepass"))
    # CRC-32 is linear; the multiplication spreads alike names over the slots.
    value = (value * 0x9E3779B1) & 0xFFFFFFFF
    return value >> 1, 1.0 if value & 1 else -1.0
