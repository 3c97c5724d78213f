"""Llama: one prompt with the conversation in Llama's own layout, one text as the answer.

Rules:

- Text alone. Tools, media, cache points and stop sequences have no form there.
- Texts of one turn are joined with a line feed; blank ones are left out.
- An answer at the end of the conversation is left open, for the model to go on with it.
- Reasoning of earlier answers is left out: the layout has no place for it.
- Words that are Llama's own marks are refused: inside a text they would end the turn and begin another one.

The layout of Llama 3 is the one that ReqLLM's native route has, and recorded. Those of Llama 2 and 4 follow
Meta's model cards and are inferred: no exchange of that kind was recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..errors import InvalidRequestError
from .common import (
    METRICS,
    Block,
    BlockWriter,
    Event,
    Told,
    check_members,
    cut,
    fields_of,
    guard_tags,
    is_blank,
    kind_of,
    last_events,
    merged,
    no_form,
    response_of,
    take_beside,
    usage_of,
    words_for,
)

NAME = "Llama"
_GENERATION = re.compile(r"llama[-_ ]?(\d)", re.IGNORECASE)
_MARKS = re.compile(r"<\|[a-z][a-z0-9_]*\|>")
_MARKS_OF_LLAMA_2 = re.compile(r"\[/?INST\]|<</?SYS>>|</?s>")
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens"}
_ROLES = frozenset({"system", "user", "assistant"})
#: The marks around a role, and at the end of a turn.
_LAYOUTS = {
    3: ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    4: ("<|header_start|>", "<|header_end|>", "<|eot|>"),
}
Turns = list[tuple[str, str]]


def generation(text: str | None) -> int | None:
    """The generation of Llama that a model's id or name tells, None where it does not."""
    found = _GENERATION.search(text or "")
    return int(found.group(1)) if found else None


@dataclass(frozen=True, slots=True)
class Llama:
    """The family. ``version`` is the generation, None where the request's model id shall tell it."""

    version: int | None = None

    def body(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a Converse request: ``prompt``, ``max_gen_len``, ``temperature``, ``top_p``."""
        check_members(request, NAME)
        for name in ("toolConfig", "outputConfig"):
            if request.get(name):
                raise no_form(name, NAME)
        inference = cast("Mapping[str, Any]", request.get("inferenceConfig") or {})
        if inference.get("stopSequences"):
            raise no_form("inferenceConfig.stopSequences", NAME)
        guarded, of_guardrail = guard_tags(request)
        version = self.version or generation(str(request.get("modelId", ""))) or 3
        marks = _MARKS_OF_LLAMA_2 if version == 2 else _MARKS
        turns: Turns = []
        if system := _text(request.get("system") or (), guarded, marks):
            turns.append(("system", system))
        for turn in request["messages"]:
            if turn["role"] not in _ROLES:
                raise no_form(f"a turn of the role {turn['role']!r:.40}", NAME)
            if text := _text(turn["content"], guarded, marks):
                turns.append((turn["role"], text))
        made: dict[str, Any] = {"prompt": prompt(turns, version)}
        for ours, theirs in (("maxTokens", "max_gen_len"), ("temperature", "temperature"), ("topP", "top_p")):
            if inference.get(ours) is not None:
                made[theirs] = inference[ours]
        return merged({**made, **of_guardrail}, fields_of(request))

    def response(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """The Converse response of an answer.

        Raises:
            KeyError, TypeError, AttributeError: it is no answer of Llama's.
        """
        told = Told.in_headers(headers)
        content = [{"text": body["generation"]}]
        usage = _usage(body.get("prompt_token_count"), body.get("generation_token_count"), told)
        return response_of(content, _stop_reason(body.get("stop_reason")), usage, body, told, {})

    def events(self) -> LlamaEvents:
        """A maker of events for one stream."""
        return LlamaEvents()


def prompt(turns: Turns, version: int) -> str:
    """The prompt of a conversation (``(role, text)``, neighbours of one role allowed)."""
    if version == 2:
        return _prompt_of_llama_2(turns)
    before, after, end = _LAYOUTS[4 if version >= 4 else 3]
    told = [f"{before}{role}{after}\n\n{text}{end}" for role, text in turns]
    if turns and turns[-1][0] == "assistant":
        told[-1] = told[-1].removesuffix(end)
    else:
        told.append(f"{before}assistant{after}\n\n")
    return "<|begin_of_text|>" + "".join(told)


def _prompt_of_llama_2(turns: Turns) -> str:
    told: list[str] = []
    system = "\n".join(text for role, text in turns if role == "system")
    asked = f"<<SYS>>\n{system}\n<</SYS>>\n\n" if system else ""
    is_open = False
    for role, text in turns:
        if role == "user":
            asked += f"\n{text}" if asked and not asked.endswith("\n\n") else text
            is_open = True
        elif role == "assistant":
            told.append(f"<s>[INST] {asked} [/INST] {text} </s>")
            asked, is_open = "", False
    if is_open or not told:
        told.append(f"<s>[INST] {asked} [/INST]")
    elif turns[-1][0] == "assistant":
        told[-1] = told[-1].removesuffix(" </s>")
    return "".join(told)


def _text(blocks: Iterable[Block], guarded: Callable[[Block], str | None], marks: re.Pattern[str]) -> str:
    texts: list[str] = []
    for block in blocks:
        kind = kind_of(block)
        text: str | None = None
        if kind == "text":
            text = block["text"]
        elif kind == "guardContent":
            text = guarded(block)
        elif kind == "citationsContent":
            parts = block["citationsContent"].get("content") or ()
            text = "".join([part.get("text") or "" for part in parts])
        elif kind == "reasoningContent":
            continue
        if text is None:
            raise no_form(f"the content block {kind!r:.80}", NAME)
        if found := marks.search(text):
            raise InvalidRequestError(
                f"a text holds Llama's own mark {found.group()!r:.60}, which would end its turn",
                hint="take it out of the text, or let Converse carry the conversation (use_converse=True)",
            )
        if not is_blank(text):
            texts.append(text)
    return "\n".join(texts)


class LlamaEvents:
    """The chunks of a stream: pieces of text, the last one with the stop reason and Bedrock's metrics."""

    __slots__ = ("_beside", "_finished", "_input", "_output", "_stop_reason", "_writer")

    def __init__(self) -> None:
        self._writer = BlockWriter()
        self._stop_reason: Any = None
        self._input: int | None = None
        self._output: int | None = None
        self._beside: dict[str, Any] = {}
        self._finished = False

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        """The Converse events of one chunk."""
        events = self._writer.begin()
        if text := chunk.get("generation"):
            self._writer.delta("text", {"text": text}, events)
        if (count := chunk.get("prompt_token_count")) is not None:
            self._input = count
        if (count := chunk.get("generation_token_count")) is not None:
            self._output = count
        self._stop_reason = chunk.get("stop_reason") or self._stop_reason
        take_beside(self._beside, chunk)
        if self._stop_reason and METRICS in self._beside and not self._finished:
            events += self._stop()
        return events

    def end(self) -> list[Event]:
        """The last events, where no chunk with metrics has brought them.

        Raises:
            TransportError: the stream had no ``stop_reason``.
        """
        if self._finished:
            return []
        if not self._stop_reason:
            raise cut("stop_reason")
        return self._stop()

    def _stop(self) -> list[Event]:
        self._finished = True
        events: list[Event] = []
        self._writer.close(events)
        told = Told.in_chunk(self._beside)
        usage = _usage(self._input, self._output, told)
        return [*events, *last_events(_stop_reason(self._stop_reason), usage, self._beside, told, {})]


def _usage(tokens: int | None, output: int | None, told: Told) -> dict[str, Any]:
    return usage_of(
        (told.input or 0) if tokens is None else tokens, (told.output or 0) if output is None else output
    )


def _stop_reason(native: Any) -> str:
    return words_for(_STOP_REASONS, native)
