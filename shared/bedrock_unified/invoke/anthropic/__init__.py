"""Claude: Anthropic Messages as the body of InvokeModel."""

from __future__ import annotations

from .answers import response
from .events import MessagesEvents, events
from .request import VERSION, body

__all__ = ["VERSION", "MessagesEvents", "body", "events", "response"]
