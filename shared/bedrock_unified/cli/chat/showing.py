"""What is seen of an answer: its text as it comes, its reasoning beside it, and what should not be missed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from ..console import on_terminal, shown_safely
from .talk import Answer, Listener

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class Shown:
    """Writes an answer to standard output: on a terminal its reasoning, too, dimmed; else its text alone."""

    def __init__(self) -> None:
        self._terminal = on_terminal()
        colours = self._terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._dim, self._plain = (_DIM, _PLAIN) if colours else ("", "")
        self._thinking = False
        self._last = "\n"

    def text(self, piece: str) -> None:
        """Further text."""
        if self._thinking:
            self._thinking = False
            self._write(f"{self._plain}\n\n")
        self._write(self._safe(piece))

    def reasoning(self, piece: str) -> None:
        """Further reasoning; nothing of it goes into a pipe."""
        if not self._terminal:
            return
        if not self._thinking:
            self._thinking = True
            self._write(self._dim or "(thinking) ")
        self._write(self._safe(piece))

    def end(self) -> None:
        """The answer is over, or broke off: the next thing begins on a line of its own."""
        if self._thinking:
            self._thinking = False
            self._write(self._plain)
        if not self._last.endswith("\n"):
            self._write("\n")

    def _safe(self, piece: str) -> str:
        return shown_safely(piece) if self._terminal else piece

    def _write(self, text: str) -> None:
        if text:
            self._last = text  # before it is written: an interruption may come right after
            sys.stdout.write(text)
            sys.stdout.flush()


class Unshown:
    """Shows nothing: the answer is printed when it is whole."""

    def text(self, piece: str) -> None:
        """Further text."""

    def reasoning(self, piece: str) -> None:
        """Further reasoning."""


class Gathered:
    """Keeps what it is told, to tell it on."""

    def __init__(self) -> None:
        self._told: list[tuple[bool, str]] = []

    def text(self, piece: str) -> None:
        """Further text."""
        self._told.append((True, piece))

    def reasoning(self, piece: str) -> None:
        """Further reasoning."""
        self._told.append((False, piece))

    def tell(self, listener: Listener) -> None:
        """Tell it all."""
        for is_text, piece in self._told:
            (listener.text if is_text else listener.reasoning)(piece)


def remarks(answer: Answer, max_tokens: int | None) -> Iterator[str]:
    """What a reader of the answer should know beside it, a sentence each."""
    outcome = answer.guardrail
    if outcome is not None and outcome.intervened:
        kinds = ", ".join(dict.fromkeys(f"{found.policy}: {found.kind}" for found in outcome.detected))
        about = f" ({kinds})" if kinds else ""
        if answer.stop_reason == "guardrail_intervened" and outcome.blocked:
            yield f"a guardrail intervened{about}: this is its message, not the model's answer"
        else:
            yield f"a guardrail masked parts of the answer{about}"
    reason = answer.stop_reason
    if reason == "max_tokens":
        limit = f"its limit of {max_tokens} tokens" if max_tokens else "the model's default limit"
        yield f"the answer was cut off at {limit}; --max-tokens sets another"
    elif reason == "model_context_window_exceeded":
        yield "the answer was cut off: the model's context window is full"
    elif reason == "content_filtered":
        yield "the answer was held back by the model's content filter"
    elif reason == "refusal":
        yield "the model refused to answer"
    elif not answer.text.strip():
        yield f"the model wrote no text (stop reason {reason})"


def told_usage(answer: Answer) -> str:
    """Tokens, time and request of an answer in one line."""
    parts = [answer.model_id]
    usage = answer.usage
    if usage is not None:
        cached = f" ({usage.cache_read} from the cache)" if usage.cache_read else ""
        thought = f" ({usage.reasoning_tokens} of reasoning)" if usage.reasoning_tokens else ""
        parts.append(f"{usage.input_tokens} tokens in{cached}, {usage.output_tokens} out{thought}")
    parts.append(f"{answer.seconds:.1f} s")
    if answer.request_id:
        parts.append(f"request {answer.request_id}")
    return "; ".join(parts)


def json_of(answer: Answer) -> dict[str, Any]:
    """An answer as a JSON document. ``message`` is Bedrock's own, with bytes in base64."""
    usage = answer.usage
    outcome = answer.guardrail
    return {
        "model": answer.model_id,
        "text": answer.text,
        "reasoning": answer.reasoning,
        "stop_reason": answer.stop_reason,
        "usage": None
        if usage is None
        else {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
            "cache_read_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
            "reasoning_tokens": usage.reasoning_tokens,
        },
        "guardrail": None if outcome is None else outcome.summary(),
        "seconds": round(answer.seconds, 3),
        "request_id": answer.request_id,
        "message": answer.message,
    }
