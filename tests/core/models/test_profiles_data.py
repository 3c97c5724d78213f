"""The data of the profiles: each quirk has a source that can be looked up, and traffic belies none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.models.ids import parse_model_id
from bedrock_unified.models.profile import CAPABILITIES, Profile, checked, profile_of, rules
from bedrock_unified.models.refusals import refusal_of, refusal_rules, without

from ...traffic.conftest import recorded_or_skipped
from ...traffic.recordings import CONVERSE, Exchange, folder

_IDS = re.compile(r"bx[0-9a-f]{14}(?: bx[0-9a-f]{14})*")
_QUOTED = re.compile(r"((?:seeds|peers|wire)/[\w.-]+\.md): (.+)", re.S)
_INFERRED = re.compile(r"inferred: \S.+", re.S)

SOURCES = [
    *((f"{rule.name} {name}", source) for rule in rules() for name, source in rule.sources.items()),
    *((f"refusal of {rule.refusal.denies}", rule.source) for rule in refusal_rules()),
]


@pytest.mark.parametrize(("quirk", "source"), SOURCES, ids=[name for name, _ in SOURCES])
def test_every_quirk_says_where_it_is_known_from(quirk: str, source: str) -> None:
    kinds = (_IDS, _QUOTED, _INFERRED)
    assert sum(kind.fullmatch(source) is not None for kind in kinds) == 1, f"{quirk}: {source}"


def test_every_exchange_that_is_cited_was_recorded() -> None:
    recorded = {exchange.id for exchange in recorded_or_skipped()}
    cited = {name for _, source in SOURCES for name in re.findall(r"\bbx[0-9a-f]{14}\b", source)}
    assert cited and not cited - recorded


def test_every_cited_exchange_is_with_a_model_that_the_rule_matches() -> None:
    exchanges = {exchange.id: exchange for exchange in recorded_or_skipped()}
    for rule in rules():
        for name, source in rule.sources.items():
            for cited in source.split() if _IDS.fullmatch(source) else ():
                model = exchanges[cited].model_id
                assert model and rule.name in profile_of(model).name.split(), f"{rule.name} {name}: {model}"


def test_all_words_that_are_cited_stand_in_their_document() -> None:
    source_folder = folder()
    if source_folder is None or not (source_folder.parent / "peers").is_dir():
        pytest.skip("the documents beside the recorded traffic are not here: they belong in ../shared")
    texts: dict[str, str] = {}
    for quirk, source in SOURCES:
        for document, words in re.findall(r"((?:seeds|peers|wire)/[\w.-]+\.md): (.+)", source):
            path: Path = source_folder.parent / document
            text = texts.setdefault(document, path.read_text(encoding="utf-8"))
            assert words in text, f"{quirk}: {words!r} is not in {document}"


def test_all_attributes_and_values_are_known_to_a_profile() -> None:
    for rule in rules():
        assert set(rule.quirks) <= set(CAPABILITIES)
        for name, value in rule.quirks.items():
            assert checked(name, value) == value
            default = getattr(Profile(), name)
            assert default is None or type(value) is type(default)


def test_no_model_is_said_to_write_more_than_it_reads_and_writes() -> None:
    for rule in rules():
        if rule.example:
            known = profile_of(rule.example)
            if known.context_window is not None and known.max_output is not None:
                assert known.max_output < known.context_window, rule.name


def test_no_two_rules_have_one_name() -> None:
    names = [rule.name for rule in rules()]
    assert len(set(names)) == len(names)


def test_a_rule_that_has_a_title_matches_its_example() -> None:
    for rule in rules():
        assert bool(rule.title) == bool(rule.example)
        assert not rule.example or rule.fits(rule.example)


def test_a_model_without_tools_says_nothing_of_forced_ones() -> None:
    for rule in rules():
        if rule.example and not profile_of(rule.example).tools:
            assert profile_of(rule.example).structured_output == "text"


# --- what AWS answered


def test_no_profile_denies_what_aws_accepted() -> None:
    accepted = [e for e in recorded_or_skipped() if e.operation in CONVERSE and e.succeeded and e.model_id]
    assert len(accepted) > 500
    denied: dict[str, str] = {}
    for exchange in accepted:
        for quirk in _denied(exchange, profile_of(exchange.model_id or "")):
            denied.setdefault(f"{exchange.model_id} {quirk}", exchange.id)
    assert denied == {}


#: What AWS refused in one exchange and took in another: why the profile allows it.
TAKEN_ELSEWHERE = {
    ("anthropic.claude-3-5-haiku-20241022-v1:0", "on_demand"): "served on demand (bxc024f37989d48c)",
    ("meta.llama3-2-1b-instruct-v1:0", "on_demand"): "served on demand (bx1ef7798ce362ce)",
    ("us.anthropic.claude-sonnet-4-20250514-v1:0", "count_tokens"): "its bare id counts (bx84d0dec0747529)",
}


def test_no_profile_allows_what_aws_refused() -> None:
    refused: dict[tuple[str | None, str], str] = {}
    for exchange in recorded_or_skipped():
        failure = exchange.oracle.error
        refusal = refusal_of(failure.message) if failure is not None else None
        if refusal is not None:
            known = profile_of(exchange.model_id or "")
            if without(known, refusal) != known:
                refused.setdefault((exchange.model_id, refusal.capability), exchange.id)
    assert set(refused) == set(TAKEN_ELSEWHERE), refused


def test_what_the_profiles_allow_although_it_was_refused_once_was_recorded_otherwise() -> None:
    exchanges = {exchange.id: exchange for exchange in recorded_or_skipped()}
    for (model, _), reason in TAKEN_ELSEWHERE.items():
        exchange = exchanges[reason[reason.index("bx") :].rstrip(")")]
        assert exchange.succeeded and exchange.model_id and exchange.model_id in model


def test_no_model_that_reasoned_or_counted_is_said_not_to() -> None:
    for exchange in recorded_or_skipped():
        if not (exchange.succeeded and exchange.model_id):
            continue
        profile = profile_of(exchange.model_id)
        if exchange.operation == "CountTokens":
            assert profile.count_tokens, exchange.id
        message = exchange.oracle.parsed.get("output", {})
        blocks = message.get("message", {}).get("content", []) if isinstance(message, dict) else []
        told = [event.get("contentBlockDelta", {}).get("delta", {}) for event in exchange.oracle.events]
        if any("reasoningContent" in part for part in (*blocks, *told)):
            assert profile.reasoning not in ("none", None), exchange.id


def test_no_profile_denies_what_a_native_body_got() -> None:
    asked = 0
    for exchange in recorded_or_skipped():
        if not (exchange.operation.startswith("InvokeModel") and exchange.succeeded and exchange.model_id):
            continue
        profile, body = profile_of(exchange.model_id), exchange.request
        asked += 1
        assert profile.streaming or not exchange.streams, exchange.id
        assert profile.tools or not body.get("tools"), exchange.id
        assert profile.reasoning != "none" or "thinking" not in body, exchange.id
        for name in ("temperature", "top_p", "top_k", "stop_sequences"):
            assert name not in body or name not in profile.sampling_refused, exchange.id
        assert not (profile.sampling_exclusive and {"temperature", "top_p"} <= set(body)), exchange.id
        text = json.dumps(body)
        assert profile.cache_places or "cache_control" not in text, exchange.id
        if profile.native == "anthropic":
            for kind in ("image", "document"):
                assert kind in profile.media or f'"type": "{kind}"' not in text, exchange.id
    assert asked > 500


def test_no_model_that_answered_on_demand_is_said_to_need_a_profile() -> None:
    answering = {*CONVERSE, "InvokeModel", "InvokeModelWithResponseStream"}
    by_id = {e.model_id: e.id for e in recorded_or_skipped() if e.status == 200 and e.operation in answering}
    on_demand = [name for name in by_id if name and parse_model_id(name).kind == "foundation-model"]
    assert len(on_demand) > 20
    assert not [(name, by_id[name]) for name in on_demand if not profile_of(name).on_demand]


def _denied(exchange: Exchange, profile: Profile) -> Iterator[str]:
    request: Mapping[str, Any] = exchange.request
    config = request.get("toolConfig") or {}
    inference = request.get("inferenceConfig") or {}
    if config and not profile.tools:
        yield "tools"
    if config and exchange.streams and not profile.streaming_tools:
        yield "streaming_tools"
    if exchange.streams and not profile.streaming:
        yield "streaming"
    yield from (
        f"choice {kind}" for kind in config.get("toolChoice") or () if kind not in profile.tool_choices
    )
    if any("cachePoint" in tool for tool in config.get("tools", ())) and "tools" not in profile.cache_places:
        yield "cache points among tools"
    if request.get("system") and not profile.system:
        yield "system"
    if any("cachePoint" in block for block in request.get("system") or ()) and (
        "system" not in profile.cache_places
    ):
        yield "cache points in system"
    output = request.get("outputConfig") or {}
    if "textFormat" in output and profile.structured_output != "native":
        yield "outputConfig"
    fields = request.get("additionalModelRequestFields") or {}
    reasons = {"thinking", "reasoning_config", "reasoning_effort", "reasoningConfig", "output_config"}
    if profile.reasoning == "none" and (reasons & set(fields) or "effort" in output):
        yield "reasoning"
    if "top_k" in fields and "top_k" in profile.sampling_refused:
        yield "top_k"
    if any("strict" in tool.get("toolSpec", ()) for tool in config.get("tools", ())) and (
        profile.structured_output not in ("native", "strict")
    ):
        yield "strict"
    named = {"temperature": "temperature", "topP": "top_p", "stopSequences": "stop_sequences"}
    yield from (named[name] for name in inference if named.get(name) in profile.sampling_refused)
    if profile.sampling_exclusive and {"temperature", "topP"} <= set(inference):
        yield "temperature and top_p"
    for message in request["messages"]:
        yield from _denied_content(message["content"], profile)
    if request["messages"][-1]["role"] == "assistant" and not profile.prefill:
        yield "prefill"


def _denied_content(content: list[dict[str, Any]], profile: Profile) -> Iterator[str]:
    media = ("image", "document", "video", "audio")
    answers = any("toolResult" in block for block in content)
    for block in content:
        for kind in block:
            if kind in media and kind not in profile.media:
                yield kind
            if answers and kind in (*media, "text") and kind not in profile.beside_tool_result:
                yield f"{kind} beside a tool result"
            if kind == "cachePoint" and "messages" not in profile.cache_places:
                yield "cache points in messages"
            if kind in media and "s3Location" in block[kind]["source"] and not profile.s3_media:
                yield "s3"
        result = block.get("toolResult", {})
        if "status" in result and not profile.tool_result_status:
            yield "status"
        for part in result.get("content", ()):
            yield from (
                f"{kind} in a tool result"
                for kind in part
                if kind in media and kind not in profile.tool_result_media
            )
        thought = block.get("reasoningContent", {}).get("reasoningText")
        if thought and profile.reasoning_in_history == "signed" and not thought.get("signature"):
            yield "unsigned reasoning"
