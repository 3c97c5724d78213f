"""Claude's citations: which passage of which document each sentence of the answer comes from."""

from __future__ import annotations

from typing import Any

from .extraction import Passage
from .reading import Reading


def cited_blocks(reading: Reading, passages: list[Passage]) -> list[dict[str, Any]]:
    """The answer as text and ``citationsContent`` blocks; empty when no cited document answers."""
    cited = [passage for passage in passages if passage.source.cited]
    if not cited:
        cited = _openings(reading)
    blocks: list[dict[str, Any]] = []
    for position, passage in enumerate(cited):
        blocks.append({"text": "According to the given text, " if position == 0 else " It also says: "})
        blocks.append(
            {"citationsContent": {"citations": [_citation(passage)], "content": [{"text": passage.text}]}}
        )
    return blocks


def _openings(reading: Reading) -> list[Passage]:
    """The first sentence of the first cited document, for a question about the document as a whole."""
    from .words import sentences

    for source in reading.sources:
        if source.cited:
            for span in sentences(source.text):
                return [Passage(source, span, 0.0)]
    return []


def _citation(passage: Passage) -> dict[str, Any]:
    source, span = passage.source, passage.span
    if source.form == "search":
        return {
            "location": {
                "searchResultLocation": {
                    "end": source.page + 1,
                    "searchResultIndex": source.index,
                    "start": source.page,
                }
            },
            "source": source.url,
            "sourceContent": [{"text": source.text}],
            "title": source.title,
        }
    if source.form == "plain":
        # Claude cites a sentence with the white space that follows it.
        end = span.end
        while end < len(source.text) and source.text[end].isspace():
            end += 1
        place = {"documentChar": {"documentIndex": source.index, "end": end, "start": span.start}}
        quoted = source.text[span.start : end]
    elif source.form == "pages":
        place = {
            "documentPage": {"documentIndex": source.index, "end": source.page + 2, "start": source.page + 1}
        }
        quoted = span.text
    else:
        place = {
            "documentChunk": {"documentIndex": source.index, "end": source.page + 1, "start": source.page}
        }
        quoted = source.text
    return {"location": place, "sourceContent": [{"text": quoted}], "title": source.title}
