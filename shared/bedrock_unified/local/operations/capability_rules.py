"""What a model lacks, as its profile says, and how Bedrock refuses it.

"This model doesn't support tool use." and "… the s3Uri field. Remove s3Uri and try again." are recorded.
Where a refusal is not, it is made in these words, or in those that users of the service quote:
``models/refusals.json`` has the source of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ...models.profile import Profile
from ..problems import Problem, invalid, model_refused
from ..shapes import listed, under

_MEDIA = ("image", "document", "video", "audio")
_REASONING_FIELDS = ("thinking", "reasoning_config", "reasoningConfig", "reasoning_effort")
_SAMPLING = {"temperature": "temperature", "topP": "top_p", "stopSequences": "stop_sequences"}


def check_capabilities(request: Mapping[str, Any], profile: Profile, *, in_stream: bool = False) -> None:
    """Raise what Bedrock answers a ``request`` for something that ``profile`` says the model lacks."""
    if in_stream and not profile.streaming:
        raise invalid("The model is unsupported for streaming.")
    if request.get("system") and not profile.system:
        raise invalid(
            "This model doesn't support system messages. Try again without a system message or use a model "
            "that supports system messages."
        )
    _check_tools(under(request, "toolConfig"), profile, in_stream=in_stream)
    _check_parallel_calls(under(request, "additionalModelRequestFields"), profile, in_stream=in_stream)
    _check_cache_points(request, profile, in_stream=in_stream)
    for i, message in enumerate(listed(request, "messages")):
        _check_content(listed(message, "content"), i, profile, in_stream=in_stream)
    _check_sampling(request, profile, in_stream=in_stream)
    _check_schema(request, profile)
    _check_reasoning(request, profile, in_stream=in_stream)


def _no_field(name: str) -> Problem:
    """Bedrock's words for a member that a model has no use for, recorded for ``s3Uri``."""
    return invalid(
        f"This model doesn't support the {name} field. Remove {name.rpartition(' ')[2]} and try again."
    )


def _malformed(where: str, key: str, *, in_stream: bool) -> Problem:
    """The words of a model behind Bedrock for a member that it does not know, recorded for Nova 2.

    That it comes inside of a stream is inferred from the one error of Nova's that is recorded there.
    """
    return model_refused(
        f"Malformed input request: {where}: extraneous key [{key}] is not permitted, please reformat your "
        "input and try again.",
        in_stream=in_stream,
    )


def _extra_input(name: str) -> Problem:
    """Claude's words for a member that it does not know, as users of the service quote them."""
    return model_refused(f"{name}: Extra inputs are not permitted")


def _check_tools(config: Mapping[str, Any], profile: Profile, *, in_stream: bool) -> None:
    if not config:
        return
    if not profile.tools:
        raise invalid("This model doesn't support tool use.")
    if in_stream and not profile.streaming_tools:
        raise invalid("This model doesn't support tool use in streaming mode.")
    for kind in under(config, "toolChoice"):
        if kind in profile.tool_choices:
            continue
        if profile.vendor == "anthropic":  # it reasons whether asked to or not
            raise model_refused("Thinking may not be enabled when tool_choice forces tool use.")
        raise _no_field(f"toolConfig.toolChoice.{kind}")
    for i, tool in enumerate(listed(config, "tools")):
        if under(tool, "toolSpec").get("strict") is not None and not profile.takes_schemas:
            claude = profile.vendor == "anthropic"
            raise _extra_input(f"tools.{i}.custom.strict") if claude else _no_field("strict")


def _check_parallel_calls(fields: Mapping[str, Any], profile: Profile, *, in_stream: bool) -> None:
    name = "disable_parallel_tool_use"
    if name in under(fields, "tool_choice") and not profile.parallel_off:
        raise _malformed("#/tool_choice", name, in_stream=in_stream)


def _check_cache_points(request: Mapping[str, Any], profile: Profile, *, in_stream: bool) -> None:
    points = list(_cache_points(request))
    if not points:
        return
    if not profile.cache_places:
        raise Problem(
            "AccessDeniedException",
            "You invoked an unsupported model or your request did not allow prompt caching. See the "
            "documentation for more information.",
        )
    for place, where, point in points:
        if place not in profile.cache_places:
            raise _malformed(where, "cachePoint", in_stream=in_stream)
        if point.get("ttl") is not None and point["ttl"] not in profile.cache_ttls:
            raise _no_field("cachePoint.ttl")
    if len(points) > profile.cache_points:
        raise model_refused(
            f"A maximum of {profile.cache_points} blocks with cache_control may be provided. "
            f"Found {len(points)}."
        )


def _cache_points(request: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each cache point: its place, its path as models write it, itself."""
    for i, tool in enumerate(listed(under(request, "toolConfig"), "tools")):
        if "cachePoint" in tool:
            yield "tools", f"#/toolConfig/tools/{i}", tool["cachePoint"]
    for i, block in enumerate(listed(request, "system")):
        if "cachePoint" in block:
            yield "system", f"#/system/{i}", block["cachePoint"]
    for i, message in enumerate(listed(request, "messages")):
        for j, block in enumerate(listed(message, "content")):
            if "cachePoint" in block:
                yield "messages", f"#/messages/{i}/content/{j}", block["cachePoint"]


def _check_content(content: list[dict[str, Any]], i: int, profile: Profile, *, in_stream: bool) -> None:
    for j, block in enumerate(content):
        for kind in _MEDIA:
            if kind in block and kind not in profile.media:
                raise _no_media(kind)
        result = under(block, "toolResult")
        if "status" in result and not profile.tool_result_status:
            raise _no_field("status")
        unread = {"image", "document", "video"} - profile.tool_result_media
        if any(unread.intersection(part) for part in listed(result, "content")):
            raise _malformed(f"#/messages/{i}/content/{j}", "toolResult", in_stream=in_stream)
        _check_earlier_reasoning(under(block, "reasoningContent"), f"messages.{i}.content.{j}", profile)
    results = [block["toolResult"]["toolUseId"] for block in content if "toolResult" in block]
    beside = {kind for block in content for kind in _MEDIA if kind in block}
    if results and profile.vendor == "anthropic" and not beside <= profile.beside_tool_result:
        # What Claude says of a document beside a tool result, as users quote it.
        raise model_refused(
            f"messages.{i - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(results)}. Each `tool_use` block must have a corresponding `tool_result` block in "
            "the next message."
        )


def _no_media(kind: str) -> Problem:
    if kind == "document":
        return invalid("This model doesn't support documents.")
    return invalid(
        f"This model doesn't support the {kind} content block that you provided. Update the content block "
        "and try again."
    )


def _check_earlier_reasoning(reasoning: Mapping[str, Any], where: str, profile: Profile) -> None:
    if not reasoning:
        return
    taken = profile.reasoning_in_history
    if taken == "none":
        raise _no_field("reasoningContent")
    text = under(reasoning, "reasoningText")
    if text and not text.get("signature") and taken == "signed":
        raise model_refused(f"{where}.thinking.signature: Field required")
    if text.get("signature") and taken == "unsigned":
        raise _no_field("reasoningContent.reasoningText.signature")


def _check_sampling(request: Mapping[str, Any], profile: Profile, *, in_stream: bool) -> None:
    inference = under(request, "inferenceConfig")
    given = {keyword: member for member, keyword in _SAMPLING.items() if inference.get(member) is not None}
    claude = profile.vendor == "anthropic"
    for keyword, member in given.items():
        if keyword not in profile.sampling_refused or (claude and inference[member] == 1):
            continue  # a temperature of 1 is the only one that these models have
        raise model_refused(f"`{keyword}` is deprecated for this model.") if claude else _no_field(member)
    if profile.sampling_exclusive and {"temperature", "top_p"} <= set(given):
        raise model_refused(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        )
    fields = under(request, "additionalModelRequestFields")
    if "top_k" in profile.sampling_refused and fields.get("top_k") is not None:
        if claude:
            raise model_refused("`top_k` is deprecated for this model.")
        raise _malformed("#", "top_k", in_stream=in_stream)


def _check_schema(request: Mapping[str, Any], profile: Profile) -> None:
    wanted = under(under(request, "outputConfig"), "textFormat")
    if wanted and not profile.takes_schemas:
        raise (
            _extra_input("output_config.format")
            if profile.vendor == "anthropic"
            else _no_field("outputConfig")
        )


def _check_reasoning(request: Mapping[str, Any], profile: Profile, *, in_stream: bool) -> None:
    fields = under(request, "additionalModelRequestFields")
    claude = profile.vendor == "anthropic"
    if profile.reasoning == "none":
        for name in _REASONING_FIELDS:
            if name in fields:
                raise _extra_input(name) if claude else _malformed("#", name, in_stream=in_stream)
        if under(request, "outputConfig").get("effort"):
            raise _extra_input("output_config.effort") if claude else _no_field("outputConfig.effort")
    if not claude:
        return
    thinking: Any = fields.get("thinking", fields.get("reasoning_config"))
    kind = cast("dict[str, Any]", thinking).get("type") if isinstance(thinking, dict) else None
    if kind == "enabled" and "temperature" in profile.sampling_refused:  # the models that only adapt
        raise model_refused(
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )
    if kind == "adaptive" and profile.reasoning == "budget":
        raise model_refused("adaptive thinking is not supported on this model")
