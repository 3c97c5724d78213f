"""What a cassette of embeddings holds, text by text."""

from __future__ import annotations

import json

from .recording import Recording

DIMENSIONS = 256
TEXTS = ["Paris is the capital of France.", "Rome is the capital of Italy.", "Bread rises because of yeast."]
QUERY = "Which city is the capital of Italy?"


def recorded_vectors(recording: Recording, texts: list[str]) -> list[list[float]]:
    """The vectors in the cassette, in the order of the texts, whatever the order of the requests was."""
    by_text = {
        json.loads(answer.sent)["inputText"]: json.loads(answer.whole["body"])["embedding"]
        for answer in recording.answers
    }
    assert {len(vector) for vector in by_text.values()} == {DIMENSIONS}
    assert len({tuple(vector) for vector in by_text.values()}) == len(texts), "each text has its own vector"
    return [by_text[text] for text in texts]


def recorded_tokens(recording: Recording) -> int:
    """The tokens of all texts in the cassette."""
    return sum(json.loads(answer.whole["body"])["inputTextTokenCount"] for answer in recording.answers)
