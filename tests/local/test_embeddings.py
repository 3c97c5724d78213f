"""Embeddings by word features: a question lies nearest to the passage that answers it."""

from __future__ import annotations

import math

import pytest

from bedrock_unified.local.standin.embedding import embed

PASSAGES = [
    "The bakery opens at six in the morning and sells rye bread until it runs out.",
    "Bicycles may be taken on the tram outside rush hours if there is room.",
    "To reset the password, open the account page and choose Forgotten password.",
    "The library lends novels for three weeks; overdue books cost ten cents a day.",
    "Snow on the pass closes the mountain road from December to April.",
    "Our retry policy waits longer after each failed attempt and gives up after three.",
]
QUESTIONS = [
    ("When does the baker open?", 0),
    ("Can I take my bike, I mean a bicycle, on trams?", 1),
    ("How do I reset passwords?", 2),
    ("What do I pay for a book that is overdue at the library?", 3),
    ("Which months is the road over the mountains closed?", 4),
    ("How many times are failing attempts retried?", 5),
]


def closeness(one: list[float], other: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("dimensions", [256, 512, 1024])
@pytest.mark.parametrize(("question", "answer"), QUESTIONS)
def test_a_question_finds_its_passage(dimensions: int, question: str, answer: int) -> None:
    asked = embed(question, dimensions)
    scores = [closeness(asked, embed(passage, dimensions)) for passage in PASSAGES]
    assert scores.index(max(scores)) == answer


def test_length_one_only_where_asked_for() -> None:
    assert math.hypot(*embed("some words", 512)) == pytest.approx(1.0)
    assert math.hypot(*embed("some words", 512, normalize=False)) > 1.5


def test_the_same_text_has_the_same_embedding_and_another_another() -> None:
    assert embed("one text", 256) == embed("one text", 256)
    assert embed("one text", 256) != embed("another text", 256)


@pytest.mark.parametrize("text", ["…", "the", "日本語の文章", "👋", "a" * 50_000])
def test_any_text_has_a_direction(text: str) -> None:
    assert math.hypot(*embed(text, 256)) == pytest.approx(1.0)
