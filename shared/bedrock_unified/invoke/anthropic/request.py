"""A Converse request as a Messages body.

Rules, beside those of :mod:`.blocks`:

- ``max_tokens`` is required there. Without one: 1024, 4096 where a schema or a tool is demanded, 1024 more
  than a thinking budget (which must be below it), and where thinking has no budget as much as one of its
  effort would have: it is taken from the same tokens.
- Claude's ``thinking`` may be given as ``reasoning_config``, as Converse takes it.
- A cache point becomes ``cache_control`` of the block before it, across the borders of messages, system and
  tools; thinking cannot carry it and is passed over.
- A history with tool blocks and no tools gets declarations for the tools that it speaks of.
- ``additionalModelRequestFields`` win. Both sides' ``tools`` are offered, the caller's in place of ours of
  the same name; ``output_config`` is put together; a ``tool_choice`` without a type, or with ours, adds to
  ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...converse.reasoning_wish import BUDGETS
from ...converse.tools import stub_tools
from ...errors import InvalidRequestError
from ...wire import json_codec
from ..common import Block, check_members, fields_of, guard_tags, is_blank, kind_of, merged, no_form
from .blocks import NAME, Writer

VERSION = "bedrock-2023-05-31"
_MAX_TOKENS = 1024
_MAX_TOKENS_OF_A_SCHEMA = 4096
_UNCACHEABLE = frozenset({"thinking", "redacted_thinking"})


def body(request: Mapping[str, Any]) -> dict[str, Any]:
    """The Messages body of a Converse request."""
    check_members(request, NAME)
    guarded, of_guardrail = guard_tags(request)
    cacheable: list[dict[str, Any]] = []  # blocks so far, in the order in which Claude caches them
    config = cast("Mapping[str, Any]", request.get("toolConfig") or {})
    tools = _tools(config.get("tools") or (), cacheable)
    writer = Writer(guarded)
    system = _system(request.get("system") or (), writer, cacheable)
    messages = _messages(request["messages"], writer, cacheable)
    fields = _fields(request)
    if not tools and not fields.get("tools"):
        tools = [_tool(stub["toolSpec"]) for stub in stub_tools(_client_tools(request["messages"]))]

    made: dict[str, Any] = {"anthropic_version": VERSION, "max_tokens": 0, "messages": messages}
    inference = cast("Mapping[str, Any]", request.get("inferenceConfig") or {})
    for ours, theirs in (
        ("temperature", "temperature"),
        ("topP", "top_p"),
        ("stopSequences", "stop_sequences"),
    ):
        if inference.get(ours) is not None:
            made[theirs] = inference[ours]
    if system:
        made["system"] = system
    if tools:
        made["tools"] = tools
    if (choice := _tool_choice(config.get("toolChoice"))) is not None:
        made["tool_choice"] = choice
    if output := _output_config(request.get("outputConfig") or {}):
        made["output_config"] = output
    made.update(of_guardrail)
    made = _merged(made, fields)
    if "max_tokens" not in fields:
        made["max_tokens"] = _max_tokens(inference, made)
    return made


def _fields(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The caller's fields by Claude's own names."""
    fields = fields_of(request)
    if "reasoning_config" not in fields:
        return fields
    rest = {name: value for name, value in fields.items() if name != "reasoning_config"}
    thinking = rest.setdefault("thinking", fields["reasoning_config"])
    if thinking != fields["reasoning_config"]:
        raise InvalidRequestError(
            f"additionalModelRequestFields has the thinking {thinking!r:.80} and the reasoning_config "
            f"{fields['reasoning_config']!r:.80}, which mean the same",
            hint="keep one of them",
        )
    return rest


def _max_tokens(inference: Mapping[str, Any], made: Mapping[str, Any]) -> int:
    if (given := inference.get("maxTokens")) is not None:
        return given
    choice, output = _object(made, "tool_choice"), _object(made, "output_config")
    demanded = choice.get("type") in ("any", "tool") or "format" in output
    tokens = _MAX_TOKENS_OF_A_SCHEMA if demanded else _MAX_TOKENS
    thinking = _object(made, "thinking")
    budget = thinking.get("budget_tokens")
    if budget is None and thinking.get("type") == "adaptive":
        effort = output.get("effort")
        budget = BUDGETS.get(effort if isinstance(effort, str) else "", BUDGETS["high"])
    return max(tokens, budget + _MAX_TOKENS) if isinstance(budget, int) else tokens


def _object(made: Mapping[str, Any], name: str) -> Block:
    value = made.get(name)
    return cast("Block", value) if isinstance(value, Mapping) else {}


def _merged(made: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    ours: list[dict[str, Any]] = made.get("tools") or []
    choice: dict[str, Any] = made.get("tool_choice") or {}
    merged(made, fields, inner=("output_config", "amazon-bedrock-guardrailConfig"))
    given: Any = fields.get("tools")
    if ours and isinstance(given, Sequence):
        theirs = cast("Sequence[Block]", given)
        named = {tool.get("name") for tool in theirs}
        made["tools"] = [*(tool for tool in ours if tool["name"] not in named), *theirs]
    wish: Any = fields.get("tool_choice")
    if isinstance(wish, Mapping) and cast("Block", wish).get("type") in (None, choice.get("type")):
        made["tool_choice"] = {"type": "auto", **choice, **cast("Block", wish)}
    return made


def _system(blocks: Sequence[Block], writer: Writer, cacheable: list[dict[str, Any]]) -> list[dict[str, Any]]:
    system: list[dict[str, Any]] = []
    for block in blocks:
        if "cachePoint" in block:
            _cache(cacheable, block["cachePoint"])
            continue
        if kind_of(block) not in ("text", "guardContent"):
            raise no_form(f"{kind_of(block)} among the system prompts", NAME)
        for native in writer.block(block):
            system.append(native)
            cacheable.append(native)
    return system


def _messages(
    turns: Sequence[Mapping[str, Any]], writer: Writer, cacheable: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for turn in turns:
        content: list[dict[str, Any]] = []
        for block in turn["content"]:
            if "cachePoint" in block:
                _cache(cacheable, block["cachePoint"])
                continue
            natives = writer.block(block)
            content += natives
            cacheable += natives
        if content:
            messages.append({"role": turn["role"], "content": content})
    return messages


def _cache(cacheable: list[dict[str, Any]], point: Block) -> None:
    control: dict[str, Any] = {"type": "ephemeral"}
    if point.get("ttl") is not None:
        control["ttl"] = point["ttl"]
    for native in reversed(cacheable):
        if native.get("type") not in _UNCACHEABLE:
            native["cache_control"] = control
            return
    raise no_form("a cache point before all content", NAME)


def _tools(tools: Sequence[Block], cacheable: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for tool in tools:
        if "cachePoint" in tool:
            _cache(cacheable, tool["cachePoint"])
        elif "toolSpec" in tool:
            made.append(_tool(tool["toolSpec"]))
            cacheable.append(made[-1])
        else:
            raise no_form(f"{kind_of(tool)} among the tools", NAME)
    return made


def _tool(spec: Block) -> dict[str, Any]:
    tool: dict[str, Any] = {"name": spec["name"]}
    if not is_blank(spec.get("description") or ""):
        tool["description"] = spec["description"]
    tool["input_schema"] = spec["inputSchema"].get("json") or {"type": "object", "properties": {}}
    if spec.get("strict") is not None:
        tool["strict"] = spec["strict"]
    return tool


def _client_tools(turns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The turns without the calls that the model's own tools have answered already."""
    return [
        {"content": [block for block in turn["content"] if not _is_of_the_server(block)]} for turn in turns
    ]


def _is_of_the_server(block: Block) -> bool:
    use, result = block.get("toolUse"), block.get("toolResult")
    if use is not None:
        return use.get("type") == "server_tool_use"
    return result is not None and str(result.get("type") or "").endswith("_tool_result")


def _tool_choice(choice: Block | None) -> dict[str, Any] | None:
    if not choice:
        return None
    kind = kind_of(choice)
    if kind == "tool":
        return {"type": "tool", "name": choice["tool"]["name"]}
    if kind in ("auto", "any", "none"):
        return {"type": kind}
    raise no_form(f"the tool choice {kind!r:.80}", NAME)


def _output_config(config: Block) -> dict[str, Any]:
    output: dict[str, Any] = {}
    if text_format := config.get("textFormat"):
        schema = text_format["structure"]["jsonSchema"]["schema"]
        output["format"] = {
            "type": "json_schema",
            "schema": json_codec.loads(schema) if isinstance(schema, str) else schema,
        }
    if config.get("effort") is not None:
        output["effort"] = config["effort"]
    return output
