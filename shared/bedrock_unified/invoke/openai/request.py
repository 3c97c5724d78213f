"""A Converse request as a chat completions body.

Rules:

- Content of text alone is one string, its blocks joined with line feeds; with images it is a list of parts
  (data URLs: inferred, gpt-oss reads none).
- Results of tools stand before what else their turn says, each as a message of its own. There is no place for
  ``status``: its text must say what failed.
- Reasoning of earlier answers goes back where gpt-oss writes it, in tags before the content. Redacted
  reasoning is another model's and is left out.
- ``model`` names the model where it has an id of OpenAI's, as recorded.
- Blank text is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from ...wire import json_codec
from ..common import (
    Block,
    base64_text,
    check_members,
    fields_of,
    guard_tags,
    is_blank,
    json_text,
    kind_of,
    merged,
    no_form,
)
from .reasoning import tagged

NAME = "OpenAI chat completions"
_INFERENCE = (
    ("maxTokens", "max_tokens"),
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("stopSequences", "stop"),
)
_ROLES = frozenset({"system", "user", "assistant"})
Message = dict[str, Any]


def body(request: Mapping[str, Any]) -> dict[str, Any]:
    """The chat completions body of a Converse request."""
    check_members(request, NAME)
    guarded, of_guardrail = guard_tags(request)
    writer = _Writer(guarded)
    messages: list[Message] = []
    if system := writer.texts(request.get("system") or (), "the system prompts"):
        messages.append({"role": "system", "content": system})
    for turn in request["messages"]:
        messages += writer.turn(turn)
    made: dict[str, Any] = {"messages": messages}
    model = request.get("modelId")
    if isinstance(model, str) and model.startswith("openai."):
        made["model"] = model
    inference = cast("Mapping[str, Any]", request.get("inferenceConfig") or {})
    for ours, theirs in _INFERENCE:
        if inference.get(ours) is not None:
            made[theirs] = inference[ours]
    config = cast("Mapping[str, Any]", request.get("toolConfig") or {})
    if tools := [_tool(tool) for tool in config.get("tools") or ()]:
        made["tools"] = tools
    if choice := config.get("toolChoice"):
        made["tool_choice"] = _tool_choice(choice)
    made.update(_output_config(request.get("outputConfig") or {}))
    made.update(of_guardrail)
    return merged(made, fields_of(request))


class _Writer:
    __slots__ = ("_guarded",)

    def __init__(self, guarded: Callable[[Block], str | None]) -> None:
        self._guarded = guarded

    def texts(self, blocks: Iterable[Block], where: str) -> str:
        """Blocks of text alone, as one text."""
        texts: list[str] = []
        for block in blocks:
            text = self._text(block)
            if text is None:
                raise no_form(f"{kind_of(block)} among {where}", NAME)
            if not is_blank(text):
                texts.append(text)
        return "\n".join(texts)

    def turn(self, turn: Mapping[str, Any]) -> list[Message]:
        """The messages of one turn: one, one more for each tool result, or none for blank text."""
        blocks = cast("list[Block]", turn["content"])
        if turn["role"] not in _ROLES:
            raise no_form(f"a turn of the role {turn['role']!r:.40}", NAME)
        results = [self._result(block["toolResult"]) for block in blocks if "toolResult" in block]
        rest = [block for block in blocks if "toolResult" not in block]
        if turn["role"] == "assistant":
            return [*results, *self._assistant(rest)]
        content = self._content(rest)
        return [*results, *([{"role": turn["role"], "content": content}] if content else [])]

    def _assistant(self, blocks: list[Block]) -> list[Message]:
        calls = [_tool_call(block["toolUse"]) for block in blocks if "toolUse" in block]
        reasoning = [_reasoning(block["reasoningContent"]) for block in blocks if "reasoningContent" in block]
        rest = [block for block in blocks if "toolUse" not in block and "reasoningContent" not in block]
        content = "".join(tagged(text) for text in reasoning if text) + self.texts(rest, "an answer's blocks")
        message: Message = {"role": "assistant", "content": content}
        if calls:
            message["tool_calls"] = calls
        return [message] if content or calls else []

    def _content(self, blocks: list[Block]) -> str | list[dict[str, Any]]:
        if not any("image" in block for block in blocks):
            return self.texts(blocks, "a message's blocks")
        parts: list[dict[str, Any]] = []
        for block in blocks:
            if "image" in block:
                parts.append({"type": "image_url", "image_url": {"url": _data_url(block["image"])}})
            elif text := self.texts([block], "a message's blocks"):
                parts.append({"type": "text", "text": text})
        return parts

    def _text(self, block: Block) -> str | None:
        kind = kind_of(block)
        if kind == "text":
            return block["text"]
        if kind == "guardContent":
            return self._guarded(block)
        if kind == "citationsContent":
            return "".join(
                [part.get("text") or "" for part in block["citationsContent"].get("content") or ()]
            )
        return None

    def _result(self, result: Block) -> Message:
        texts: list[str] = []
        for part in result["content"]:
            kind = kind_of(part)
            if kind not in ("text", "json"):
                raise no_form(f"{kind} in a tool result", NAME)
            texts.append(part["text"] if kind == "text" else json_text(part["json"]))
        return {"role": "tool", "tool_call_id": result["toolUseId"], "content": "\n".join(texts)}


def _reasoning(reasoning: Block) -> str:
    told: Block = reasoning.get("reasoningText") or {}
    return told.get("text") or ""


def _tool_call(use: Block) -> dict[str, Any]:
    if use.get("type") == "server_tool_use":
        raise no_form("a call of another model's own tool", NAME)
    arguments = json_text({} if use.get("input") is None else use["input"])
    function = {"name": use["name"], "arguments": arguments}
    return {"id": use["toolUseId"], "type": "function", "function": function}


def _data_url(image: Block) -> str:
    source = image["source"]
    if source.get("bytes") is None:
        raise no_form(f"an image from {kind_of(source)}", NAME)
    return f"data:image/{image['format']};base64,{base64_text(source['bytes'])}"


def _tool(tool: Block) -> dict[str, Any]:
    if "toolSpec" not in tool:
        raise no_form(f"{kind_of(tool)} among the tools", NAME)
    spec = tool["toolSpec"]
    function: dict[str, Any] = {"name": spec["name"]}
    if not is_blank(spec.get("description") or ""):
        function["description"] = spec["description"]
    function["parameters"] = spec["inputSchema"].get("json") or {"type": "object", "properties": {}}
    if spec.get("strict") is not None:
        function["strict"] = spec["strict"]
    return {"type": "function", "function": function}


def _tool_choice(choice: Block) -> Any:
    kind = kind_of(choice)
    if kind == "tool":
        return {"type": "function", "function": {"name": choice["tool"]["name"]}}
    words = {"auto": "auto", "any": "required", "none": "none"}
    if kind not in words:
        raise no_form(f"the tool choice {kind!r:.80}", NAME)
    return words[kind]


def _output_config(config: Block) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if text_format := config.get("textFormat"):
        given = text_format["structure"]["jsonSchema"]
        schema = given["schema"]
        described = {"name": given.get("name") or "answer"}
        if given.get("description"):
            described["description"] = given["description"]
        made["response_format"] = {
            "type": "json_schema",
            "json_schema": {
                **described,
                "schema": json_codec.loads(schema) if isinstance(schema, str) else schema,
                "strict": True,
            },
        }
    if config.get("effort") is not None:
        made["reasoning_effort"] = config["effort"]
    return made
