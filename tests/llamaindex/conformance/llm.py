"""``LLMConformance``: all that the kit asks of an LLM."""

from __future__ import annotations

from .llm_calls import LLMCalls
from .llm_component import LLMComponent
from .llm_content import LLMContent
from .llm_streams import LLMStreams
from .llm_structured import LLMStructured
from .llm_tools import LLMTools


class LLMConformance(LLMCalls, LLMStreams, LLMTools, LLMStructured, LLMContent, LLMComponent):
    """Subclass it with ``model_class`` and ``model_keywords``."""
