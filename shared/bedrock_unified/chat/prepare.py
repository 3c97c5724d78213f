"""A Converse request made ready for its model: each policy in its order, none changing the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..converse.names import ToolNames
from ..converse.normal import normalised
from ..converse.tools import with_tool_choice, without_strict
from ..models.profile import Profile
from .options import ChatOptions
from .route import as_routed, native_family

if TYPE_CHECKING:
    from ..invoke.families import Family

Request = Mapping[str, Any]


class Prepared(NamedTuple):
    """A request as it will be sent.

    Attributes:
        request: in Converse's shape, whatever the route; the caller's own object where nothing had to change.
        names: the way back from the tool names that Bedrock allows to those of the caller.
        profile: what the model is taken to be able to do.
        family: whose InvokeModel body carries it; None for Converse.
    """

    request: Request
    names: ToolNames
    profile: Profile
    family: Family | None


def prepare(request: Request, options: ChatOptions, profile: Profile) -> Prepared:
    """The request by its options and the model's profile. The arguments are not changed.

    Raises:
        InvalidRequestError: something was asked for that this model cannot do.
    """
    implied = options.implied
    if "output_config" in implied and profile.structured_output != "native":
        from ..converse.structured import without_format

        request = without_format(request)
    # Tools that are offered are left to the body, which says that it has no place for them.
    normal = normalised(
        request, profile if "toolConfig" in request else as_routed(profile, options.use_converse)
    )
    ready = normal.request
    parallel = options.parallel_tool_calls
    if "parallel_tool_calls" in implied and not profile.parallel_off:
        parallel = None
    if "toolConfig" in ready or parallel is not None:
        ready = with_tool_choice(ready, profile, implied="tool_choice" in implied, parallel=parallel)
    if "strict" in implied and not profile.takes_schemas:
        ready = without_strict(ready)
    if options.reasoning is not None:
        from ..converse.reasoning import with_reasoning

        ready = with_reasoning(ready, options.reasoning, profile, implied=implied)
    if options.top_k is not None or profile.sampling_refused or profile.sampling_exclusive:
        from ..converse.sampling import with_sampling

        ready = with_sampling(ready, options.top_k, profile, implied=implied)
    if options.guard_content is not None:
        from ..converse.guarding import guarded

        ready = guarded(dict(ready), options.guard_content)
    if options.prompt_cache != "off":
        from ..converse.caching import CachePolicy, with_cache_points

        policy = CachePolicy(options.prompt_cache, options.prompt_cache_ttl, options.prompt_cache_messages)
        ready, _ = with_cache_points(ready, policy, profile)
    family = native_family(ready, profile, options)
    if options.reasoning is not None and family is None:
        from ..converse.thinking import with_reasoning_count

        ready = with_reasoning_count(ready)
    return Prepared(ready, normal.names, profile, family)
