"""Tool results in the places where Bedrock looks for them, and what may stand beside them.

Bedrock wants every call of an assistant turn answered in the user turn behind it ("Expected toolResult blocks
at messages.N.content for the following Ids: …"), and no other results there ("The number of toolResult blocks
at messages.N.content exceeds the number of toolUse blocks of previous turn"); both sentences are as users of
the service quote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .told import told_result

if TYPE_CHECKING:
    from ..models.profile import Profile

Block = dict[str, Any]
Turn = dict[str, Any]

#: What a call is answered with whose result nobody kept: interrupted runs, histories that were cut.
NO_RESULT = "(no result of this call is known)"
#: A turn that says nothing, where roles must alternate. Bedrock refuses empty ones.
FILLER = "."


def users_last(turns: Sequence[Any]) -> list[Any]:
    """The turns with the least that a user can say behind them."""
    return [*turns, {"role": "user", "content": [{"text": FILLER}]}]


_SERVER = "server_tool_use"
_MEDIA = frozenset({"text", "image", "document", "video", "audio"})


class _Call:
    """A call that the user has to answer."""

    __slots__ = ("answer", "given", "sent", "turn")

    def __init__(self, turn: int, given: Any, sent: str) -> None:
        self.turn = turn
        self.given = given
        self.sent = sent
        self.answer: Block | None = None


def with_results_in_place(turns: Sequence[Turn], profile: Profile) -> list[Turn]:
    """The turns, in which each call has one result: in the next user turn, in the order of the calls, first.

    * A result that came later is moved up to its call, unless the conversation would then end with the
      assistant: such a last turn tells its results as text.
    * A call without any gets :data:`NO_RESULT`, unless the conversation ends with it.
    * A result without a call (a second one, or one whose call was cut from the history) becomes text.
    * Of two calls with one id the later gets another, and so does its result.
    * Calls that Bedrock answers itself, in the assistant's own turn, are left alone.

    Turns may become empty, and neighbours may get the same role. The arguments are not changed.
    """
    last = max((number for number, turn in enumerate(turns) if turn["role"] != "system"), default=-1)
    walk = _Walk(last)
    contents = [walk.content(number, turn) for number, turn in enumerate(turns)]
    placed: list[Turn] = []
    due: list[_Call] = []
    for number, (turn, content) in enumerate(zip(turns, contents, strict=True)):
        if due and turn["role"] != "user":
            placed.append({"role": "user", "content": _answers(due, profile)})
            due = []
        if due:
            content = [*_answers(due, profile), *content]
            due = []
        placed.append({**turn, "content": content})
        if number != last:
            due += walk.calls_of(number)
    return placed


class _Walk:
    """One reading of a conversation: which call each result answers."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._answering = -1  # the assistant's latest turn
        self._open: dict[Any, list[_Call]] = {}
        self._calls: dict[int, list[_Call]] = {}
        self._ids: set[str] = set()

    def calls_of(self, number: int) -> list[_Call]:
        """The calls of a turn that the user has to answer."""
        return self._calls.get(number, [])

    def content(self, number: int, turn: Turn) -> list[Block]:
        """A turn's content without the results that answer calls."""
        if turn["role"] == "assistant":
            return self._assistants(number, turn["content"])
        content: list[Block] = []
        late: list[_Call] = []
        for block in turn["content"]:
            if "toolResult" not in block:
                content.append(block)
            elif (call := self._called(block["toolResult"].get("toolUseId"))) is None:
                content += told_result(block["toolResult"])
            else:
                call.answer = _with_id(block, "toolResult", call.sent)
                late.append(call)
        if number == self._last and not content and all(call.turn != self._answering for call in late):
            for call in late:
                content += told_result((call.answer or {})["toolResult"])
                call.answer = None
        return content

    def _assistants(self, number: int, given: Sequence[Block]) -> list[Block]:
        self._answering = number
        answered = [block["toolResult"].get("toolUseId") for block in given if "toolResult" in block]
        content: list[Block] = []
        for block in given:
            use = block.get("toolUse")
            if use is not None and use.get("type") != _SERVER and use.get("toolUseId") not in answered:
                call = _Call(number, use.get("toolUseId"), self._free(use.get("toolUseId")))
                self._calls.setdefault(number, []).append(call)
                self._open.setdefault(call.given, []).append(call)
                block = _with_id(block, "toolUse", call.sent)
            content.append(block)
        return content

    def _free(self, given: Any) -> str:
        """The id of a call, another one where an earlier call has it."""
        number, free = 1, str(given)
        while free in self._ids:
            number += 1
            free = "tool_" + sha256(f"{given}\0{number}".encode()).hexdigest()[:32]
        self._ids.add(free)
        return free

    def _called(self, given: Any) -> _Call | None:
        """The call that a result answers: of those with its id the first open one of the latest turn."""
        waiting = self._open.get(given)
        if not waiting:
            return None
        latest = waiting[-1].turn
        call = next(call for call in waiting if call.turn == latest)
        waiting.remove(call)
        return call


def _answers(calls: Sequence[_Call], profile: Profile) -> list[Block]:
    return [call.answer or _no_result(call.sent, profile) for call in calls]


def _no_result(call_id: str, profile: Profile) -> Block:
    result: Block = {"toolUseId": call_id, "content": [{"text": NO_RESULT}]}
    if profile.tool_result_status:
        result["status"] = "error"
    return {"toolResult": result}


def _with_id(block: Block, kind: str, call_id: str) -> Block:
    held = block[kind]
    return block if held.get("toolUseId") == call_id else {**block, kind: {**held, "toolUseId": call_id}}


def with_company_apart(turns: Sequence[Turn], profile: Profile) -> list[Turn]:
    """The turns; what the model does not take beside a tool result stands in a turn of its own.

    An assistant's ``.`` comes between the two. All that stands beside the results goes along, for a text and
    the image it speaks of belong together. Source: pydantic-ai's profiles, which say they were tried; not in
    recorded traffic.
    """
    apart: list[Turn] = []
    for turn in turns:
        content: list[Block] = turn["content"]
        results = [block for block in content if "toolResult" in block]
        if turn["role"] == "user" and results and not _all_allowed(content, profile):
            rest = [block for block in content if "toolResult" not in block]
            apart.append({**turn, "content": results})
            apart.append({"role": "assistant", "content": [{"text": FILLER}]})
            apart.append({"role": "user", "content": rest})
        else:
            apart.append(turn)
    return apart


def _all_allowed(content: Sequence[Block], profile: Profile) -> bool:
    allowed = profile.beside_tool_result
    if allowed >= _MEDIA:
        return True
    return all(_kind(block) in (None, *allowed) for block in content)


def _kind(block: Block) -> str | None:
    """What a block counts as; None for what has its place beside results with every model."""
    if "toolResult" in block or "cachePoint" in block:
        return None
    guarded = block.get("guardContent")
    kinds = block if guarded is None else guarded
    return next((kind for kind in _MEDIA if kind in kinds), "text")  # a search result is text, too
