"""CountTokens."""

from __future__ import annotations

from ..problems import invalid
from ..protocol.answers import Call, JsonAnswer
from ..shapes import under
from ..standin.families import family_of
from ..standin.tokens import count_request
from ..state import State
from .anthropic_messages import converse_request
from .converse_rules import check_conversation


def count_tokens(call: Call, state: State) -> JsonAnswer:
    """``{"inputTokens": n}``, for Claude's bare model ids alone: a profile id is refused, as AWS refuses
    it.
    """
    target = state.catalogue.resolve(str(call.params["modelId"]))
    family = family_of(target.bare)
    if not family.counts_tokens or target.is_profile:
        raise invalid("The provided model doesn't support counting tokens.")
    given = under(call.params, "input")
    if "converse" in given:
        request = under(given, "converse")
    else:
        request = converse_request(under(given, "invokeModel")["body"])
    check_conversation(request, family)
    return JsonAnswer({"inputTokens": count_request(request)})
