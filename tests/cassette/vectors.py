"""What a cassette of embeddings holds, text by text."""

from __future__ import annotations

import json
from base64 import b64decode
from struct import pack
from typing import Any

from .recording import Recording

DIMENSIONS = 256
TEXTS = ["Paris is the capital of France.", "Rome is the capital of Italy.", "Bread rises because of yeast."]
QUERY = "Which city is the capital of Italy?"
COHERE_V4 = "us.cohere.embed-v4:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
#: One white pixel.
PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII="
)
#: A tenth of a second of silence, mono, 8 kHz, 8 bit.
SOUND = b"RIFF" + pack("<I", 836) + b"WAVEfmt " + pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
SOUND += b"data" + pack("<I", 800) + b"\x80" * 800


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


def only_vectors(recording: Recording) -> list[list[float]]:
    """The vectors of the only answer, of Cohere v4 or Nova."""
    found: Any = json.loads(recording.answer.whole["body"])["embeddings"]
    return found["float"] if isinstance(found, dict) else [one["embedding"] for one in found]
