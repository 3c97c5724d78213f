"""What AWS put on the wire, read from the recorded bytes and not by our own decoder."""

from __future__ import annotations

import json
from typing import Any

from botocore.eventstream import EventStreamBuffer

from .recordings import Exchange
from .views import joined

Block = dict[str, Any]


def assistant_content(exchange: Exchange) -> list[Block]:
    """The content blocks of a successful answer (Converse or its stream) as JSON: blobs are base64 text."""
    response = joined(_events(exchange.body)) if exchange.streams else json.loads(exchange.body)
    return response["output"]["message"]["content"]


def normalised(content: list[Block]) -> list[Block]:
    """Blocks without what may differ: neighbouring texts are one text, and a blank one is none.

    Blank means empty, or white space alone: "The text field in the ContentBlock object … is blank", says
    Bedrock of both, and refuses them in a history even where it sent them itself.
    """
    joined_texts: list[Block] = []
    for block in content:
        if joined_texts and _is_text(block) and _is_text(joined_texts[-1]):
            joined_texts[-1] = {"text": joined_texts[-1]["text"] + block["text"]}
        else:
            joined_texts.append(block)
    return [block for block in joined_texts if not (_is_text(block) and not block["text"].strip())]


def _is_text(block: Block) -> bool:
    return set(block) == {"text"}


def _events(body: bytes) -> list[dict[str, Any]]:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    events: list[dict[str, Any]] = []
    for frame in buffer:
        members = json.loads(frame.payload)
        members.pop("p", None)
        events.append({frame.headers[":event-type"]: members})
    return events
