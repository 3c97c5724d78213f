"""What a cassette of the agent runtime's Rerank holds."""

from __future__ import annotations

from bedrock_unified import Reranked

from .recording import Recording


def recorded_ranking(recording: Recording) -> list[tuple[int, float]]:
    """Positions and scores in the cassette, as boto3 reads them."""
    return [(each["index"], each["relevanceScore"]) for each in recording.answer.whole["results"]]


def ranked(found: Reranked) -> list[tuple[int, float]]:
    """The same of our answer."""
    return [(each.index, each.score) for each in found.results]
