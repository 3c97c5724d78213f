"""Structured output with ``include_raw``: an answer, what it was read as, and why it could not be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import (
    AddableDict,
    Runnable,
    RunnableAssign,
    RunnableConfig,
    RunnableLambda,
    RunnableParallel,
    RunnableWithFallbacks,
)

if TYPE_CHECKING:
    _Fallbacks = RunnableWithFallbacks[Any, Any]
else:  # pydantic would build the class for these types
    _Fallbacks = RunnableWithFallbacks


def with_outcome(answering: Runnable[Any, Any], parser: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """``{"raw": answer, "parsed": value, "parsing_error": None}``, of pieces that can be pickled.

    Args:
        answering: the model that is asked.
        parser: reads its answers; what it raises becomes the ``parsing_error``, and ``parsed`` is None.
    """
    read, none = RunnableLambda(itemgetter("raw")) | parser, RunnableLambda(_none)
    parsed = RunnableAssign(RunnableParallel(parsed=read, parsing_error=none))
    failed = RunnableAssign(RunnableParallel(parsed=none))
    return RunnableParallel(raw=answering) | Outcome(
        runnable=parsed, fallbacks=[failed], exception_key="parsing_error"
    )


class Outcome(_Fallbacks):
    """What an answer was read as, or else the ``parsing_error``, in streams, too.

    langchain-core's own falls back only while nothing was streamed yet, and the answer comes before it is
    read. Written down it is langchain-core's own class.
    """

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        """The members of the outcome, one after the other."""
        for name, value in self.invoke(input, config, **kwargs).items():
            yield AddableDict({name: value})

    async def astream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any | None
    ) -> AsyncIterator[Any]:
        """The asynchronous :meth:`stream`."""
        for name, value in (await self.ainvoke(input, config, **kwargs)).items():
            yield AddableDict({name: value})

    @classmethod
    def lc_id(cls) -> list[str]:
        """langchain-core's own, whose namespace ``loads`` knows."""
        return RunnableWithFallbacks.lc_id()


def _none(_: Any) -> None:
    return None
