"""Whether a call is streamed, and protocol events (v3), whose stream ends with the task that opens it."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.language_models.chat_model_stream import AsyncChatModelStream
    from langchain_core.language_models.chat_models import BaseChatModel as _Model
else:
    _Model = object  # it declares no field: one class less to build

#: Streams that are being closed; the event loop alone would forget them.
_closing: set[asyncio.Task[None]] = set()


async def closed_with_its_task(opening: Awaitable[AsyncChatModelStream]) -> AsyncChatModelStream:
    """The stream, which is closed when the task that opens it here is cancelled.

    langchain-core reads it in a task of its own, which nobody who gives up waiting stops: the call would run
    on to its end, and be paid for. A stream that is left otherwise is closed by ``aclose()``, or ``async
    with``; whoever waits for the next event with a time limit may still ask again.
    """
    stream = await opening
    task = asyncio.current_task()
    if task is not None:
        left = weakref.ref(stream)

        def close(ended: asyncio.Task[Any]) -> None:
            held = left()
            if ended.cancelled() and held is not None and not held.done:
                closing = ended.get_loop().create_task(held.aclose())
                _closing.add(closing)
                closing.add_done_callback(_closing.discard)

        task.add_done_callback(close)
        # A task that opens many streams does not gather them.
        weakref.finalize(stream, task.remove_done_callback, close).atexit = False
    return stream


class StreamedModel(_Model):
    """What :class:`~langchain_bedrock_unified.ChatBedrock` decides about its streams."""

    def _should_stream(self, *, async_api: bool, run_manager: Any = None, **kwargs: Any) -> bool:
        return super()._should_stream(async_api=async_api, run_manager=run_manager, **_as_core_says(kwargs))

    def _streaming_disabled(self, **kwargs: Any) -> bool:
        never = self.disable_streaming
        if kwargs.get("streaming") and never != "tool_calling":
            return never is True  # the call stands above the model's own ``streaming``
        return super()._streaming_disabled(**_as_core_says(kwargs))

    def astream_events(self, input: Any, config: Any = None, *, version: Any = "v2", **kwargs: Any) -> Any:
        """LangChain's; protocol events (``version="v3"``) end with the task that asks for them."""
        events: Any = super().astream_events(input, config, version=version, **kwargs)
        return closed_with_its_task(events) if version == "v3" else events


def _as_core_says(call: dict[str, Any]) -> dict[str, Any]:
    """A call's keywords, its ``streaming`` also under the name by which langchain-core asks for it."""
    return call if call.get("streaming") is None else {**call, "stream": call["streaming"]}
