"""Converse and ConverseStream."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..guardrails import Grounding, Guardrail, Verdict, assessment, judge
from ..protocol.answers import Call, Event, JsonAnswer, StreamAnswer
from ..shapes import listed, under
from ..standin.families import Family, family_of
from ..standin.reply import Reply, reply_to
from ..standin.streaming import block_events
from ..standin.tokens import count_reasoning, count_request
from ..state import CacheUse, State
from .converse_rules import check_conversation
from .media import check_media


@dataclass
class Outcome:
    """One answered conversation, before it is unary members or events."""

    reply: Reply
    usage: dict[str, Any]
    trace: dict[str, Any] | None
    latency_ms: int
    guarded: bool = False
    """A guardrail looked on, whether or not its trace was asked for."""


def converse(call: Call, state: State) -> JsonAnswer:
    """The unary answer: ``output``, ``stopReason``, ``usage``, ``metrics`` and what was asked for beside
    them.
    """
    outcome, family = answer_conversation(call, state, in_stream=False)
    return JsonAnswer(converse_members(outcome, call.params, family), usage=outcome.usage)


def converse_members(outcome: Outcome, params: Mapping[str, Any], family: Family) -> dict[str, Any]:
    members: dict[str, Any] = {
        "metrics": {"latencyMs": outcome.latency_ms},
        "output": {"message": {"content": outcome.reply.content, "role": "assistant"}},
        "stopReason": outcome.reply.stop_reason,
        "usage": outcome.usage,
    }
    if outcome.trace is not None:
        members["trace"] = outcome.trace
    members.update({key: params[key] for key in ("performanceConfig", "serviceTier") if key in params})
    extra = additional_response_fields(outcome.reply, params, family)
    if extra is not None:
        members["additionalModelResponseFields"] = extra
    return members


def converse_stream(call: Call, state: State) -> StreamAnswer:
    """The same answer as events: ``messageStart``, the blocks, ``messageStop``, ``metadata``."""
    outcome, family = answer_conversation(call, state, in_stream=True)
    return StreamAnswer(list(stream_events(outcome, call.params, family)), usage=outcome.usage)


def stream_events(outcome: Outcome, params: Mapping[str, Any], family: Family) -> list[Event | bytes]:
    stop: dict[str, Any] = {"stopReason": outcome.reply.stop_reason}
    extra = additional_response_fields(outcome.reply, params, family)
    if extra is not None:
        stop["additionalModelResponseFields"] = extra
    metadata: dict[str, Any] = {"metrics": {"latencyMs": outcome.latency_ms}, "usage": outcome.usage}
    if outcome.trace is not None:
        guardrail = under(outcome.trace, "guardrail")
        metadata["trace"] = {"guardrail": {k: v for k, v in guardrail.items() if k != "modelOutput" or v}}
    metadata.update({key: params[key] for key in ("performanceConfig", "serviceTier") if key in params})
    return [
        Event("messageStart", {"role": "assistant"}),
        *block_events(outcome.reply.content, family),
        Event("messageStop", stop),
        Event("metadata", metadata),
    ]


def additional_response_fields(
    reply: Reply, params: Mapping[str, Any], family: Family
) -> dict[str, Any] | None:
    """``additionalModelResponseFields`` for the JSON pointers asked for; Claude alone has any to give.

    That the tokens of its reasoning stand under the members of the path is inferred.
    """
    paths = cast("list[str]", params.get("additionalModelResponseFieldPaths") or [])
    if not paths or not family.is_claude:
        return None
    thought = min(count_reasoning(reply.content), reply.output_tokens)
    details = {"output_tokens_details": {"thinking_tokens": thought}}
    known: dict[str, tuple[str, Any]] = {
        "/stop_sequence": ("stop_sequence", reply.stop_sequence),
        "/usage/output_tokens_details": ("usage", details),
    }
    return dict(known[path] for path in paths if path in known)


def answer_conversation(call: Call, state: State, *, in_stream: bool) -> tuple[Outcome, Family]:
    """Check the conversation, run it past the guardrail and the stand-in, and count its tokens."""
    started = time.perf_counter()
    params = call.params
    model_id = str(params["modelId"])
    family = family_of(state.catalogue.resolve(model_id).bare)
    profile = state.catalogue.profile(model_id)
    streams = in_stream and call.operation == "ConverseStream"  # InvokeModel has bodies of its own
    check_conversation(params, family, profile, in_stream=streams)
    check_media(params, family, profile, in_stream=in_stream)
    guard = _Guard.of(call, state)
    blocked = guard.check_input(params) if guard else None
    if guard and blocked is not None:
        reply = Reply([{"text": blocked}], "guardrail_intervened")
        usage: dict[str, Any] = {"inputTokens": 0, "outputTokens": 0, "serverToolUsage": {}, "totalTokens": 0}
    else:
        reply = reply_to(params, family)
        cache = state.cache.use(params, model_id, family, state.now())
        usage = usage_of(count_request(params), reply.output_tokens, cache, family, unary=not in_stream)
        if guard:
            guard.check_output(reply)
    latency = max(1, round((time.perf_counter() - started) * 1000))
    return Outcome(reply, usage, guard.trace() if guard else None, latency, guard is not None), family


def usage_of(tokens: int, output: int, cache: CacheUse, family: Family, *, unary: bool) -> dict[str, Any]:
    """Bedrock's ``usage``: cached tokens are not input tokens, the total counts all four kinds."""
    fresh = max(0, tokens - cache.read - cache.written)
    usage: dict[str, Any] = {
        "inputTokens": fresh,
        "outputTokens": output,
        "serverToolUsage": {},
        "totalTokens": fresh + output + cache.read + cache.written,
    }
    used = bool(cache.read or cache.written)
    if used or (unary and family.usage_cache != "used"):
        usage["cacheReadInputTokenCount"] = usage["cacheReadInputTokens"] = cache.read
        if used or family.usage_cache == "zero":
            usage["cacheWriteInputTokenCount"] = usage["cacheWriteInputTokens"] = cache.written
    if cache.details and family.is_claude:
        usage["cacheDetails"] = [{"inputTokens": count, "ttl": ttl} for ttl, count in cache.details]
    return usage


class _Guard:
    """One guardrail applied to one conversation."""

    def __init__(self, call: Call, state: State, guardrail: Guardrail, config: Mapping[str, Any]) -> None:
        self._guardrail = guardrail
        self._config = config
        self._where = (call.region, state.account.account_id)
        self._grounding: Grounding | None = None
        self._reasons: list[str] = []
        self._trace: dict[str, Any] = {}

    @classmethod
    def of(cls, call: Call, state: State) -> _Guard | None:
        config = cast("dict[str, Any] | None", call.params.get("guardrailConfig"))
        if config is None:
            return None
        guardrail = state.guardrails.find(config.get("guardrailIdentifier"), config.get("guardrailVersion"))
        return cls(call, state, guardrail, config)

    def check_input(self, params: Mapping[str, Any]) -> str | None:
        """The blocked message where the input may not pass, else None."""
        texts, self._grounding = _guarded_texts(params)
        text = "\n".join(texts)
        verdict = judge(self._guardrail, text, "input")
        guarded = sum(map(len, texts))
        total = max(guarded, sum(map(len, _all_user_texts(params))))
        self._trace["inputAssessment"] = {self._name: self._assess(verdict, guarded, total)}
        if verdict.blocked:
            self._reasons.append("Guardrail blocked.")
            return self._guardrail.blocked_input
        self._reasons.append("No action.")
        return None

    def check_output(self, reply: Reply) -> None:
        """Mask or block the text of ``reply`` in place."""
        texts = [str(block["text"]) for block in reply.content if "text" in block]
        text = "\n".join(texts)
        verdict = judge(self._guardrail, text, "output", self._grounding)
        assessed = self._assess(verdict, len(text), len(text))
        self._trace["outputAssessments"] = {self._name: [assessed]}
        self._trace["modelOutput"] = texts if verdict.blocked or verdict.masked else []
        if verdict.blocked:
            reply.content = [{"text": self._guardrail.blocked_output}]
        elif verdict.masked:
            rest = [block for block in reply.content if "text" not in block]
            reply.content = [{"text": verdict.text}, *rest]
        else:
            return
        self._reasons.append(verdict.reason)
        reply.stop_reason = "guardrail_intervened"

    def trace(self) -> dict[str, Any] | None:
        if self._config.get("trace", "disabled") == "disabled":
            return None
        reasons = self._reasons if len(set(self._reasons)) > 1 else self._reasons[:1]
        return {"guardrail": {"actionReason": "\n".join(reasons), "modelOutput": [], **self._trace}}

    @property
    def _name(self) -> str:
        return str(self._config["guardrailIdentifier"]).rsplit("/", 1)[-1]

    def _assess(self, verdict: Verdict, guarded: int, total: int) -> dict[str, Any]:
        version = str(self._config["guardrailVersion"])
        return assessment(verdict, self._name, version, *self._where, guarded, total)


def _guarded_texts(params: Mapping[str, Any]) -> tuple[list[str], Grounding | None]:
    """The texts the guardrail reads, and what the output is held to.

    Of the messages it reads all of the user's texts, or the marked blocks alone where any are marked; of the
    system prompt the marked ones. That a mark in the system prompt takes nothing from the messages is
    inferred from the user guide ("Message and system prompt guardrail behavior").
    """
    marked: list[str] = []
    sources: list[str] = []
    queries: list[str] = []
    is_marked = False
    system = listed(params, "system")
    said = [block for message in listed(params, "messages") for block in listed(message, "content")]
    for place, block in enumerate([*system, *said]):
        guarded = under(block, "guardContent").get("text")
        if not guarded:
            continue
        is_marked = is_marked or place >= len(system)
        qualifiers = cast("list[str]", guarded.get("qualifiers") or [])
        sources += [guarded["text"]] if "grounding_source" in qualifiers else []
        queries += [guarded["text"]] if "query" in qualifiers else []
        if not qualifiers or "guard_content" in qualifiers:
            marked.append(guarded["text"])
    grounding = Grounding("\n".join(sources), "\n".join(queries)) if sources and queries else None
    return (marked if is_marked else marked + _all_user_texts(params)), grounding


def _all_user_texts(params: Mapping[str, Any]) -> list[str]:
    texts: list[str] = []
    for message in listed(params, "messages"):
        if message["role"] != "user":
            continue
        for block in listed(message, "content"):
            if "text" in block:
                texts.append(str(block["text"]))
            elif "guardContent" in block and "text" in block["guardContent"]:
                texts.append(str(block["guardContent"]["text"]["text"]))
    return texts
