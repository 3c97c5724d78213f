"""OpenAI chat completions as the body of InvokeModel: gpt-oss, and imported models of that form."""

from __future__ import annotations

from .answers import response
from .events import ChatEvents, events
from .request import body

__all__ = ["ChatEvents", "body", "events", "response"]
