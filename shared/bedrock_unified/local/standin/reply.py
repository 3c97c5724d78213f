"""One whole answer: the blocks of the assistant's turn, its stop reason, its tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ..protocol.frames import json_bytes
from ..shapes import under
from .arguments import Filler, Material
from .arithmetic import work_out
from .citations import cited_blocks
from .extraction import asks_about_the_whole, find_passages, overview
from .families import Family
from .planning import Planned, plan_calls
from .prose import compose
from .reading import Reading, read
from .tokens import count_block, count_text, cut_to_tokens
from .toolbox import arithmetic_in, asks_something, system_tools
from .wording import Wanted, asked_in_words
from .words import plain

INTERPRETER = "nova_code_interpreter"
GROUNDING = "nova_grounding"

# Anthropic documents this string for testing: a turn that begins with it is answered with redacted thinking.
_REDACTION_TRIGGER = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass
class Reply:
    """An assistant turn in Converse's shape (with the members Bedrock sends beyond boto3's model)."""

    content: list[dict[str, Any]]
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    output_tokens: int = 0
    latency_ms: int = field(default=0)


def reply_to(request: Mapping[str, Any], family: Family) -> Reply:
    """Answer the Converse parameters ``request`` in the way of ``family``."""
    reading = read(request)
    names = _Names(request, family)
    reasoning = _reasoning(request, reading, family)
    server = _server_blocks(request, reading, names)
    calls = plan_calls(request, reading)
    if calls:
        blocks = [*reasoning, *server, *_call_blocks(calls, request, family, names, server_ran=bool(server))]
        return _limited(Reply(blocks, "tool_use"), request, family)
    body = _answer_blocks(request, reading, family, has_server=bool(server))
    if family.text_before_reasoning:
        return _limited(Reply([*body, *reasoning]), request, family)
    return _limited(Reply([*reasoning, *server, *body]), request, family)


class _Names:
    """Ids of tool uses: they look like Bedrock's and follow from the request, so that a repeated request
    gets the same ones and a longer conversation new ones."""

    def __init__(self, request: Mapping[str, Any], family: Family) -> None:
        self._seed = json_bytes([request.get("messages"), request.get("modelId")])
        self._family = family
        self._count = 0

    def next(self, name: str) -> str:
        self._count += 1
        if self._family.tool_id_prefix != "tooluse_":
            return f"{self._family.tool_id_prefix}{name}:{self._count - 1}"[:64]
        digest = hashlib.sha256(self._seed + bytes([self._count])).digest()
        return "tooluse_" + "".join(_ID_ALPHABET[byte % len(_ID_ALPHABET)] for byte in digest[:22])


def _call_blocks(
    calls: list[Planned], request: Mapping[str, Any], family: Family, names: _Names, *, server_ran: bool
) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    choice = under(under(request, "toolConfig"), "toolChoice")
    chosen_freely = "any" not in choice and "tool" not in choice
    listed = ", ".join(dict.fromkeys(call.name for call in calls))
    if chosen_freely and family.tool_preamble == "text":
        blocks.append({"text": f"I will use {listed} to answer."})
    elif chosen_freely and family.tool_preamble == "thinking":
        blocks.append({"text": f"<thinking> The request fits {listed}, so I call it. </thinking>\n"})
    for call in calls:
        use: dict[str, Any] = {"input": call.input, "name": call.name, "toolUseId": names.next(call.name)}
        if family.tool_use_type or server_ran:
            use["type"] = "tool_use"
        blocks.append({"toolUse": use})
    return blocks


def _answer_blocks(
    request: Mapping[str, Any], reading: Reading, family: Family, *, has_server: bool
) -> list[dict[str, Any]]:
    wanted = _wanted(request, reading)
    passages = find_passages(reading.question, reading.sources)
    if asks_about_the_whole(reading.question):
        passages = overview(reading.sources) or passages
    if wanted is not None:
        answer = " ".join(passage.text for passage in passages)
        filler = Filler(Material(wanted.request, reading, answer), everything=True)
        value = filler.fill(wanted.schema)
        return [{"text": json.dumps(value, ensure_ascii=False, separators=(",", ":"))}]
    if family.is_claude and reading.wants_citations:
        cited = cited_blocks(reading, passages)
        if cited:
            return cited
    if has_server and GROUNDING in system_tools(request):
        return _grounded_blocks(reading)
    return [{"text": compose(reading, passages)}]


def _wanted(request: Mapping[str, Any], reading: Reading) -> Wanted | None:
    text_format = under(request, "outputConfig").get("textFormat")
    if not text_format:
        return asked_in_words(reading)
    schema = json.loads(text_format["structure"]["jsonSchema"]["schema"])
    return Wanted(cast("dict[str, Any]", schema), reading.request)


def _reasoning(request: Mapping[str, Any], reading: Reading, family: Family) -> list[dict[str, Any]]:
    if family.reasoning == "none" or not (family.reasons_always or reasoning_requested(request)):
        return []
    if reading.results and not family.reasoning_after_tool:
        return []
    if (
        any(_REDACTION_TRIGGER in text for text in (reading.request, *reading.history))
        and family.reasoning == "signed"
    ):
        sealed = hashlib.sha512(reading.request.encode()).digest()
        return [{"reasoningContent": {"redactedContent": sealed}}]
    offered = len(under(request, "toolConfig").get("tools") or [])
    text = (
        f"I am asked: {plain(reading.question)[:300]} I look through {len(reading.sources)} given texts, "
        f"{len(reading.results)} tool results and {offered} tools for what fits, and answer from that alone."
    )
    inner: dict[str, Any] = {"text": text}
    if family.reasoning == "signed":
        digest = hashlib.sha512(text.encode()).digest()
        inner["signature"] = base64.b64encode(digest + digest[:32]).decode()
    return [{"reasoningContent": {"reasoningText": inner}}]


def reasoning_requested(request: Mapping[str, Any]) -> bool:
    """Whether ``additionalModelRequestFields`` asks for reasoning, in any family's spelling."""
    extra = request.get("additionalModelRequestFields")
    if not isinstance(extra, dict):
        return False
    fields = cast("dict[str, Any]", extra)
    for key in ("thinking", "reasoning_config", "reasoningConfig"):
        value = fields.get(key)
        if isinstance(value, dict):
            if cast("dict[str, Any]", value).get("type") in {"enabled", "adaptive"}:
                return True
        elif value:
            return True
    return bool(fields.get("reasoning_effort"))


def _server_blocks(request: Mapping[str, Any], reading: Reading, names: _Names) -> list[dict[str, Any]]:
    """What Bedrock's own tools would have done: the interpreter really calculates, grounding has no web."""
    offered = system_tools(request)
    expression = arithmetic_in(reading.question)
    if INTERPRETER in offered and not reading.results and expression:
        value = work_out(expression)
        if value is not None:
            outcome = {"exitCode": 0, "isError": False, "stdErr": "", "stdOut": str(value)}
            return _server_call(names, INTERPRETER, {"snippet": expression}, [{"json": outcome}])
    if GROUNDING in offered and asks_something(reading.question):
        return _server_call(names, GROUNDING, {"query": reading.question}, [{"text": "[HIDDEN]"}])
    return []


def _server_call(
    names: _Names, name: str, given: dict[str, Any], content: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    identity = names.next(name)
    use = {"input": given, "name": name, "toolUseId": identity, "type": "server_tool_use"}
    result = {"content": content, "status": "success", "toolUseId": identity, "type": f"{name}_result"}
    return [{"toolUse": use}, {"toolResult": result}]


def _grounded_blocks(reading: Reading) -> list[dict[str, Any]]:
    location = {"web": {"domain": "local.invalid", "url": "https://local.invalid/no-web-search"}}
    return [
        {"text": f"The local endpoint searches no web, so it found nothing for: {plain(reading.question)}"},
        {"citationsContent": {"citations": [{"location": location}]}},
        {"text": "."},
    ]


def _limited(reply: Reply, request: Mapping[str, Any], family: Family) -> Reply:
    """Apply stop sequences and ``maxTokens``, in the order in which the text is written."""
    config = under(request, "inferenceConfig")
    limit = config.get("maxTokens")
    left = int(limit) if limit is not None else 1 << 30
    kept: list[dict[str, Any]] = []
    for block in reply.content:
        cut = _cut_at_stop(block, cast("list[str]", config.get("stopSequences") or []))
        stopped = cut is not None
        if cut is not None:
            block, reply.stop_sequence = cut
            reply.stop_reason = "stop_sequence"
        cost = _output_tokens(block)
        if cost > left:
            shortened = _shortened(block, left)
            kept.extend([shortened] if shortened else [])
            reply.stop_reason, reply.stop_sequence = "max_tokens", None
            break
        left -= cost
        kept.append(block)
        if stopped:
            break
    reply.content = kept or [{"text": ""}]
    reply.output_tokens = sum(_output_tokens(block) for block in reply.content) + 3
    if limit is not None:
        reply.output_tokens = min(reply.output_tokens, int(limit))
    return reply


def _output_tokens(block: Mapping[str, Any]) -> int:
    if "toolUse" in block:
        return 6 + count_text(json_bytes(block["toolUse"]["input"]).decode())
    if "reasoningContent" in block:
        return count_text(str(block["reasoningContent"].get("reasoningText", {}).get("text", ""))) + 4
    if "toolResult" in block:
        return 0  # made by Bedrock, not by the model
    return count_block(block)


def _cut_at_stop(block: dict[str, Any], stops: list[str]) -> tuple[dict[str, Any], str] | None:
    text = block.get("text")
    if not isinstance(text, str) or not stops:
        return None
    match = re.search("|".join(re.escape(stop) for stop in sorted(stops, key=len, reverse=True)), text)
    return ({"text": text[: match.start()]}, match.group()) if match else None


def _shortened(block: dict[str, Any], limit: int) -> dict[str, Any] | None:
    """``block`` cut to ``limit`` tokens; None where the kind cannot be cut (a tool call needs all its
    input).
    """
    if "text" in block and limit > 0:
        return {"text": cut_to_tokens(str(block["text"]), limit)}
    if "reasoningContent" in block and "reasoningText" in block["reasoningContent"] and limit > 4:
        inner = cast("dict[str, Any]", block["reasoningContent"]["reasoningText"])
        return {
            "reasoningContent": {"reasoningText": {**inner, "text": cut_to_tokens(inner["text"], limit - 4)}}
        }
    return None
